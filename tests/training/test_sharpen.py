"""The lift of a decoder's variance: what is lacking is given back, and nothing else is changed."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.tiny_model import tiny_spec
from voice.models.vits import Vits
from voice.models.vocoder import VocosVocoder
from voice.spec.vits import VitsSpec
from voice.training.sharpen import (
    BANDS,
    COEFFICIENTS,
    Blur,
    BlurMeter,
    cosines,
    lift,
    sharpen,
)

RATE, FFT = 24000, 1024


def noise_with_formants(depth: float, count: int = 4, seconds: float = 1.0) -> torch.Tensor:
    """(S, N): noise whose spectrum has ripples of so many nats that move along, the same each
    time but for their depth."""
    rng = torch.Generator().manual_seed(3)
    wave = torch.randn(count, int(RATE * seconds), generator=rng)
    window = torch.hann_window(FFT)
    spectrum = torch.stft(wave, FFT, FFT // 4, window=window, return_complex=True)
    bins = torch.arange(spectrum.shape[1])[:, None] / spectrum.shape[1]
    frames = torch.arange(spectrum.shape[2])[None] / spectrum.shape[2]
    ripple = depth * torch.sin(2 * torch.pi * (6 * bins + 3 * frames))
    return torch.istft(spectrum * ripple.exp(), FFT, FFT // 4, window=window, length=wave.shape[1])


def test_the_meter_sees_flattened_envelopes() -> None:
    meter = BlurMeter(RATE, FFT)
    meter.add(noise_with_formants(0.5), noise_with_formants(1.0), torch.zeros(4, 10, 7))
    blur = meter.blur()
    assert blur.ratio.shape == (COEFFICIENTS,) and blur.mean.shape == (7,)
    assert blur.ratio.min() < 0.7
    same = BlurMeter(RATE, FFT)
    same.add(noise_with_formants(1.0), noise_with_formants(1.0), torch.zeros(4, 10, 7))
    assert same.blur().ratio == pytest.approx(np.ones(COEFFICIENTS), abs=1e-5)


def test_the_cosine_transform_is_orthonormal() -> None:
    assert torch.allclose(cosines() @ cosines().T, torch.eye(BANDS), atol=1e-5)


def test_a_lift_raises_what_lacks_and_leaves_the_loudness() -> None:
    settings = BlurMeter(RATE, FFT).settings
    bins = FFT // 2 + 1
    ripple = torch.sin(2 * torch.pi * 6 * torch.arange(bins) / bins)
    for share, ratio, gain in ((0.0, 0.5, 1.0), (1.0, 1.0, 1.0), (1.0, 0.5, 2.0), (0.5, 0.5, 1.4)):
        matrix = lift(settings, np.full(COEFFICIENTS, ratio), share)
        assert matrix.shape == (bins, bins)
        assert torch.allclose(matrix @ torch.ones(bins), torch.zeros(bins), atol=1e-4)
        lifted = ripple + matrix @ ripple
        inner = slice(20, 250)  # below the highest band
        assert float(lifted[inner].std() / ripple[inner].std()) == pytest.approx(gain, rel=0.15)


def test_folding_lifts_the_outputs_about_their_mean() -> None:
    torch.manual_seed(0)
    spec = tiny_spec().decoder
    assert isinstance(spec, VitsSpec)
    vocoder = Vits(spec).waveform
    assert isinstance(vocoder, VocosVocoder)
    bins = vocoder.spec.fft_samples // 2 + 1
    meter = BlurMeter(spec.sample_rate, vocoder.spec.fft_samples)
    hidden = torch.randn(50, vocoder.output.in_features)
    with torch.no_grad():
        torch.nn.init.normal_(vocoder.output.weight)
        before = vocoder.output(hidden)
        blur = Blur(np.linspace(1.0, 0.6, COEFFICIENTS), before.mean(0))
        matrix = lift(meter.settings, blur.ratio, 0.7)
        sharpen(vocoder, meter, blur, 0.7)
        after = vocoder.output(hidden)
    for block in range(before.shape[1] // bins):
        rows = slice(block * bins, (block + 1) * bins)
        x = before[:, rows]
        want = x if block == 1 else x + (x - x.mean(0)) @ matrix.T
        assert torch.allclose(after[:, rows], want, atol=1e-3 * float(x.abs().max()))
    assert torch.allclose(after.mean(0), before.mean(0), atol=1e-3 * float(before.abs().max()))
    assert float(after[:, :bins].std()) > float(before[:, :bins].std())
