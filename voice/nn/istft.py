"""Inverse short-time Fourier transform without centring: F frames give exactly F * hop samples.

The counterpart of spectra whose signal is padded by ``(fft - hop) / 2`` at both ends; the window
sum is divided out (Griffin and Lim 1984). Axes: B batch, K = fft / 2 + 1 bins, F frames, N samples.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class InverseStft(nn.Module):
    """Frames of a spectrum to samples.

    Args:
        fft_samples: length of the transform and of its Hann window.
        hop_samples: distance between frames; ``fft_samples - hop_samples`` even.
    """

    window: Tensor

    def __init__(self, fft_samples: int, hop_samples: int) -> None:
        super().__init__()
        self.fft_samples = fft_samples
        self.hop_samples = hop_samples
        self.register_buffer("window", torch.hann_window(fft_samples), persistent=False)

    def forward(self, real: Tensor, imaginary: Tensor, mask: Tensor | None = None) -> Tensor:
        """Transforms.

        Args:
            real, imaginary: (B, F, K) float32.
            mask: (B, F, 1) float; frames where it is 0 count as absent, so that a padded row
                ends as it does alone, then is silent.

        Returns:
            (B, F * hop) float32.
        """
        frames = self.frames(real, imaginary)
        power = self.window.square().expand(1, frames.shape[1], -1)
        frames = frames * self.window
        if mask is None:
            return self._overlap(frames) / self._overlap(power).clamp_min(1e-6)
        audio = self._overlap(frames * mask) / self._overlap(power * mask).clamp_min(1e-6)
        return audio * mask[..., 0].repeat_interleave(self.hop_samples, 1)

    def frames(self, real: Tensor, imaginary: Tensor) -> Tensor:
        """Each frame's own samples, without a window: (B, F, K) twice to (B, F, fft)."""
        return torch.fft.irfft(torch.complex(real, imaginary), self.fft_samples, dim=-1)

    def _overlap(self, frames: Tensor) -> Tensor:
        """Adds overlapping frames (B, F, fft) and cuts the padding: (B, F * hop)."""
        hop, count = self.hop_samples, frames.shape[1]
        parts = -(-self.fft_samples // hop)
        frames = functional.pad(frames, (0, parts * hop - self.fft_samples))
        pieces = frames.unflatten(-1, (parts, hop))  # (B, F, parts, hop)
        total = torch.stack(
            [functional.pad(pieces[:, :, i], (0, 0, i, parts - i)) for i in range(parts)]
        ).sum(0)  # (B, F + parts, hop)
        start = (self.fft_samples - hop) // 2
        return total.flatten(1)[:, start : start + count * hop]
