"""Trains the text-to-semantic model; see README.md beside this file."""

from __future__ import annotations

import json
from dataclasses import replace

import click

from voice.spec.text2semantic import Text2SemanticSpec
from voice.training.loop import train
from voice.training.options import Options, training_options
from voice.training.text2semantic_task import Text2SemanticTask, Text2SemanticTraining
from voice.training.weights import write_part_spec

MINI = Text2SemanticSpec(
    layers=6,
    width=320,
    heads=5,
    hidden=1280,
    phonemes=732,
    codes=1024,
    bert_width=0,
    norm_first=True,
    reads=True,
    # Measured on tokens read back: a model that follows the text needs no penalty on repetition.
    temperature=0.7,
    repetition_penalty=1.0,
)


@click.command()
@training_options
def main(options: Options) -> None:
    """Trains the model on the labelled CACHE into OUT."""
    spec, config = MINI, options.changed(Text2SemanticTraining())
    spec = replace(spec, dropout=config.dropout)
    if options.smoke:
        spec, config = replace(spec, layers=2, width=80, hidden=160), replace(config, positions=400)
    write_part_spec(options.settings.out, spec)
    task = Text2SemanticTask(options.corpus(), spec, config, options.settings.device)
    options.begun(task, "text2semantic", "text2semantic")
    click.echo(json.dumps(train(task, options.settings)))


if __name__ == "__main__":
    main()
