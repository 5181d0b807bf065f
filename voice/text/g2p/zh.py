"""Mandarin to phonemes: jieba words, phrase dictionary readings, tone sandhi, erhua.

Readings come from pypinyin's phrase dictionaries unless another provider is passed (for example
g2pW, :class:`voice.text.g2p.g2pw.G2pw`). One initial and one final + tone for each character.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from voice.text.g2p import pinyin, sandhi
from voice.text.g2p.zh_words import pypinyin, tagger

Readings = Callable[[str], Sequence[str]]
"""Sentence piece to one pinyin syllable (``zhong4``) a character; marks give themselves."""

MARKS = "!?…,.-"
_PIECE = re.compile(rf"[^{re.escape(MARKS)}]*[{re.escape(MARKS)}]|[^{re.escape(MARKS)}]+")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff〇]")


@dataclass
class Result:
    """Symbols, with the number of symbols of each character of the text."""

    symbols: list[str] = field(default_factory=list)
    word_lengths: list[int] = field(default_factory=list)


def words_of(text: str) -> list[tuple[str, str]]:
    """(word, part-of-speech tag) of a text of Han characters."""
    return [(w.word, w.flag) for w in tagger().lcut(text)]


def parts_of(word: str) -> list[str]:
    """The shorter words that a word is made of, and itself."""
    words_of("")
    import jieba

    return list(jieba.dt.cut_for_search(word))


def phrase_readings(words: Sequence[str]) -> list[list[str]]:
    """Readings of each word from the phrase dictionaries, one a character."""
    package = pypinyin()
    return [
        package.lazy_pinyin(w, style=package.Style.TONE3, neutral_tone_with_five=True, v_to_u=False)
        for w in words
    ]


def phonemes(
    text: str, readings: Readings | None = None, overrides: dict[int, str] | None = None
) -> Result:
    """Symbols of a normalised text: Han characters and marks only.

    Args:
        text: see :mod:`voice.text.normalize.zh`.
        readings: provider of polyphone readings for a sentence piece; phrase dictionaries if None.
        overrides: reading by character index, given by the user.
    """
    out = Result()
    overrides = overrides or {}
    for match in _PIECE.finditer(text):
        fixed = {i - match.start(): r for i, r in overrides.items()
                 if match.start() <= i < match.end()}
        _piece(match[0], readings, fixed, out)
    return out


def _piece(piece: str, readings: Readings | None, fixed: dict[int, str], out: Result) -> None:
    body = piece.rstrip(MARKS)
    tagged = words_of(body) if body else []
    texts = [word for word, _ in tagged]
    given = phrase_readings(texts)
    if readings:
        given = _corrected(list(readings(piece)), texts, given)
    else:
        given = _own(tagged, given)
    chosen = {**({} if readings else _by_pattern(body)), **fixed}
    syllables = [
        _syllable(ch, chosen.get(i, reading))
        for i, (ch, reading) in enumerate(zip(body, (r for g in given for r in g), strict=True))
    ]
    words, at = [], 0
    for text, tag in tagged:
        tones = [tone for _, _, tone in syllables[at : at + len(text)]]
        words.append(sandhi.Word(text, tag, tones))
        at += len(text)
    spoken = sandhi.apply(words, parts_of)
    for i, ((initial, final, own), tone) in enumerate(zip(syllables, spoken, strict=True)):
        out.symbols += pinyin.symbols_of(initial, final, own if i in fixed else tone)
        out.word_lengths.append(2)
    for mark in piece[len(body) :]:
        out.symbols.append(mark)
        out.word_lengths.append(1)


@functools.cache
def _rules() -> tuple[dict[str, str], dict[str, str], list[tuple[re.Pattern[str], str]]]:
    """Readings by tag, of characters alone, and by what stands beside."""
    path = Path(__file__).parent.parent / "data" / "zh_readings.json"
    data = json.loads(path.read_text("utf8"))
    patterns = [(re.compile(pattern), reading) for pattern, reading in data["patterns"]]
    return data["tagged"], data["single"], patterns


def _own(tagged: list[tuple[str, str]], given: list[list[str]]) -> list[list[str]]:
    """Readings of words of one character where the dictionary's first one is seldom meant."""
    by_tag, single, _ = _rules()
    return [
        [by_tag.get(f"{word}/{tag[:1]}") or single.get(word) or own[0]] if len(word) == 1 else own
        for (word, tag), own in zip(tagged, given, strict=True)
    ]


def _by_pattern(body: str) -> dict[int, str]:
    """Readings of characters by their neighbours."""
    out: dict[int, str] = {}
    for pattern, reading in _rules()[2]:
        for match in pattern.finditer(body):
            out[match.start(match.lastindex or 0)] = reading
    return out


def _corrected(
    flat: list[str], words: Sequence[str], phrases: list[list[str]]
) -> list[list[str]]:
    """A provider's readings, with words of the phrase dictionary as the dictionary has them."""
    known = pypinyin().constants.PHRASES_DICT
    groups, at = [], 0
    for word, phrase in zip(words, phrases, strict=True):
        own = flat[at : at + len(word)]
        groups.append(phrase if len(word) > 1 and word in known else own)
        at += len(word)
    return groups


def _syllable(character: str, reading: str) -> tuple[str, str, int]:
    found = pinyin.split_syllable(reading)
    if found is None:
        single = phrase_readings([character])[0]
        found = pinyin.split_syllable(single[0]) if single else None
    return found or ("EE", "en", 5)


def has_reading(character: str) -> bool:
    """Whether the dictionary knows a sound of a Han character."""
    return ord(character) in pypinyin().constants.PINYIN_DICT
