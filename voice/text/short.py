"""Pauses that GPT-SoVITS puts before short texts, which its models were served with.

A full stop stands before a text of fewer than six symbols, a comma before every English run of
fewer than four.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from voice.text import symbols as tables
from voice.text.frontend import FEW
from voice.values import Phonemes, SpokenPart

SHORT = 6


def with_pauses(phonemes: Phonemes, version: str = "v2") -> Phonemes:
    """The same text with the pauses that upstream puts before short runs.

    Args:
        phonemes: of :func:`voice.text.frontend.phonemize`.
        version: of the symbol table.
    """
    runs = [
        _run(phonemes.symbols[part.start : part.stop], part.language) for part in phonemes.parts
    ]
    parts = list(phonemes.parts)
    if runs and sum(map(len, runs)) < SHORT:
        at = 1 if runs[0][:1] == [","] and parts[0].language == "en" else 0
        runs[0].insert(at, ".")
        if parts[0].word_lengths:
            parts[0] = replace(
                parts[0], normalized="." + parts[0].normalized,
                word_lengths=(1, *parts[0].word_lengths))
    symbols = [symbol for run in runs for symbol in run]
    index = tables.index(version)
    ids = np.array([index.get(s, index["UNK"]) for s in symbols], np.int64)
    placed = _placed(parts, [len(run) for run in runs])
    complete = all(p.word_lengths or p.start == p.stop for p in placed)
    lengths = tuple(n for p in placed for n in p.word_lengths) if complete else ()
    return replace(
        phonemes, symbols=tuple(symbols), ids=ids, word_lengths=lengths, parts=placed
    )


def _run(symbols: tuple[str, ...], language: str) -> list[str]:
    return [*([","] if language == "en" and 0 < len(symbols) < FEW else []), *symbols]


def _placed(parts: list[SpokenPart], sizes: list[int]) -> tuple[SpokenPart, ...]:
    out, start = [], 0
    for part, size in zip(parts, sizes, strict=True):
        out.append(replace(part, start=start, stop=start + size))
        start += size
    return tuple(out)
