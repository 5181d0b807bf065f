"""English to ARPAbet with stress: CMU dictionary, homographs by context, a model for the rest."""

from __future__ import annotations

import functools
import gzip
import re
from collections.abc import Mapping
from pathlib import Path

from voice.text.g2p import en_model, homographs

_TOKEN = re.compile(
    r"[a-z]+(?:-[a-z]+)+|[a-z]+(?:'[a-z]+)*'?|[!?…,.\-]|[\ue000-\uf8ff]", re.IGNORECASE
)
_VOICELESS = frozenset(("P", "T", "K", "F", "TH"))
_SIBILANT = frozenset(("S", "Z", "SH", "ZH", "CH", "JH"))
_VOWELS = frozenset("aeiouy")
LETTERS = {
    "a": "EY1", "b": "B IY1", "c": "S IY1", "d": "D IY1", "e": "IY1", "f": "EH1 F", "g": "JH IY1",
    "h": "EY1 CH", "i": "AY1", "j": "JH EY1", "k": "K EY1", "l": "EH1 L", "m": "EH1 M",
    "n": "EH1 N", "o": "OW1", "p": "P IY1", "q": "K Y UW1", "r": "AA1 R", "s": "EH1 S",
    "t": "T IY1", "u": "Y UW1", "v": "V IY1", "w": "D AH1 B AH0 L Y UW0", "x": "EH1 K S",
    "y": "W AY1", "z": "Z IY1",
}


@functools.cache
def dictionary() -> dict[str, str]:
    """Word to symbols, first pronunciation; ``word(2)`` and so on are the others."""
    path = Path(__file__).parent.parent / "data" / "cmudict.gz"
    lines = gzip.decompress(path.read_bytes()).decode("utf8").splitlines()
    return dict(line.split(" ", 1) for line in lines) | homographs.extra()


def phonemes(text: str, overrides: Mapping[str, tuple[str, ...]] | None = None) -> list[str]:
    """Symbols of a normalised text.

    Args:
        text: words, apostrophes and the marks ``! ? … , . -``.
        overrides: symbols of placeholder characters, given by the user.
    """
    tokens = _tokens(text)
    out: list[str] = []
    for i, token in enumerate(tokens):
        if overrides and token in overrides:
            out += overrides[token]
        elif token in ("A", "a"):
            out += ["EY1"] if _is_letter(tokens, i) else ["AH0"]
        elif token[0].isalpha():
            out += homographs.choose(tokens, i) or word(token)
        else:
            out.append(token)
    return out


_TENS = frozenset("twenty thirty forty fifty sixty seventy eighty ninety".split())


def _tokens(text: str) -> list[str]:
    """Words and marks; compounds of the dictionary (well-known, twenty-four) are one word."""
    out: list[str] = []
    for match in _TOKEN.finditer(text):
        token = match[0]
        if "-" in token and len(token) > 1 and not is_compound(token):
            out += token.split("-")
        elif out and out[-1].lower() in _TENS and is_compound(f"{out[-1]}-{token}"):
            out[-1] += f"-{token}"
        else:
            out.append(token)
    return out


def is_compound(text: str) -> bool:
    """Whether the dictionary has a word with a hyphen as one."""
    return "-" in text and text.lower() in dictionary()


_AFTER_LETTER = frozenset("is was and or as has stands means".split())
_BEFORE_LETTER = frozenset(
    "plan vitamin grade type group option class section part hepatitis team point size level "
    "appendix series letter".split()
)


def _is_letter(tokens: list[str], at: int) -> bool:
    """Whether ``A`` is the letter's name rather than the article."""
    if tokens[at] == "a":
        return False
    before = tokens[at - 1] if at else "."
    after = tokens[at + 1] if at + 1 < len(tokens) else "."
    if not after[0].isalpha() or len(after) == 1 or after.lower() in _AFTER_LETTER:
        return True
    return before[0].isalpha() and (len(before) == 1 or before.lower() in _BEFORE_LETTER)


def word(text: str) -> list[str]:
    """Symbols of one word; never empty."""
    if len(text) == 1:
        return LETTERS[text.lower()].split()
    return list(_word(text.lower()))


@functools.lru_cache(65536)
def _word(text: str) -> tuple[str, ...]:
    known = dictionary().get(text)
    if known:
        return tuple(known.split())
    if text.endswith("'s"):
        return (*_word_or_letter(text[:-2]), *_plural(_word_or_letter(text[:-2])))
    if text.endswith("'"):
        return _word_or_letter(text[:-1])
    if "'" in text:
        return tuple(s for part in text.split("'") if part for s in _word_or_letter(part))
    if not _VOWELS & set(text):
        return _spelled(text)
    return _derived(text) or _compound(text) or en_model.predict(text) or _spelled(text)


def _word_or_letter(text: str) -> tuple[str, ...]:
    return _spelled(text) if len(text) == 1 else _word(text)


def _spelled(text: str) -> tuple[str, ...]:
    return tuple(s for c in text for s in LETTERS[c].split())


def _plural(stem: tuple[str, ...]) -> tuple[str, ...]:
    if stem[-1] in _SIBILANT:
        return ("IH0", "Z")
    return ("S",) if stem[-1] in _VOICELESS else ("Z",)


def _derived(text: str) -> tuple[str, ...]:
    """Plurals and -ed of dictionary words."""
    words = dictionary()
    if text.endswith("s") and not text.endswith("ss"):
        for stem in (text[:-1], text[:-2] if text.endswith("es") else ""):
            if len(stem) > 2 and stem in words:
                symbols = tuple(words[stem].split())
                return (*symbols, *_plural(symbols))
    return ()


def _compound(text: str) -> tuple[str, ...]:
    """Two dictionary words written as one (both of four letters or more)."""
    words = dictionary()
    for cut in range(len(text) - 4, 3, -1):
        left, right = words.get(text[:cut]), words.get(text[cut:])
        if left and right:
            return (*left.split(), *re.sub("1", "2", right).split())
    return ()
