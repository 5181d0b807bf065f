"""Other voices, rooms and microphones, made from magnitude spectra.

A spectrum read at another frequency scale is another speaker with the same timing (vocal tract
length perturbation, Jaitly & Hinton 2013, with the pitch moved too); equalisation, noise and band
limits are other recordings. Axes: B batch, K linear bins, M mel bands, F frames.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from voice.audio.mel import filterbank
from voice.spec.spectrum import SpectrumSettings

WARPS = np.round(np.geomspace(0.82, 1.22, 17), 4)  # 1.0 is the middle one
PITCH_HZ = (65.0, 420.0)


class MelAugmenter(torch.nn.Module):
    """Log-mel frames of a magnitude spectrum as another speaker and microphone give them.

    Args:
        settings: of the mel front; the filterbank is warped, the transform stays.
    """

    bands: Tensor

    def __init__(self, settings: SpectrumSettings) -> None:
        super().__init__()
        self.settings = settings
        plain = filterbank(settings)  # (M, K)
        bins = np.arange(plain.shape[1])
        stack = [
            np.stack([np.interp(bins * w, bins, row, right=0) * w for row in plain]) for w in WARPS
        ]
        self.register_buffer("bands", torch.tensor(np.stack(stack), dtype=torch.float32))

    def forward(self, magnitude: Tensor, rng: np.random.Generator | None) -> Tensor:
        """Natural-log mel of (B, K, F) magnitudes: (B, M, F); plain where ``rng`` is None."""
        batch, _, frames = magnitude.shape
        if rng is None:
            mel = self.bands[len(WARPS) // 2] @ magnitude
            return mel.clamp_min(self.settings.log_floor).log()
        device = magnitude.device
        warp = torch.as_tensor(rng.integers(len(WARPS), size=batch), device=device)
        mel = torch.bmm(self.bands[warp], magnitude)
        level = mel.mean((1, 2), keepdim=True)
        # Noise: a random colour with Rayleigh-like fluctuation, 3 to 40 dB under the speech.
        snr = _column(rng.uniform(3, 40, batch), device)
        colour = torch.as_tensor(self._curve(rng, batch, 1.0), device=device).exp()
        flicker = torch.rand(batch, mel.shape[1], frames, device=device) + 0.5
        noise = level * 10 ** (-snr / 20) * colour * flicker
        noisy = torch.as_tensor(rng.random(batch) < 0.5, device=device)[:, None, None]
        mel = mel + noise * noisy
        mel = mel.clamp_min(self.settings.log_floor).log()
        equalise = torch.as_tensor(self._curve(rng, batch, 0.5), device=device)
        mel = mel + equalise + _column(rng.uniform(-0.7, 0.7, batch), device)
        # Telephone and wide-band sources: nothing above a random band.
        cut = np.where(rng.random(batch) < 0.2, rng.integers(45, mel.shape[1], batch), mel.shape[1])
        band = torch.arange(mel.shape[1], device=device)[None, :, None]
        above = band >= _column(cut, device)
        return mel.masked_fill(above, float(np.log(self.settings.log_floor)) * 0.9)

    def _curve(self, rng: np.random.Generator, batch: int, size: float) -> np.ndarray:
        """(B, M, 1) float32: slow cosines over the bands with amplitudes of about ``size``."""
        at = np.linspace(0, 1, self.settings.bands)
        waves = np.cos(np.pi * np.arange(1, 5)[:, None] * at)  # (4, M)
        amplitude = rng.normal(0, size, (batch, 4)) / np.arange(1, 5)
        return (amplitude @ waves)[..., None].astype(np.float32)


def _column(values: np.ndarray, device: torch.device) -> Tensor:
    return torch.as_tensor(values, device=device, dtype=torch.float32)[:, None, None]


def mask_spans(
    frames: int, batch: int, share: float, span: int, rng: np.random.Generator
) -> Tensor:
    """(B, F) bool, True in random spans that cover about ``share`` of the frames (HuBERT, 2.3)."""
    starts = rng.random((batch, frames)) < share / span
    mask = np.zeros((batch, frames), bool)
    for offset in range(span):
        mask[:, offset:] |= starts[:, : frames - offset]
    return torch.from_numpy(mask)


def pitch(magnitude: Tensor, settings: SpectrumSettings) -> tuple[Tensor, Tensor]:
    """Pitch by autocorrelation of each frame (Rabiner 1977), relative to the recording's median.

    Args:
        magnitude: (B, K, F) linear magnitudes.
        settings: of that spectrum.

    Returns:
        (B, F) float octaves above the median of the voiced frames, and (B, F) bool voiced.
    """
    power = magnitude.square().transpose(1, 2)
    correlation = torch.fft.irfft(power, settings.fft_samples)  # (B, F, lags)
    window = torch.hann_window(settings.window_samples, device=magnitude.device)
    own = torch.fft.irfft(torch.fft.rfft(window, settings.fft_samples).abs().square())
    low, high = (int(settings.sample_rate / hz) for hz in PITCH_HZ[::-1])
    normal = correlation[..., low:high] / correlation[..., :1].clamp_min(1e-8)
    normal = normal * (own[0] / own[low:high])
    # The shortest lag of nearly the best value: half the lag of the true period is no peak.
    best = normal.amax(-1, keepdim=True)
    lag = (normal > 0.9 * best).float() * torch.linspace(1, 0.9, high - low, device=power.device)
    lag = lag.argmax(-1)
    peak = normal.gather(-1, lag[..., None])[..., 0]
    energy = correlation[..., 0]
    voiced = (peak > 0.5) & (energy > 0.01 * energy.amax(1, keepdim=True))
    octaves = -torch.log2((lag + low).float())
    inside = torch.where(voiced, octaves, torch.nan)
    octaves = octaves - torch.nan_to_num(inside.nanmedian(1, keepdim=True).values)
    return octaves.clamp(-1.5, 1.5), voiced
