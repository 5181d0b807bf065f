"""Sound made ready while it comes is trimmed, levelled and whole, however it is cut."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from voice.export.finishing import StreamFinisher
from voice.synth.finish import (
    ACTIVE_LEVEL_DB,
    LONGEST_PAUSE_SECONDS,
    finish,
    frame_levels_db,
)

RATE = 24000
SHARED = Path(__file__).parents[2] / "recipes/export/phone/tests/finishing.json"
"""Sounds and what becomes of them, which the phone app's tests read too."""


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


@pytest.mark.parametrize("size", [1111, 12000, 24000, 10**6])
def test_pauses_that_are_too_long_are_shortened_as_in_the_whole(size: int) -> None:
    sound = np.concatenate([
        hum(0.3), speech(1.2), hum(1.5), speech(0.8, seed=2), hum(0.5), speech(0.6, seed=3),
        hum(0.75), speech(0.4, seed=4), hum(2.0)])
    made, whole = np.concatenate(streamed(sound, size)), finish(sound, RATE)
    # Two frames beside speech count as speech.
    kept = 1.2 + 0.8 + 0.6 + 0.4 + 0.5 + 2 * LONGEST_PAUSE_SECONDS + 2 * 0.06 + 6 * 0.02
    assert len(made) / RATE == pytest.approx(kept, abs=0.02)
    assert len(made) == len(whole)
    # The same samples but for the level, which a stream does not know before it has heard all.
    assert np.corrcoef(made, whole)[0, 1] > 0.99


def test_a_pause_stays_short_when_louder_speech_makes_what_came_before_seem_silence() -> None:
    parts = [speech(1.0, 0.002), hum(1.2), speech(1.0, 0.4, seed=2)]
    lengths = [len(np.concatenate(streamed(np.concatenate(parts), size))) / RATE
               for size in (480, 2400, 12000)]
    assert max(lengths) <= 2.0 + LONGEST_PAUSE_SECONDS + 0.15


def made_up(segments: list[list[float]]) -> np.ndarray:
    """Noise of a simple generator, which other languages have as easily."""
    parts = []
    for seconds, level in segments:
        state, values = 12345, []
        for _ in range(round(seconds * RATE)):
            state = (state * 1103515245 + 12345) % 2**32
            values.append((state / 2**31 - 1) * level)
        parts.append(np.array(values, np.float32))
    return np.concatenate(parts)


def test_the_phone_app_is_told_what_this_one_does() -> None:
    cases = json.loads(SHARED.read_text("utf8"))
    assert any(len(case["segments"]) > 3 for case in cases)
    for case in cases:
        parts = streamed(made_up(case["segments"]), case["chunk"])
        assert [len(part) for part in parts] == case["lengths"]
        levels = frame_levels_db(np.concatenate(parts), RATE)[::5]
        np.testing.assert_allclose(levels, case["levels_db"], atol=0.05)
