"""Multi-head self-attention and the transformer block of the language model, HuBERT and BERT.

Axes: B batch, S positions, K key positions, H heads, D width, E = D / H.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from voice.nn.cache import KeyValueCache
from voice.nn.dropout import dropout


class SelfAttention(nn.Module):
    """Attention with one fused projection for queries, keys and values.

    Args:
        width: D.
        heads: H.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(
        self, x: Tensor, mask: Tensor | None, cache: KeyValueCache | None = None, layer: int = 0
    ) -> Tensor:
        """One pass.

        Args:
            x: (B, S, D).
            mask: broadcastable to (B, H, S, K), True where attention is allowed, or None for
                what the cache allows (everything, without a cache).
            cache: earlier keys and values, extended in place.
            layer: which layer of the cache.

        Returns:
            (B, S, D).
        """
        batch, length, width = x.shape
        qkv = self.qkv(x).view(batch, length, 3, self.heads, -1)
        qkv = qkv.permute(2, 0, 3, 1, 4)  # (3, B, H, S, E)
        query, key, value = qkv.unbind(0)
        if cache is None:
            y = F.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        else:
            y = cache.attend(layer, query, qkv[1:], mask).to(x.dtype)
        return self.out(y.transpose(1, 2).reshape(batch, length, width))


class Block(nn.Module):
    """Attention and a feed-forward layer, each with a residual and a layer norm.

    Args:
        width: D.
        heads: H.
        hidden: width of the feed-forward layer.
        norm_first: normalise each sub-layer's input, instead of the sum after it.
        dropout: rate on each sub-layer's output during training.
        activation: of the feed-forward layer.
        epsilon: of the norms.
    """

    def __init__(  # noqa: PLR0913 - one call a model
        self, width: int, heads: int, hidden: int, norm_first: bool, dropout: float,
        *, activation: Callable[[Tensor], Tensor] = torch.relu, epsilon: float = 1e-5,
    ) -> None:
        super().__init__()
        self.norm_first = norm_first
        self.activation = activation
        self.dropout = dropout
        self.attention = SelfAttention(width, heads)
        self.attention_norm = nn.LayerNorm(width, epsilon)
        self.expand = nn.Linear(width, hidden)
        self.contract = nn.Linear(hidden, width)
        self.hidden_norm = nn.LayerNorm(width, epsilon)

    def _drop(self, x: Tensor) -> Tensor:
        return dropout(x, self.dropout, self.training)

    def _feed(self, x: Tensor) -> Tensor:
        return self._drop(self.contract(self.activation(self.expand(x))))

    def forward(
        self, x: Tensor, mask: Tensor | None, cache: KeyValueCache | None = None, layer: int = 0
    ) -> Tensor:
        """Args and result as :meth:`SelfAttention.forward`."""
        if self.norm_first:
            x = x + self._drop(self.attention(self.attention_norm(x), mask, cache, layer))
            return x + self._feed(self.hidden_norm(x))
        x = self.attention_norm(x + self._drop(self.attention(x, mask, cache, layer)))
        return self.hidden_norm(x + self._feed(x))
