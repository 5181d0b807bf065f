"""Sizes of the BERT whose states official models add to Chinese text; RoBERTa wwm large."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BertSpec:
    """Configuration of :class:`voice.models.bert.Bert`.

    Attributes:
        vocabulary, positions, types: rows of the tables.
        width, heads, hidden: of the layers.
        layers: that are run; the published file has 24, of which the last two are not used.
        epsilon: of all norms.
    """

    vocabulary: int = 21128
    positions: int = 512
    types: int = 2
    width: int = 1024
    heads: int = 16
    hidden: int = 4096
    layers: int = 22
    epsilon: float = 1e-12
