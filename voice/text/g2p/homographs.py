"""English words with one spelling and two pronunciations, told apart by their neighbours."""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

_BEFORE_VERB = frozenset(
    "to will would can could shall should may might must do does did don't doesn't didn't won't "
    "can't couldn't wouldn't shouldn't not never i you we they who please let's let always often "
    "also i'll you'll we'll they'll he'll she'll it'll cannot help helped ll".split()
)
_BEFORE_NOUN = frozenset(
    "the a an this that these those my your his her its our their some any no every each another "
    "of in for with by from at on about into without under over new old first last next best big "
    "good great many few several more most all both such what whose is was are were be been very "
    "so too as than one two three four five six seven eight nine ten 's".split()
)
_DETERMINERS = frozenset(
    "the a an this that these those my your his her its our their it them him us me you up".split()
)
_PERFECT = frozenset("have has had was were been being be having is are i've you've we've they've "
                     "he's she's hadn't haven't hasn't".split())
_PAST = frozenset("yesterday ago last already once earlier previously".split())


@functools.cache
def _data() -> dict[str, Any]:
    path = Path(__file__).parent.parent / "data" / "en_homographs.json"
    return json.loads(path.read_text("utf8"))


def extra() -> dict[str, str]:
    """Pronunciations of words that the dictionary lacks or has wrongly."""
    return _data()["extra"]


def choose(tokens: Sequence[str], at: int) -> list[str]:
    """Symbols of the homograph ``tokens[at]`` in its context; empty where it is none."""
    word = tokens[at].lower()
    data = _data()
    if word in data["verb_or_noun"]:
        return data["verb_or_noun"][word][0 if _is_verb(tokens, at) else 1].split()
    rule = _RULES.get(word)
    return data[word][1 if rule(tokens, at) else 0].split() if rule else []


def _near(tokens: Sequence[str], at: int, offset: int) -> str:
    place = at + offset
    return tokens[place].lower() if 0 <= place < len(tokens) else ""


def _is_verb(tokens: Sequence[str], at: int) -> bool:
    before, after = _near(tokens, at, -1), _near(tokens, at, 1)
    word = tokens[at].lower()
    if before in _BEFORE_NOUN or before.endswith("'s") and before != "let's":
        return False
    if word in ("lives", "uses", "tears", "winds"):
        if before in ("he", "she", "it", "who", "that") or before[:1].isalpha() and after in (
            "in", "at", "on", "with", "near", "alone", "here", "there", "by",
        ):
            return True
        return word == "uses" and after in _DETERMINERS
    if before in _BEFORE_VERB:
        return not (before in ("i", "we", "you", "they") and word in ("content", "present"))
    if word in ("separate", "moderate", "appropriate", "deliberate", "elaborate", "perfect"):
        return not before[:1].isalpha() and after in _DETERMINERS
    if before in ("", ".", "!", "?", ",", "and", "or", "then", "but"):
        return after in _DETERMINERS
    if word in ("use", "house", "refuse", "produce", "increase"):
        return after in _DETERMINERS
    return False


def _live(tokens: Sequence[str], at: int) -> bool:
    before, after = _near(tokens, at, -1), _near(tokens, at, 1)
    if before in _BEFORE_NOUN - {"all", "both", "most", "many", "few", "who"} or before == "go":
        return True
    return after in ("music", "show", "shows", "concert", "stream", "broadcast", "audience", "tv")


def _read(tokens: Sequence[str], at: int) -> bool:
    before = _near(tokens, at, -1)
    clause = []
    for step in (-1, 1):
        place = at + step
        while 0 <= place < len(tokens) and tokens[place][0].isalpha():
            clause.append(tokens[place].lower())
            place += step
    if before in ("to", "will", "can", "could", "would", "should", "must", "may", "might", "do",
                  "does", "did", "didn't", "don't", "doesn't", "please", "i'll", "you'll", "let's"):
        return False
    near = {_near(tokens, at, -1), _near(tokens, at, -2)}
    return bool(near & _PERFECT or before in ("he", "she", "it") or _PAST & set(clause))


def _close(tokens: Sequence[str], at: int) -> bool:
    before, after = _near(tokens, at, -1), _near(tokens, at, 1)
    if after in ("to", "by", "friend", "friends", "enough", "call", "relationship", "attention"):
        return before not in ("must", "will", "please")
    if before in _BEFORE_VERB:
        return False
    return before in _BEFORE_NOUN - {"of", "in", "at", "for"} or before in ("get", "stay", "came")


def _lead(tokens: Sequence[str], at: int) -> bool:
    return _near(tokens, at, 1) in ("pipe", "pipes", "paint", "poisoning", "acid", "bullet",
                                    "bullets", "pencil", "ore", "free") or (
        _near(tokens, at, -1) in ("of", "heavy", "molten") and _near(tokens, at, -2) != "in")


def _bass(tokens: Sequence[str], at: int) -> bool:
    around = {_near(tokens, at, k) for k in (-3, -2, -1, 1, 2, 3)}
    return bool(around & {"sea", "fish", "fishing", "caught", "striped", "lake", "grilled"})


def _bow(tokens: Sequence[str], at: int) -> bool:
    around = {_near(tokens, at, k) for k in (-2, -1, 1, 2)}
    if around & {"arrow", "arrows", "tie", "ties", "violin", "hair", "ribbon", "cross"}:
        return True
    return _near(tokens, at, -1) in ("a", "the") and "take" not in around and "took" not in around


def _row(tokens: Sequence[str], at: int) -> bool:
    return _near(tokens, at, -1) in ("terrible", "furious", "blazing")


def _minute(tokens: Sequence[str], at: int) -> bool:
    return _near(tokens, at, 1) in ("detail", "details", "amount", "amounts", "quantities",
                                    "particles", "differences", "traces", "quantity")


def _polish(tokens: Sequence[str], at: int) -> bool:
    return tokens[at][0].isupper() and at > 0 and tokens[at - 1][0].isalpha()


_RULES = {
    "live": _live, "read": _read, "close": _close, "lead": _lead, "bass": _bass, "bow": _bow,
    "row": _row, "minute": _minute, "polish": _polish,
}
