"""Codebook lookup and nearest-row search.

Axes: T tokens, D width, C rows of the codebook.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional


class Codebook(nn.Module):
    """A table of code vectors: a buffer, which no gradient moves.

    Args:
        codes: C.
        width: D.
    """

    weight: Tensor

    def __init__(self, codes: int, width: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.randn(codes, width))

    def forward(self, codes: Tensor) -> Tensor:
        """Rows of codes: (..., T) int64 to (..., T, D)."""
        return functional.embedding(codes, self.weight)

    def nearest(self, x: Tensor) -> Tensor:
        """Codes nearest to vectors by Euclidean distance: (..., T, D) to (..., T) int64."""
        distance = self.weight.square().sum(1) - 2 * x.float() @ self.weight.T.float()
        return distance.argmin(-1)
