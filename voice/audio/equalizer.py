"""An equaliser: gains in dB at mel-spaced frequencies, as a linear-phase filter. No torch here.

Axes: K bands, N samples.
"""

from __future__ import annotations

import numpy as np

BANDS = 64
TOP_HZ = 7600.0
"""Upper edge of the last band; frequencies over it get the last band's gain."""
_TAPS = 511
_BREAK_HZ = 700.0


def band_edges() -> np.ndarray:
    """(K + 2,) edges in Hz, equally spaced in mel (O'Shaughnessy 1987); a band spans three."""
    top = np.log1p(TOP_HZ / _BREAK_HZ)
    return _BREAK_HZ * np.expm1(np.linspace(0.0, top, BANDS + 2))


def filter_taps(gains_db: np.ndarray, sample_rate: int) -> np.ndarray:
    """The filter with those gains.

    Args:
        gains_db: (K,), at the middle of each band; in between they are interpolated.
        sample_rate: in Hz.

    Returns:
        (511,) float64, symmetric: it delays by 255 samples and leaves phases as they are.
    """
    size = _TAPS + 1
    hz = np.fft.rfftfreq(size, 1 / sample_rate)
    magnitudes = 10 ** (np.interp(hz, band_edges()[1:-1], gains_db) / 20)
    centred = np.roll(np.fft.irfft(magnitudes, size), _TAPS // 2)[:_TAPS]
    return centred * np.hanning(_TAPS + 2)[1:-1]


def equalize(samples: np.ndarray, gains_db: np.ndarray | None, sample_rate: int) -> np.ndarray:
    """Filters sound.

    Args:
        samples: (N,) float32.
        gains_db: (K,), or None for sound as it is.
        sample_rate: in Hz.

    Returns:
        (N,) float32, not delayed.
    """
    if gains_db is None or not len(samples):
        return samples
    taps = filter_taps(np.asarray(gains_db, np.float64), sample_rate)
    size = 1 << (len(samples) + len(taps) - 2).bit_length()
    product = np.fft.rfft(samples.astype(np.float64), size) * np.fft.rfft(taps, size)
    start = len(taps) // 2
    return np.fft.irfft(product, size)[start : start + len(samples)].astype(np.float32)
