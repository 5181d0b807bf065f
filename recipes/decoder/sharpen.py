"""Gives a model's decoder back a part of the variance it lacks; see README.md beside this file."""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np
import torch

from voice.checkpoints.store import load_model, save_part
from voice.models.vits import Vits
from voice.models.vocoder import VocosVocoder
from voice.training.corpus import Corpus
from voice.training.decoder_task import DecoderTask, DecoderTraining
from voice.training.sharpen import BlurMeter, sharpen
from voice.training.weights import begin_with, trained_tokenizer


def measured(task: DecoderTask, batches: int) -> BlurMeter:
    """Decodes recordings of the training speakers as synthesis would, and compares."""
    vocoder, spec = task.vits.waveform, task.spec
    assert isinstance(vocoder, VocosVocoder)
    meter = BlurMeter(spec.sample_rate, vocoder.spec.fft_samples)
    heard: list[torch.Tensor] = []
    hook = vocoder.output.register_forward_hook(lambda _m, _i, out: heard.append(out.detach()))
    for index in range(batches):
        batch = task.batch(np.random.default_rng(index))
        with torch.no_grad():
            out = task.decode(task.vits, batch, 1.0)
        meter.add(out["audio"], out["target"], heard.pop())
    hook.remove()
    return meter


@click.command()
@click.option("--cache", type=click.Path(path_type=Path, exists=True), required=True,
              help="The decoded and labelled training data.")
@click.option("--model", type=click.Path(path_type=Path, exists=True), required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True,
              help="Folder that the decoder's new weights are written to; may be MODEL.")
@click.option("--share", default=0.7, help="Of the lacking variance that is given back, 0 to 1.")
@click.option("--batches", default=40, help="Of 8 recordings each, to measure with.")
@click.option("--threads", type=int, help="CPU threads.")
def main(
    cache: Path, model: Path, out: Path, share: float, batches: int, threads: int | None
) -> None:
    """Measures the blur of MODEL's decoder on the CACHE and writes sharper weights to OUT."""
    if not 0 <= share <= 1:
        raise click.UsageError(f"--share {share} is outside 0 to 1")
    if threads:
        torch.set_num_threads(threads)
    decoder = load_model(model, "cpu").decoder
    if not isinstance(decoder, Vits) or not isinstance(decoder.waveform, VocosVocoder):
        raise click.UsageError(f"{model}: its decoder has no magnitudes to lift")
    config = DecoderTraining(
        prior_share=1.0, recordings=8, windows=2, unread=0.0, confused=0.0, dulled=0.0
    )
    task = DecoderTask(Corpus(cache), decoder.spec, trained_tokenizer(model), config, "cpu")
    begin_with(task.vits, model, "decoder")
    meter = measured(task, batches)
    before = meter.blur()
    vocoder = task.vits.waveform
    assert isinstance(vocoder, VocosVocoder)
    sharpen(vocoder, meter, before, share)
    after = measured(task, batches).blur()
    decoder.waveform.load_state_dict(vocoder.state_dict())
    out.mkdir(parents=True, exist_ok=True)
    save_part(out, "decoder", decoder)
    click.echo(json.dumps({
        "before": [round(float(r), 3) for r in before.ratio],
        "after": [round(float(r), 3) for r in after.ratio],
    }))


if __name__ == "__main__":
    main()
