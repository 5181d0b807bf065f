"""Residual block of HiFi-GAN (Kong et al. 2020, arXiv 2010.05646), its first kind.

Axes: B batch, C channels, F frames.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional

SLOPE = 0.1  # of the leaky ReLU


class ResidualBlock(nn.Module):
    """Pairs of a dilated and a plain convolution, each pair with a residual.

    Args:
        width: C.
        kernel: odd.
        dilations: one a pair.
    """

    def __init__(self, width: int, kernel: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.dilated = nn.ModuleList(
            nn.Conv1d(width, width, kernel, dilation=d, padding=d * (kernel // 2))
            for d in dilations
        )
        self.plain = nn.ModuleList(
            nn.Conv1d(width, width, kernel, padding=kernel // 2) for _ in dilations
        )

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """(B, C, F) to (B, C, F); ``mask`` (B, 1, F) hides frames from others."""
        for dilated, plain in zip(self.dilated, self.plain, strict=True):
            y = functional.leaky_relu(x, SLOPE)
            y = functional.leaky_relu(dilated(y if mask is None else y * mask), SLOPE)
            x = x + plain(y if mask is None else y * mask)
        return x
