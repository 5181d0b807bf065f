"""The splitting methods cut0 to cut5 of GPT-SoVITS, with its preparation of the pieces.

cut0 leaves the text whole, cut1 takes four clauses at a time, cut2 about 50 characters, cut3 cuts
at Chinese full stops, cut4 at English ones, cut5 at every mark. Their habits are kept: cut1 joins
the last group to the one before, cut3 and cut4 lose the full stops they cut at.
"""

from __future__ import annotations

import re
from collections.abc import Callable

_ENDS = "，。？！,.?!~:：—…"
_LIGHT = frozenset("!?…,.- ")
_EVERY = frozenset(",.;?!、，。？！：…")
_LONGEST = 510
_SHORTEST = 5


def _clauses(text: str) -> list[str]:
    text = text.replace("……", "。").replace("——", "，")
    if text and text[-1] not in _ENDS:
        text += "。"
    return re.findall(f"[^{_ENDS}]*[{_ENDS}]", text)


def _without_marks(pieces: list[str], marks: frozenset[str] = _LIGHT) -> str:
    return "\n".join(p for p in pieces if not marks.issuperset(p))


def _cut0(text: str) -> str:
    return text if not _LIGHT.issuperset(text) else "/n"


def _cut1(text: str) -> str:
    text = text.strip("\n")
    clauses = _clauses(text)
    starts = list(range(0, len(clauses), 4))[:-1]
    if not starts:
        return _without_marks([text])
    ends = [*starts[1:], len(clauses)]
    return _without_marks(["".join(clauses[a:b]) for a, b in zip(starts, ends, strict=True)])


def _cut2(text: str) -> str:
    text = text.strip("\n")
    clauses = _clauses(text)
    if len(clauses) < 2:
        return text
    pieces, current = [], ""
    for clause in clauses:
        current += clause
        if len(current) > 50:
            pieces.append(current)
            current = ""
    if current:
        pieces.append(current)
    if len(pieces) > 1 and len(pieces[-1]) < 50:
        pieces[-2:] = [pieces[-2] + pieces[-1]]
    return _without_marks(pieces)


def _cut3(text: str) -> str:
    return _without_marks(text.strip("\n").strip("。").split("。"))


def _cut4(text: str) -> str:
    return _without_marks(re.split(r"(?<!\d)\.(?!\d)", text.strip("\n").strip(".")))


def _cut5(text: str) -> str:
    text = text.strip("\n")
    pieces, current = [], ""
    for i, ch in enumerate(text):
        current += ch
        inside = ch == "." and text[i - 1 : i].isdigit() and text[i + 1 : i + 2].isdigit()
        if ch in _EVERY and not inside:
            pieces.append(current)
            current = ""
    return _without_marks([*pieces, current], _EVERY)


METHODS: dict[str, Callable[[str], str]] = {
    "cut0": _cut0, "cut1": _cut1, "cut2": _cut2, "cut3": _cut3, "cut4": _cut4, "cut5": _cut5,
}


def cut(text: str, method: str) -> str:
    """The pieces of a text, joined by newlines, as the method alone makes them."""
    return METHODS[method](text)


def segments(text: str, method: str, language: str = "zh") -> list[str]:
    """The pieces of a text as they are spoken: short ones joined, each ended by a mark.

    Args:
        text: any text.
        method: ``cut0`` to ``cut5``.
        language: ``en`` puts English full stops, every other the Chinese one.
    """
    stop = "." if language == "en" else "。"
    text = re.sub(r"([!?…,.\-])[!?…,.\-]+", r"\1", text).strip("\n")
    if not text:
        return []
    if text[0] not in _ENDS and len(_first(text)) < 4:
        text = stop + text
    pieces = [p for p in cut(text, method).split("\n") if p.strip()]
    out: list[str] = []
    for piece in _merged(pieces):
        if not re.search(r"\w", piece):
            continue
        ended = piece if piece[-1] in _ENDS else piece + stop
        out += big(ended) if len(ended) > _LONGEST else [ended]
    return out


def _first(text: str) -> str:
    return re.split(f"[{_ENDS}]", text)[0].strip()


def _merged(pieces: list[str]) -> list[str]:
    out, current = [], ""
    for piece in pieces:
        current += piece
        if len(current) >= _SHORTEST:
            out.append(current)
            current = ""
    if current and out:
        out[-1] += current
    elif current:
        out.append(current)
    return out


def big(text: str) -> list[str]:
    """A text over 510 characters cut at marks into pieces of at most that many."""
    out, current = [], ""
    for part in re.split(f"([{_ENDS}])", text):
        if len(current + part) > _LONGEST and current:
            out.append(current)
            current = part
        else:
            current += part
    return [*out, current] if current else out
