"""Adds semantic tokens and phonemes, or alignments, to a corpus cache; see README.md."""

from __future__ import annotations

from pathlib import Path

import click
import torch

from voice.training.corpus import Corpus
from voice.training.labels import write_alignments, write_codes, write_phonemes
from voice.training.weights import trained_tokenizer


@click.command()
@click.option("--cache", type=click.Path(path_type=Path, exists=True), required=True)
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path, exists=True),
    required=True,
    help="Folder of the tokenizer's (or its reader's) training state.",
)
@click.option(
    "--what", type=click.Choice(["phonemes", "codes", "alignments"]), multiple=True, required=True
)
@click.option("--device", default="cuda" if torch.cuda.is_available() else "cpu")
def main(cache: Path, tokenizer: Path, what: tuple[str, ...], device: str) -> None:
    """Writes the chosen labels into CACHE."""
    corpus = Corpus(cache)
    if "phonemes" in what:
        click.echo(f"without phonemes: {write_phonemes(corpus)}")
    if "codes" in what:
        write_codes(corpus, trained_tokenizer(tokenizer), device)
    if "alignments" in what:
        click.echo(f"not aligned: {write_alignments(corpus, trained_tokenizer(tokenizer))}")


if __name__ == "__main__":
    main()
