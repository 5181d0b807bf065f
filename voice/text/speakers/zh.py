"""Mandarin: see :mod:`voice.text.normalize.zh` and :mod:`voice.text.g2p.zh`."""

from __future__ import annotations

from voice.text.frontend import Readings, Spoken
from voice.text.g2p import zh as g2p
from voice.text.inline import Marked
from voice.text.normalize import zh as normal


def speak(text: str, marked: Marked, provider: Readings | None = None) -> Spoken:
    """Sounds of a span; given readings replace the dictionary's."""
    normalized, given = marked.spelled(normal.normalize(text))
    result = g2p.phonemes(normalized, provider, given)
    return Spoken(normalized, result.symbols, result.word_lengths)
