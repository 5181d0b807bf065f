"""Characters made plain before anything is read: compatibility forms, quotes, invisible marks."""

from __future__ import annotations

import re
import unicodedata

_TABLE = {
    **dict.fromkeys("‘’‛ʼʻ´`′＇", "'"),
    **dict.fromkeys("“”„‟«»″〝〞〟＂", '"'),
    **dict.fromkeys("‐‑‒−﹣－", "-"),
    **dict.fromkeys("―⸺⸻─━", "—"),
    **dict.fromkeys("⁄∕", "/"),
    **dict.fromkeys("⋯︙⋮", "…"),
    **dict.fromkeys("\u2028\u2029\x0b\x0c\x85\r", "\n"),
    "\t": " ",
    "㎡": "m²", "㎥": "m³", "㎢": "km²", "㎠": "cm²", "㎤": "cm³", "㎧": "m/s",
}
_TRANSLATE = str.maketrans({ord(k): v for k, v in _TABLE.items()})
_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn"))
SQUARES = "²³"
_KEEP_FORM = frozenset("…℃℉™®©" + SQUARES)
_POWER = re.compile("(?<=[0-9A-Za-z)])[⁰¹²³⁴-⁹⁺⁻]+")
_CIRCLED = re.compile("[①-⑳❶-❿➀-➓]")


def clean(text: str) -> str:
    """Compatibility forms folded (NFKC), quotes and dashes unified, invisible marks removed.

    ``…``, squares and degree signs keep their form, so that they can be spoken; other powers
    become ``^4``; vulgar fractions become ``1/2`` with a space before; circled numbers are items
    of a list.
    """
    text = re.sub(r"\r\n?", "\n", text).translate(_TRANSLATE)
    text = _POWER.sub(_power, text)
    text = _CIRCLED.sub(lambda m: f" {unicodedata.numeric(m[0]):.0f}, ", text)
    visible = "".join(
        ch for ch in text if ch in "\n " or unicodedata.category(ch) not in _INVISIBLE
    )
    folded = "".join(map(_fold, unicodedata.normalize("NFC", visible)))
    folded = unicodedata.normalize("NFC", folded).translate(_TRANSLATE)
    return re.sub(r"[^\S\n]+", " ", folded)


def _fold(ch: str) -> str:
    if ch in _KEEP_FORM:
        return ch
    folded = unicodedata.normalize("NFKC", ch)
    if "⁄" in folded:
        return " " + folded.replace("⁄", "/")
    return folded


def _power(match: re.Match[str]) -> str:
    raised = match[0]
    return raised if raised in tuple(SQUARES) else "^" + unicodedata.normalize("NFKC", raised)


def is_letter(ch: str) -> bool:
    """Whether a character stands for a sound or a number in some language.

    Emoji, arrows, mathematical and decorative signs do not: they are passed over in silence.
    Marks on a letter (accents, vowel signs) count with their letter; ² and ³ are signs of units.
    """
    return ch not in SQUARES and unicodedata.category(ch)[0] in "LN"
