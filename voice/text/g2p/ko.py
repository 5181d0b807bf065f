"""Korean to the jamo symbols of the official models, by the rules of standard pronunciation.

The rules are those of the Standard Pronunciation of Korean (표준 발음법, articles 5 to 29); words
of the tagger mecab-ko tell verb stems and endings apart, which sound differently from nouns.
Diphthongs are two symbols (ㅘ is ㅗ ㅏ), a space is 空.

Syllables are triples of indices: onset (19), vowel (21), coda (28, 0 for none), in Unicode's order.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voice.errors import DependencyError
from voice.text.g2p import ko_rules as rules

_FIRST, _LAST = 0xAC00, 0xD7A3
_VOWELS = (
    "ㅏ ㅐ ㅣㅏ ㅣㅐ ㅓ ㅔ ㅣㅓ ㅣㅔ ㅗ ㅗㅏ ㅗㅐ ㅗㅣ ㅣㅗ ㅜ ㅜㅓ ㅜㅔ ㅜㅣ ㅣㅜ ㅡ ㅡㅣ ㅣ"
).split()
_MARKS = frozenset("!?…,.-")
_ENDINGS = re.compile("[가-힣](?=걸|게|수록|세라|지라도|지언정|진대)")
_LONGEST_WORD = 4
SPACE = "空"


@dataclass
class Syllable:
    """One syllable whose sounds the rules change in place.

    Attributes:
        onset, vowel, coda: see the module; letters, not indices, an empty coda is ``""``.
        tag: ``stem`` at the end of a verb stem, ``modifier`` at the end of a form such as 할.
    """

    onset: str
    vowel: int
    coda: str
    tag: str = ""


@functools.cache
def _tagger() -> Any:
    try:
        import mecab
    except ImportError as error:
        raise DependencyError(
            "Korean text needs the package python-mecab-ko", "Install requirements.txt."
        ) from error
    return mecab.MeCab()


@functools.cache
def _words() -> dict[str, str]:
    """Words that are not spoken as the rules have it, with as many syllables as they have."""
    path = Path(__file__).parent.parent / "data" / "ko_words.json"
    return json.loads(path.read_text("utf8"))


def phonemes(text: str) -> list[str]:
    """Symbols of a normalised text: Hangul, single spaces and marks.

    Raises:
        DependencyError: python-mecab-ko is missing.
    """
    units = _units(text)
    for i, unit in enumerate(units):
        if isinstance(unit, Syllable):
            gap = i + 1 < len(units) and units[i + 1] == " "
            at = i + 1 + gap
            following = units[at] if at < len(units) else ""
            rules.meet(unit, following if isinstance(following, Syllable) else None, gap)
    return [symbol for unit in units for symbol in _symbols(unit)]


def _units(text: str) -> list[Syllable | str]:
    """Syllables, spaces, marks and single letters; what has no sound is left out."""
    text, tags = _tagged(text)
    out: list[Syllable | str] = []
    for i, ch in enumerate(text):
        if _FIRST <= ord(ch) <= _LAST:
            code = ord(ch) - _FIRST
            onset = rules.ONSETS[code // 588]
            out.append(Syllable(onset, code // 28 % 21, rules.CODAS[code % 28], tags.get(i, "")))
        elif ch == " " or ch in _MARKS or "ㄱ" <= ch <= "ㅣ":
            out.append(ch)
    return out


def _tagged(text: str) -> tuple[str, dict[int, str]]:
    """The text with irregular words as they sound, and what ends stems and forms, by index."""
    tags: dict[int, str] = {}
    starts, ends = set[int](), set[int]()
    at = 0
    for word, tag in _tagger().pos(text):
        found = text.find(word, at)
        if found < 0:
            continue
        at = found + len(word)
        starts.add(found)
        ends.add(at)
        last = tag.rsplit("+", 1)[-1]
        if last[0] == "V":
            tags[at - 1] = "stem"
        elif last[0] == "E":
            tags[at - 1] = "modifier"
            for ending in _ENDINGS.finditer(word):
                tags[found + ending.start()] = "modifier"
    return _respelled(text, starts, ends), tags


def _respelled(text: str, starts: set[int], ends: set[int]) -> str:
    """Irregular words replaced where they are whole words or rows of them."""
    out = list(text)
    words = _words()
    for start in sorted(starts):
        for end in range(min(len(text), start + _LONGEST_WORD), start + 1, -1):
            spoken = words.get(text[start:end]) if end in ends else None
            if spoken:
                out[start:end] = spoken
                break
    return "".join(out)


def _symbols(unit: Syllable | str) -> list[str]:
    if isinstance(unit, Syllable):
        return [*unit.onset, *_VOWELS[unit.vowel], *unit.coda]
    if unit == " ":
        return [SPACE]
    return [c for c in rules.LETTERS.get(unit, unit)]


def ends_open(symbols: list[str]) -> bool:
    """Whether a text's last symbol is a sound: the official models want a full stop behind it."""
    return bool(symbols) and re.fullmatch("[ㄱ-ㅣ]", symbols[-1]) is not None


def has_sound(ch: str) -> bool:
    """Whether a character is a syllable or a letter of modern Hangul."""
    return _FIRST <= ord(ch) <= _LAST or "ㄱ" <= ch <= "ㅣ"
