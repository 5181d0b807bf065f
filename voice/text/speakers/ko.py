"""Korean: see :mod:`voice.text.normalize.ko` and :mod:`voice.text.g2p.ko`."""

from __future__ import annotations

from voice.text.frontend import Readings, Spoken
from voice.text.g2p import ko as g2p
from voice.text.inline import Marked
from voice.text.normalize import ko as normal


def speak(text: str, marked: Marked, _readings: Readings | None = None) -> Spoken:
    """Sounds of a span; given Hangul replaces the characters."""
    normalized = normal.normalize(text)
    hangul = "".join(
        marked.given[ch].sounds[0] if ch in marked.given else ch for ch in normalized
    )
    return Spoken(marked.plain(normalized).strip(), g2p.phonemes(hangul))
