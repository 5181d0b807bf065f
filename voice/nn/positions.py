"""Scaled sinusoidal positions, "Attention Is All You Need" (arXiv 1706.03762) with a learned gain.

Axes: B batch, S positions, D width.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def sinusoids(positions: int, width: int) -> Tensor:
    """Sine at even and cosine at odd columns, base 10000.

    Returns:
        (positions, width) float32.
    """
    place = torch.arange(positions, dtype=torch.float32)[:, None]
    rate = torch.exp(torch.arange(0, width, 2, dtype=torch.float32) * (-math.log(10000.0) / width))
    table = torch.empty(positions, width)
    table[:, 0::2] = torch.sin(place * rate)
    table[:, 1::2] = torch.cos(place * rate)
    return table


class ScaledPositions(nn.Module):
    """Adds ``scale`` times the sinusoid of each position.

    Args:
        width: D.
        positions: rows of the table; further positions are an IndexError.
        scale: initial gain.
    """

    table: Tensor

    def __init__(self, width: int, positions: int = 4096, scale: float = 1.0) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.full((1,), scale))
        self.register_buffer("table", sinusoids(positions, width), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Args: x (B, S, D), standing at positions 0 to S - 1."""
        return x + self.scale * self.table[: x.shape[1]]

    def at(self, x: Tensor, position: Tensor) -> Tensor:
        """Args: x (B, D), standing at ``position`` (B,) int64."""
        return x + self.scale * self.table[position]
