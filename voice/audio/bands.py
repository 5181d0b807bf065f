"""Triangular bands over frequency, whatever the scale of their edges. No torch here."""

from __future__ import annotations

import numpy as np


def triangles(hz: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Bands that rise from one edge to the next and fall to the one after that.

    Args:
        hz: (bins,) frequencies.
        edges: (K + 2,) rising, in Hz.

    Returns:
        (K, bins), 1 at the middle edge of each band.
    """
    rising = (hz - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    falling = (edges[2:, None] - hz) / (edges[2:] - edges[1:-1])[:, None]
    return np.maximum(0.0, np.minimum(rising, falling))
