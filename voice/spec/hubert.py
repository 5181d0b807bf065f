"""Sizes of a HuBERT content encoder, as official GPT-SoVITS models take it; HuBERT base."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class HubertSpec:
    """Configuration of :class:`voice.models.hubert.Hubert`.

    Attributes:
        sample_rate: of its input, in Hz.
        front_width: channels of the convolutions on samples.
        front_kernels, front_strides: one a convolution.
        width, layers, heads, hidden: of the Transformer.
        position_kernel, position_groups: of the convolutional positions.
        epsilon: of all norms.
    """

    sample_rate: int = 16000
    front_width: int = 512
    front_kernels: tuple[int, ...] = (10, 3, 3, 3, 3, 2, 2)
    front_strides: tuple[int, ...] = (5, 2, 2, 2, 2, 2, 2)
    width: int = 768
    layers: int = 12
    heads: int = 12
    hidden: int = 3072
    position_kernel: int = 128
    position_groups: int = 16
    epsilon: float = 1e-5

    @property
    def hop_samples(self) -> int:
        """Samples between frames."""
        return math.prod(self.front_strides)
