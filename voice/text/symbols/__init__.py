"""The phoneme symbols of the official GPT-SoVITS models; a symbol's id is its row.

``v1.json`` (322 rows) and ``v2.json`` (732 rows; v2 and every later version).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from voice.errors import OptionError

PUNCTUATION = ("!", "?", "…", ",", ".", "-")
"""Marks that are symbols themselves: pauses and intonation."""

VERSIONS = ("v1", "v2")
LANGUAGES = {"v1": ("en", "zh", "ja"), "v2": ("en", "zh", "ja", "ko", "yue")}
"""Languages that a table has symbols for."""


@functools.cache
def table(version: str = "v2") -> tuple[str, ...]:
    """The symbols in id order.

    Raises:
        OptionError: there is no such symbol table.
    """
    if version not in VERSIONS:
        raise OptionError(f"symbol table {version!r} does not exist", f"Use {', '.join(VERSIONS)}.")
    return tuple(json.loads((Path(__file__).parent / f"{version}.json").read_text("utf8")))


@functools.cache
def index(version: str = "v2") -> Mapping[str, int]:
    """The id of each symbol."""
    return MappingProxyType({symbol: row for row, symbol in enumerate(table(version))})
