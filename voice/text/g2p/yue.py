"""Cantonese to the symbols of the official models: Jyutping syllables in two parts behind a ``Y``.

Readings come from ToJyutping (BSD-2-Clause; dictionary of the CanCLID group). The first symbol is
the initial, the second the final with its tone 1 to 6; the models were trained with a syllable
without consonant cut behind its vowel (``aa3`` is ``Yaa Ya3``, ``ok3`` is ``Yok Yk3``).
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass, field

from voice.errors import DependencyError
from voice.text import symbols as tables

MARKS = "!?…,.-"
_SYLLABLE = re.compile(
    r"(?P<initial>gw|kw|ng|[bpmfdtnlgkhwzcsj])(?P<final>[aeiouy][a-z]*|)(?P<tone>[1-6])"
    r"|(?P<vowel>aa|a[iuptk](?![a-z])|a|e|o(?:ng|[nuik])(?![a-z])|o|uk|ung)(?P<rest>[a-z]*)"
    r"(?P<tone2>[1-6])"
)


@dataclass
class Result:
    """Symbols, with the number of symbols of each character of the text."""

    symbols: list[str] = field(default_factory=list)
    word_lengths: list[int] = field(default_factory=list)


def readings(text: str) -> list[str]:
    """One Jyutping syllable a character; empty where none is known.

    Raises:
        DependencyError: ToJyutping is missing.
    """
    try:
        import ToJyutping
    except ImportError as error:
        raise DependencyError(
            "Cantonese text needs the package ToJyutping", "Install requirements.txt."
        ) from error
    return [found or "" for _, found in ToJyutping.get_jyutping_list(text)]


@functools.lru_cache(4096)
def has_reading(character: str) -> bool:
    """Whether a sound of a character is known."""
    return bool(readings(character)[0])


def split_syllable(syllable: str) -> tuple[str, str] | None:
    """The two symbols of a Jyutping syllable such as ``zung1``; None where it is none.

    The table lacks a few seldom parts (``Yap`` of ``ap1``): those are ``UNK``.
    """
    match = _SYLLABLE.fullmatch(syllable)
    if not match:
        return None
    if match["initial"]:
        first, last = match["initial"], match["final"] or match["initial"][-1]
        tone = match["tone"]
    else:
        first, last = match["vowel"], match["rest"] or match["vowel"][-1]
        tone = match["tone2"]
    known = tables.index("v2")
    start, end = (s if s in known else "UNK" for s in (f"Y{first}", f"Y{last}{tone}"))
    return start, end


def phonemes(text: str, overrides: dict[int, str] | None = None) -> Result:
    """Symbols of a normalised text: Han characters and marks only.

    Args:
        text: see :mod:`voice.text.normalize.yue`.
        overrides: Jyutping by character index, given by the user.
    """
    out = Result()
    given = overrides or {}
    for i, (ch, reading) in enumerate(zip(text, readings(text), strict=True)):
        if ch in MARKS:
            found = [ch]
        else:
            syllables = given.get(i, reading).split() or [""]
            found = [s for one in syllables for s in split_syllable(one) or ("UNK", "UNK")]
        out.symbols += found
        out.word_lengths.append(len(found))
    return out
