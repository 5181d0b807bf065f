"""Keys and values of earlier positions, kept by the caller between steps.

Axes: L layers, B rows, H heads, S slots, E head width.

| name | dtype | axes | meaning |
| --- | --- | --- | --- |
| ``store`` | any float | (L, 2, B, H, S, E) | keys, values; slots from ``length`` on are garbage |
| ``length`` | int | | slots written, the same for every row |
| ``written`` | int64 | (1,) | the same, on the device, of a cache whose shapes never change |
| ``visible`` | bool | (B, S) | False where a row is padded; None if no row is |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F


class KeyValueCache(Protocol):
    """What a model's step asks of a cache."""

    def begin(self, positions: int) -> None:
        """Makes room for new positions, before the first layer appends them."""
        ...

    def attend(self, layer: int, query: Tensor, new: Tensor, mask: Tensor | None) -> Tensor:
        """Adds the new positions of a layer and attends to all so far.

        Args:
            layer: index.
            query: (B, H, S, E) of the new positions.
            new: (2, B, H, S, E), their keys and values.
            mask: broadcastable to (B, H, S, K), True where attention is allowed; None for what
                the cache allows.

        Returns:
            (B, H, S, E), in the cache's dtype.
        """
        ...


class AppendingCache:
    """A cache that gives all keys and values as they are."""

    def append(self, layer: int, new: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Adds the new positions of a layer.

        Args:
            layer: index.
            new: (2, B, H, S, E), keys and values of the new positions.

        Returns:
            Keys and values (B, H, K, E) of all positions so far and the mask of those that may
            be attended, broadcastable to (B, H, S, K); None if all may.
        """
        raise NotImplementedError

    def attend(self, layer: int, query: Tensor, new: Tensor, mask: Tensor | None) -> Tensor:
        """See :class:`KeyValueCache`."""
        keys, values, written = self.append(layer, new)
        mask = written if mask is None else mask
        return F.scaled_dot_product_attention(query.to(keys.dtype), keys, values, attn_mask=mask)


@dataclass(frozen=True, eq=False)
class Window(AppendingCache):
    """What one step of a :class:`StaticCache` writes and reads.

    Attributes:
        new: (L, 2, B, H, S, E), where the new positions go.
        known: (L, 2, B, H, K, E), all positions, the new ones included.
        mask: (B, 1, 1, K) bool, which may be attended; None if all may.
    """

    new: Tensor
    known: Tensor
    mask: Tensor | None = None

    def begin(self, positions: int) -> None:
        """See :class:`KeyValueCache`; the room is there."""
        assert positions == self.new.shape[4]

    def append(self, layer: int, new: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """See :class:`AppendingCache`."""
        self.new[layer].copy_(new)
        keys, values = self.known[layer].unbind(0)
        return keys, values, self.mask


class StaticCache(AppendingCache):
    """A cache whose memory is allocated once and written in place.

    Attention only ever gets the written slots. Rows of different length are padded on the left,
    so that all rows write to the same slot; ``visible`` hides the padding.

    Args:
        layers, rows, heads, slots, width: L, B, H, S, E.
        like: dtype and device come from this tensor.
    """

    def __init__(
        self, layers: int, rows: int, heads: int, slots: int, width: int, *, like: Tensor
    ) -> None:
        self.store = like.new_empty(layers, 2, rows, heads, slots, width)
        self.visible: Tensor | None = None
        self.length = 0
        self._mask: Tensor | None = None
        self._new = self._all = self.store[:, :, :, :, :0]

    @property
    def slots(self) -> int:
        """Positions that fit."""
        return self.store.shape[4]

    def pad(self, lengths: Tensor, total: int) -> None:
        """Declares rows of ``lengths`` (B,) to be padded on the left to ``total`` positions."""
        slots = torch.arange(self.slots, device=lengths.device)
        visible = slots >= (total - lengths)[:, None]
        self.visible = None if bool(visible.all()) else visible

    def begin(self, positions: int) -> None:
        """Makes room for new positions, before the first layer appends them."""
        if self.length + positions > self.slots:
            raise IndexError(f"cache of {self.slots} slots cannot take {positions} more")
        start, self.length = self.length, self.length + positions
        self._new = self.store[:, :, :, :, start : self.length]
        self._all = self.store[:, :, :, :, : self.length]
        self._mask = None
        if self.visible is not None:
            self._mask = self.visible[:, None, None, : self.length]

    @property
    def window(self) -> Window:
        """What is written and read since :meth:`begin`."""
        return Window(self._new, self._all, self._mask)

    def append(self, layer: int, new: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """See :class:`AppendingCache`; :meth:`begin` has been called for these positions."""
        return self.window.append(layer, new)

    def keep(self, rows: Tensor) -> None:
        """Keeps (or repeats) rows.

        Args:
            rows: (B',) int64, the old row of every new row.
        """
        old, written = self.store, slice(0, self.length)
        self.store = old.new_empty(*old.shape[:2], len(rows), *old.shape[3:])
        self._new = self._all = self.store[:, :, :, :, :0]
        for layer, before in zip(self.store, old, strict=True):  # little memory at a time
            layer[:, :, :, written] = before[:, rows, :, written]
        if self.visible is not None:
            visible = self.visible[rows]
            self.visible = None if bool(visible.all()) else visible


class FixedCache(AppendingCache):
    """A cache whose shapes never change, so that a step can be recorded once and played again.

    Attention always gets all slots and the mask of the written ones; where to write is a tensor.
    What is in a slot that was never written must be finite: it is multiplied with zero.

    Args:
        store: (L, 2, B, H, S, E), finite.
    """

    def __init__(self, store: Tensor) -> None:
        self.store = store
        rows, slots = store.shape[2], store.shape[4]
        self.written = torch.zeros(1, dtype=torch.int64, device=store.device)
        self.visible = torch.ones(rows, slots, dtype=torch.bool, device=store.device)
        self._slots = torch.arange(slots, device=store.device)
        self._place = self._mask = self.written

    def load(self, store: Tensor, visible: Tensor | None) -> None:
        """Begins with what another cache holds.

        Args:
            store: (L, 2, B', H, K, E), B' <= B and K <= S; all K slots are written.
            visible: (B', K) bool or None for all.
        """
        rows, length = store.shape[2], store.shape[4]
        self.store.zero_()  # nothing of another text, which may have overflowed
        self.store[:, :, :rows, :, :length] = store
        self.visible.fill_(True)
        if visible is not None:
            self.visible[:rows, :length] = visible
        self.written.fill_(length)

    def begin(self, positions: int) -> None:
        """Makes room for one position, before the first layer appends it; the caller counts."""
        assert positions == 1
        self._place = self.written.clone()
        self._mask = ((self._slots <= self._place) & self.visible)[:, None, None]
        self.written.add_(1)

    def append(self, layer: int, new: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """See :class:`AppendingCache`; :meth:`begin` has been called for this position."""
        store = self.store[layer]
        store.index_copy_(3, self._place, new.to(store.dtype))
        return store[0], store[1], self._mask
