"""Sound that can be put beside other sound: pauses within a piece."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.synth.finish import LONGEST_PAUSE_SECONDS, PEAK, finish, frame_levels_db

RATE = 24000


def speech(seconds: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return (0.1 * rng.standard_normal(round(seconds * RATE))).astype(np.float32)


def hum(seconds: float) -> np.ndarray:
    return speech(seconds, 9) * 1e-4


def longest_pause(samples: np.ndarray) -> float:
    levels = frame_levels_db(samples, RATE)
    marks = np.flatnonzero(levels > levels.max() - 36)
    return float(np.diff(marks).max() - 1) * 0.01


@pytest.mark.parametrize(("pause", "kept"), [
    (0.3, 0.3), (0.65, 0.65), (0.9, LONGEST_PAUSE_SECONDS), (2.5, LONGEST_PAUSE_SECONDS)])
def test_pauses_are_cut_to_what_people_make(pause: float, kept: float) -> None:
    made = finish(np.concatenate([speech(1.0, 1), hum(pause), speech(0.8, 2), hum(1.0)]), RATE)
    assert longest_pause(made) == pytest.approx(kept, abs=0.08)
    assert len(made) / RATE == pytest.approx(1.8 + kept + 0.06, abs=0.08)


def test_speech_beside_a_pause_is_left_alone() -> None:
    one, other = speech(0.5, 3), speech(0.5, 4)
    made = finish(np.concatenate([one, hum(3.0), other]), RATE)
    gain = np.abs(made[1000:11000]).max() / np.abs(one[1000:11000]).max()
    np.testing.assert_allclose(made[1000:11500], one[1000:11500] * gain, atol=1e-3)
    np.testing.assert_allclose(made[-11500:-1000], other[-11500:-1000] * gain, atol=1e-3)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(0.001, 1.5)), max_size=8))
def test_any_mix_of_sound_and_silence(parts: list[tuple[bool, float]]) -> None:
    sound = np.concatenate([
        np.zeros(0, np.float32),
        *(speech(length, i) if loud else hum(length) for i, (loud, length) in enumerate(parts))
    ])
    made = finish(sound, RATE)
    assert made.dtype == np.float32 and np.isfinite(made).all()
    assert np.abs(made).max(initial=0) <= PEAK + 1e-4
    assert len(made) <= max(RATE // 10, len(sound))
