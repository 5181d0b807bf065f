"""Long texts in pieces that a model speaks well, by the estimated duration of each.

``auto`` cuts at sentence ends, then clause ends, then between words; joined, its pieces are the
text exactly. ``cut0`` to ``cut5`` are the methods of GPT-SoVITS (:mod:`voice.text.cuts`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from voice.errors import OptionError
from voice.text import cuts
from voice.text.language import SCRIPTS

METHODS = ("auto", *cuts.METHODS)
_CLOSERS = "\"'”’」』）)】》]}"
_ABBREVIATION = re.compile(
    r"(?:\b(?:Dr|Mr|Mrs|Ms|Prof|Rev|Gen|Col|Capt|Lt|Sgt|Sen|Rep|Gov|St|Mt|No|Nos|Fig|Vol|vs|cf|"
    r"approx|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec|Jr|Sr|e\.g|i\.e|p|pp)|\b[A-Z])\.$"
)
_STOP = re.compile(
    rf"[。！？!?…]+[。！？!?….]*[{re.escape(_CLOSERS)}]*\s*|"
    rf"\.+[{re.escape(_CLOSERS)}]*(?=\s|$)\s*|\n\s*"
)
_PAUSE = re.compile(
    rf"[，、；：—]+[{re.escape(_CLOSERS)}]*\s*|[,;:][{re.escape(_CLOSERS)}]*\s+|\s[-–]+\s+"
)
_SPACE = re.compile(r"\s+")
_INLINE = re.compile(r"\{[^{}\n]*\}")

_CHARACTER_S = 0.068
_HAN_S = 0.22
_KANA_S = 0.13
_DIGIT_S = 0.3
_PAUSE_S = 0.2
_STOP_S = 0.4


def estimate_seconds(text: str) -> float:
    """About how long a text takes to speak at normal speed, in seconds."""
    text = _INLINE.sub(lambda m: m[0].partition(":")[0], text)
    total = 0.0
    for ch in text:
        if "a" <= ch <= "z" or "A" <= ch <= "Z":
            total += _CHARACTER_S
        elif SCRIPTS.han.match(ch) or SCRIPTS.hangul.match(ch):
            total += _HAN_S
        elif SCRIPTS.kana.match(ch):
            total += _KANA_S
        elif ch.isdigit() or ch in "%$€£¥":
            total += _DIGIT_S
        elif ch in "。！？!?…\n":
            total += _STOP_S
        elif ch in "，、；：,;:—.":
            total += _PAUSE_S
        elif ch.isalpha():
            total += _CHARACTER_S
    return total


def split(
    text: str,
    method: str = "auto",
    *,
    max_seconds: float = 10.0,
    first_seconds: float | None = None,
    language: str = "auto",
) -> list[str]:
    """Pieces of a text in order.

    Args:
        text: any text.
        method: ``auto``, or ``cut0`` to ``cut5``.
        max_seconds: estimated duration a piece may have (``auto`` only), 1 to 60.
        first_seconds: the same for the first piece, so that a stream starts early; a clause of up
            to twice that stays whole, since a cut within it is heard.
        language: decides the full stop that the ``cut`` methods add.

    Returns:
        Pieces with words in them; for ``auto`` ``"".join(pieces) == text`` (a text without words
        gives no piece).

    Raises:
        OptionError: an argument is out of its range.
    """
    if method not in METHODS:
        raise OptionError(f"split method {method!r} does not exist", f"Use {', '.join(METHODS)}.")
    for name, value in (("max_seconds", max_seconds), ("first_seconds", first_seconds)):
        if value is not None and not 0.5 <= value <= 60:
            raise OptionError(f"{name} is {value}", "It must be between 0.5 and 60.")
    if method != "auto":
        code = language if language != "auto" else _stop_language(text)
        return cuts.segments(text, method, code)
    pieces = list(_packed(text, max_seconds))
    if first_seconds is not None and pieces and estimate_seconds(pieces[0]) > first_seconds:
        first = next(_pieces(pieces[0], first_seconds, 0))
        clause = _LEVELS[1](_LEVELS[0](pieces[0])[0])[0]
        if len(first) < len(clause) and estimate_seconds(clause) <= 2 * first_seconds:
            first = clause
        rest = pieces[0][len(first) :]
        pieces[:1] = [first, rest] if rest else [first]
    return _with_words(pieces)


def _stop_language(text: str) -> str:
    return "zh" if SCRIPTS.han.search(text) or SCRIPTS.kana.search(text) else "en"


def _packed(text: str, most: float) -> Iterator[str]:
    """Pieces of at most ``most`` seconds; short sentences stay together up to half of it."""
    current, length = "", 0.0
    for piece in _pieces(text, most, 0):
        seconds = estimate_seconds(piece)
        ends_paragraph = current.endswith("\n\n")
        if current and (length + seconds > most or length > most / 2 or ends_paragraph):
            yield current
            current, length = "", 0.0
        current += piece
        length += seconds
    if current:
        yield current


def _at(marks: re.Pattern[str], text: str, abbreviations: bool = False) -> list[str]:
    """Parts of a text, each ending with a mark; never inside an inline pronunciation."""
    kept = [m.span() for m in _INLINE.finditer(text)]
    out, start = [], 0
    for match in marks.finditer(text):
        if any(a < match.start() < b for a, b in kept):
            continue
        if abbreviations and match[0].strip() == "." and _ABBREVIATION.search(
                text[max(0, match.start() - 8) : match.start() + 1]):
            continue
        out.append(text[start : match.end()])
        start = match.end()
    if start < len(text):
        out.append(text[start:])
    return out


def _tens(text: str) -> list[str]:
    """Ten characters at a time, not inside a word of Latin letters shorter than that."""
    kept = [m.span() for m in _INLINE.finditer(text)]
    out, start = [], 0
    for i in range(1, len(text)):
        latin = text[i - 1].isascii() and text[i].isascii()
        if i - start >= (40 if latin else 10) and not any(a < i < b for a, b in kept):
            out.append(text[start:i])
            start = i
    out.append(text[start:])
    return out


_LEVELS: tuple[Callable[[str], list[str]], ...] = (
    lambda text: _at(_STOP, text, abbreviations=True),
    lambda text: _at(_PAUSE, text),
    lambda text: _at(_SPACE, text),
    _tens,
)


def _pieces(text: str, most: float, level: int) -> Iterator[str]:
    """Sentences; where one is too long its clauses, then words, then parts, packed again."""
    for part in _LEVELS[level](text):
        if estimate_seconds(part) <= most or level + 1 == len(_LEVELS):
            yield part
            continue
        current, length = "", 0.0
        for smaller in _pieces(part, most, level + 1):
            seconds = estimate_seconds(smaller)
            if current and length + seconds > most:
                yield current
                current, length = "", 0.0
            current += smaller
            length += seconds
        if current:
            yield current


def _with_words(pieces: list[str]) -> list[str]:
    """Pieces without a word go with the one before, or after at the start."""
    out: list[str] = []
    head = ""
    for piece in pieces:
        if any(ch.isalnum() for ch in piece):
            out.append(head + piece)
            head = ""
        elif out:
            out[-1] += piece
        else:
            head += piece
    return out
