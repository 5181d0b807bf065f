"""How a spectrum is computed, as data: linear magnitudes or log-mel bands (no torch here).

The figures of the official front-ends are facts of GPT-SoVITS; the mel scale is Slaney's
(Auditory Toolbox, 1998), as in librosa's default.
"""

from __future__ import annotations

from dataclasses import dataclass

from voice.errors import OptionError


@dataclass(frozen=True)
class SpectrumSettings:
    """Settings of one spectrum; ``frames == samples // hop_samples`` for all of them.

    Attributes:
        sample_rate: of the sound, in Hz.
        fft_samples: length of the Fourier transform.
        hop_samples: distance between frames.
        window_samples: length of the Hann window, centred in the transform.
        bands: number of mel bands; 0 gives the ``fft_samples // 2 + 1`` linear bins.
        low_hz: lower edge of the first band.
        high_hz: upper edge of the last band; 0 means half the sample rate.
        epsilon: added under the root of the magnitude, so that its gradient is finite.
        log_floor: natural logarithm of ``max(x, log_floor)``; 0 leaves values linear.
    """

    sample_rate: int
    fft_samples: int
    hop_samples: int
    window_samples: int
    bands: int = 0
    low_hz: float = 0.0
    high_hz: float = 0.0
    epsilon: float = 1e-8
    log_floor: float = 1e-5

    def __post_init__(self) -> None:
        if min(self.sample_rate, self.fft_samples, self.hop_samples, self.window_samples) < 1:
            raise OptionError("spectrum: sample_rate, fft, hop and window samples must be positive")
        if not self.hop_samples <= self.fft_samples >= self.window_samples:
            raise OptionError("spectrum: hop and window may not be longer than the transform")
        if (self.fft_samples - self.hop_samples) % 2:
            raise OptionError("spectrum: fft_samples - hop_samples must be even")
        if self.bands < 0 or not 0 <= self.low_hz < self.top_hz <= self.sample_rate / 2:
            raise OptionError("spectrum: bands need 0 <= low_hz < high_hz <= sample_rate / 2")
        if self.epsilon < 0 or self.log_floor < 0:
            raise OptionError("spectrum: epsilon and log_floor may not be negative")

    @property
    def top_hz(self) -> float:
        """Upper edge of the last band in Hz."""
        return self.high_hz or self.sample_rate / 2

    @property
    def bins(self) -> int:
        """Number of rows of the result."""
        return self.bands or self.fft_samples // 2 + 1

    @property
    def frame_rate(self) -> float:
        """Frames a second."""
        return self.sample_rate / self.hop_samples

    def frames(self, samples: int) -> int:
        """Number of frames of so many samples."""
        return samples // self.hop_samples


MINI_CONTENT = SpectrumSettings(16000, 1024, 320, 640, bands=80)
"""Input of the embedded model's content encoder: 50 frames/s."""

MINI_DECODER = SpectrumSettings(24000, 1024, 240, 1024, bands=100)
"""Target and timbre input of the embedded model's decoder: 100 frames/s."""

OFFICIAL_REFERENCE = SpectrumSettings(32000, 2048, 640, 2048, log_floor=0.0)
"""Linear magnitudes that the official decoders of all versions take: 50 frames/s."""

OFFICIAL_V3 = SpectrumSettings(24000, 1024, 256, 1024, bands=100)
"""Mel of the official v3 decoder."""

OFFICIAL_V4 = SpectrumSettings(32000, 1280, 320, 1280, bands=100)
"""Mel of the official v4 decoder."""
