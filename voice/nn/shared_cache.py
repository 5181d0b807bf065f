"""Several rows that continue one text, whose keys and values are kept and read once for all.

The rows' queries meet the text in one product, and each row meets what it made itself; the two
results are joined by the sums of their exponentials, as flash attention joins its blocks (Dao et
al. 2022; for shared prefixes Juravsky et al. 2024). On a CPU reading keys and values is most of a
step's time.

Axes: L layers, R texts, B rows, G rows of the text that has most, H heads, P positions of the
texts, K own positions, E head width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from voice.nn.cache import StaticCache

_flash = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu


@dataclass(frozen=True, eq=False)
class SharedWindow:
    """What one step writes and reads.

    Attributes:
        new: (L, 2, B, H, 1, E), where the new position goes.
        known: (L, 2, B, H, K, E), own positions, the new one included.
        texts: (L, 2, R, H, P, E).
        mask: (R, 1, 1, P), what is added to the scores of the texts; None where nothing is padded.
        asked: (R * G,) int64, the row of each place in the groups; None where there is one text.
        place: (B,) int64, the place of each row; None where there is one text.
    """

    new: Tensor
    known: Tensor
    texts: Tensor
    mask: Tensor | None = None
    asked: Tensor | None = None
    place: Tensor | None = None

    def begin(self, positions: int) -> None:
        """See :class:`voice.nn.cache.KeyValueCache`; there is room for one."""
        assert positions == 1

    def attend(self, layer: int, query: Tensor, new: Tensor, mask: Tensor | None) -> Tensor:
        """See :class:`voice.nn.cache.KeyValueCache`."""
        assert mask is None
        self.new[layer].copy_(new)
        keys, values = self.known[layer].unbind(0)
        query = query.to(keys.dtype)
        own, own_sum = _flash(query, keys, values)
        rows = query[:, :, 0] if self.asked is None else query[self.asked, :, 0]
        keys, values = self.texts[layer].unbind(0)
        rows = rows.view(keys.shape[0], -1, *rows.shape[1:]).transpose(1, 2)  # (R, H, G, E)
        read, read_sum = _flash(rows, keys, values, attn_mask=self.mask)
        read = read.transpose(1, 2).flatten(0, 1)  # (R * G, H, E)
        read_sum = read_sum.transpose(1, 2).flatten(0, 1)
        if self.place is not None:
            read, read_sum = read[self.place], read_sum[self.place]
        share = (read_sum - own_sum[:, :, 0]).sigmoid().to(own.dtype)
        return torch.lerp(own, read[:, :, None], share[:, :, None, None])


class SharedCache:
    """A cache on the CPU whose rows share the texts that they continue.

    Args:
        texts: what was read, R rows, not padded behind.
        rows: (B,) int64, the text of each row.
        room: most positions that will follow.
    """

    def __init__(self, texts: StaticCache, rows: Tensor, room: int) -> None:
        layers, _, _, heads, _, width = texts.store.shape
        self._texts, self._rows = texts, rows
        self._own = StaticCache(layers, len(rows), heads, room, width, like=texts.store)
        self._group()

    def _group(self) -> None:
        """Finds each row's place beside the others of its text; texts without rows are left."""
        used, self._rows = self._rows.unique(return_inverse=True)
        if len(used) < self._texts.store.shape[2]:
            self._texts.keep(used)
        visible = self._texts.visible
        self._mask = None
        if visible is not None:
            hidden = ~visible[:, None, None, : self._texts.length]
            like = self._texts.store
            self._mask = like.new_zeros(hidden.shape).masked_fill_(hidden, -torch.inf)
        self._asked = self._place = None
        if len(used) > 1:
            same = self._rows[:, None] == self._rows
            before = same.tril(-1).sum(1)
            size = int(before.max()) + 1
            self._place = self._rows * size + before
            self._asked = torch.zeros(len(used) * size, dtype=torch.int64)
            self._asked[self._place] = torch.arange(len(self._rows))

    def begin(self, positions: int) -> None:
        """See :class:`voice.nn.cache.KeyValueCache`."""
        self._own.begin(positions)

    @property
    def window(self) -> SharedWindow:
        """What is written and read since :meth:`begin`."""
        own = self._own.window
        texts = self._texts.store[:, :, :, :, : self._texts.length]
        return SharedWindow(own.new, own.known, texts, self._mask, self._asked, self._place)

    def attend(self, layer: int, query: Tensor, new: Tensor, mask: Tensor | None) -> Tensor:
        """See :class:`voice.nn.cache.KeyValueCache`."""
        return self.window.attend(layer, query, new, mask)

    def keep(self, rows: Tensor) -> None:
        """Goes on with these rows only; ``rows`` (B',) int64, ascending."""
        self._own.keep(rows)
        self._rows = self._rows[rows]
        self._group()
