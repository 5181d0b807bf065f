"""Trains the head that reads phonemes from semantic tokens; see README.md beside this file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import click

from voice.training.loop import train
from voice.training.options import Options, training_options
from voice.training.reader_task import ReaderTask, ReaderTraining
from voice.training.weights import trained_tokenizer, write_part_spec


@click.command()
@training_options
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path, exists=True),
    required=True,
    help="Folder of the tokenizer's training state.",
)
def main(options: Options, tokenizer: Path) -> None:
    """Trains the reader on the labelled CACHE into OUT."""
    config = options.changed(ReaderTraining())
    if options.smoke:
        config = replace(config, recordings=4)
    model = trained_tokenizer(tokenizer)
    write_part_spec(options.settings.out, model.spec)
    task = ReaderTask(options.corpus(), model, config, options.settings.device)
    click.echo(json.dumps(train(task, options.settings)))


if __name__ == "__main__":
    main()
