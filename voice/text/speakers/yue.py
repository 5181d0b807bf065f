"""Cantonese: see :mod:`voice.text.normalize.yue` and :mod:`voice.text.g2p.yue`."""

from __future__ import annotations

from voice.text.frontend import Readings, Spoken
from voice.text.g2p import yue as g2p
from voice.text.inline import Marked
from voice.text.normalize import yue as normal


def speak(text: str, marked: Marked, _readings: Readings | None = None) -> Spoken:
    """Sounds of a span; given Jyutping replaces the dictionary's."""
    normalized, given = marked.spelled(normal.normalize(text))
    result = g2p.phonemes(normalized, given)
    return Spoken(normalized, result.symbols, result.word_lengths)
