"""Kaldi's log-mel filter bank, which the official speaker network was trained on.

25 ms frames every 10 ms, Povey window, pre-emphasis 0.97, 20 Hz to half the sample rate, without
dither; samples are taken in [-1, 1]. Axes: N samples, F frames.
"""

from __future__ import annotations

from torch import Tensor


def kaldi_filterbank(samples: Tensor, sample_rate: int, bands: int) -> Tensor:
    """Log energies of mel bands.

    Args:
        samples: (N,) float in [-1, 1]; at least 25 ms.
        sample_rate: in Hz.
        bands: number of them.

    Returns:
        (F, bands) float32, F = (N - 25 ms) // 10 ms + 1.
    """
    from torchaudio.compliance.kaldi import fbank

    return fbank(samples[None], num_mel_bins=bands, sample_frequency=sample_rate, dither=0.0)
