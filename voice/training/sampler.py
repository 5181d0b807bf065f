"""Which recordings a batch is made of, where their voice is heard elsewhere, and their samples.

Axes: B pieces, N samples.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

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


class Sound:
    """The recordings' samples on the device that trains.

    A GPU keeps all of them (2.3 GB for 13 hours), so that no batch has to travel.

    Args:
        corpus: whose.
        device: where they are wanted.
    """

    def __init__(self, corpus: Corpus, device: str) -> None:
        self.audio, self.device = corpus.audio, device
        self.held = None
        if not device.startswith("cpu"):
            self.held = torch.from_numpy(np.asarray(corpus.audio)).to(device)

    def cut(self, starts: Sequence[int], sizes: Sequence[int], size: int) -> Tensor:
        """Pieces as rows.

        Args:
            starts: in ``corpus.audio``.
            sizes: samples of each piece.
            size: N.

        Returns:
            (B, N) float32 on the device, zeros behind a piece's end.
        """
        if self.held is not None:
            places = torch.arange(size, device=self.device)
            first, count = torch.tensor([starts, sizes], device=self.device)[..., None]
            inside = places < count
            return self.held[torch.where(inside, first + places, 0)] * inside / 32768
        rows = np.zeros((len(starts), size), np.float32)
        for row, start, count in zip(rows, starts, sizes, strict=True):
            row[:count] = self.audio[start : start + count]
        return torch.from_numpy(rows).div_(32768)

    def some(self, rows: Sequence[Row], size: int, rng: np.random.Generator) -> Tensor:
        """A random piece of each recording, (B, size) float32; a short one is repeated."""
        sizes = [min(size, r.samples) for r in rows]
        starts = [
            r.start + int(rng.integers(r.samples - n + 1)) for r, n in zip(rows, sizes, strict=True)
        ]
        found = self.cut(starts, sizes, size)
        for row, count in zip(found, sizes, strict=True):
            for at in range(count, size, count):
                row[at : at + count] = row[: min(count, size - at)].clone()
        return found
