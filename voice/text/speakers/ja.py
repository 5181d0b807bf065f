"""Japanese: see :mod:`voice.text.normalize.ja` and :mod:`voice.text.g2p.ja`."""

from __future__ import annotations

from voice.text.frontend import Readings, Spoken
from voice.text.g2p import ja as g2p
from voice.text.inline import Marked
from voice.text.normalize import ja as normal


def speak(text: str, marked: Marked, _readings: Readings | None = None) -> Spoken:
    """Sounds of a span; given kana replace the characters."""
    normalized = normal.normalize(text)
    kana = "".join(
        marked.given[ch].sounds[0] if ch in marked.given else ch for ch in normalized
    )
    return Spoken(marked.plain(normalized), g2p.phonemes(kana))
