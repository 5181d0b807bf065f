"""Dropout whose random numbers cost little on a CPU.

``torch.nn.functional.dropout`` draws one random number for each element there, on one thread: a
seventh of a training step. Here one 64-bit number serves eight; rates are rounded to 1/256.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LEVELS = 256  # values of the random byte


def dropout(x: Tensor, rate: float, training: bool) -> Tensor:
    """Zeroes elements with probability ``rate`` (rounded to 1/256) and scales the rest.

    Args:
        x: any shape.
        rate: 0 <= rate < 1.
        training: False returns ``x`` itself.
    """
    drop = round(rate * LEVELS)
    if not training or drop == 0:
        return x
    if x.device.type != "cpu":
        return F.dropout(x, rate, training)
    words = torch.empty((x.numel() + 7) // 8, dtype=torch.int64).random_(-(2**63), None)
    keep = words.view(torch.uint8)[: x.numel()].view(x.shape) >= drop
    return x * (keep.to(x.dtype) * (LEVELS / (LEVELS - drop)))


class Dropout(nn.Module):
    """:func:`dropout` as a layer.

    Args:
        rate: 0 <= rate < 1.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """(any shape) to the same."""
        return dropout(x, self.rate, self.training)
