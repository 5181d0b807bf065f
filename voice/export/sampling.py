"""Drawing tokens in numpy: the rules of :mod:`voice.decode.sampling`, with the same random numbers.

Axes: B rows, C classes (codes and, last, the end).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

COLDEST = 1e-5
_TINY = np.finfo(np.float32).tiny


@dataclass(frozen=True)
class Sampling:
    """How tokens are drawn; see :class:`voice.decode.sampling.SamplingSettings`."""

    top_k: int
    top_p: float
    temperature: float
    repetition_penalty: float
    min_tokens: int


def penalised(logits: np.ndarray, used: np.ndarray, sampling: Sampling, made: int) -> np.ndarray:
    """Logits (B, C) after the rules about earlier tokens; ``used`` (B, C) bool."""
    penalty = np.float32(sampling.repetition_penalty)
    out = logits.astype(np.float32, copy=True)
    if penalty != 1:
        out = np.where(used, np.where(out < 0, out * penalty, out / penalty), out)
    if made < sampling.min_tokens:
        out[:, -1] = -np.inf
    return out


def probabilities(logits: np.ndarray, sampling: Sampling) -> np.ndarray:
    """What is drawn from, (B, C), given penalised logits."""
    if sampling.top_p < 1:
        logits = _nucleus(logits, sampling.top_p)
    logits = logits / np.float32(max(sampling.temperature, COLDEST))
    if sampling.top_k < logits.shape[1]:
        weakest = np.partition(logits, -sampling.top_k, axis=1)[:, -sampling.top_k, None]
        logits = np.where(logits < weakest, -np.inf, logits)
    return softmax(logits)


def softmax(x: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def _nucleus(logits: np.ndarray, top_p: float) -> np.ndarray:
    order = np.argsort(-logits, axis=1, kind="stable")
    ordered = np.take_along_axis(logits, order, 1)
    surplus = np.cumsum(softmax(ordered), axis=1) > top_p
    surplus[:, 0] = False
    removed = np.zeros_like(surplus)
    np.put_along_axis(removed, order, surplus, 1)
    return np.where(removed, -np.inf, logits).astype(np.float32)


class Race:
    """Standard exponential numbers, a stream for each row, made from its seed.

    Args:
        seeds: B seeds.
        classes: C.
    """

    def __init__(self, seeds: Sequence[int], classes: int) -> None:
        self._streams = [np.random.Generator(np.random.PCG64(seed)) for seed in seeds]
        self._classes = classes

    def step(self) -> np.ndarray:
        """(B, C) float32, above 0."""
        rows = [s.standard_exponential(self._classes, dtype=np.float32) for s in self._streams]
        return np.maximum(np.stack(rows), _TINY)

    def keep(self, rows: np.ndarray) -> None:
        """Goes on with these rows only."""
        self._streams = [self._streams[row] for row in rows]


def draw(chances: np.ndarray, race: np.ndarray) -> np.ndarray:
    """One token of each row, (B,) int64: the largest quotient wins."""
    return (chances / race).argmax(1)
