"""English: see :mod:`voice.text.normalize.en` and :mod:`voice.text.g2p.en`."""

from __future__ import annotations

from voice.text.frontend import Readings, Spoken
from voice.text.g2p import en as g2p
from voice.text.inline import Marked
from voice.text.normalize import en as normal


def speak(text: str, marked: Marked, _readings: Readings | None = None) -> Spoken:
    """Sounds of a span."""
    normalized = normal.normalize(text)
    given = {k: g.sounds for k, g in marked.given.items() if g.language == "en"}
    return Spoken(marked.plain(normalized), g2p.phonemes(normalized, given))
