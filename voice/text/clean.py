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
}
_TRANSLATE = str.maketrans({ord(k): v for k, v in _TABLE.items()})
_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co", "Cn"))
_KEEP_FORM = frozenset("…²³℃℉™®©")


def clean(text: str) -> str:
    """Compatibility forms folded (NFKC), quotes and dashes unified, invisible marks removed.

    ``…``, squares and degree signs keep their form, so that they can be spoken; vulgar fractions
    become ``1/2`` with a space before.
    """
    text = re.sub(r"\r\n?", "\n", text).translate(_TRANSLATE)
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


def is_letter(ch: str) -> bool:
    """Whether a character stands for a sound or a number in some language.

    Emoji, arrows, mathematical and decorative signs do not: they are passed over in silence.
    Marks on a letter (accents, vowel signs) count with their letter.
    """
    return unicodedata.category(ch)[0] in "LN"
