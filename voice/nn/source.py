"""Excitation of a source-filter waveform decoder: pulses at the pitch, and noise, as spectra.

A network that must make the harmonics out of nothing gives a buzz at its frame rate for a long time
of training; one that filters pulses has them from the first step (neural source-filter models,
Wang et al. 2019, arXiv 1904.12088; neural homomorphic vocoder, Liu et al. 2020). Every value says
where its frame stands, so that a piece of a contour gives that piece of the excitation.
Axes: B batch, T frames of a hop, K bins.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

VALUES = 3  # a frame: Hz (0 where unvoiced), cycles before it, place in the noise
NOISE_FRAMES = 512


@dataclass(frozen=True)
class Excitation:
    """Spectra (B, T, K), real and imaginary parts, of about unit power."""

    pulses: tuple[Tensor, Tensor]
    noise: tuple[Tensor, Tensor]


def told(hz: Tensor, seconds: float) -> Tensor:
    """What :class:`Source` takes, of a contour from its start.

    Args:
        hz: (B, T), 0 where unvoiced.
        seconds: of a frame.

    Returns:
        (B, T, 3) float32.
    """
    cycles = torch.cumsum(hz.double() * seconds, 1)
    before = functional.pad(cycles, (1, 0))[:, :-1]
    place = torch.arange(hz.shape[1], device=hz.device) % NOISE_FRAMES
    parts = [hz, (before - before.floor()).float(), place.expand_as(hz)]
    return torch.stack([p.float() for p in parts], -1)


class Source(nn.Module):
    """Excitation of each frame; frames as :class:`voice.nn.istft.InverseStft` has them.

    Args:
        rate: samples a second.
        fft_samples, hop_samples: of the transform; whole halves of a hop on both sides.
    """

    analysis: Tensor
    noise: Tensor

    def __init__(self, rate: int, fft_samples: int, hop_samples: int) -> None:
        super().__init__()
        self.rate, self.hop, self.piece = rate, hop_samples, hop_samples // 2
        self.pieces = fft_samples // self.piece
        self.bins = fft_samples // 2 + 1
        window = torch.hann_window(fft_samples, dtype=torch.float64)
        window = window / window.square().sum().sqrt()  # a sound of power 1 has bins of power 1
        angle = torch.arange(fft_samples)[:, None] * torch.arange(self.bins)
        angle = 2 * math.pi / fft_samples * (angle % fft_samples).double()
        analysis = torch.cat([angle.cos(), -angle.sin()], 1) * window[:, None]
        self.register_buffer("analysis", analysis.float(), persistent=False)
        rng = torch.Generator().manual_seed(0)
        noise = torch.randn(NOISE_FRAMES, 2 * self.bins, generator=rng) / math.sqrt(2)
        self.register_buffer("noise", noise, persistent=False)

    def forward(self, values: Tensor) -> Excitation:
        """(B, T, 3) float32, a piece of what :func:`told` gives."""
        samples = self.pulses(values[..., 0], values[..., 1])
        pieces = samples.reshape(len(samples), -1, self.piece)
        side = (self.pieces - 2) // 2
        pieces = functional.pad(pieces, (0, 0, side, side))
        last = pieces.shape[1] - self.pieces + 1
        parts = [pieces[:, i : i + last : 2] for i in range(self.pieces)]
        spectrum = torch.cat(parts, -1) @ self.analysis
        noise = self.noise[values[..., 2].round().long()]
        return Excitation(
            (spectrum[..., : self.bins], spectrum[..., self.bins :]),
            (noise[..., : self.bins], noise[..., self.bins :]),
        )

    def pulses(self, hz: Tensor, cycles: Tensor) -> Tensor:
        """All harmonics below half the rate, equally strong, of power 1: (B, T) to (B, T * hop).

        The sum of cosines in closed form (Moorer 1976): sin((2 N + 1) x) / sin(x) - 1.
        """
        times = torch.arange(self.hop, device=hz.device) / self.rate
        phase = cycles[..., None] + hz[..., None] * times
        phase = math.pi * (phase - phase.round())
        count = torch.floor(self.rate / 2 / hz.clamp_min(1.0))[..., None]
        below = phase.sin()
        near = below.abs() < 1e-4
        ratio = ((2 * count + 1) * phase).sin() / torch.where(near, torch.ones_like(below), below)
        ratio = torch.where(near, 2 * count + 1, ratio)
        power = (ratio - 1) / (2 * count).sqrt()
        return (power * (hz > 0)[..., None]).flatten(1)
