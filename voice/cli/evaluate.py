"""``evaluate``: error rates, similarity and quality of recordings, by the judges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from voice.cli.options import FilePath
from voice.cli.output import Progress, emit, json_option


@click.command("evaluate")
@click.argument("rows", metavar="ROWS.jsonl", type=FilePath())
@click.option("--whisper", type=FilePath(), metavar="DIR",
              help="Folder of the Whisper base model; that of make setup-eval if not given.")
@click.option("--python", type=FilePath(), metavar="FILE",
              help="Interpreter with the judges' packages; that of make setup-eval if not given.")
@click.option("--threads", type=click.IntRange(1, 256), default=1, show_default=True)
@json_option
def command(rows: Path, as_json: bool, **options: Any) -> None:
    """Measure recordings: rows of wav, text, lang and optional reference, as JSON lines."""
    from voice.evaluation.evaluate import markdown, run

    state: dict[str, Progress] = {}

    def step(done: int, total: int) -> None:
        state.setdefault("bar", Progress("judging", total)).step()

    try:
        report = run(rows, progress=step, **options)
    finally:
        for bar in state.values():
            bar.close()
    emit(report, as_json, markdown(report).splitlines())
