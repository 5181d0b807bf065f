"""Sound that can be put beside other sound: trimmed, levelled, faded. No torch here.

Axes: N samples.
"""

from __future__ import annotations

import numpy as np

ACTIVE_LEVEL_DB = -21.0
"""Level of speech, silence left out, that every piece is brought to."""
MOST_GAIN_DB = 12.0
PEAK = 0.97
_FRAME_SECONDS = 0.01
_SILENT_DB = -36.0
_SMOOTHED = 5  # frames: one crackle in the noise before speech is no speech
_EDGE_SECONDS = 0.06
_FADE_SECONDS = 0.005
LONGEST_PAUSE_SECONDS = 0.7
"""What longer pauses within a piece are cut to."""


def frame_levels_db(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Level of each 10 ms of (N,) samples, in dB of full scale; a shorter rest counts as one."""
    size = max(1, round(sample_rate * _FRAME_SECONDS))
    padded = np.pad(samples.astype(np.float64), (0, -len(samples) % size))
    power = np.square(padded).reshape(-1, size).mean(1)
    return 10 * np.log10(power + 1e-12)


def finish(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Takes silence off both ends but a short edge, and out of pauses over 0.7 s, brings speech to
    one level, fades the ends.

    Args:
        samples: (N,) float32.

    Returns:
        (N',) float32, N' <= N, peak at most 0.97; silence stays silence.
    """
    if not len(samples):
        return samples.astype(np.float32)
    samples = samples - samples.mean(dtype=np.float64).astype(np.float32)
    levels = frame_levels_db(samples, sample_rate)
    power = np.convolve(10 ** (levels / 10), np.full(_SMOOTHED, 1 / _SMOOTHED), "same")
    smooth = 10 * np.log10(power[: len(levels)] + 1e-12)
    active = smooth > max(levels.max() + _SILENT_DB, -70.0)
    if not active.any():
        return np.zeros(round(0.1 * sample_rate), np.float32)
    places = np.flatnonzero(active)
    size, edge = max(1, round(sample_rate * _FRAME_SECONDS)), round(sample_rate * _EDGE_SECONDS)
    start = max(0, int(places[0]) * size - edge)
    stop = min(len(samples), (int(places[-1]) + 1) * size + edge)
    loud = levels > levels.max() - 25
    level = 10 * np.log10(np.mean(10 ** (levels[loud] / 10)))
    gain = 10 ** (np.clip(ACTIVE_LEVEL_DB - level, -MOST_GAIN_DB * 2, MOST_GAIN_DB) / 20)
    speech = places * size
    piece = without_long_pauses(samples, speech, (start, stop), sample_rate)
    gain = min(gain, PEAK / max(float(np.abs(piece).max()), 1e-9))
    return fade((piece * gain).astype(np.float32), sample_rate)


def without_long_pauses(
    samples: np.ndarray, speech: np.ndarray, ends: tuple[int, int], sample_rate: int
) -> np.ndarray:
    """What is between two ends of sound, the middle taken out of pauses over 0.7 s.

    Args:
        samples: (N,) float32.
        speech: (S,) ascending, the sample where each 10 ms with speech begin.
        ends: first sample that is kept, and the one behind the last.
        sample_rate: in Hz.

    Returns:
        (N',) float32; a pause that was too long is 0.7 s less a cross-fade of 5 ms.
    """
    size = max(1, round(sample_rate * _FRAME_SECONDS))
    half, cross = (round(s * sample_rate) for s in (LONGEST_PAUSE_SECONDS / 2, _FADE_SECONDS))
    ramp = np.linspace(0, 1, cross, dtype=np.float32)
    start, parts = ends[0], list[np.ndarray]()
    lefts, rights = speech[:-1] + size + half, speech[1:] - half
    for pause in np.flatnonzero(rights > lefts):
        left, right = lefts[pause], rights[pause]
        joint = samples[left : left + cross] * (1 - ramp) + samples[right : right + cross] * ramp
        parts += [samples[start:left], joint]
        start = right + cross
    return np.concatenate([*parts, samples[start : ends[1]]])


def fade(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Raised-cosine fades of 5 ms at both ends."""
    size = min(round(sample_rate * _FADE_SECONDS), len(samples) // 2)
    if size == 0:
        return samples
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(size) + 0.5) / size)).astype(np.float32)
    samples = samples.copy()
    samples[:size] *= ramp
    samples[-size:] *= ramp[::-1]
    return samples
