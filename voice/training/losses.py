"""Losses of the waveform decoder. Axes: B batch, N samples, M mel bands, K bins, F frames."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from voice.audio.mel import Spectrum


def kl_divergence(
    flowed: Tensor, log_scale: Tensor, prior_mean: Tensor, prior_log_scale: Tensor
) -> Tensor:
    """KL of posterior and prior by one sample, summed over channels (arXiv 2106.06103, eq. 4).

    Args:
        flowed: (B, C, F), the posterior's sample in the prior's space.
        log_scale: (B, C, F) of the posterior.
        prior_mean, prior_log_scale: (B, C, F).
    """
    gap = (flowed - prior_mean).square() * torch.exp(-2 * prior_log_scale)
    return (prior_log_scale - log_scale - 0.5 + 0.5 * gap).sum(1).mean()


def mel_distance(mel: Spectrum, audio: Tensor, target: Tensor, top_band: Tensor) -> Tensor:
    """Mean distance of log-mel spectra, up to each row's highest band.

    Args:
        mel: the spectrum.
        audio, target: (B, N).
        top_band: (B,) int64; bands from there on do not count (sources recorded at 16 kHz).
    """
    distance = (mel(audio) - mel(target)).abs()  # (B, M, F)
    inside = torch.arange(distance.shape[1], device=audio.device) < top_band[:, None]
    return distance.mean(2)[inside].mean()


def spectral_distance(
    audio: Tensor, target: Tensor, top: Tensor, sizes: tuple[int, ...] = (2048, 1024, 512, 256)
) -> Tensor:
    """Multi-resolution STFT loss (Yamamoto et al. 2020, arXiv 1910.11480).

    Args:
        audio, target: (B, N).
        top: (B,) share of the bins that count, 0 to 1.
    """
    total = audio.new_zeros(())
    for size in sizes:
        window = torch.hann_window(size, device=audio.device)
        found, wanted = (
            torch.stft(x, size, size // 4, window=window, return_complex=True).abs().clamp_min(1e-4)
            for x in (audio, target)
        )
        bins = found.shape[1]
        inside = torch.arange(bins, device=audio.device) < (top[:, None] * bins)
        found, wanted = found * inside[..., None] + 1e-4, wanted * inside[..., None] + 1e-4
        convergence = (found - wanted).norm() / wanted.norm()
        total = total + convergence + functional.l1_loss(found.log(), wanted.log())
    return total / len(sizes)


def discriminator_loss(real: list[Tensor], fake: list[Tensor]) -> Tensor:
    """Hinge loss of the discriminators (as Vocos, arXiv 2306.00814)."""
    terms = [
        functional.relu(1 - r).mean() + functional.relu(1 + f).mean()
        for r, f in zip(real, fake, strict=True)
    ]
    return torch.stack(terms).mean()


def generator_loss(fake: list[Tensor]) -> Tensor:
    """The generator's side of :func:`discriminator_loss`."""
    return torch.stack([functional.relu(1 - f).mean() for f in fake]).mean()


def feature_distance(real: list[list[Tensor]], fake: list[list[Tensor]]) -> Tensor:
    """Distance of the discriminators' inner features (Kumar et al. 2019, arXiv 1910.06711)."""
    terms = [
        functional.l1_loss(f, r.detach()) / r.detach().abs().mean().clamp_min(1e-3)
        for rs, fs in zip(real, fake, strict=True)
        for r, f in zip(rs, fs, strict=True)
    ]
    return torch.stack(terms).mean()
