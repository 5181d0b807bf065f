"""Sample rates: soxr for recordings (very high quality), the same for whole and streamed sound."""

from __future__ import annotations

import numpy as np

from voice.errors import OptionError
from voice.values import Audio


def resample(samples: np.ndarray, rate_in: int, rate_out: int) -> np.ndarray:
    """Changes the sample rate of (N,) float samples.

    Returns:
        (round(N * rate_out / rate_in),) float32; the same array where the rates are equal.

    Raises:
        OptionError: a rate is not positive.
    """
    if min(rate_in, rate_out) <= 0:
        raise OptionError(f"sample rate: {min(rate_in, rate_out)} Hz is not positive")
    samples = np.asarray(samples, np.float32)
    if rate_in == rate_out or not len(samples):
        return samples
    import soxr

    result = soxr.resample(samples, rate_in, rate_out, quality="VHQ")
    wanted = round(len(samples) * rate_out / rate_in)
    if len(result) < wanted:
        result = np.pad(result, (0, wanted - len(result)))
    return np.ascontiguousarray(result[:wanted], dtype=np.float32)


def to_rate(audio: Audio, sample_rate: int) -> Audio:
    """The same sound at another rate."""
    return Audio(resample(audio.samples, audio.sample_rate, sample_rate), sample_rate)
