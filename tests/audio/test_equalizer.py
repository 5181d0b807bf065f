"""The equaliser does to tones what its gains say, and nothing to time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.audio.equalizer import BANDS, band_edges, equalize, filter_taps

RATE = 24000


def tone(hz: float, seconds: float = 0.5) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE)) / RATE)).astype("float32")


def level_db(samples: np.ndarray) -> float:
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    return 10 * np.log10(np.square(middle).mean())


def test_no_gains_leave_sound_as_it_is() -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, 5000).astype(np.float32)
    assert equalize(sound, None, RATE) is sound
    assert np.abs(equalize(sound, np.zeros(BANDS), RATE) - sound).max() < 1e-6


@pytest.mark.parametrize("hz", [150.0, 440.0, 1000.0, 3000.0, 7000.0, 11000.0])
@pytest.mark.parametrize("rate_gain", [-9.0, 6.0])
def test_a_tone_gets_the_gain_of_its_band(hz: float, rate_gain: float) -> None:
    gains = rate_gain * np.sin(np.linspace(0, 3, BANDS))
    wanted = np.interp(hz, band_edges()[1:-1], gains)
    made = equalize(tone(hz), gains, RATE)
    assert level_db(made) - level_db(tone(hz)) == pytest.approx(wanted, abs=0.5)
    middle = slice(RATE // 8, -RATE // 8)
    assert np.corrcoef(made[middle], tone(hz)[middle])[0, 1] > 0.9999, "phases stay"


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 3000), st.integers(0, 2**32 - 1), st.sampled_from([16000, 24000, 48000]))
def test_any_length_keeps_its_length_and_its_filter(count: int, seed: int, rate: int) -> None:
    rng = np.random.default_rng(seed)
    sound, gains = rng.normal(0, 0.1, count).astype(np.float32), rng.uniform(-9, 9, BANDS)
    made = equalize(sound, gains, rate)
    assert made.dtype == np.float32 and made.shape == sound.shape
    if count:
        plain = np.convolve(sound, filter_taps(gains, rate), "full")[255 : 255 + count]
        assert np.abs(made - plain).max() < 1e-5
