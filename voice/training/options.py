"""The options that all training recipes share."""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar

import click
import torch

from voice.training.corpus import Corpus, build
from voice.training.loop import RunSettings, Task
from voice.training.weights import begin_with, begin_with_run

C = TypeVar("C", bound=Any)  # a dataclass
SMOKE_STEPS, SMOKE_RECORDINGS = 4, 24


@dataclass(frozen=True)
class Options:
    """What a recipe was asked to do."""

    data: Path
    cache: Path
    settings: RunSettings
    smoke: bool
    begin: Path | None = None
    changes: tuple[tuple[str, Any], ...] = ()

    def changed(self, config: C) -> C:
        """A recipe's configuration with what ``--set`` says.

        Raises:
            click.UsageError: it has no such field.
        """
        known = {f.name for f in fields(config)}
        if unknown := [name for name, _ in self.changes if name not in known]:
            raise click.UsageError(
                f"--set: no setting {', '.join(unknown)}; there are {', '.join(sorted(known))}"
            )
        return replace(config, **dict(self.changes))

    def begun(self, task: Task, model: str, part: str) -> Task:
        """The task, filled from ``--begin`` if given: from a run, all that fits; from a model, its
        ``part`` as ``model`` and its average."""
        if self.begin is not None and (self.begin / "state.safetensors").exists():
            begin_with_run(task.models, task.averaged, self.begin)
        elif self.begin is not None:
            begin_with(task.models[model], self.begin, part)
            task.averaged[model].load_state_dict(task.models[model].state_dict())
        return task

    def corpus(self) -> Corpus:
        """The decoded training data; made on the first use."""
        return build(self.data, self.cache, SMOKE_RECORDINGS if self.smoke else None)


def _change(text: str) -> tuple[str, Any]:
    """``NAME=VALUE`` with a value in JSON."""
    name, equals, value = text.partition("=")
    try:
        return name, json.loads(value if equals else "")
    except ValueError:
        raise click.UsageError(f"--set {text}: not NAME=VALUE with a value in JSON") from None


def training_options(command: Callable[..., None]) -> Callable[..., None]:
    """Adds the shared options to a click command and hands them over as one :class:`Options`."""

    @click.option(
        "--data",
        type=click.Path(path_type=Path, exists=True),
        required=True,
        help="Folder that holds corpus/ and speech/.",
    )
    @click.option(
        "--cache",
        type=click.Path(path_type=Path),
        required=True,
        help="Folder of the decoded data; made once, 2.3 GB.",
    )
    @click.option(
        "--out",
        type=click.Path(path_type=Path),
        required=True,
        help="Folder of the resumable state, logs and curves.",
    )
    @click.option("--minutes", type=float, help="Stop after so many minutes.")
    @click.option("--steps", type=int, help="Stop at this step.")
    @click.option("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    @click.option("--resume/--fresh", default=True, help="Continue from OUT, or start anew.")
    @click.option(
        "--begin",
        type=click.Path(path_type=Path, exists=True),
        help="Model folder, or another run's, whose weights a new run begins with.",
    )
    @click.option(
        "--set",
        "changes",
        multiple=True,
        metavar="NAME=VALUE",
        help="A field of the recipe's configuration, as JSON; may be given again.",
    )
    @click.option("--seed", default=1)
    @click.option("--save-minutes", default=5.0)
    @click.option("--gate-minutes", default=10.0)
    @click.option("--threads", type=int, help="CPU threads.")
    @click.option("--smoke", is_flag=True, help="A few tiny steps, to see that it runs.")
    @functools.wraps(command)
    def wrapped(data: Path, cache: Path, threads: int | None, smoke: bool, **rest: Any) -> None:
        begin = rest.pop("begin")
        changes = tuple(_change(text) for text in rest.pop("changes"))
        logging.basicConfig(level=logging.INFO, format="%(message)s")
        if threads:
            torch.set_num_threads(threads)
        torch.set_float32_matmul_precision("high")
        torch.manual_seed(rest["seed"])  # of the initial weights
        named = {k: rest.pop(k) for k in tuple(rest) if k in RunSettings.__dataclass_fields__}
        if smoke:
            steps = SMOKE_STEPS if named["steps"] is None else named["steps"]
            named |= {"steps": steps, "log_steps": 2}
        command(options=Options(data, cache, RunSettings(**named), smoke, begin, changes), **rest)

    return wrapped
