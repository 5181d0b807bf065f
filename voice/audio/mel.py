"""All spectra, in torch: differentiable, batched, configured by :class:`SpectrumSettings`.

One rule for every model: reflect ``(fft - hop) / 2`` samples at both ends, no further centring,
so that N samples give ``N // hop`` frames. Mel bands are triangles on Slaney's scale, each of
unit area.

Axes: B batch, N samples, K bins or bands, F frames.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from voice.audio.bands import triangles
from voice.errors import OptionError
from voice.spec.spectrum import SpectrumSettings

__all__ = [
    "Spectrum", "SpectrumSettings", "filterbank", "limit_peak", "normalize_mel", "restore_mel",
    "spectrum",
]

_LINEAR_TOP_HZ = 1000.0
_HZ_PER_MEL = 200.0 / 3.0
_LOG_STEP = np.log(6.4) / 27.0
_NORM_LOW, _NORM_HIGH = -12.0, 2.0


def _to_mel(hz: np.ndarray) -> np.ndarray:
    log_part = _LINEAR_TOP_HZ / _HZ_PER_MEL + np.log(np.maximum(hz, 1.0) / 1000.0) / _LOG_STEP
    return np.where(hz < _LINEAR_TOP_HZ, hz / _HZ_PER_MEL, log_part)


def _to_hz(mel: np.ndarray) -> np.ndarray:
    knee = _LINEAR_TOP_HZ / _HZ_PER_MEL
    return np.where(
        mel < knee, mel * _HZ_PER_MEL, _LINEAR_TOP_HZ * np.exp(_LOG_STEP * (mel - knee))
    )


def filterbank(settings: SpectrumSettings) -> np.ndarray:
    """Mel bands over the linear bins.

    Returns:
        (bands, fft // 2 + 1) float32; row k is a triangle of unit area over frequency.
    """
    ends = _to_mel(np.array([settings.low_hz, settings.top_hz]))
    edges = _to_hz(np.linspace(ends[0], ends[1], settings.bands + 2))
    bins = np.linspace(0.0, settings.sample_rate / 2, settings.fft_samples // 2 + 1)
    return (triangles(bins, edges) * (2.0 / (edges[2:] - edges[:-2]))[:, None]).astype(np.float32)


class Spectrum(nn.Module):
    """A spectrum as a module: its window and bands move with the model, none is saved.

    Args:
        settings: what to compute.
    """

    window: Tensor
    bands: Tensor

    def __init__(self, settings: SpectrumSettings) -> None:
        super().__init__()
        self.settings = settings
        self.register_buffer("window", torch.hann_window(settings.window_samples), persistent=False)
        bands = filterbank(settings) if settings.bands else np.zeros((0, 0), np.float32)
        self.register_buffer("bands", torch.from_numpy(bands), persistent=False)

    @property
    def quiet(self) -> float:
        """The value of a frame without sound: what padding frames hold."""
        floor = self.settings.log_floor
        return float(np.log(floor)) if floor else 0.0

    def frame_lengths(self, lengths: Tensor) -> Tensor:
        """Frames of each row, of (B,) sample counts."""
        return torch.div(lengths, self.settings.hop_samples, rounding_mode="floor")

    def forward(self, wave: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Computes the spectrum; in 32 bits even under autocast.

        Args:
            wave: (B, N) or (N,) float in about [-1, 1].
            lengths: (B,) samples of each row; each row's frames are then those it has alone, and
                the frames behind them hold :attr:`quiet`. Without it all rows are N long.

        Returns:
            (B, K, F) float32, or (K, F) of one row; natural logarithms unless ``log_floor`` is 0.

        Raises:
            OptionError: wave has more than two axes.
        """
        if wave.dim() == 1:
            return self(wave[None], lengths)[0]
        if wave.dim() != 2:
            raise OptionError(f"spectrum: wave has {wave.dim()} axes", "Give (B, N) or (N,).")
        with torch.autocast(wave.device.type, enabled=False):
            result = self._compute(wave.float(), lengths)
        if lengths is None:
            return result
        frame = torch.arange(result.shape[-1], device=wave.device)
        inside = frame < self.frame_lengths(lengths.to(wave.device))[:, None]
        return result.masked_fill(~inside[:, None], self.quiet)

    def _compute(self, wave: Tensor, lengths: Tensor | None) -> Tensor:
        s = self.settings
        frames = s.frames(wave.shape[-1])
        if not frames:
            return wave.new_zeros(wave.shape[0], s.bins, 0)
        padded = _reflect(wave, (s.fft_samples - s.hop_samples) // 2, lengths)
        real, imaginary = self.transform(padded)
        result = (real.square() + imaginary.square() + s.epsilon).sqrt()
        if s.bands:
            result = self.bands @ result  # (B, bands, F)
        if s.log_floor:
            result = result.clamp_min(s.log_floor).log()
        return result[..., :frames]

    def transform(self, padded: Tensor) -> tuple[Tensor, Tensor]:
        """The Fourier transform of all frames: (B, N) to (B, fft // 2 + 1, F) twice."""
        s = self.settings
        parts = torch.stft(
            padded, s.fft_samples, s.hop_samples, s.window_samples, self.window,
            center=False, return_complex=True,
        )
        return parts.real, parts.imag


def _reflect(wave: Tensor, pad: int, lengths: Tensor | None) -> Tensor:
    """Mirrors ``pad`` samples at both ends of each row; rows shorter than that end in zeros."""
    samples = wave.shape[-1]
    if lengths is None:
        if samples <= pad:
            wave = functional.pad(wave, (0, pad + 1 - samples))
        padded = functional.pad(wave[:, None], (pad, pad), mode="reflect")[:, 0]
        return padded[:, : samples + 2 * pad]
    last = torch.clamp(lengths.to(wave.device), max=samples)[:, None] - 1  # (B, 1)
    last = torch.clamp(last, min=pad)  # a row too short to mirror is taken with zeros behind it
    wave = functional.pad(wave, (0, max(0, pad + 1 - samples)))
    inside = torch.arange(wave.shape[-1], device=wave.device) < lengths.to(wave.device)[:, None]
    wave = wave * inside
    index = torch.arange(-pad, samples + pad, device=wave.device).abs()[None]
    mirrored = torch.where(index > last, 2 * last - index, index)  # (B, N + 2 pad)
    return wave.gather(1, mirrored.clamp_min(0))


@lru_cache(maxsize=16)
def _module(settings: SpectrumSettings, device: str) -> Spectrum:
    # Whoever asks first may do so in inference mode; tensors made there could never be trained on.
    with torch.inference_mode(False):
        return Spectrum(settings).to(device)


def spectrum(
    wave: Tensor, settings: SpectrumSettings, lengths: Tensor | None = None
) -> Tensor:
    """The same as ``Spectrum(settings)(wave, lengths)``, with the module kept between calls."""
    return _module(settings, str(wave.device))(wave, lengths)


def limit_peak(wave: Tensor) -> Tensor:
    """Divides by ``min(2, peak)`` where the peak is over 1: the official reference rule.

    Args:
        wave: (..., N); the peak is each row's.
    """
    peak = wave.abs().amax(-1, keepdim=True).clamp(1.0, 2.0)
    return wave / peak


def normalize_mel(mel: Tensor) -> Tensor:
    """Maps natural-log mels from [-12, 2] to [-1, 1], as the official v3 and v4 decoders do."""
    return (mel - _NORM_LOW) / (_NORM_HIGH - _NORM_LOW) * 2.0 - 1.0


def restore_mel(mel: Tensor) -> Tensor:
    """The inverse of :func:`normalize_mel`."""
    return (mel + 1.0) / 2.0 * (_NORM_HIGH - _NORM_LOW) + _NORM_LOW
