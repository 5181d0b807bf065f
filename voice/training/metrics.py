"""Error counts between symbol sequences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def edit_distance(wanted: Sequence[int], found: Sequence[int]) -> int:
    """Insertions, deletions and substitutions between two sequences (Levenshtein 1966)."""
    a, b = np.asarray(wanted), np.asarray(found)
    row = np.arange(len(b) + 1)
    for i, symbol in enumerate(a, 1):
        best = np.minimum(row[1:] + 1, row[:-1] + (b != symbol))
        best = np.concatenate([[i], best])
        # An insertion costs one more than the cell to the left: a running minimum of best - j.
        row = np.minimum.accumulate(best - np.arange(len(best))) + np.arange(len(best))
    return int(row[-1])


def collapse(labels: np.ndarray, silence: int = 0) -> list[int]:
    """Frame labels to a symbol sequence: repeats merged, silence dropped."""
    keep = np.concatenate([[True], labels[1:] != labels[:-1]]) & (labels != silence)
    return labels[keep].tolist()
