"""A pruned n-gram model with modified Kneser-Ney smoothing, as arrays (Chen & Goodman 1999).

Sequences are rows of token numbers; token 0 begins and token 1 ends a sequence. Level n of the
model holds its n-grams: parent (the n-gram's first n-1 tokens, a row of level n-1), token, suffix
(its last n-1 tokens, a row of level n-1), probability, and the weight of what falls back from it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

BEGIN, END = 0, 1


@dataclass
class Level:
    """The n-grams of one order; rows are sorted by (parent, token)."""

    parent: np.ndarray
    token: np.ndarray
    suffix: np.ndarray
    count: np.ndarray
    probability: np.ndarray
    backoff: np.ndarray
    keep: np.ndarray
    begins: np.ndarray


def count(sequences: Sequence[Sequence[int]], vocabulary: int, order: int) -> list[Level]:
    """All n-grams up to ``order`` with their raw counts."""
    tokens = np.array([t for s in sequences for t in (BEGIN, *s, END)], np.int64)
    starts = np.cumsum([0] + [len(s) + 2 for s in sequences])[:-1]
    position = np.arange(len(tokens)) - np.repeat(starts, [len(s) + 2 for s in sequences])
    ids = np.zeros(len(tokens), np.int64)
    levels: list[Level] = []
    for n in range(1, order + 1):
        before = np.concatenate([[0], ids[:-1]]) if n > 1 else ids
        valid = np.flatnonzero(position >= n - 1)
        keys, inverse, counts = np.unique(
            before[valid] * vocabulary + tokens[valid], return_inverse=True, return_counts=True
        )
        suffix = np.zeros(len(keys), np.int64)
        suffix[inverse] = ids[valid] if n > 1 else 0
        first = np.zeros(len(keys), bool)
        first[inverse] = position[valid] == n - 1
        ids = np.zeros(len(tokens), np.int64)
        ids[valid] = inverse
        empty = np.zeros(len(keys))
        levels.append(Level(keys // vocabulary, keys % vocabulary, suffix, counts, empty,
                            empty.copy(), np.ones(len(keys), bool), first))
    return levels


def smooth(levels: list[Level], vocabulary: int) -> None:
    """Fills in probabilities (interpolated modified Kneser-Ney)."""
    below: np.ndarray | None = None
    for n, level in enumerate(levels):
        counts = level.count.astype(float)
        if n + 1 < len(levels):
            continuation = np.bincount(levels[n + 1].suffix, minlength=len(counts))
            counts = np.where(level.begins, counts, continuation)
        if n == 0:
            counts[level.token == BEGIN] = 0
        parents = len(levels[n - 1].token) if n else 1
        parent = level.parent if n else np.zeros(len(counts), np.int64)
        total = np.bincount(parent, counts, parents)
        discount = _discounts(counts)[np.minimum(counts, 3).astype(int)]
        held = np.bincount(parent, discount, parents)
        gamma = held / np.maximum(total, 1e-9)
        lower = below[level.suffix] if below is not None else 1 / vocabulary
        share = (counts - discount) / np.maximum(total[parent], 1e-9)
        level.probability = share + gamma[parent] * lower
        below = level.probability


def _discounts(counts: np.ndarray) -> np.ndarray:
    n1, n2, n3, n4 = (max(int((counts == k).sum()), 1) for k in (1, 2, 3, 4))
    y = n1 / (n1 + 2 * n2)
    found = [0.0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3]
    return np.clip(np.array(found), 0.0, [0, 1, 2, 3])


def prune(levels: list[Level], threshold: float) -> None:
    """Drops n-grams (order 2 and up) that gain less than ``threshold`` nats over falling back."""
    renormalize(levels)
    for n in range(len(levels) - 1, 0, -1):
        level, lower = levels[n], levels[n - 1]
        fallback = lower.backoff[level.parent] * lower.probability[level.suffix]
        gain = level.count * np.log(level.probability / np.maximum(fallback, 1e-12))
        level.keep = np.abs(gain) >= threshold
        if n + 1 < len(levels):
            above = levels[n + 1]
            level.keep[above.parent[above.keep]] = True
            level.keep[above.suffix[above.keep]] = True
    levels[0].keep[:] = True
    renormalize(levels)


def renormalize(levels: list[Level]) -> None:
    """The weight of falling back, so that each context's probabilities sum to one."""
    for n, level in enumerate(levels[:-1]):
        above = levels[n + 1]
        kept = above.keep
        size = len(level.token)
        seen = np.bincount(above.parent[kept], above.probability[kept], size)
        instead = np.bincount(above.parent[kept], level.probability[above.suffix[kept]], size)
        left, right = np.maximum(1 - seen, 1e-6), np.maximum(1 - instead, 1e-6)
        level.backoff = left / right
