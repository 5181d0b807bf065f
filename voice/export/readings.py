"""How Japanese characters with several readings are read beside others, asked of Sudachi.

pyopenjtalk-plus has such characters, where they stand as words of their own, read by the analyser
Sudachi, whose dictionary is too large for a phone. A bundle has what Sudachi says of each between
the words that most often stand beside it, and between one word of each part of speech.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from voice.errors import DependencyError

BEFORE = ("", "の", "は", "が", "を", "に", "と", "も", "で", "て", "へ", "や", "から", "より", "この",
          "その", "どの", "ある", "同じ", "な", "した", "ない", "見る", "大きい", "大きな", "とても",
          "学生", "全", "1")
AFTER = ("", "の", "は", "が", "を", "に", "と", "も", "で", "へ", "や", "から", "より", "まで", "だけ",
         "だ", "です", "な", "する", "し", "か", "ない", "たい", "的", "さん", "者", "って", "見る",
         "大きい", "とても", "問題", "1")
WORDS = {
    "before": {"名詞": "学生", "数": "1", "動詞": "見る", "助動詞": "した", "形容詞": "大きい",
               "副詞": "とても", "連体詞": "この", "接頭詞": "全"},
    "after": {"名詞": "問題", "数": "1", "動詞": "見る", "形容詞": "大きい", "副詞": "とても",
              "接尾": "的", "助動詞": "です"},
}
"""What stands for other words, by their part of speech (or what follows it in the dictionary)."""
_COUNTING = "何"
"""Read by a model of its own."""


def reading_file() -> dict[str, Any]:
    """Tables for JSON.

    Returns:
        ``words``: see :data:`WORDS`; ``before`` and ``after``: words that stand for themselves;
        ``usual``: character to reading in katakana, and ``other``: character to ``before/after``
        to another reading (empty: the one of the dictionary stays).
    """
    try:
        import pyopenjtalk
        from pyopenjtalk.utils import sudachi_analyze
    except ImportError as error:
        raise DependencyError("Japanese data needs the package pyopenjtalk-plus",
                              "Install requirements.txt.") from error
    characters = sorted({*pyopenjtalk.MULTI_READ_KANJI_LIST} - {_COUNTING})
    usual: dict[str, str] = {}
    other: dict[str, dict[str, str]] = {}
    for ch in characters:
        found = {f"{before}/{after}": _reading(sudachi_analyze(before + ch + after, frozenset(ch)))
                 for before in BEFORE for after in AFTER}
        usual[ch] = Counter(found.values()).most_common(1)[0][0]
        other[ch] = {place: own for place, own in found.items() if own != usual[ch]}
    return {"words": WORDS, "before": BEFORE, "after": AFTER, "usual": usual, "other": other}


def _reading(found: list[list[str]]) -> str:
    """The reading of the one character there is; none where Sudachi has it in a longer word."""
    if len(found) != 1 or found[0][0] == found[0][1]:
        return ""
    return found[0][1]
