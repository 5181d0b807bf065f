"""Levels of speech: where it is, how loud, and bringing it to one loudness.

The level that counts is that of the speech itself, pauses left out, as in ITU-T P.56.

Axes: N samples, F frames of 10 ms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FRAME_SECONDS = 0.01
ACTIVE_LEVEL_DB = -23.0
"""Level that recordings are brought to, in dB of full scale."""
_FLOOR_DB = -120.0
_PEAK = 0.97
_GAP_FRAMES = 30
_BURST_FRAMES = 5
_LOUD_FRAMES = 20


@dataclass(frozen=True)
class Span:
    """A stretch of a recording in samples, ``stop`` not included."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start


def frame_levels_db(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Level of each 10 ms of (N,) samples, in dB of full scale, at least -120.

    Returns:
        (F,) float64; a shorter rest counts as a frame.
    """
    size = frame_samples(sample_rate)
    power = np.square(samples, dtype=np.float64)
    power = np.pad(power, (0, -len(power) % size)).reshape(-1, size).mean(1)
    return 10.0 * np.log10(power + 10.0 ** (_FLOOR_DB / 10))


def frame_samples(sample_rate: int) -> int:
    """Samples of a frame."""
    return max(1, round(sample_rate * FRAME_SECONDS))


def speech_frames(levels_db: np.ndarray) -> np.ndarray:
    """Which frames are speech, judged by level: well above the quietest tenth.

    Gaps under 0.3 s belong to the speech around them; bursts under 0.05 s are clicks.

    Args:
        levels_db: (F,).

    Returns:
        (F,) bool; all true where nothing stands out.
    """
    if not len(levels_db):
        return np.zeros(0, bool)
    low, high = loudness_range(levels_db)
    threshold = np.clip(low + max(6.0, 0.35 * (high - low)), high - 40.0, high - 6.0)
    active = levels_db > threshold
    for start, stop in _runs(active):
        if stop - start < _BURST_FRAMES:
            active[start:stop] = False
    for start, stop in _runs(~active):
        if stop - start < _GAP_FRAMES and start > 0 and stop < len(active):
            active[start:stop] = True
    return active


def loudness_range(levels_db: np.ndarray) -> tuple[float, float]:
    """The level under which the quietest tenth of (F,) frames lie, and that of the loudest 0.2 s.

    The latter does not depend on how long the pauses around a short word are.
    """
    loudest = min(_LOUD_FRAMES, len(levels_db) // 20)
    high = np.partition(levels_db, len(levels_db) - 1 - loudest)[len(levels_db) - 1 - loudest]
    return float(np.percentile(levels_db, 10)), float(high)


def _runs(mask: np.ndarray) -> list[tuple[int, int]]:
    """(start, stop) of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))


def speech_spans(samples: np.ndarray, sample_rate: int, margin_s: float = 0.1) -> list[Span]:
    """Stretches of speech, with a margin on both sides where there is room.

    Args:
        samples: (N,) float.
        sample_rate: in Hz.
        margin_s: kept of the pauses around, in seconds.
    """
    size, margin = frame_samples(sample_rate), round(margin_s * sample_rate)
    runs = _runs(speech_frames(frame_levels_db(samples, sample_rate)))
    return [
        Span(max(0, start * size - margin), min(len(samples), stop * size + margin))
        for start, stop in runs
    ]


def trim_span(samples: np.ndarray, sample_rate: int, margin_s: float = 0.1) -> Span:
    """From the first speech to the last, with a margin; empty where there is none."""
    spans = speech_spans(samples, sample_rate, margin_s)
    return Span(spans[0].start, spans[-1].stop) if spans else Span(0, 0)


def active_level_db(samples: np.ndarray, sample_rate: int) -> float:
    """Level of the speech in (N,) samples: the mean power of frames within 25 dB of the loudest."""
    levels = frame_levels_db(samples, sample_rate)
    if not len(levels):
        return _FLOOR_DB
    loud = levels[levels > np.percentile(levels, 99) - 25.0]
    return float(10.0 * np.log10(np.mean(10.0 ** (loud / 10.0))))


def remove_offset(samples: np.ndarray) -> np.ndarray:
    """Takes the mean off (N,) samples, which a bad converter adds to everything."""
    return (samples - np.mean(samples, dtype=np.float64)).astype(np.float32)


def to_level(
    samples: np.ndarray, sample_rate: int, level_db: float = ACTIVE_LEVEL_DB
) -> np.ndarray:
    """Brings speech to a level by one gain; peaks stay under 0.97 rather than being cut.

    Returns:
        (N,) float32; silence stays silence.
    """
    peak = float(np.abs(samples).max(initial=0.0))
    if peak == 0.0:
        return np.asarray(samples, np.float32)
    gain = 10.0 ** ((level_db - active_level_db(samples, sample_rate)) / 20.0)
    return (samples * min(gain, _PEAK / peak)).astype(np.float32)
