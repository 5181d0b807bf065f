"""How Japanese characters with several readings are read beside others, asked of Sudachi.

pyopenjtalk-plus has such characters, where they stand as words of their own, read by the analyser
Sudachi, whose dictionary is too large for a phone. A bundle has what Sudachi says of each between
the words that most often stand beside it, and between one word of each part of speech.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from voice.errors import DependencyError

_SIDES = "の は が を に と も で へ や から より ない という".split()
BEFORE = {
    **{word: word for word in (
        "", *_SIDES, "て", "この", "その", "どの", "ある", "同じ", "な", "大きな", "全", "した")},
    "た": "出た", "る": "固定せる", "だ": "読んだ", "れる": "される", "せる": "固定せる",
    "<名詞>": "学生", "<数>": "1", "<動詞>": "見る", "<助動詞>": "した", "<形容詞>": "大きい",
    "<副詞>": "とても", "<連体詞>": "この", "<接頭詞>": "全",
}
"""Words before, and parts of speech (or what follows these in the dictionary), with what stands
for them."""
AFTER = {
    **{word: word for word in (
        "", *_SIDES, "まで", "だけ", "だ", "です", "な", "する", "し", "か", "たい", "的", "的に",
        "的な", "さん", "者", "って")},
    "<名詞>": "問題", "<数>": "1", "<動詞>": "見る", "<形容詞>": "大きい", "<副詞>": "とても",
    "<接尾>": "的", "<助動詞>": "です",
}
"""The same behind; one may be two words together."""
_COUNTING = "何"
"""Read by a model of its own."""


def reading_file(tags: Iterable[str]) -> dict[str, Any]:
    """Tables for JSON.

    Args:
        tags: parts of speech and inflections of the dictionary, six fields with commas.

    Returns:
        ``before`` and ``after``: the words and parts of speech that are told apart; ``usual``:
        character to reading in katakana, and ``other``: character to ``before/after`` to another
        reading (empty: the one of the dictionary stays); ``nan``: tags of words before which 何 is
        ナン, each with the pronunciations for which it is not so; ``nani``: the same of those
        before which it is ナニ.
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
        found = {f"{one}/{two}": _reading(sudachi_analyze(before + ch + after, frozenset(ch)))
                 for one, before in BEFORE.items() for two, after in AFTER.items()}
        usual[ch] = Counter(found.values()).most_common(1)[0][0]
        other[ch] = {place: own for place, own in found.items() if own != usual[ch]}
    return {"before": [*BEFORE], "after": [*AFTER], "usual": usual, "other": other,
            **_what(tags)}


def _what(tags: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """How pyopenjtalk-plus's model reads 何 before each kind of word."""
    import onnx
    from pyopenjtalk.yomi_model import nani_predict

    encoder = onnx.load(Path(nani_predict.MODEL_DIR) / "nani_enc.onnx")
    columns = [{text.decode("utf8") for part in node.attribute for text in part.strings}
               for node in encoder.graph.node if node.op_type == "OneHotEncoder"]
    known = dict(zip(nani_predict.X_COLS, columns, strict=True))

    @functools.cache
    def nan(*values: str) -> bool:
        return bool(nani_predict.predict([cast(Any, dict(zip(known, values, strict=True)))]))

    out: dict[str, dict[str, list[str]]] = {"nan": {}, "nani": {}}
    for tag in tags:
        part, finer, finest, _, inflection, form = tag.split(",")
        found = {}
        for spoken in ("", *sorted(known["pron"])):
            values = (part, finer, finest, spoken, inflection, form)
            found[spoken] = nan(*(own if own in told else "" for own, told in
                                  zip(values, known.values(), strict=True)))
        others = [spoken.replace("’", "") for spoken, own in found.items() if own != found[""]]
        if found[""] or others:
            out["nan" if found[""] else "nani"][tag] = others
    return out


def _reading(found: list[list[str]]) -> str:
    """The reading of the one character there is; none where Sudachi has it in a longer word."""
    if len(found) != 1 or found[0][0] == found[0][1]:
        return ""
    return found[0][1]
