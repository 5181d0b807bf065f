"""Mandarin: see :mod:`voice.text.normalize.zh` and :mod:`voice.text.g2p.zh`."""

from __future__ import annotations

from voice.text.frontend import Readings, Spoken
from voice.text.g2p import zh as g2p
from voice.text.inline import Marked
from voice.text.normalize import zh as normal


def speak(text: str, marked: Marked, provider: Readings | None = None) -> Spoken:
    """Sounds of a span; given readings replace the dictionary's."""
    plain: list[str] = []
    readings: dict[int, str] = {}
    for ch in normal.normalize(text):
        given = marked.given.get(ch)
        for i, own in enumerate(given.text if given else ch):
            if given:
                readings[len(plain)] = given.sounds[i]
            plain.append(own)
    normalized = "".join(plain)
    result = g2p.phonemes(normalized, provider, readings)
    return Spoken(normalized, result.symbols, result.word_lengths)
