"""Attention with windowed relative positions, and the encoder stack VITS builds of it.

Relative positions after Shaw et al. 2018 (arXiv 1803.02155), as VITS (arXiv 2106.06103) uses them:
one table shared by all heads. Axes: B batch, F frames (queries), K keys, H heads, D width,
E = D / H, R = 2 * window + 1 relative places.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from voice.nn.dropout import Dropout
from voice.spec.vits import PriorSpec

BLOCKED = -1e4  # score of a masked key: far below any other, and finite in half precision


class Attention(nn.Module):
    """Multi-head attention; with a window, self-attention with relative positions.

    Args:
        width: D.
        heads: H.
        window: frames to each side that have a relative position; 0 for none.
        dropout: rate on the attention weights during training.
    """

    def __init__(self, width: int, heads: int, window: int = 0, dropout: float = 0.0) -> None:
        super().__init__()
        self.heads = heads
        self.window = window
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)
        self.drop = Dropout(dropout)
        if window:
            shape = (1, 2 * window + 1, width // heads)
            self.relative_keys = nn.Parameter(torch.randn(shape) * shape[-1] ** -0.5)
            self.relative_values = nn.Parameter(torch.randn(shape) * shape[-1] ** -0.5)
        for linear in (self.query, self.key, self.value):
            nn.init.xavier_uniform_(linear.weight)

    def forward(self, x: Tensor, context: Tensor, context_mask: Tensor) -> Tensor:
        """Attends from ``x`` to ``context``.

        Args:
            x: (B, F, D).
            context: (B, K, D); the same as ``x`` where there is a window.
            context_mask: (B, K, 1) float, 0 where a key must not be seen.

        Returns:
            (B, F, D).
        """
        query = self._split(self.query(x)) * (x.shape[-1] // self.heads) ** -0.5
        key, value = self._split(self.key(context)), self._split(self.value(context))
        scores = query @ key.transpose(2, 3)  # (B, H, F, K)
        if self.window:
            scores = scores + self._local_scores(query)
        scores = scores.masked_fill(context_mask[:, None, None, :, 0] == 0, BLOCKED)
        weights = self.drop(scores.float().softmax(-1).to(value.dtype))
        y = weights @ value
        if self.window:
            y = y + self._local_values(weights)
        return self.out(y.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)  # (B, H, F, E)

    def _local_scores(self, query: Tensor) -> Tensor:
        """(B, H, F, F) scores of the relative places; 0 outside the window."""
        length, places = query.shape[2], 2 * self.window + 1
        local = query @ self.relative_keys.transpose(1, 2).to(query.dtype)  # (B, H, F, R)
        # Rows of length F + R laid end to end, read with width F + R - 1: each moves one right.
        flat = nn.functional.pad(local, (0, length)).flatten(2)
        skewed = flat[..., :-length].reshape(*local.shape[:2], length, length + places - 1)
        return skewed[..., self.window : self.window + length]

    def _local_values(self, weights: Tensor) -> Tensor:
        """(B, H, F, E) sum of the relative places' values, by the weights near the diagonal."""
        length, places = weights.shape[2], 2 * self.window + 1
        wide = nn.functional.pad(weights, (self.window, self.window))  # (B, H, F, F + R - 1)
        flat = nn.functional.pad(wide.flatten(2), (0, length))
        near = flat.reshape(*weights.shape[:2], length, length + places)  # undoes the skew
        near = near[..., :places]
        return near @ self.relative_values.to(weights.dtype)


class FeedForward(nn.Module):
    """Two convolutions with a ReLU between.

    Args:
        width: D.
        hidden: channels between.
        kernel: odd size of both.
        dropout: rate between them during training.
    """

    def __init__(self, width: int, hidden: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.expand = nn.Conv1d(width, hidden, kernel, padding=kernel // 2)
        self.contract = nn.Conv1d(hidden, width, kernel, padding=kernel // 2)
        self.drop = Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, F, D) and (B, F, 1) to (B, F, D)."""
        keep = mask.transpose(1, 2)
        y = self.drop(torch.relu(self.expand(x.transpose(1, 2) * keep)))
        return self.contract(y * keep).transpose(1, 2) * mask


@torch.no_grad()
def _calm(layer: nn.Linear | nn.Conv1d, layers: int) -> None:
    layer.weight.mul_((2 * layers) ** -0.5)


class RelativeEncoder(nn.Module):
    """A stack of attention and feed-forward layers, each followed by a norm of the sum.

    Args:
        spec: sizes of a layer.
        layers: number of them.
    """

    def __init__(self, spec: PriorSpec, layers: int) -> None:
        super().__init__()
        width, dropout = spec.width, spec.dropout
        self.attention = nn.ModuleList(
            Attention(width, spec.heads, spec.window, dropout) for _ in range(layers)
        )
        self.attention_norm = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        self.feed = nn.ModuleList(
            FeedForward(width, spec.hidden, spec.kernel, dropout) for _ in range(layers)
        )
        self.feed_norm = nn.ModuleList(nn.LayerNorm(width) for _ in range(layers))
        self.drop = Dropout(dropout)
        for attention, feed in zip(self.attention, self.feed, strict=True):
            _calm(attention.out, layers)  # pyright: ignore[reportArgumentType]
            _calm(feed.contract, layers)  # pyright: ignore[reportArgumentType]

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Encodes.

        Args:
            x: (B, F, D).
            mask: (B, F, 1) float.

        Returns:
            (B, F, D); zeros where the mask is.
        """
        x = x * mask
        stack = zip(self.attention, self.attention_norm, self.feed, self.feed_norm, strict=True)
        for attention, attention_norm, feed, feed_norm in stack:
            x = attention_norm(x + self.drop(attention(x, x, mask)))
            x = feed_norm(x + self.drop(feed(x, mask)))
        return x * mask
