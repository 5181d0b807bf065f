"""Masks, channel norms and the ConvNeXt block that waveform decoders share.

ConvNeXt: Liu et al. 2022 (arXiv 2201.03545), in the one-dimensional form of Vocos (2306.00814).
Axes: B batch, F frames, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


def frame_mask(lengths: Tensor, size: int) -> Tensor:
    """(B, size, 1) float32: 1 inside each row's length, 0 behind it."""
    return (torch.arange(size, device=lengths.device) < lengths[:, None])[..., None].float()


class ConvNeXtBlock(nn.Module):
    """Depth-wise convolution, a norm scaled and shifted by a condition, a pointwise network.

    Args:
        width: D.
        hidden: width of the pointwise network.
        kernel: odd size of the depth-wise convolution.
        condition: width of the condition.
        residual_scale: initial factor of the branch (1 / number of blocks keeps deep stacks calm).
    """

    def __init__(
        self, width: int, hidden: int, kernel: int, condition: int, residual_scale: float
    ) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.condition = nn.Linear(condition, 2 * width)
        self.expand = nn.Linear(width, hidden)
        self.contract = nn.Linear(hidden, width)
        self.gain = nn.Parameter(torch.full((width,), residual_scale))
        for linear in (self.expand, self.contract):
            nn.init.trunc_normal_(linear.weight, std=linear.in_features**-0.5)
            nn.init.zeros_(linear.bias)
        nn.init.normal_(self.condition.weight, std=0.02)
        nn.init.zeros_(self.condition.bias)

    def forward(self, x: Tensor, condition: Tensor, mask: Tensor | None = None) -> Tensor:
        """One block.

        Args:
            x: (B, F, D).
            condition: (B, condition) float.
            mask: (B, F, 1), 0 for frames that must not be seen by others.

        Returns:
            (B, F, D).
        """
        y = x if mask is None else x * mask
        y = self.depthwise(y.transpose(1, 2)).transpose(1, 2)
        scale, shift = self.condition(condition)[:, None].chunk(2, -1)
        y = self.norm(y) * (1 + scale) + shift
        y = self.contract(functional.gelu(self.expand(y)))
        return x + self.gain * y
