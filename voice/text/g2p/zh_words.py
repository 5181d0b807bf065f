"""jieba's dictionary in little memory: one string of sorted words, searched by halving.

As dicts, its 350,000 words, their 150,000 beginnings and their parts of speech take 130 MB of
Python strings, which is much beside a model on a small machine; these arrays take 8 MB.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import TypeVar

T = TypeVar("T")


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
        self._starts, self._counts, self._tags = array("I", [0]), array("i"), bytearray()
        self._ranges: dict[str, tuple[int, int]] = {}
        numbers: dict[bytes, int] = {}
        words, before, self.total = bytearray(), b"", 0
        # Bytes of UTF-8 sort as their characters do.
        for line in sorted(filter(None, map(bytes.strip, lines)), key=_word):
            word, count, tag = line.split()
            self.total += int(count)
            if word == before:
                self._counts[-1] = int(count)
                self._tags[-1] = numbers.setdefault(tag, len(numbers))
                continue
            before, place, first = word, len(self._counts), word[:4].decode("utf8", "ignore")[0]
            words += word
            self._starts.append(len(words))
            self._counts.append(int(count))
            self._tags.append(numbers.setdefault(tag, len(numbers)))
            self._ranges[first] = self._ranges.get(first, (place, 0))[0], place + 1
        self._text = bytes(words)
        self._names = tuple(tag.decode("utf8") for tag in numbers)
        self._last = "", (-1, False)

    def _find(self, word: str) -> tuple[int, bool]:
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

    def tag(self, word: str) -> str | None:
        """Part of speech of a word; None for others."""
        place = self._find(word)[0]
        return None if place < 0 else self._names[self._tags[place]]

    def get(self, word: str, other: T = None) -> int | T:
        """Its frequency, ``other`` where no word begins with it."""
        place, begins = self._find(word)
        return self._counts[place] if place >= 0 else 0 if begins else other

    def __getitem__(self, word: str) -> int:
        found = self.get(word)
        if found is None:
            raise KeyError(word)
        return found

    def __contains__(self, word: str) -> bool:
        return self._find(word)[1]

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
