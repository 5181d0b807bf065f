"""Sound made ready while it comes is trimmed, levelled and whole, however it is cut."""

from __future__ import annotations

import numpy as np
import pytest

from voice.export.finishing import StreamFinisher
from voice.synth.finish import ACTIVE_LEVEL_DB, finish, frame_levels_db

RATE = 24000


def speech(seconds: float, level: float = 0.05, seed: int = 0) -> np.ndarray:
    """Noise as loud as speech, faintly swelling."""
    rng = np.random.default_rng(seed)
    count = round(seconds * RATE)
    swell = 1 + 0.3 * np.sin(np.arange(count) / RATE * 9)
    return (rng.standard_normal(count) * level * swell).astype(np.float32)


def hum(seconds: float) -> np.ndarray:
    return speech(seconds, 1e-5, 1)


def streamed(samples: np.ndarray, size: int) -> list[np.ndarray]:
    finisher = StreamFinisher(RATE)
    cut = [samples[i : i + size] for i in range(0, len(samples), size)]
    return [finisher.push(x) for x in cut] + [finisher.push(np.zeros(0, np.float32), True)]


@pytest.mark.parametrize("size", [240, 1111, 12000, 24000, 10**6])
def test_silence_at_the_ends_goes_and_pauses_stay(size: int) -> None:
    sound = np.concatenate([hum(0.5), speech(1.2), hum(0.6), speech(0.9), hum(0.7)])
    made = np.concatenate(streamed(sound, size))
    edges = 2 * 0.06
    assert len(made) / RATE == pytest.approx(1.2 + 0.6 + 0.9 + edges, abs=0.05)
    pause = made[round(1.4 * RATE) : round(1.7 * RATE)]
    assert np.abs(pause).max() < 0.01


def test_the_level_is_that_of_whole_sound() -> None:
    sound = np.concatenate([hum(0.2), speech(3.0, 0.02), hum(0.2)])
    made, whole = np.concatenate(streamed(sound, 12000)), finish(sound, RATE)
    levels = frame_levels_db(made, RATE)
    active = 10 * np.log10(np.mean(10 ** (levels[levels > levels.max() - 25] / 10)))
    assert active == pytest.approx(ACTIVE_LEVEL_DB, abs=1.0)
    assert len(made) == pytest.approx(len(whole), abs=RATE * 0.03)


def test_there_are_no_steps_and_no_overflow() -> None:
    # A quiet beginning raises the gain; a loud rest must not be cut off.
    tone = np.sin(np.arange(2 * RATE) * 2 * np.pi * 200 / RATE).astype(np.float32)
    sound = tone * np.where(np.arange(2 * RATE) < RATE, 0.03, 0.6).astype(np.float32)
    made = np.concatenate(streamed(sound, 6000))
    assert np.abs(made).max() <= 0.971
    plain = np.abs(np.diff(tone)).max()
    jump = np.flatnonzero(np.abs(np.diff(made)) > plain * 1.05)
    assert len(jump) == 0 or (np.abs(jump - RATE) < 200).all()  # but where the sound itself jumps
    assert abs(made[0]) < 1e-3 and abs(made[-1]) < 1e-3


def test_sound_comes_before_its_piece_ends() -> None:
    parts = streamed(np.concatenate([hum(0.1), speech(2.0)]), 12000)
    assert len(parts[0]) > 0.3 * RATE
    assert [len(x) for x in streamed(hum(1.0), 12000)] == [0, 0, 0]
