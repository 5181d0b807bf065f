"""Trains the semantic tokenizer; see README.md beside this file."""

from __future__ import annotations

import json
from dataclasses import replace

import click

from voice.spec.tokenizer import ContentSpec, TokenizerSpec
from voice.training.labels import write_phonemes
from voice.training.loop import train
from voice.training.options import Options, training_options
from voice.training.tokenizer_task import TokenizerTask, TokenizerTraining
from voice.training.weights import trained_tokenizer, write_part_spec

SPEC = TokenizerSpec(
    content=ContentSpec(
        width=320,
        dilations=(1, 1, 2, 2, 4, 4, 8, 8, 1, 2, 4, 8, 1, 2, 4, 8),
        dropout=0.1,
    )
)


@click.command()
@training_options
def main(options: Options) -> None:
    """Trains the tokenizer on DATA (a folder with corpus/ and speech/) into OUT."""
    config = options.changed(TokenizerTraining())
    spec = SPEC
    if options.begin is not None:
        spec = trained_tokenizer(options.begin).spec
    if options.smoke:
        config = replace(
            config, aligned=2, unaligned=1, seconds=2.0, codebook_start=2, teacher_start=3
        )
    corpus = options.corpus()
    if not (corpus.folder / "phonemes.npz").exists():
        write_phonemes(corpus)
    spec = replace(spec, phones=len(corpus.phones))
    write_part_spec(options.settings.out, spec)
    task = TokenizerTask(corpus, spec, config, options.settings.device)
    options.begun(task, "tokenizer", "tokenizer")
    if options.begin is not None and config.codebook_start < 0:
        task.counts.keep(task.model.codebook)
    figures = train(task, options.settings)
    click.echo(json.dumps(figures))


if __name__ == "__main__":
    main()
