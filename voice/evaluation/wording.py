"""What was said against what was heard: text to comparable units, and their edit distance.

The unit is what a listener can tell apart: words in English, syllables without tones in Mandarin
(a recogniser writes homophones as it likes), kana in Japanese, characters in Korean and Cantonese.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

import numpy as np

NOT_ENGLISH_WORD = re.compile(r"[^a-z0-9']+")


def units(text: str, language: str) -> list[str]:
    """Cuts a text into the units that errors are counted in.

    Case, width variants and punctuation are dropped.

    Args:
        text: what should be said, or what was heard.
        language: ``en``, ``zh``, ``ja``, ``ko`` or ``yue``.

    Returns:
        The units in order; empty for a text of punctuation only.
    """
    text = unicodedata.normalize("NFKC", text).lower()
    if language == "en":
        return NOT_ENGLISH_WORD.sub(" ", text).split()
    if language == "zh":
        from pypinyin import lazy_pinyin

        return lazy_pinyin([character for character in text if character.isalnum()])
    if language == "ja":
        import pyopenjtalk

        text = str(pyopenjtalk.g2p(text, kana=True))
    return [character for character in text if character.isalnum()]


def edit_distance(wanted: Sequence[str], heard: Sequence[str]) -> int:
    """The fewest insertions, deletions and substitutions that turn one into the other."""
    row = np.arange(len(heard) + 1)
    for count, unit in enumerate(wanted, 1):
        substituted = row[:-1] + np.array([unit != other for other in heard], dtype=int)
        row[0], above = count, row[1:] + 1
        row[1:] = np.minimum(substituted, above)
        for column in range(1, len(row)):  # insertions depend on the cell to the left
            row[column] = min(row[column], row[column - 1] + 1)
    return int(row[-1])
