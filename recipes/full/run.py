"""Trains the whole embedded model, from recordings to a model folder; see README.md beside this."""

from __future__ import annotations

import importlib
import json
import logging
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import click
import torch

from voice.training.corpus import build
from voice.training.labels import write_phonemes
from voice.training.pitch import pitch_of

log = logging.getLogger(__name__)
PLANS = Path(__file__).with_name("plans.json")


@dataclass(frozen=True)
class Stage:
    """A recipe and its part of the time.

    Attributes:
        share: of the minutes given.
        options: of its command line.
    """

    share: float
    options: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Work:
    """Where everything is, on what it runs, and how the minutes are shared out."""

    data: Path
    runs: Path
    device: str
    smoke: bool
    minutes: float
    plan: dict[str, Stage]

    def training(self, name: str, *arguments: str | Path) -> tuple[str, list[str]]:
        """A training recipe and its command line; its run is the folder of its name."""
        stage = self.plan[name]
        where = ("--data", self.data, "--cache", self.runs / "cache", "--out", self.runs / name)
        length = ["--smoke"] if self.smoke else ["--minutes", f"{self.minutes * stage.share:.3f}"]
        own = ("--device", self.device, *length, *stage.options, *arguments)
        return f"recipes.{name}.run", [str(a) for a in (*where, *own)]

    def labelling(self, run: str, what: str) -> tuple[str, list[str]]:
        """The recipe that adds labels to the cache, and its command line."""
        where = ("--cache", self.runs / "cache", "--tokenizer", self.runs / run)
        own = ("--what", what, "--device", self.device)
        return "recipes.data.label", [str(a) for a in (*where, *own)]


def here(module: str, arguments: list[str]) -> None:
    """Runs a recipe in this process: starting another one costs a short run too much."""
    log.info("%s %s", module, " ".join(arguments))
    began = time.monotonic()
    importlib.import_module(module).main(arguments, standalone_mode=False)
    log.info("%s: %.0f s", module, time.monotonic() - began)


def beside(module: str, arguments: list[str]) -> subprocess.Popen[bytes]:
    """Starts a recipe in a process of its own."""
    log.info("%s %s", module, " ".join(arguments))
    return subprocess.Popen([sys.executable, "-m", module, *arguments])


def finish(process: subprocess.Popen[bytes]) -> None:
    """Waits for a process.

    Raises:
        click.ClickException: it failed.
    """
    if process.wait() != 0:
        raise click.ClickException(f"failed: {' '.join(map(str, process.args))}")


def read_plan(name: str) -> dict[str, Stage]:
    """Stages of one of the plans in ``plans.json``."""
    plans = json.loads(PLANS.read_text("utf8"))
    if name not in plans:
        raise click.UsageError(f"--plan {name}: there are {', '.join(plans)}")
    return {stage: Stage(**values) for stage, values in plans[name].items()}


@click.command()
@click.option("--data", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--runs", type=click.Path(path_type=Path), required=True, help="States and cache.")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The model folder.")
@click.option("--minutes", default=60.0, help="For the training of all stages together.")
@click.option("--device", default="cuda" if torch.cuda.is_available() else "cpu")
@click.option("--plan", help="One of plans.json; cuda or cpu, as the device, if not given.")
@click.option(
    "--decoder",
    type=click.Path(path_type=Path, exists=True),
    help="Model, or run of the decoder, that the decoder begins with.",
)
@click.option("--smoke", is_flag=True, help="A few tiny steps, to see that it runs.")
def main(  # noqa: PLR0913 - the command line
    *, data: Path, runs: Path, out: Path, minutes: float, device: str, plan: str | None,
    decoder: Path | None, smoke: bool,
) -> None:
    """Trains tokenizer, reader, text to semantic and decoder on DATA; writes the model to OUT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    work = Work(data, runs, device, smoke, minutes, read_plan(plan or device.split(":", 1)[0]))
    corpus = build(data, runs / "cache", 24 if smoke else None)
    if not (corpus.folder / "phonemes.npz").exists():
        write_phonemes(corpus)
    pitch_of(corpus)
    here(*work.training("tokenizer"))
    here(*work.labelling("tokenizer", "codes"))
    here(*work.training("reader", "--tokenizer", runs / "tokenizer"))
    here(*work.labelling("reader", "alignments"))
    begin = ("--begin", decoder) if decoder else ()
    # Side by side: the first is short of work for a GPU, and each takes a core of two.
    other = beside(*work.training("text2semantic"))
    here(*work.training("decoder", "--tokenizer", runs / "tokenizer", *begin))
    finish(other)
    here("recipes.release.run", ["--runs", str(runs), "--out", str(out)])


if __name__ == "__main__":
    main()
