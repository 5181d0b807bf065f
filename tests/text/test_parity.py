"""The rows of upstream's front-end: which agree symbol for symbol, and which do not and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from voice.text import cuts
from voice.text.frontend import phonemize
from voice.text.g2p import yue, zh
from voice.text.short import with_pauses

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
    "The 21st": "second as in the dictionary",
    "Schadenfreude": "other model for new words",
    "Xylophonists": "other model for new words", "1. First": "list numbers",
    "Alice": "names", "Mr. Brown": "titles, Saint, live", "Hyperparameters": "other model",
    "You should close": "verb; ; is a pause", "They will desert": "verb",
    "The bass": "player and fish", "Hm.": "no vowel",
    "OK": "lexicon",
}
JA_DIFFERENT = {
    "私の電話番号": "telephone numbers digit by digit", "この本は": "1,500 is one number",
    "WindowsとiPhone": "English words are English",
}


KO_DIFFERENT = {
    "전화번호는": "0 in telephone numbers is 공", "컴퓨터와 AI": "English words are English",
}
YUE_DIFFERENT = {
    "呢件衫": "幾多錢 is read as written, not as simplified (gei2, cin2)",
    "我中意聽": "聽 is read as written (teng1)",
}
DIFFERENT = {"en": EN_DIFFERENT, "ja": JA_DIFFERENT, "ko": KO_DIFFERENT, "yue": YUE_DIFFERENT}
ALL = ("en", "zh", "ja", "ko", "yue")


def spoken(row: dict[str, Any]) -> list[str]:
    return list(phonemize(row["text"], row["lang"], languages=ALL).symbols)


@pytest.mark.parametrize("row", [r for r in FRONTEND if r["lang"] != "zh"],
                         ids=lambda r: r["text"][:12])
def test_other_languages(row: dict[str, Any]) -> None:
    expected = [row["phones"], row.get("phones_plus_default")]
    if not any(row["text"].startswith(k) for k in DIFFERENT[row["lang"]]):
        assert spoken(row) in expected


@pytest.mark.parametrize("row", [r for r in FRONTEND if r["lang"] == "yue"],
                         ids=lambda r: r["text"][:8])
def test_cantonese_from_upstream_text(row: dict[str, Any]) -> None:
    result = yue.phonemes(row["normalized"])
    assert result.symbols == row["phones"]
    assert result.word_lengths == row["word2ph"]


def test_counts() -> None:
    exact = dict.fromkeys(ALL, 0)
    for row in FRONTEND:
        exact[row["lang"]] += spoken(row) in (row["phones"], row.get("phones_plus_default"))
    least = {"en": 24, "zh": 28, "ja": 19, "ko": 20, "yue": 19}
    assert all(exact[language] >= least[language] for language in ALL), exact


# Mixed text with upstream's pauses before short texts: what differs.
_COMMA = "a comma behind an English word is a pause"
MIXED_DIFFERENT = {
    "我喜欢Python": _COMMA, "I love you": _COMMA, "他说no": _COMMA, "今天是Monday": _COMMA,
    "OK，那": _COMMA + "; OK at the start of a longer text needs none", "用GPT-4": "code is a word",
    "这个API": "JSON is a word", "请打开Windows": "numbers in the language around them",
    "Hello，你好，これは": "Japanese is spoken rather than dropped",
    "iPhone 15": "numbers in the language around them; amounts are read",
    "Wi-Fi": "Wi-Fi is a word", "我买了iPad": "compounds have one main stress",
    "CPU温度": "°C is a unit", "Mr.王": "titles", "MyGO": "other letters; 吗 is Chinese",
    "我哋用iPhone": "iPhone from the dictionary; 㗎 has a sound",
    "Mixed 中文": "Chinese is spoken rather than dropped", "12345": "a bare number is English",
}


@pytest.mark.parametrize("row", rows("upstream_mixed.jsonl"),
                         ids=lambda r: f"{r['lang']}-{r['text'][:10]}")
def test_mixed(row: dict[str, Any]) -> None:
    language = row["lang"].removeprefix("all_").replace("auto_yue", "auto")
    heard = with_pauses(phonemize(row["text"], language, languages=ALL))
    ends = [part.stop for part in heard.parts]
    assert [part.start for part in heard.parts][1:] == ends[:-1]
    assert ends[-1] == len(heard)
    for part in heard.parts:
        if part.language in ("zh", "yue"):
            assert len(part.word_lengths) == len(part.normalized)
            assert sum(part.word_lengths) == part.stop - part.start
    bare_in_chinese = row["text"] == "12345" and row["lang"] == "zh"
    if bare_in_chinese or not any(row["text"].startswith(k) for k in MIXED_DIFFERENT):
        assert list(heard.symbols) == row["phones"]


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
