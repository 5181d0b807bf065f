"""Bands of the equaliser, and what the waveform decoder makes of its gains."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from voice.audio.equalizer import BANDS, TOP_HZ, band_edges, band_filters, bin_weights
from voice.models.vocoder import VocosVocoder
from voice.spec.vits import VocosSpec

RATE = 24000


def test_bands_cover_speech() -> None:
    edges = band_edges()
    assert edges[0] == 0 and edges[-1] == pytest.approx(TOP_HZ) and (np.diff(edges) > 20).all()


@pytest.mark.parametrize(("size", "rate"), [(1024, 24000), (960, 24000), (1024, 16000)])
def test_a_band_hears_its_own_place_and_gains_are_interpolated(size: int, rate: int) -> None:
    filters, weights = band_filters(size, rate), bin_weights(size, rate)
    assert filters.shape == (BANDS, size // 2 + 1) and weights.shape == filters.shape[::-1]
    assert np.allclose(filters.sum(1), 1) and np.allclose(weights.sum(1), 1)
    hz = np.fft.rfftfreq(size, 1 / rate)
    assert np.allclose(filters @ hz, band_edges()[1:-1], atol=12), "within half a bin"
    line = band_edges()[1:-1] / 1000
    inside = (hz >= band_edges()[1]) & (hz <= band_edges()[-2])
    assert np.allclose((weights @ line)[inside], hz[inside] / 1000)
    assert np.allclose((weights @ line)[hz > TOP_HZ], line[-1])


@pytest.fixture(scope="module")
def vocoder() -> VocosVocoder:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = VocosVocoder(
            VocosSpec(width=16, blocks=1, block_hidden=32, condition_width=8), 8, 4, RATE)
        torch.nn.init.normal_(made.output.weight, std=0.3)
    return made.eval()


@pytest.mark.parametrize("slope", [-8.0, 0.0, 6.0])
def test_sound_gets_the_gains(vocoder: VocosVocoder, slope: float) -> None:
    z, timbre = torch.randn(1, 8, 60, generator=torch.Generator().manual_seed(1)), torch.ones(1, 4)
    gains = (slope * np.sin(np.linspace(0, 3, BANDS))).astype(np.float32)
    with torch.inference_mode():
        plain = vocoder(z, timbre)[0].numpy()
        made = vocoder(z, timbre, equalizer=torch.from_numpy(gains)[None])[0].numpy()
        short = vocoder(z[..., :40], timbre, torch.tensor([40]), torch.from_numpy(gains)[None])
    filters = band_filters(1024, RATE)
    levels = [10 * np.log10(filters @ spectrum(sound)) for sound in (plain, made)]
    assert np.sqrt(np.mean((levels[1] - levels[0] - gains) ** 2)) < 0.5
    assert short.shape[1] == 40 * len(made) // 60


def spectrum(sound: np.ndarray) -> np.ndarray:
    """Mean power spectrum of 1024 samples at a time."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, 1024)[::256] * np.hanning(1024)
    return np.square(np.abs(np.fft.rfft(frames))).mean(0)
