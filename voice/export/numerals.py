"""How Japanese numbers sound before each counter, asked of Open JTalk itself.

Open JTalk joins numbers and counters by several thousand lines of rules (三百, 六分, 二十日). A
bundle has their outcome instead: for each counter of the dictionary, the accent phrases behind
the last digit that is no zero, those of 11 to 19, and those of a digit behind tens.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from voice.errors import DependencyError

ALONE = 9999
"""The largest number without a counter that is listed."""
_PLACES = range(5)
_FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")
_USUAL = "円"
"""A counter before which no digit changes: what stands before the last digit is asked with it."""
_UNCERTAIN = ("何", "数")
_MORE = ("万", "億", "兆")
Phrases = list[tuple[str, int]]
"""Pronunciation in kana and the mora behind which the pitch falls (0: none) of each phrase."""


def number_file(counters: Iterable[str]) -> dict[str, Any]:
    """Tables for JSON, phrases written ``kana/fall kana/fall``.

    Args:
        counters: spellings of the dictionary's counters.

    Returns:
        ``alone``: number to phrases; ``heads``: number without its last digit that is no zero to
        the phrases before that digit's; ``counters``: counter to its table by digit times place,
        and, where that differs, by number below 20, and as ``x4`` behind tens; 何 and 数 too;
        ``fractions``: denominator to ``kana`` with の; ``first``: the first day of a month.
    """
    alone = {n: found for n in range(ALONE + 1) if (found := _asked(n, ""))}
    heads = {n: found[:-1] for n in range(0, ALONE + 1, 10)
             if n and (found := _asked(n + _below(n), _USUAL))}
    tables = {c: table for c in dict.fromkeys((*counters, *_MORE)) if (table := _table(c, heads))}
    return {
        "alone": _written(alone), "heads": _written(heads),
        "counters": {c: _written(table) for c, table in tables.items()}, "fractions": _fractions(),
        "first": _spelled(_phrases("５月１日")[-1:]),
    }


def tail(number: int) -> int:
    """The last digit that is no zero, times its place: 320 has 20."""
    place = 1
    while number and number // place % 10 == 0:
        place *= 10
    return number // place % 10 * place


def _below(number: int) -> int:
    """A digit for the place below the last one of a number: 1 for 20, 10 for 300."""
    place = 1
    while number // place % 10 == 0:
        place *= 10
    return place // 10


def _table(counter: str, heads: dict[int, Phrases]) -> dict[str, Phrases]:
    last = {digit * 10**place: found for place in _PLACES for digit in range(1, 10)
            if (found := _asked(digit * 10**place, counter))}
    if zero := _asked(0, counter):
        last[0] = zero
    out = {str(n): phrases for n, phrases in last.items()}
    out |= {word: found for word in _UNCERTAIN
            if (found := _phrases(word + counter, (word, counter)))}
    for number in (*range(11, 20), *range(21, 30)):
        whole, rest = _asked(number, counter), number % 10
        if not whole or rest not in last or whole == heads[number - rest] + last[rest]:
            continue
        if number < 20:
            out[str(number)] = whole
        elif whole[:1] == heads[20]:
            out[f"x{rest}"] = whole[1:]
    return out


def _fractions() -> dict[str, str]:
    found = {}
    for number in (*range(2, 11), *range(20, 100, 10), 100, 1000, 10000):
        whole = _asked(number, "分", "の一")
        if len(whole) == 1 and whole[0][0].endswith("イチ"):
            found[str(number)] = whole[0][0].removesuffix("イチ")
    return found


def _written(table: Mapping[Any, Phrases]) -> dict[str, str]:
    return {str(n): _spelled(phrases) for n, phrases in table.items()}


def _spelled(phrases: Phrases) -> str:
    return " ".join(f"{kana}/{fall}" for kana, fall in phrases)


def _asked(number: int, counter: str, more: str = "") -> Phrases:
    """Phrases of a number with its counter; none where the dictionary cuts it otherwise."""
    digits = str(number).translate(_FULL_WIDTH)
    spelled = [*digits, *([counter] if counter else [])]
    return _phrases(digits + counter + more, spelled)


def _phrases(text: str, spelled: Sequence[str] = ()) -> Phrases:
    """Phrases of a text, none unless its words begin with those given."""
    try:
        import pyopenjtalk
    except ImportError as error:
        raise DependencyError("Japanese data needs the package pyopenjtalk-plus",
                              "Install requirements.txt.") from error
    words = pyopenjtalk.run_mecab(text)
    if [w.split(",", 1)[0] for w in words[:len(spelled)]] != [*spelled]:
        return []
    out: Phrases = []
    for part in pyopenjtalk.run_njd_from_mecab(words, restore_unknown_katakana=True):
        kana = part["pron"].replace("’", "")
        if part["chain_flag"] == 1 and out:
            out[-1] = (out[-1][0] + kana, out[-1][1])
        else:
            out.append((kana, part["acc"]))
    return out
