"""Which recordings a batch is made of, and where their voice is heard elsewhere."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from voice.training.corpus import Corpus, Row


class LengthSampler:
    """Draws recordings of about the same length, so that little of a batch is padding.

    Args:
        rows: to draw from.
        spread: how many neighbours in length a batch is drawn from.
    """

    def __init__(self, rows: list[Row], spread: int = 150) -> None:
        self.rows = sorted(rows, key=lambda r: (r.samples, r.key))
        self.spread = min(spread, len(rows))

    def draw(self, count: int, rng: np.random.Generator) -> list[Row]:
        """``count`` recordings."""
        low = int(rng.integers(len(self.rows) - self.spread + 1))
        picks = rng.integers(low, low + self.spread, count)
        return [self.rows[i] for i in picks]


class References:
    """Other recordings of the same speaker.

    Args:
        rows: all that may serve.
    """

    def __init__(self, rows: list[Row]) -> None:
        self.of: dict[str, list[Row]] = defaultdict(list)
        for row in rows:
            self.of[row.speaker].append(row)
        self.speakers = {s: i for i, s in enumerate(sorted(self.of))}

    def other(self, row: Row, rng: np.random.Generator) -> Row:
        """Another recording of that speaker; the same one where there is no other."""
        others = [r for r in self.of[row.speaker] if r.key != row.key]
        return others[int(rng.integers(len(others)))] if others else row


def piece(corpus: Corpus, row: Row, size: int, rng: np.random.Generator) -> np.ndarray:
    """A random piece of a recording, (size,) float32; a short one is repeated."""
    start = int(rng.integers(max(1, row.samples - size + 1)))
    begin = row.start + start
    samples = corpus.audio[begin : begin + min(size, row.samples)].astype(np.float32) / 32768
    return np.resize(samples, size) if len(samples) < size else samples
