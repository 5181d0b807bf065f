"""An equaliser: gains in dB at mel-spaced frequencies. No torch here.

Axes: K bands.
"""

from __future__ import annotations

import numpy as np

from voice.audio.bands import triangles

BANDS = 64
TOP_HZ = 7600.0
"""Upper edge of the last band; frequencies over it get the last band's gain."""
_BREAK_HZ = 700.0
_MOST_DB = 60.0


def usable(gains_db: np.ndarray) -> bool:
    """Whether these are K finite gains of a size that makes sense."""
    return len(gains_db) == BANDS and bool((np.abs(gains_db) <= _MOST_DB).all())


def band_edges() -> np.ndarray:
    """(K + 2,) edges in Hz, equally spaced in mel (O'Shaughnessy 1987); a band spans three."""
    top = np.log1p(TOP_HZ / _BREAK_HZ)
    return _BREAK_HZ * np.expm1(np.linspace(0.0, top, BANDS + 2))


def band_filters(fft_samples: int, sample_rate: int) -> np.ndarray:
    """What each band hears of the bins of a Fourier transform.

    Returns:
        (K, fft_samples // 2 + 1) triangles over frequency, each of sum 1.
    """
    bands = triangles(np.fft.rfftfreq(fft_samples, 1 / sample_rate), band_edges())
    return bands / bands.sum(1, keepdims=True)


def bin_weights(fft_samples: int, sample_rate: int) -> np.ndarray:
    """How the gains of the bands make the gain of a bin: straight lines between their middles.

    Returns:
        (fft_samples // 2 + 1, K), each row of sum 1.
    """
    hz = np.fft.rfftfreq(fft_samples, 1 / sample_rate)
    return np.stack([np.interp(hz, band_edges()[1:-1], one) for one in np.eye(BANDS)], 1)
