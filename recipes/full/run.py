"""Trains the whole embedded model, from recordings to a model folder; see README.md beside this."""

from __future__ import annotations

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
PROBE_STEPS = 40


@dataclass(frozen=True)
class Stage:
    """A recipe and its part of the time.

    Attributes:
        share: of the minutes given.
        options: of its command line.
        lengths: its settings that are step numbers, as shares of all its steps.
    """

    share: float
    options: list[str] = field(default_factory=list)
    lengths: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Work:
    """Where everything is, and on what it runs."""

    data: Path
    runs: Path
    device: str
    smoke: bool

    def command(self, module: str, *arguments: str | Path) -> list[str]:
        """A recipe's command line."""
        return [sys.executable, "-m", module, *map(str, arguments)]

    def training(self, name: str, *arguments: str | Path) -> list[str]:
        """A training recipe's command line; its run is the folder of its name."""
        where = ("--data", self.data, "--cache", self.runs / "cache", "--out", self.runs / name)
        smoke = ["--smoke"] if self.smoke else []
        return self.command(
            f"recipes.{name}.run", *where, "--device", self.device, *smoke, *arguments
        )

    def label(self, run: str, what: str) -> None:
        """Adds labels to the cache."""
        where = ("--cache", self.runs / "cache", "--tokenizer", self.runs / run)
        wait(begin(self.command("recipes.data.label", *where, "--what", what,
                                "--device", self.device)))


def begin(command: list[str]) -> subprocess.Popen[bytes]:
    """Starts a command."""
    log.info("%s", " ".join(command))
    return subprocess.Popen(command)


def wait(*started: subprocess.Popen[bytes]) -> None:
    """Waits for commands.

    Raises:
        click.ClickException: one of them failed.
    """
    for process in started:
        if process.wait() != 0:
            raise click.ClickException(f"failed: {' '.join(map(str, process.args))}")


def seconds_a_step(run: Path) -> float:
    """What the last lines of a run's log say."""
    lines = [json.loads(x) for x in (run / "log.jsonl").read_text("utf8").splitlines()]
    return [x["seconds_a_step"] for x in lines if "seconds_a_step" in x][-1]


class Trainer:
    """Runs stages, each as long as its share allows.

    Args:
        work: see there.
        plan: by stage.
        minutes: for all stages.
    """

    def __init__(self, work: Work, plan: dict[str, Stage], minutes: float) -> None:
        self.work, self.plan, self.minutes = work, plan, minutes

    def start(self, name: str, *arguments: str | Path) -> subprocess.Popen[bytes]:
        """Starts a stage; some steps first show how many there will be, which its settings need."""
        stage, limits = self.plan[name], []
        minutes = self.minutes * stage.share
        own = [*stage.options, *map(str, arguments)]
        if self.work.smoke:
            return begin(self.work.training(name, *own))
        if stage.lengths:
            started = time.monotonic()
            wait(begin(self.work.training(name, *own, "--steps", str(PROBE_STEPS))))
            minutes -= (time.monotonic() - started) / 60
            steps = PROBE_STEPS + 60 * minutes / seconds_a_step(self.work.runs / name)
            for setting, share in stage.lengths.items():
                limits += ["--set", f"{setting}={int(share * steps)}"]
        return begin(self.work.training(name, *own, *limits, "--minutes", f"{minutes:.3f}"))


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
@click.option("--smoke", is_flag=True, help="A few tiny steps, to see that it runs.")
def main(  # noqa: PLR0913 - the command line
    *, data: Path, runs: Path, out: Path, minutes: float, device: str, plan: str | None, smoke: bool
) -> None:
    """Trains tokenizer, reader, text to semantic and decoder on DATA; writes the model to OUT."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    work = Work(data, runs, device, smoke)
    trainer = Trainer(work, read_plan(plan or device.split(":", 1)[0]), minutes)
    corpus = build(data, runs / "cache", 24 if smoke else None)
    if not (corpus.folder / "phonemes.npz").exists():
        write_phonemes(corpus)
    pitch_of(corpus)
    wait(trainer.start("tokenizer"))
    work.label("tokenizer", "codes")
    wait(trainer.start("reader", "--tokenizer", runs / "tokenizer"))
    work.label("reader", "alignments")
    # Side by side: the first is short of work for a GPU, and each takes a core of two.
    wait(
        trainer.start("text2semantic"),
        trainer.start("decoder", "--tokenizer", runs / "tokenizer"),
    )
    wait(begin(work.command("recipes.release.run", "--runs", runs, "--out", out)))


if __name__ == "__main__":
    main()
