"""The dictionaries of jieba and pypinyin in little memory: arrays, searched by halving.

As Python's own objects jieba's 350,000 words, their beginnings and parts of speech take 130 MB, and
pypinyin's phrases 45, which is much beside a model on a small machine; so they take 8 and 5.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import io
import json
import logging
import sys
from array import array
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

from voice.errors import DependencyError

T = TypeVar("T")


class SortedWords:
    """Places of words in their order.

    Args:
        words: without repeats, in the order of their UTF-8 bytes, which is that of their
            characters.
    """

    def __init__(self, words: Iterable[bytes]) -> None:
        self._starts = array("I", [0])
        self._ranges: dict[str, tuple[int, int]] = {}
        text = bytearray()
        for place, word in enumerate(words):
            text += word
            self._starts.append(len(text))
            first = word[:4].decode("utf8", "ignore")[0]
            self._ranges[first] = self._ranges.get(first, (place, 0))[0], place + 1
        self._text = bytes(text)
        self._last = "", (-1, False)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __iter__(self) -> Iterator[str]:
        for start, end in zip(self._starts, self._starts[1:], strict=False):
            yield self._text[start:end].decode("utf8")

    def find(self, word: str) -> tuple[int, bool]:
        """Place of a word (-1: it is none), and whether a word begins with it."""
        if self._last[0] == word:  # asked for twice in a row: whether it is there, how often
            return self._last[1]
        key = word.encode("utf8", "surrogatepass")
        low, high = self._ranges.get(word[:1], (0, 0))
        end, text, starts = high, self._text, self._starts
        while low < high:
            middle = (low + high) // 2
            if text[starts[middle] : starts[middle + 1]] < key:
                low = middle + 1
            else:
                high = middle
        own = text[starts[low] : starts[low + 1]] if low < end else b""
        found = (low if own == key and key else -1), bool(key) and own.startswith(key)
        self._last = word, found
        return found


def _word(line: bytes) -> bytes:
    return line.split(b" ", 1)[0]


class Words:
    """How often each word occurs; 0 for what only begins words. What jieba calls ``FREQ``.

    Args:
        lines: of the dictionary: word, frequency, part of speech, UTF-8, spaces between; of a word
            that is there twice, the last counts.

    Attributes:
        total: of all frequencies.
    """

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._counts, self._tags = array("i"), bytearray()
        numbers: dict[bytes, int] = {}
        self.total = 0
        self._words = SortedWords(self._read(sorted(filter(None, map(bytes.strip, lines)),
                                                    key=_word), numbers))
        self._names = tuple(tag.decode("utf8") for tag in numbers)

    def _read(self, lines: Iterable[bytes], numbers: dict[bytes, int]) -> Iterator[bytes]:
        before = b""
        for line in lines:
            word, count, tag = line.split()
            self.total += int(count)
            if word == before:
                del self._counts[-1], self._tags[-1]
            self._counts.append(int(count))
            self._tags.append(numbers.setdefault(tag, len(numbers)))
            if word != before:
                yield word
            before = word

    def tag(self, word: str) -> str | None:
        """Part of speech of a word; None for others."""
        place = self._words.find(word)[0]
        return None if place < 0 else self._names[self._tags[place]]

    def get(self, word: str, other: T = None) -> int | T:
        """Its frequency, ``other`` where no word begins with it."""
        place, begins = self._words.find(word)
        return self._counts[place] if place >= 0 else 0 if begins else other

    def __getitem__(self, word: str) -> int:
        found = self.get(word)
        if found is None:
            raise KeyError(word)
        return found

    def __contains__(self, word: str) -> bool:
        return self._words.find(word)[1]

    def __len__(self) -> int:
        return len(self._counts)


class Tags:
    """Part of speech by word. What jieba calls ``word_tag_tab``."""

    def __init__(self, words: Words) -> None:
        self._words = words

    def get(self, word: str, other: T = None) -> str | T:
        """Part of speech of a word, or ``other``."""
        found = self._words.tag(word)
        return other if found is None else found

    def __contains__(self, word: str) -> bool:
        return self._words.tag(word) is not None

    def __getitem__(self, word: str) -> str:
        found = self._words.tag(word)
        if found is None:
            raise KeyError(word)
        return found


class Phrases:
    """Readings of phrases, one list a character. What pypinyin calls ``phrases_dict``.

    Args:
        readings: by phrase.
    """

    def __init__(self, readings: Mapping[str, list[list[str]]]) -> None:
        phrases = sorted(readings)
        self._words = SortedWords(phrase.encode("utf8") for phrase in phrases)
        self._starts, text = array("I", [0]), bytearray()
        for phrase in phrases:
            text += json.dumps(readings[phrase], ensure_ascii=False).encode("utf8")
            self._starts.append(len(text))
        self._text = bytes(text)
        self._own: dict[str, list[list[str]]] = {}

    def __getitem__(self, phrase: str) -> list[list[str]]:
        if phrase in self._own:
            return self._own[phrase]
        place = self._words.find(phrase)[0]
        if place < 0:
            raise KeyError(phrase)
        return json.loads(self._text[self._starts[place] : self._starts[place + 1]])

    def __setitem__(self, phrase: str, readings: list[list[str]]) -> None:
        self._own[phrase] = readings

    def update(self, readings: Mapping[str, list[list[str]]]) -> None:
        """Adds phrases, or other readings of them."""
        self._own.update(readings)

    def __contains__(self, phrase: str) -> bool:
        return phrase in self._own or self._words.find(phrase)[0] >= 0

    def __len__(self) -> int:
        return len(self._words) + sum(self._words.find(phrase)[0] < 0 for phrase in self._own)

    def __iter__(self) -> Iterator[str]:
        yield from self._words
        yield from (phrase for phrase in self._own if self._words.find(phrase)[0] < 0)

    def keys(self) -> Iterable[str]:
        """All phrases."""
        return iter(self)

    def copy(self) -> Phrases:
        """Itself, as nobody else has it."""
        return self

    def begins(self, text: str) -> bool:
        """Whether a phrase of the package begins with a text."""
        return self._words.find(text)[1]


class Beginnings:
    """All that phrases begin with. The set in pypinyin's ``PrefixSet``.

    Args:
        phrases: whose beginnings.
    """

    def __init__(self, phrases: Phrases) -> None:
        self._phrases, self._own = phrases, set[str]()

    def add(self, text: str) -> None:
        """One more."""
        if not self._phrases.begins(text):
            self._own.add(text)

    def __contains__(self, text: str) -> bool:
        return text in self._own or self._phrases.begins(text)


@functools.cache
def tagger() -> Any:
    """jieba's tagger, its tables loaded here: quiet, and without a cache file.

    Raises:
        DependencyError: jieba is not installed.
    """
    # jieba would ask this package of setuptools where its files are; that is slow and warns users.
    kept = sys.modules.get("pkg_resources")
    sys.modules["pkg_resources"] = None  # pyright: ignore[reportArgumentType]
    try:
        import jieba
    except ImportError as error:
        raise DependencyError(
            "Chinese text needs the package jieba", "Install requirements.txt."
        ) from error
    finally:
        del sys.modules["pkg_resources"]
        if kept is not None:
            sys.modules["pkg_resources"] = kept
    jieba.setLogLevel(logging.WARNING)
    words = jieba.dt
    if not isinstance(words.FREQ, Words):
        with words.get_dict_file() as lines:
            own = Words(lines)
        words.FREQ = own  # pyright: ignore[reportAttributeAccessIssue]
        words.total, words.initialized = own.total, True
    words.get_dict_file = io.BytesIO  # the module's own tagger would read all parts of speech
    try:
        import jieba.posseg
    finally:
        del words.get_dict_file
    found = jieba.posseg.POSTokenizer.__new__(jieba.posseg.POSTokenizer)
    found.tokenizer = words
    found.word_tag_tab = Tags(words.FREQ)  # pyright: ignore[reportAttributeAccessIssue]
    return found


@functools.cache
def pypinyin() -> Any:
    """The package pypinyin, its phrases in little memory if nobody has imported it before.

    Raises:
        DependencyError: it is not installed.
    """
    name = "pypinyin"
    found = None if name in sys.modules else importlib.util.find_spec(name)
    file = Path(str(found and found.origin)).with_name("phrases_dict.json")
    phrases = None
    if file.is_file():
        phrases = Phrases(json.loads(file.read_text("utf8")))
        module = ModuleType(f"{name}.phrases_dict")
        module.phrases_dict = phrases  # pyright: ignore[reportAttributeAccessIssue]
        sys.modules[module.__name__] = module
    try:
        package = importlib.import_module(name)
        segments = importlib.import_module(f"{name}.seg.mmseg")
    except ImportError as error:
        raise DependencyError(
            "Chinese text needs the package pypinyin", "Install requirements.txt."
        ) from error
    if phrases is not None and hasattr(segments.p_set, "_set"):
        segments.p_set._set = Beginnings(phrases)
    return package
