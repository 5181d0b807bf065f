"""Japanese to phonemes with pitch marks, through Open JTalk's full-context labels.

Marks as in "Prosodic features control by symbols as input of sequence-to-sequence acoustic
modeling for neural TTS" (Kurihara et al. 2021): ``[`` pitch rises, ``]`` pitch falls, the border
of an accent phrase becomes ``UNK`` (the official symbol list has no ``#``).
"""

from __future__ import annotations

import re

from voice.errors import DependencyError

_MARK = re.compile(r"([!?…,.\-「]+)")
_PHONEME = re.compile(r"-(.*?)\+")
_A = re.compile(r"/A:([0-9\-]+)\+(\d+|xx)\+(\d+|xx)/")
_F1 = re.compile(r"/F:(\d+|xx)_")
_BORDER = "UNK"


def phonemes(text: str) -> list[str]:
    """Symbols of a normalised text (marks are ASCII or ``…``).

    Raises:
        DependencyError: pyopenjtalk-plus is missing.
    """
    out: list[str] = []
    for piece in _MARK.split(text):
        if not piece.strip():
            continue
        if _MARK.fullmatch(piece):
            out.append(_BORDER if piece[0] == "「" else piece[0])
        else:
            out += _clause(piece)
    return out


def _labels(text: str) -> list[str]:
    try:
        import pyopenjtalk
    except ImportError as error:
        raise DependencyError(
            "Japanese text needs the package pyopenjtalk-plus", "Install requirements.txt."
        ) from error
    features = pyopenjtalk.run_frontend(text.lstrip("ー"))
    spoken = any(f["mora_size"] > 0 for f in features)
    return pyopenjtalk.make_label(features) if spoken else []


def _clause(text: str) -> list[str]:
    """Phonemes and pitch marks of one clause without punctuation."""
    labels = _labels(text)
    out: list[str] = []
    for i, label in enumerate(labels):
        found = _PHONEME.search(label)
        phoneme = found[1] if found else "sil"
        if phoneme == "sil":
            continue
        if phoneme == "pau":
            out.append(",")
            continue
        out.append(phoneme.lower() if phoneme in "AEIOU" else phoneme)
        out += _mark_after(label, labels[i + 1] if i + 1 < len(labels) else "")
    return _without_edges(out)


def _mark_after(label: str, following: str) -> list[str]:
    """The pitch mark between a phoneme and the next, from mora positions in the accent phrase."""
    here, then, moras = _A.search(label), _A.search(following), _F1.search(label)
    if not (here and then and moras) or "xx" in (here[2], here[3], moras[1]):
        return []
    distance, position, left = int(here[1]), int(here[2]), int(here[3])
    next_position = 0 if then[2] == "xx" else int(then[2])
    found = _PHONEME.search(label)
    ends_mora = found is not None and found[1] in (*"aeiouAEIOUN", "cl")
    if left == 1 and next_position == 1 and ends_mora:
        return [_BORDER]
    if distance == 0 and next_position == position + 1 and position != int(moras[1]):
        return ["]"]
    if position == 1 and next_position == 2:
        return ["["]
    return []


def _without_edges(symbols: list[str]) -> list[str]:
    while symbols and symbols[-1] in (",", _BORDER):
        symbols.pop()
    while symbols and symbols[0] in (",", _BORDER):
        symbols.pop(0)
    return symbols
