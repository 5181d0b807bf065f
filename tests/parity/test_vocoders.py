"""The vocoders of v3 and v4: the published programs' samples, from weights made by rule."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from tests.parity.records import AUDIO, Records, rule_weights
from voice.checkpoints.official_parts import load_part
from voice.models.bigvgan import BigvganVocoder
from voice.models.vocoder import MelHifigan
from voice.nn.snake import kaiser_lowpass
from voice.spec.mel_vocoder import BigvganSpec, MelHifiganSpec


def output_of(part: nn.Module, run: nn.Module, mel: Tensor) -> tuple[Tensor, Tensor]:
    """What ``run`` gives, and what a part of it gave on the way."""
    seen: list[Tensor] = []
    hook = part.register_forward_hook(lambda _m, _i, out: seen.append(out))
    result = run(mel)
    hook.remove()
    return result, seen[0]


def test_the_vocoder_of_v4() -> None:
    net = MelHifigan(MelHifiganSpec()).eval().requires_grad_(False)
    load_part(net, rule_weights("vocoder_v4"), "vocoder", "vocoder")
    records = Records("vocoder_v4")
    audio, first = output_of(net.upsamplers[0], net, records.tensor("mel"))
    assert audio.shape == (1, 480 * 48)
    records.check("ups0_out", first)
    records.check("audio", audio[:, None], AUDIO)


@pytest.mark.slow
def test_bigvgan() -> None:
    net = BigvganVocoder(BigvganSpec()).eval().requires_grad_(False)
    weights = rule_weights("bigvgan_v3")
    kernel = kaiser_lowpass(12)[None, None]
    weights |= {"activation_post.upsample.filter": kernel}  # as the published files hold them
    load_part(net, weights, "bigvgan", "vocoder")
    records = Records("bigvgan_v3")
    mel = records.tensor("mel")
    first = net.upsamplers[0](net.input(mel))
    records.check("ups0_out", first[:, :32])
    records.check("act0_out_first32", net.blocks[0].activations[0](first)[:, :32])
    audio, block = output_of(net.blocks[0], net, mel)
    records.check("resblock0_out_first32", block[:, :32])
    assert audio.shape == (1, 256 * 20)
    records.check("audio", audio[:, None], AUDIO)
    records.check("pre_clamp", net.unlimited(mel)[:, None], AUDIO)


def test_the_filter_halves_the_band() -> None:
    response = torch.fft.rfft(kaiser_lowpass(12), 256).abs()
    assert float(response[0]) == pytest.approx(1, abs=1e-6)
    assert float(response[64]) == pytest.approx(0.5, abs=0.05)  # a quarter of the rate
    assert response[:30].min() > 0.97
    assert response[110:].max() < 0.03


def test_samples_over_full_scale_are_cut_off() -> None:
    small = BigvganSpec(bands=3, initial_width=4, upsample_rates=(2,), upsample_kernels=(4,))
    net = BigvganVocoder(small).eval().requires_grad_(False)
    nn.init.constant_(net.output.weight, 50.0)
    audio = net(torch.randn(1, 3, 30, generator=torch.Generator().manual_seed(1)))
    assert audio.abs().max() == 1
