"""Trains the waveform decoder; see README.md beside this file."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from voice.spec.vits import PitchSpec, VitsSpec
from voice.training.decoder_task import DecoderTask, DecoderTraining
from voice.training.loop import train
from voice.training.options import Options, training_options
from voice.training.weights import trained_tokenizer, write_part_spec


@click.command()
@training_options
@click.option(
    "--tokenizer",
    type=click.Path(path_type=Path, exists=True),
    required=True,
    help="Folder of the tokenizer's training state.",
)
@click.option("--adversarial-start", type=int, help="Step at which the discriminators join.")
@click.option("--mel-weight", default=45.0, help="Of the mel distance; lower beside adversaries.")
@click.option("--recordings", default=4, help="Recordings a batch.")
@click.option("--windows", default=4, help="Windows of each recording.")
@click.option("--prior-share", default=0.5, help="Share of windows decoded from the prior.")
@click.option("--all-judges", is_flag=True, help="All discriminators at every step.")
def main(options: Options, tokenizer: Path, all_judges: bool, **chosen: Any) -> None:
    """Trains the decoder on the labelled CACHE into OUT."""
    config = DecoderTraining(judges_a_step=None if all_judges else 2, **chosen)
    config = options.changed(config)
    if options.smoke:
        config = replace(config, recordings=2, windows=2, adversarial_start=2)
    spec = VitsSpec()
    # Short training does not overfit: dropout only costs time.
    spec = replace(
        spec,
        prior=replace(spec.prior, dropout=0.0, reads=True),
        timbre=replace(spec.timbre, dropout=0.0),
        pitch=PitchSpec(spread=1.3),  # of spoken contours; see docs/training.md
    )
    write_part_spec(options.settings.out, spec)
    codes = trained_tokenizer(tokenizer)
    task = DecoderTask(options.corpus(), spec, codes, config, options.settings.device)
    options.begun(task, "vits", "decoder")
    task.tokens_of(codes)  # those begun with may be another tokenizer's
    click.echo(json.dumps(train(task, options.settings)))


if __name__ == "__main__":
    main()
