"""What people say a recording says: its phonemes, and whether it can be that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from voice.errors import NothingToSayError
from voice.values import Phonemes

if TYPE_CHECKING:
    from voice.checkpoints.store import Model

SECONDS_A_PHONEME = (0.03, 0.5)
"""What people do, with room on both sides; speech is 0.06 to 0.2."""


def transcript_phonemes(model: Model, transcript: str | None, language: str) -> Phonemes | None:
    """What a transcript sounds like; None where none is given, or nothing in it has a sound.

    Raises:
        UnknownTextError: the transcript has characters without sounds.
    """
    if transcript is None or not transcript.strip():
        return None
    from voice.text.frontend import phonemize

    spec = model.spec
    try:
        return phonemize(transcript, language, languages=spec.languages, version=spec.symbols)
    except NothingToSayError:
        return None


def misfit(seconds: float, phonemes: int) -> str:
    """``long`` or ``short`` where so many phonemes cannot be what so many seconds say, or empty."""
    low, high = SECONDS_A_PHONEME
    pace = seconds / max(1, phonemes)
    if low <= pace <= high:
        return ""
    return "long" if pace < low else "short"
