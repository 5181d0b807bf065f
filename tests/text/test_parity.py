"""The rows of upstream's front-end: which agree symbol for symbol, and which do not and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from voice.text import cuts
from voice.text.frontend import phonemize
from voice.text.g2p import zh

DATA = Path(__file__).parents[1] / "data" / "text"


def rows(name: str) -> list[dict[str, Any]]:
    lines = (DATA / name).read_text("utf8").splitlines()
    return [json.loads(line) for line in lines]


FRONTEND = rows("upstream_frontend.jsonl")

# Chinese, given upstream's normalised text and readings: what differs from there on.
ZH_FROM_READINGS = {
    "今天是2024年5月1日": "dates keep the first tone of 一 (upstream: 一日 with the second)",
    "这件衣服原价": "no SP2 for the yuan sign; decimals keep the first tone of 一",
    "他在银行行长面前": "行行 inside 银行行长 is no repeated word (upstream: neutral tone)",
    "长江很长": "长长 means grows: no neutral tone",
    "北京时间2023": "dates keep the first tone of 一",
    "东西南北": "the four directions are no neutral 东西",
    "公司成立于1998": "years keep the first tone of 一",
    "哦，原来如此": "唉 is read as the dictionary has it (āi)",
    "￥符号": "no SP2 for the yuan sign",
}


@pytest.mark.parametrize("row", [r for r in FRONTEND if r["lang"] == "zh"],
                         ids=lambda r: r["text"][:8])
def test_chinese_from_upstream_readings(row: dict[str, Any]) -> None:
    pieces = iter(row["g2pw_raw"])

    def recorded(_piece: str) -> Sequence[str]:
        return next(pieces)

    result = zh.phonemes(row["normalized"], recorded)
    known = any(row["text"].startswith(k) for k in ZH_FROM_READINGS)
    assert (result.symbols == row["phones"]) is not known
    assert result.word_lengths == row["word2ph"]


EN_DIFFERENT = {
    "On May 1st": "13:30 is thirteen thirty", "Dr. Smith": "titles, initials and NASA",
    "I read the book": "will read", "Please record": "verb and noun", "The wind": "noun and verb",
    "I'll be there": "no a.m. is made up", "The temperature": "minus", "We ran": "per hour",
    "JSON and": "JSON is a word", "Is it really": "no comma, forty in full",
    "GPT-SoVITS": "no dash in names", "A is for": "; and : are pauses",
    "The 21st": "first and second with full stress", "Schadenfreude": "other model for new words",
    "Xylophonists": "other model for new words", "1. First": "list numbers",
    "Alice": "names", "Mr. Brown": "titles, Saint, live", "Hyperparameters": "other model",
    "You should close": "verb; ; is a pause", "They will desert": "verb",
    "Open-source": "hyphenated words in two", "The bass": "player and fish", "Hm.": "no vowel",
    "OK": "lexicon",
}
JA_DIFFERENT = {
    "私の電話番号": "telephone numbers digit by digit", "この本は": "1,500 is one number",
    "WindowsとiPhone": "English words are English",
}


@pytest.mark.parametrize("row", [r for r in FRONTEND if r["lang"] != "zh"],
                         ids=lambda r: r["text"][:12])
def test_english_and_japanese(row: dict[str, Any]) -> None:
    symbols = list(phonemize(row["text"], row["lang"]).symbols)
    expected = [row["phones"], row.get("phones_plus_default")]
    known = EN_DIFFERENT if row["lang"] == "en" else JA_DIFFERENT
    if not any(row["text"].startswith(k) for k in known):
        assert symbols in expected


def test_counts() -> None:
    exact = {"en": 0, "ja": 0, "zh": 0}
    for row in FRONTEND:
        symbols = list(phonemize(row["text"], row["lang"]).symbols)
        exact[row["lang"]] += symbols in (row["phones"], row.get("phones_plus_default"))
    assert exact["en"] >= 22
    assert exact["ja"] >= 18
    assert exact["zh"] >= 28


@pytest.mark.parametrize("row", rows("upstream_split.jsonl"),
                         ids=lambda r: f"{r['kind']}-{r.get('method')}-{r.get('lang')}")
def test_splitting(row: dict[str, Any]) -> None:
    if row["kind"] == "big":
        assert cuts.big(row["text"]) == row["result"]
    elif row["kind"] == "cut":
        assert cuts.cut(row["text"], row["method"]) == row["result"]
    else:
        pieces = cuts.segments(row["text"], row["method"], row["lang"])
        assert pieces == row.get("segments", [])
