"""HuBERT: samples to phonetic features, 50 a second, as official GPT-SoVITS models take them.

Source: HuBERT (Hsu et al. 2021, arXiv 2106.07447), the base size after wav2vec 2.0 (2006.11477):
convolutions on samples, convolutional positions, post-norm Transformer layers. Written anew; the
names of published files are in ``checkpoints/keymaps/hubert.json``.
Axes: B batch, N samples, F frames of 20 ms, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from voice.nn.attention import Block
from voice.spec.hubert import HubertSpec


class FrontEnd(nn.Module):
    """Convolutions on samples; the first is normalised over time, each channel for itself.

    Args:
        spec: sizes.
    """

    def __init__(self, spec: HubertSpec) -> None:
        super().__init__()
        width = spec.front_width
        inputs = (1, *(width for _ in spec.front_kernels[1:]))
        self.convs = nn.ModuleList(
            nn.Conv1d(n, width, kernel, stride, bias=False)
            for n, kernel, stride in zip(
                inputs, spec.front_kernels, spec.front_strides, strict=True
            )
        )
        self.norm = nn.GroupNorm(width, width)

    def forward(self, samples: Tensor) -> Tensor:
        """(B, N) to (B, front width, F)."""
        x = self.norm(self.convs[0](samples[:, None]))
        for conv in self.convs[1:]:
            x = conv(functional.gelu(x))
        return functional.gelu(x)


class Hubert(nn.Module):
    """The encoder.

    Args:
        spec: sizes.
    """

    def __init__(self, spec: HubertSpec) -> None:
        super().__init__()
        self.spec = spec
        self.front = FrontEnd(spec)
        self.input_norm = nn.LayerNorm(spec.front_width, spec.epsilon)
        self.input = nn.Linear(spec.front_width, spec.width)
        self.position = nn.Conv1d(
            spec.width, spec.width, spec.position_kernel,
            padding=spec.position_kernel // 2, groups=spec.position_groups,
        )
        self.norm = nn.LayerNorm(spec.width, spec.epsilon)
        self.layers = nn.ModuleList(
            Block(
                spec.width, spec.heads, spec.hidden, False, 0.0,
                activation=functional.gelu, epsilon=spec.epsilon,
            )
            for _ in range(spec.layers)
        )

    @torch.inference_mode()
    def forward(self, samples: Tensor) -> Tensor:
        """Features of recordings of equal length.

        Args:
            samples: (B, N) float in [-1, 1] at ``spec.sample_rate``, not normalised; N >= 400.

        Returns:
            (B, F, D) float, F = (N - 80) // 320 for the base size.
        """
        x = self.embed(self.front(samples))
        for layer in self.layers:
            x = layer(x, None)
        return x

    def embed(self, frames: Tensor) -> Tensor:
        """What the first layer takes: (B, front width, F) to (B, F, D)."""
        x = self.input(self.input_norm(frames.mT))
        place = self.position(x.mT)[..., : x.shape[1]]  # an even kernel gives one frame too many
        return self.norm(x + functional.gelu(place).mT)
