"""Pinyin syllables to the symbols of the official models: initial, final + tone.

The finals follow the notation of the Opencpop singing corpus that upstream uses: ``ir`` after
zh ch sh r, ``i0`` after z c s, ``E``/``En`` in ye/yan, ``v`` where u is pronounced ü; a syllable
without initial repeats its vowel class as initial (``AA``, ``EE``, ``OO``).
"""

from __future__ import annotations

import re

_INITIALS = (
    "zh ch sh b p m f d t n l g k h j q x r z c s y w".split()
)
_Y_FINALS = {"e": "E", "an": "En", "u": "v", "ue": "ve", "uan": "van", "un": "vn"}
_ZERO = {"a": "AA", "e": "EE", "o": "OO"}
_FINALS = frozenset(
    (
        "a ai an ang ao e ei en eng er i ia ian iang iao ie in ing iong iu o ong ou "
        "u ua uai uan uang ui un uo v van ve vn"
    ).split()
)
_SYLLABLE = re.compile(r"([a-zêü:]+?)([1-5])?")


def split_syllable(syllable: str) -> tuple[str, str, int] | None:
    """Initial, final and tone symbols' parts of one syllable such as ``zhong4`` or ``lv3``.

    Args:
        syllable: lower-case pinyin with a tone digit 1 to 5 (5 or none: neutral);
            ``v``, ``ü`` and ``u:`` are the same.

    Returns:
        (initial, final without tone, tone), or None where this is no Mandarin syllable.
    """
    match = _SYLLABLE.fullmatch(syllable.strip().lower())
    if not match:
        return None
    body = match[1].replace("u:", "v").replace("ü", "v").replace("ê", "ei")
    tone = int(match[2] or 5)
    if body in _SPECIAL:
        return (*_SPECIAL[body], tone)
    if body[0] in _ZERO:
        return (_ZERO[body[0]], body, tone) if body in _FINALS else None
    for initial in _INITIALS:
        if body.startswith(initial):
            final = _final(initial, body[len(initial):])
            return (initial, final, tone) if final else None
    return None


_SPECIAL = {
    "m": ("EE", "en"), "hm": ("h", "en"), "n": ("EE", "en"), "ng": ("EE", "en"),
    "hng": ("h", "eng"), "yo": ("y", "o"), "lo": ("l", "o"),
}


def _final(initial: str, rest: str) -> str:
    """The final's symbol after ``initial``, or nothing where there is no such syllable."""
    if initial == "y":
        rest = _Y_FINALS.get(rest, rest)
        return rest if rest in _FINALS or rest in ("E", "En") else ""
    if initial in ("j", "q", "x") and rest.startswith("u"):
        rest = "v" + rest[1:]
    if rest == "ue":
        rest = "ve"
    if rest == "i":
        return "ir" if initial in ("zh", "ch", "sh", "r") else "i0" if initial in "zcs" else "i"
    return rest if rest in _FINALS else ""


def symbols_of(initial: str, final: str, tone: int) -> tuple[str, str]:
    """The two symbols of a syllable."""
    return initial, f"{final}{tone}"
