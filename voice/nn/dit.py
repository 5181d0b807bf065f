"""Layers of a diffusion Transformer whose norms are set by the time (DiT), as F5-TTS has it.

DiT: Peebles and Xie 2023 (arXiv 2212.09748); F5-TTS: Chen et al. 2024 (2410.06885); ConvNeXt V2:
Woo et al. 2023 (2301.00808); rotary positions: Su et al. 2021 (2104.09864).
Axes: B batch, F frames, D width, H heads, E = D / H.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-6  # of all norms here


class TimeEmbedding(nn.Module):
    """A time in [0, 1] to a vector.

    Args:
        width: D.
        sinusoids: width of the sinusoids it is made of.
    """

    def __init__(self, width: int, sinusoids: int) -> None:
        super().__init__()
        self.rates = sinusoids // 2
        self.input = nn.Linear(sinusoids, width)
        self.output = nn.Linear(width, width)

    def forward(self, time: Tensor) -> Tensor:
        """(B,) to (B, D)."""
        step = math.log(10000) / (self.rates - 1)
        rates = torch.exp(torch.arange(self.rates, device=time.device).float() * -step)
        angles = 1000 * time.float()[:, None] * rates
        waves = torch.cat([angles.sin(), angles.cos()], -1).to(self.input.weight)
        return self.output(functional.silu(self.input(waves)))


class GlobalResponseBlock(nn.Module):
    """ConvNeXt V2: depth-wise convolution, pointwise network, channels weighed by their energy.

    The energy is taken over all frames: what is behind a row's end changes the row.

    Args:
        width: D.
        hidden: of the pointwise network.
        kernel: odd.
    """

    def __init__(self, width: int, hidden: int, kernel: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width, EPSILON)
        self.expand = nn.Linear(width, hidden)
        self.gain = nn.Parameter(torch.zeros(1, 1, hidden))
        self.shift = nn.Parameter(torch.zeros(1, 1, hidden))
        self.contract = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """(B, F, D) to (B, F, D)."""
        y = functional.gelu(self.expand(self.norm(self.depthwise(x.mT).mT)))
        energy = torch.linalg.vector_norm(y, dim=1, keepdim=True)
        share = energy / (energy.mean(-1, keepdim=True) + EPSILON)
        return x + self.contract(self.gain * (y * share) + self.shift + y)


class ConvolutionalPositions(nn.Module):
    """Adds what two grouped convolutions see around a frame.

    Args:
        width: D.
        kernel: odd.
        groups: of the channels.
    """

    def __init__(self, width: int, kernel: int, groups: int) -> None:
        super().__init__()
        self.first = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=groups)
        self.second = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        """(B, F, D) to (B, F, D)."""
        y = functional.mish(self.first(x.mT))
        return x + functional.mish(self.second(y)).mT


def rotation(frames: int, channels: int, like: Tensor) -> tuple[Tensor, Tensor]:
    """Cosines and sines, each (frames, channels), of neighbouring pairs of channels."""
    place = torch.arange(0, channels, 2, device=like.device).float()
    angles = torch.arange(frames, device=like.device).float()[:, None] / 10000 ** (place / channels)
    angles = angles.repeat_interleave(2, 1)
    return angles.cos().to(like), angles.sin().to(like)


def rotate(x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    """Turns the first channels of (B, F, D) by :func:`rotation`, pair by pair; others stay."""
    cosine, sine = turn
    channels = cosine.shape[-1]
    turned, rest = x[..., :channels], x[..., channels:]
    even, odd = turned.unflatten(-1, (-1, 2)).unbind(-1)
    crossed = torch.stack([-odd, even], -1).flatten(-2)
    return torch.cat([turned * cosine + crossed * sine, rest], -1)


class DitBlock(nn.Module):
    """Attention and a feed-forward layer; the time scales, shifts and gates both.

    Args:
        width: D.
        heads: H.
        hidden: of the feed-forward layer.
    """

    def __init__(self, width: int, heads: int, hidden: int) -> None:
        super().__init__()
        self.heads = heads
        self.condition = nn.Linear(width, 6 * width)
        self.norm = nn.LayerNorm(width, EPSILON, elementwise_affine=False)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.expand = nn.Linear(width, hidden)
        self.contract = nn.Linear(hidden, width)

    def forward(
        self, x: Tensor, time: Tensor, turn: tuple[Tensor, Tensor], mask: Tensor | None = None
    ) -> Tensor:
        """One block.

        Args:
            x: (B, F, D).
            time: (B, D), behind its activation.
            turn: of :func:`rotation`.
            mask: (B, F) bool, False for frames nobody may attend to; None for none of those.

        Returns:
            (B, F, D).
        """
        parts = self.condition(time)[:, None].chunk(6, -1)
        y = self.norm(x) * (1 + parts[1]) + parts[0]
        x = x + parts[2] * self._attend(y, turn, mask)
        y = self.norm(x) * (1 + parts[4]) + parts[3]
        y = self.contract(functional.gelu(self.expand(y), approximate="tanh"))
        return x + parts[5] * y

    def _attend(self, x: Tensor, turn: tuple[Tensor, Tensor], mask: Tensor | None) -> Tensor:
        query, key, value = self.qkv(x).chunk(3, -1)
        # The published model turns channels before it splits heads: only the first head turns.
        query, key = rotate(query, turn), rotate(key, turn)
        query, key, value = (
            part.unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (query, key, value)
        )
        allowed = None if mask is None else mask[:, None, None]
        y = functional.scaled_dot_product_attention(query, key, value, attn_mask=allowed)
        y = self.out(y.transpose(1, 2).flatten(2))
        return y if mask is None else y * mask[..., None]
