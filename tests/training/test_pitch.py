"""Contours of recordings whose pitch is known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr

from voice.training.pitch import HOP, track

RATE = 24000
DATA = Path(__file__).parents[1] / "data"


def saw(hz: np.ndarray) -> np.ndarray:
    """Twenty falling harmonics along a contour with one value a sample."""
    phase = 2 * np.pi * np.cumsum(hz) / RATE
    return sum(np.sin(k * phase) / k for k in range(1, 21)).astype(np.float32) * 0.2


@pytest.mark.parametrize("low, high", [(80, 120), (180, 320), (440, 250)])
def test_a_glide_is_followed(low: float, high: float) -> None:
    hz = np.geomspace(low, high, RATE)
    found = track(np.concatenate([np.zeros(RATE // 2, np.float32), saw(hz)]))
    assert len(found) == 150
    assert np.isnan(found[:45]).all()
    wanted = np.log2(hz.reshape(-1, HOP).mean(1) / 200)
    assert np.abs(found[53:147] - wanted[3:97]).max() < 0.02


def test_noise_and_silence_are_unvoiced() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, RATE).astype(np.float32)
    assert np.isnan(track(noise)).mean() > 0.9
    assert np.isnan(track(np.zeros(RATE, np.float32))).all()
    assert track(np.zeros(0, np.float32)).shape == (0,)
    assert track(np.zeros(HOP, np.float32)).shape == (1,)


def test_speech_is_half_voiced_in_a_human_range() -> None:
    samples, rate = soundfile.read(DATA / "reference_en.wav", dtype="float32")
    samples = soxr.resample(samples, rate, RATE)
    found = track(samples)
    voiced = found[~np.isnan(found)]
    assert 0.3 < len(voiced) / len(found) < 0.85
    assert 90 < 200 * 2 ** np.median(voiced) < 300
    assert np.abs(np.diff(voiced)).mean() < 0.05  # no leaps between octaves
