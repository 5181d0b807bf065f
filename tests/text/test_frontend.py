"""The entry point: languages mixed, refusals, inline pronunciations, what is left out."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from voice.errors import NothingToSayError, OptionError, UnknownTextError, VoiceError
from voice.text.frontend import phonemize
from voice.text.language import settle, spans
from voice.text.symbols import index, table


def symbols(text: str, language: str = "auto") -> str:
    return " ".join(phonemize(text, language).symbols)


def test_symbol_tables() -> None:
    assert len(table("v1")) == 322
    assert len(table("v2")) == 732
    assert index("v2")["!"] == 0
    with pytest.raises(OptionError, match="v9"):
        table("v9")


def test_ids_are_rows_of_the_table() -> None:
    result = phonemize("Hello, 世界!")
    assert result.ids.dtype == np.int64
    assert [table()[i] for i in result.ids] == list(result.symbols)


MIXED = {
    "我喜欢Python。": "w o2 x i3 h uan5 P AY1 TH AA0 N .",
    "这个API的": "zh e4 g e5 EY1 P IY1 AY1 d e5",
    "これは東京です。Hello": "k o [ r e w a UNK t o [ o ky o o d e ] s u . HH AH0 L OW1",
    "今天10km": "j in1 t ian1 sh ir2 q ian1 m i3",
    "16GB内存": "sh ir2 l iu4 JH IY1 B IY1 n ei4 c un2",
    "航班CA1234": "h ang2 b an1 S IY1 EY1 y ao1 EE er4 s an1 s i04",
    "60 m²": "S IH1 K S T IY0 S K W EH1 R M IY1 T ER0 Z",
    "5m³": "F AY1 V K Y UW1 B IH0 K M IY1 T ER0 Z",
    "Tシャツ": "t i [ i sh a ts u",
}


@pytest.mark.parametrize("text", MIXED)
def test_mixed_languages(text: str) -> None:
    assert symbols(text) == MIXED[text]


SPANS = {
    "Hello 世界": ["en", "zh"],
    "東京。とても好き。": ["ja"],
    "你好。こんにちは。": ["zh", "ja"],
    "iPhone 15和2个": ["en", "zh"],
    "网址www.a.com/b1": ["zh", "en"],
    "123": ["en"],
    "温度是85°C，太高": ["zh"],
    "MyGO?你也喜欢まいご吗？": ["en", "zh", "ja", "zh"],
    "网址https://a.com/b?c=2，好。": ["zh", "en", "zh"],
    "内存16GB，5G网络": ["zh", "en", "zh", "en", "zh"],
    "MP3和iPhone15": ["en", "zh", "en", "zh"],
    "Tシャツと4Kテレビ": ["ja"],
    "作業は終了。とても疲れた。": ["ja"],
    "我不知道。そうですか。": ["zh", "ja"],
}


@pytest.mark.parametrize("text", SPANS)
def test_spans_by_script(text: str) -> None:
    found = spans(text)
    assert [s.language for s in found] == SPANS[text]
    assert "".join(s.text for s in found) == text


def test_language_asked_for_decides_han_and_digits() -> None:
    assert [s.language for s in spans("東京", "ja")] == ["ja"]
    assert [s.language for s in spans("12", "zh")] == ["zh"]
    assert settle("東京都。とても。") == "ja"
    assert settle("你好。とても。") == "auto"
    assert settle("Hello", "auto") == "auto"


def test_bert_counts_for_chinese_only() -> None:
    result = phonemize("你好，世界！")
    assert result.word_lengths == (2, 2, 1, 2, 2, 1)
    assert sum(result.word_lengths) == len(result)
    assert phonemize("你好 world").word_lengths == ()


@pytest.mark.parametrize("text", ["", "  \n", "...!?", "。、", "😀", "\u200b", "()", "-"])
def test_nothing_to_say(text: str) -> None:
    with pytest.raises(NothingToSayError, match="nothing to say"):
        phonemize(text)


@pytest.mark.parametrize(
    ("text", "named"), [("مرحبا hello", "مرحبا"), ("안녕 hi", "안녕"), ("Привет", "Привет")]
)
def test_unknown_characters_are_named(text: str, named: str) -> None:
    with pytest.raises(UnknownTextError, match=named):
        phonemize(text)


def test_unknown_characters_are_skipped_and_listed() -> None:
    result = phonemize("hello Привет", skip_unknown=True)
    assert result.skipped == "Привет"
    assert result.symbols == ("HH", "AH0", "L", "OW1")
    with pytest.raises(NothingToSayError):
        phonemize("Привет", skip_unknown=True)


def test_language_the_model_does_not_speak() -> None:
    with pytest.raises(UnknownTextError, match="你"):
        phonemize("Hello 你", languages=("en",))
    with pytest.raises(OptionError, match="klingon"):
        phonemize("Hello", "klingon")
    with pytest.raises(OptionError, match="zh"):
        phonemize("Hello", "zh", languages=("en",))
    with pytest.raises(OptionError, match="string"):
        phonemize(None)  # type: ignore[arg-type]


def test_decoration_is_silent() -> None:
    assert symbols("Hello 😀★→ world") == symbols("Hello world")
    assert phonemize("Hello 😀").skipped == ""
    assert symbols("ＨＥＬＬＯ１") == symbols("HELLO1")
    assert symbols("he\u200bllo\ufeff") == symbols("hello")


INLINE = {
    "{重:chong2}要": "ch ong2 y ao4",
    "{重庆:chong2 qing4}": "ch ong2 q ing4",
    "a {GIF:JH IH1 F} file": "AH0 JH IH1 F F AY1 L",
    "{今日:きょう}は": "ky o ] o w a",
    "｛重：zhong4｝": "zh ong4",
}


@pytest.mark.parametrize("text", INLINE)
def test_inline_pronunciation(text: str) -> None:
    assert symbols(text) == INLINE[text]


@pytest.mark.parametrize(
    ("text", "message"),
    [("{重:chong9}", "pinyin"), ("{重:blorp2}", "pinyin"), ("{重庆:chong2}", "one syllable"),
     ("{GIF:JH IH F}", "stress digits"), ("{x:}", "not understood")],
)
def test_bad_inline_pronunciation(text: str, message: str) -> None:
    with pytest.raises(VoiceError, match=message):
        phonemize(text)


def test_braces_without_notation_are_text() -> None:
    assert symbols('{"a": 1}') == symbols("a: 1")
    assert phonemize("{重:chong2}要").spans[0].text == "重要"


def test_short_english_gets_a_pause_in_front() -> None:
    assert symbols("a") == ", AH0"
    assert symbols("Hello").startswith("HH")


def test_nothing_heavy_is_imported_early() -> None:
    code = (
        "import sys, voice.text, voice.text.frontend, voice.text.split; "
        "heavy = {'torch', 'jieba', 'pypinyin', 'pyopenjtalk'} & set(sys.modules); "
        "assert not heavy, heavy; "
        "voice.text.frontend.phonemize('Hello'); "
        "heavy = {'torch', 'jieba', 'pypinyin', 'pyopenjtalk'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
