"""Mandarin tone sandhi inside a sentence piece, on jieba words.

First words that are spoken as one are joined (不 and 一 with what follows, 儿 with what precedes,
repeated words, short neighbours in the third tone); then, word by word: 不, 一, neutral tones,
third tones. Tones are the digits 1 to 5 (5: neutral).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

_DIGITS = frozenset("零〇一二三四五六七八九十百千万亿两点幺")
_BEFORE_ONE = _DIGITS | {"第", "初"}
_AFTER_ONE = frozenset("零〇一二三四五六七八九点月号日楼级")
_AFTER_POINT = frozenset("零〇一二三四五六七八九")
_RANKS = ("等奖", "等功", "等舱", "年级")
_PARTICLES = frozenset("吧呢啊呐噻嘛吖嗨哦哒滴哩哟喽啰耶喔诶")
_DIRECTIONS = frozenset("来去")
_BEFORE_DIRECTION = frozenset("上下进出回过起开")
_COUNTING = frozenset("几有两半多各整每做是")

Split = Callable[[str], Sequence[str]]
"""Cuts a word into the shorter words it is made of."""


@dataclass
class Word:
    """A word whose syllables' tones the rules change in place.

    Attributes:
        text: Han characters.
        tag: jieba's part of speech.
        tones: one a character.
        at: place of its first character in the piece.
        joined: whether the last join was with the word before.
    """

    text: str
    tag: str
    tones: list[int]
    at: int = 0
    joined: bool = False


@functools.cache
def _lists() -> dict[str, frozenset[str]]:
    path = Path(__file__).parent.parent / "data" / "zh_neutral.json"
    return {k: frozenset(v) for k, v in json.loads(path.read_text("utf8")).items()}


def apply(words: Sequence[Word], split: Split) -> list[int]:
    """The tones of the characters of ``words`` (one sentence piece) as they are spoken."""
    joined = _join_numbers([Word(w.text, w.tag, list(w.tones)) for w in words])
    joined = _join(joined, _repeats)
    joined = _join(joined, _all_third)
    joined = _join(joined, _third_meets_third)
    joined = _join(joined, lambda left, right: right.text == "儿")
    before = ""
    for i, word in enumerate(joined):
        _bu(word)
        _yi(word, before, joined[i + 1].text[0] if i + 1 < len(joined) else "")
        _neutral(word)
        _third(word, split)
        _erhua(word)
        before = word.text[-1]
    return [tone for word in joined for tone in word.tones]


def _join_numbers(words: list[Word]) -> list[Word]:
    """不 and 一 go with the next word, and the word after with 看一看."""
    out: list[Word] = []
    carry: Word | None = None
    for i, own in enumerate(words):
        word = own
        if carry:
            word = Word(carry.text + own.text, own.tag, carry.tones + own.tones)
            carry = None
        after = words[i + 1] if i + 1 < len(words) else None
        again = out and after and out[-1].text == after.text and len(after.text) == 1
        if word.text == "一" and again:
            out[-1] = Word(out[-1].text + "一", "v", out[-1].tones + word.tones)
        elif out and out[-1].text[1:] == "一" and out[-1].text[0] == word.text:
            out[-1] = Word(out[-1].text + word.text, "v", out[-1].tones + word.tones)
        elif after and (word.text == "不" or word.text == "一" and after.text[0] not in _DIGITS):
            carry = word
        else:
            out.append(word)
    return out


def _join(words: list[Word], together: Callable[[Word, Word], bool]) -> list[Word]:
    out: list[Word] = []
    for word in words:
        if out and together(out[-1], word):
            left = out[-1]
            out[-1] = Word(left.text + word.text, left.tag, left.tones + word.tones, joined=True)
        else:
            out.append(Word(word.text, word.tag, word.tones))
    return out


def _repeats(left: Word, right: Word) -> bool:
    return left.text == right.text and not left.joined


def _short(left: Word, right: Word) -> bool:
    twice = len(left.text) == 2 and left.text[0] == left.text[1]
    return not left.joined and not twice and len(left.text) + len(right.text) <= 3


def _all_third(left: Word, right: Word) -> bool:
    return _short(left, right) and set(left.tones) == {3} == set(right.tones)


def _third_meets_third(left: Word, right: Word) -> bool:
    return _short(left, right) and left.tones[-1] == 3 == right.tones[0]


def _bu(word: Word) -> None:
    text, tones = word.text, word.tones
    if len(text) == 3 and text[1] == "不" and text[0] not in _DIGITS:
        tones[1] = 5
        return
    for i, ch in enumerate(text[:-1]):
        if ch == "不":
            tones[i] = 2 if tones[i + 1] == 4 else 4


def _yi(word: Word, before: str, after: str) -> None:
    text, tones = word.text, word.tones
    if text.startswith("一点") and (text[2:] + after)[:1] in _AFTER_POINT or (
            text == "一点" and before in _DIGITS):
        tones[0] = 1  # a decimal, or the end of a number
        return
    if all(ch in _DIGITS for ch in text) and text not in {"一百", "一千", "一万"}:
        return
    if len(text) == 3 and text[1] == "一" and text[0] == text[2]:
        tones[1] = 5
        return
    for i, ch in enumerate(text[:-1]):
        last = text[i - 1] if i else before
        if ch != "一":
            continue
        if last in _BEFORE_ONE or text[i + 1] in _AFTER_ONE or text.startswith(_RANKS, i + 1):
            tones[i] = 1
        else:
            tones[i] = 2 if tones[i + 1] == 4 else 4


def _neutral(word: Word) -> None:
    text, tones, tag = word.text, word.tones, word.tag or "x"
    lists = _lists()
    last = len(text) - 1
    _measure_ge(text, tones)
    if text in lists["not_neutral"]:
        return
    for i in range(1, len(text)):
        doubled = text[i] == text[i - 1] and tag[0] in "nva"
        if doubled and (len(text) == 2 or text[i - 1:i + 1] in lists["neutral"]):
            tones[i] = 5
    if text in lists["neutral"] or text[-2:] in lists["neutral"]:
        tones[last] = 5
    if text.endswith("儿") and text[:-1] in lists["neutral"]:
        tones[last - 1] = 5
    if len(text) == 4 and text[:2] in lists["neutral"]:
        tones[1] = 5
    if _light_ending(text, tag):
        tones[last] = 5


def _measure_ge(text: str, tones: list[int]) -> None:
    where = text.find("个")
    if text == "个" or where >= 1 and (text[where - 1] in _COUNTING or text[where - 1] in _DIGITS):
        tones[where] = 5


def _light_ending(text: str, tag: str) -> bool:
    """Whether the last character is a particle or suffix without a tone of its own."""
    end = text[-1]
    if end in _PARTICLES:
        return len(text) == 1 or tag[0] in "yue"
    if len(text) == 1:
        return end in "的地得" and tag[0] == "u" or end in "了着过" and tag in ("ul", "uz", "ug")
    if end in "们子":
        return tag[0] in "rn"
    if end in "上下":
        return tag in ("s", "l", "f")
    return end in _DIRECTIONS and text[-2] in _BEFORE_DIRECTION


def _third(word: Word, split: Split) -> None:
    """3 3 becomes 2 3, by the word's inner structure where it has three or four characters."""
    tones, size = word.tones, len(word.text)
    if size == 2 and tones == [3, 3]:
        tones[0] = 2
    elif size == 3:
        first = _first_part(word.text, split)
        if tones == [3, 3, 3]:
            tones[:2] = [2, 2] if first == 2 else [3, 2]
        elif first == 1 and tones[1:] == [3, 3]:
            tones[1] = 2
        elif first == 2 and tones[:2] == [3, 3]:
            tones[0] = 2
        elif first == 2 and tones[1:] == [3, 3]:
            return
        elif first == 1 and tones[:2] == [3, 3]:
            tones[0] = 2
    elif size == 4:
        for i in (0, 2):
            if tones[i:i + 2] == [3, 3]:
                tones[i] = 2


def _first_part(text: str, split: Split) -> int:
    """Length (1 or 2) of the first part of a word of three characters."""
    shortest = min(split(text), key=len)
    if text.startswith(shortest):
        return min(len(shortest), 2)
    return max(len(text) - len(shortest), 1)


def _erhua(word: Word) -> None:
    text = word.text
    if len(text) > 1 and text.endswith("儿") and text in _lists()["erhua"]:
        word.tones[-1] = word.tones[-2]
