"""Pitch contours of the training recordings, made once and kept in the cache as ``pitch.f16``.

Autocorrelation with the window's own divided out, several candidates a frame, and the cheapest path
through them (Boersma 1993, "Accurate short-term analysis of the fundamental frequency"; its default
costs). Axes: F frames of 10 ms, L lags, K candidates, the first of them "unvoiced".
"""

from __future__ import annotations

import numpy as np
import soxr
from numpy.typing import NDArray

from voice.nn.pitch import MIDDLE_HZ
from voice.training.corpus import RATE, Corpus, Row
from voice.training.parallel import mapped

HOP = 240  # samples at 24 kHz between two values
FILE = "pitch.f16"

_RATE = 8000
_WINDOW, _FFT = 400, 1024
_LOW_HZ, _HIGH_HZ = 65.0, 520.0
_CANDIDATES = 6
_VOICED = 0.4  # least strength
_SILENCE = 0.03  # of the loudest sample
_OCTAVE_COST = 0.02
_JUMP_COST = 0.35
_CHANGE_COST = 0.14


def track(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Pitch of a recording.

    Args:
        samples: (N,) at 24 kHz.

    Returns:
        (N // 240,) octaves above 200 Hz in the middle of each 10 ms; NaN where it is unvoiced.
    """
    count = len(samples) // HOP
    low = soxr.resample(samples, RATE, _RATE, "MQ").astype(np.float32)
    step = HOP * _RATE // RATE
    low = np.pad(low, (_WINDOW // 2 - step // 2, _WINDOW + step))
    frames = np.lib.stride_tricks.sliding_window_view(low, _WINDOW)[::step][:count]
    loudest = np.abs(low).max() + 1e-9
    peaks = np.abs(frames).max(1) / loudest
    frames = frames - frames.mean(1, keepdims=True)
    window = np.hanning(_WINDOW).astype(np.float32)
    own = _autocorrelation(window[None])[0]
    found = _autocorrelation(frames * window)
    strengths = found / np.maximum(found[:, :1], 1e-9) / (own / own[0])[: found.shape[1]]
    octaves, scores = _candidates(strengths)
    quiet = 2 - peaks / _SILENCE * (1 + _VOICED)
    scores[:, 0] = _VOICED + np.maximum(0, quiet)
    return _path(octaves, scores)


def _autocorrelation(frames: NDArray[np.float32]) -> NDArray[np.float32]:
    """(F, L) of (F, samples), up to the lag of the lowest pitch and one more."""
    power = np.square(np.abs(np.fft.rfft(frames, _FFT)))
    return np.fft.irfft(power)[:, : int(_RATE / _LOW_HZ) + 2].astype(np.float32)


def _candidates(strengths: NDArray) -> tuple[NDArray, NDArray]:
    """Octaves and scores (F, K) of the best peaks, refined by parabolas; entry 0 is left free."""
    first = int(_RATE / _HIGH_HZ)
    left, mid, right = (strengths[:, first + i : strengths.shape[1] - 2 + i] for i in (0, 1, 2))
    lags = np.arange(first + 1, first + 1 + mid.shape[1])
    peak = (mid >= left) & (mid > right) & (mid > _VOICED / 2)
    bend = np.where(peak, left - 2 * mid + right, -1.0)
    shift = np.where(peak, 0.5 * (left - right) / np.minimum(bend, -1e-6), 0.0)
    height = np.minimum(mid - 0.25 * (left - right) * shift, 1.0)
    octave = np.log2(_RATE / (lags + np.clip(shift, -1, 1)) / MIDDLE_HZ)
    score = np.where(peak, height + _OCTAVE_COST * octave, -np.inf)
    best = np.argpartition(-score, _CANDIDATES - 2, 1)[:, : _CANDIDATES - 1]
    room = np.zeros((len(score), 1))
    return (
        np.concatenate([room, np.take_along_axis(octave, best, 1)], 1),
        np.concatenate([room, np.take_along_axis(score, best, 1)], 1),
    )


def _path(octaves: NDArray, scores: NDArray) -> NDArray[np.float32]:
    """The path of the highest sum of scores less costs of moving (Viterbi)."""
    count = len(octaves)
    back = np.zeros(octaves.shape, np.int64)
    total = scores[0] if count else np.zeros(0)
    voiced = np.arange(octaves.shape[1]) > 0
    change = _CHANGE_COST * (voiced[:, None] != voiced)
    both = _JUMP_COST * (voiced[:, None] & voiced)
    for i in range(1, count):
        cost = change + both * np.abs(octaves[i - 1][:, None] - octaves[i])
        ways = total[:, None] - cost
        back[i] = ways.argmax(0)
        total = ways[back[i], np.arange(len(total))] + scores[i]
    result = np.full(count, np.nan, np.float32)
    at = int(total.argmax()) if count else 0
    for i in range(count - 1, -1, -1):
        if at:
            result[i] = octaves[i, at]
        at = back[i, at]
    return result


def _contour(row: Row, corpus: Corpus) -> NDArray[np.float32]:
    return track(corpus.samples(row))


def pitch_of(corpus: Corpus) -> NDArray[np.float16]:
    """Contours of the whole corpus, (samples // 240,); made on the first call and kept."""
    path = corpus.folder / FILE
    if not path.exists():
        contours = np.full(len(corpus.audio) // HOP, np.nan, np.float16)
        tracks = mapped(_contour, corpus.rows, "pitch", corpus)
        for row, contour in zip(corpus.rows, tracks, strict=True):
            contours[row.start // HOP :][: row.samples // HOP] = contour
        half = path.with_suffix(".part")
        contours.tofile(half)
        half.replace(path)
    return np.fromfile(path, np.float16)
