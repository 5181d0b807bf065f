"""Layers that ONNX has no operator for, or that would make a file large, in other words.

Each replaces one layer of a copy of the model and gives the same numbers; weights are shared.
Tables of sines are computed by the graph when it is loaded, instead of being stored.

Axes: B batch, S positions, H heads, D width, E = D / H, F frames, K bins, N samples.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from voice.audio.mel import Spectrum
from voice.nn.attention import SelfAttention
from voice.nn.cache import AppendingCache
from voice.nn.istft import InverseStft
from voice.nn.positions import ScaledPositions
from voice.nn.source import Source

M = TypeVar("M", bound=nn.Module)


class GrowingCache(AppendingCache):
    """Keys and values as graph inputs; :attr:`all` are the outputs, one position longer.

    Args:
        past: key and value (B, H, S, E) of each layer.
    """

    def __init__(self, past: list[tuple[Tensor, Tensor]]) -> None:
        self.past = past
        self.all: list[tuple[Tensor, Tensor]] = []

    def begin(self, positions: int) -> None:
        """Nothing to prepare."""

    def append(self, layer: int, new: Tensor) -> tuple[Tensor, Tensor, None]:
        """See :class:`voice.nn.cache.AppendingCache`."""
        key, value = new.unbind(0)
        if self.past:
            key = torch.cat([self.past[layer][0], key], 2)
            value = torch.cat([self.past[layer][1], value], 2)
        self.all.append((key, value))
        return key, value, None


class SplitCache:
    """A cache of fixed size whose slots from a row's ``length`` on must not be seen.

    The graph never copies it: it gives only the new position's keys and values, which the caller
    writes to slot ``length``.

    Args:
        past: key and value (B, H, S, E) of each layer.
        length: (B,) int64 slots of each row that are written.
    """

    def __init__(self, past: list[tuple[Tensor, Tensor]], length: Tensor) -> None:
        self.past = past
        slots = torch.ones_like(past[0][0][:1, :1, :, :1]).flatten().cumsum(0)  # 1 to S
        self.hidden = (slots > length[:, None])[:, None, None]  # (B, 1, 1, S)
        self.new: list[tuple[Tensor, Tensor]] = []

    def begin(self, positions: int) -> None:
        """Nothing to prepare."""


class SplitAttention(nn.Module):
    """Attention to a :class:`SplitCache` and to the new position, without joining the two.

    Args:
        attention: whose projections are used.
    """

    def __init__(self, attention: SelfAttention) -> None:
        super().__init__()
        self.heads = attention.heads
        self.qkv = attention.qkv
        self.out = attention.out

    def forward(self, x: Tensor, mask: Tensor | None, cache: SplitCache, layer: int) -> Tensor:
        """As :meth:`SelfAttention.forward` for one new position: x (B, 1, D) to the same."""
        # With one position, heads need no transposing, and sizes are the layer's: few small
        # operators, whose number costs a phone as much as their work.
        split = (-1, self.heads, 1, self.qkv.in_features // self.heads)
        query, key, value = (
            part.reshape(split) for part in self.qkv(x).split(self.qkv.in_features, -1))
        cache.new.append((key, value))
        # A vector, since a number would be fused into the product below, whose kernel for one row
        # takes none: the slow one for many rows would run.
        query = query * torch.full(split[-1:], split[-1] ** -0.5)
        past_key, past_value = cache.past[layer]
        # Unwritten slots may hold anything: their scores are replaced, their values get weight 0.
        before = (query @ past_key.mT).masked_fill(cache.hidden, -1e30)
        weights = torch.cat([before, (query * key).sum(-1, keepdim=True)], -1).softmax(-1)
        y = weights[..., :-1] @ past_value + weights[..., -1:] * value
        return self.out(y.reshape(-1, 1, self.qkv.in_features))


class ComputedPositions(nn.Module):
    """:class:`ScaledPositions` without its table.

    Args:
        positions: whose gain is used.
        width: D.
    """

    rate: Tensor

    def __init__(self, positions: ScaledPositions) -> None:
        super().__init__()
        self.scale = positions.scale
        width = positions.table.shape[1]
        rate = torch.exp(
            torch.arange(0, width, 2, dtype=torch.float32) * (-math.log(10000.0) / width)
        )
        self.register_buffer("rate", rate, persistent=False)

    def _sinusoids(self, place: Tensor) -> Tensor:
        turns = place[..., None].float() * self.rate
        pairs = torch.stack([turns.sin(), turns.cos()], -1)
        return pairs.reshape(*place.shape, 2 * self.rate.shape[0])

    def forward(self, x: Tensor) -> Tensor:
        """See :meth:`ScaledPositions.forward`."""
        place = torch.ones_like(x[:, :, 0]).cumsum(1) - 1
        return x + self.scale * self._sinusoids(place)

    def at(self, x: Tensor, position: Tensor) -> Tensor:
        """See :meth:`ScaledPositions.at`."""
        return x + self.scale * self._sinusoids(position)


def angles(rows: int, columns: int, period: int) -> Tensor:
    """(rows, columns) float32 of a Fourier transform: 2 pi * row * column / period, reduced."""
    turns = torch.arange(rows)[:, None] * torch.arange(columns)[None]
    return torch.remainder(turns, period).float() * (2 * math.pi / period)


class MatrixSpectrum(Spectrum):
    """A spectrum whose transform is a convolution with sines and cosines."""

    def transform(self, padded: Tensor) -> tuple[Tensor, Tensor]:
        """See :meth:`Spectrum.transform`."""
        s = self.settings
        space = s.fft_samples - s.window_samples
        window = functional.pad(self.window, (space // 2, space - space // 2))
        turns = angles(s.fft_samples // 2 + 1, s.fft_samples, s.fft_samples)
        real = functional.conv1d(padded[:, None], (turns.cos() * window)[:, None], None,
                                 s.hop_samples)
        imaginary = functional.conv1d(padded[:, None], (turns.sin() * window)[:, None], None,
                                      s.hop_samples)
        return real, imaginary


class MatrixInverse(InverseStft):
    """An inverse transform whose frames are a product with sines and cosines."""

    def frames(self, real: Tensor, imaginary: Tensor) -> Tensor:
        """See :meth:`InverseStft.frames`."""
        size = self.fft_samples
        turns = angles(size // 2 + 1, size, size)
        weight = torch.full((size // 2 + 1, 1), 2.0 / size)
        weight[0] = weight[-1] = 1.0 / size  # these bins have no mirror image
        return real @ (weight * turns.cos()) - imaginary @ (weight * turns.sin())


class MatrixSource(Source):
    """An excitation whose transform is computed by the graph when it is loaded."""

    def __init__(self, source: Source) -> None:
        nn.Module.__init__(self)
        self.rate, self.hop, self.piece = source.rate, source.hop, source.piece
        self.pieces, self.bins = source.pieces, source.bins
        self.register_buffer("noise", source.noise, persistent=False)

    @property
    def analysis(self) -> Tensor:  # pyright: ignore[reportIncompatibleVariableOverride]
        """(fft, 2 K), see :class:`Source`."""
        size = self.pieces * self.piece
        window = torch.hann_window(size)
        window = window / window.square().sum().sqrt()
        turns = angles(size, self.bins, size)
        return torch.cat([turns.cos(), -turns.sin()], 1) * window[:, None]


def exportable(model: M, *, split: bool = False) -> M:
    """A copy of ``model`` that shares its weights and can be traced.

    Args:
        model: in evaluation mode.
        split: attention reads a :class:`SplitCache`.
    """
    swaps: dict[type, Callable[..., nn.Module]] = {
        ScaledPositions: ComputedPositions,
        Spectrum: lambda old: MatrixSpectrum(old.settings),
        InverseStft: lambda old: MatrixInverse(old.fft_samples, old.hop_samples),
        Source: MatrixSource,
    }
    if split:
        swaps[SelfAttention] = SplitAttention
    shared = {id(t): t for t in (*model.parameters(), *model.buffers())}
    out = copy.deepcopy(model, shared)
    for module in list(out.modules()):
        for name, child in list(module.named_children()):
            if type(child) in swaps:
                setattr(module, name, swaps[type(child)](child))
    return out.eval().requires_grad_(False)
