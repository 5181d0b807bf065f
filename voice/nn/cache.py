"""Keys and values of earlier positions, kept by the caller between steps.

Axes: L layers, B rows, H heads, S slots, E head width.

| name | dtype | axes | meaning |
| --- | --- | --- | --- |
| ``store`` | any float | (L, 2, B, H, S, E) | keys, values; slots from ``length`` on are garbage |
| ``length`` | int | | slots written, the same for every row |
| ``visible`` | bool | (B, S) | False where a row is padded; None if no row is |
"""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor


class KeyValueCache(Protocol):
    """What attention asks of a cache."""

    def append(self, layer: int, new: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """Adds the new positions of a layer.

        Args:
            layer: index.
            new: (2, B, H, S, E), keys and values of the new positions.

        Returns:
            Keys and values (B, H, K, E) of all positions so far and the mask of those that may
            be attended, broadcastable to (B, H, S, K); None if all may.
        """
        ...


class StaticCache:
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
        self._new: tuple[Tensor, ...] = ()
        self._all: tuple[Tensor, ...] = ()

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
        self._new = self.store[:, :, :, :, start : self.length].unbind(0)
        self._all = self.store[:, :, :, :, : self.length].unbind(0)
        self._mask = None
        if self.visible is not None:
            self._mask = self.visible[:, None, None, : self.length]

    def append(self, layer: int, new: Tensor) -> tuple[Tensor, Tensor, Tensor | None]:
        """See :class:`KeyValueCache`; :meth:`begin` has been called for these positions."""
        self._new[layer].copy_(new)
        keys, values = self._all[layer].unbind(0)
        return keys, values, self._mask

    def keep(self, rows: Tensor) -> None:
        """Keeps (or repeats) rows.

        Args:
            rows: (B',) int64, the old row of every new row.
        """
        old, written = self.store, slice(0, self.length)
        self.store = old.new_empty(*old.shape[:2], len(rows), *old.shape[3:])
        self._new = self._all = ()
        for layer, before in zip(self.store, old, strict=True):  # little memory at a time
            layer[:, :, :, written] = before[:, rows, :, written]
        if self.visible is not None:
            visible = self.visible[rows]
            self.visible = None if bool(visible.all()) else visible
