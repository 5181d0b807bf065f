"""Korean and Cantonese: rules of pronunciation, numbers, who speaks them, refusals."""

from __future__ import annotations

import pytest

from voice.errors import DependencyError, OptionError, UnknownTextError
from voice.text.frontend import phonemize
from voice.text.g2p import ko, yue
from voice.text.language import spans
from voice.text.normalize import ko as ko_normal
from voice.text.normalize import yue as yue_normal

ALL = ("en", "zh", "ja", "ko", "yue")


def korean(text: str) -> str:
    return "".join(ko.phonemes(ko_normal.normalize(text)))


# Examples of the Standard Pronunciation of Korean, by article; sounds written as jamo.
STANDARD = {
    "닦다": "ㄷㅏㄱㄸㅏ", "앞": "ㅇㅏㅂ", "값": "ㄱㅏㅂ", "여덟": "ㅇㅣㅓㄷㅓㄹ",
    "밟다": "ㅂㅏㅂㄸㅏ", "밟는": "ㅂㅏㅁㄴㅡㄴ", "닭": "ㄷㅏㄱ", "맑게": "ㅁㅏㄹㄲㅔ",
    "놓고": "ㄴㅗㅋㅗ", "많다": "ㅁㅏㄴㅌㅏ", "닿소": "ㄷㅏㅆㅗ", "각하": "ㄱㅏㅋㅏ",
    "앉히다": "ㅇㅏㄴㅊㅣㄷㅏ", "쌓이다": "ㅆㅏㅇㅣㄷㅏ", "옷이": "ㅇㅗㅅㅣ",
    "넋이": "ㄴㅓㄱㅆㅣ", "밭 아래": "ㅂㅏㄷ空ㅇㅏㄹㅐ", "굳이": "ㄱㅜㅈㅣ",
    "묻히다": "ㅁㅜㅊㅣㄷㅏ", "먹는": "ㅁㅓㅇㄴㅡㄴ", "담력": "ㄷㅏㅁㄴㅣㅓㄱ",
    "막론": "ㅁㅏㅇㄴㅗㄴ", "난로": "ㄴㅏㄹㄹㅗ", "칼날": "ㅋㅏㄹㄹㅏㄹ", "국밥": "ㄱㅜㄱㅃㅏㅂ",
    "신고 있다": "ㅅㅣㄴㄲㅗ空ㅇㅣㄷㄸㅏ", "할 것을": "ㅎㅏㄹ空ㄲㅓㅅㅡㄹ",
    "할수록": "ㅎㅏㄹㅆㅜㄹㅗㄱ", "갈등": "ㄱㅏㄹㄸㅡㅇ", "담요": "ㄷㅏㅁㄴㅣㅗ",
    "다쳐": "ㄷㅏㅊㅓ", "희망": "ㅎㅣㅁㅏㅇ",
}


@pytest.mark.parametrize("text", STANDARD)
def test_standard_pronunciation(text: str) -> None:
    assert korean(text) == STANDARD[text]


@pytest.mark.parametrize(
    ("text", "plain"), [("한자리에", "ㅎㅏㄴㅈㅏㄹㅣㅇㅔ"), ("개인기", "ㄱㅐㅇㅣㄴㄱㅣ")]
)
def test_irregular_words_inside_others_are_left_alone(text: str, plain: str) -> None:
    assert korean(text) == plain


NUMBERS_KO = {
    "3시 30분": "세시 삼십분", "15시": "십오시", "사과 2개": "사과 두개", "20살": "스무살",
    "100개": "백개", "20대": "이십대", "6월 10일": "유월 십일", "10월": "시월",
    "3.14": "삼점일사", "50%": "오십퍼센트", "12,345원": "만이천삼백사십오원", "1억": "일억",
    "10000": "만", "2024-05-01": "이천이십사년 오월 일일",
    "010-1234-5678": "공일공-일이삼사-오육칠팔", "5km": "오킬로미터", "$20": "이십달러",
    "1/3": "삼분의 일", "9:05": "아홉시 오분", "0": "영", "100200300": "일억이십만삼백",
}


@pytest.mark.parametrize("text", NUMBERS_KO)
def test_korean_numbers(text: str) -> None:
    assert ko_normal.normalize(text) == NUMBERS_KO[text]


NUMBERS_YUE = {
    "電話號碼係23456789": "電話號碼係二三四五六七八九", "$120": "一百二十蚊", "2個人": "兩個人",
    "2024年": "二零二四年", "9:30": "九点半", "50%": "百分之五十",
    "號碼13800138000": "號碼一三八零零一三八零零零",
}


@pytest.mark.parametrize("text", NUMBERS_YUE)
def test_cantonese_numbers(text: str) -> None:
    assert yue_normal.normalize(text) == NUMBERS_YUE[text]


def test_cantonese_syllables() -> None:
    assert yue.split_syllable("zung1") == ("Yz", "Yung1")
    assert yue.split_syllable("gwong2") == ("Ygw", "Yong2")
    assert yue.split_syllable("ng5") == ("Yng", "Yg5")
    assert yue.split_syllable("m4") == ("Ym", "Ym4")
    assert yue.split_syllable("aa3") == ("Yaa", "Ya3")
    assert yue.split_syllable("ok3") == ("Yok", "Yk3")
    assert yue.split_syllable("jyut6") == ("Yj", "Yyut6")
    assert yue.split_syllable("ap1") == ("UNK", "Yp1")
    assert yue.split_syllable("chong2x") is None


def test_auto_tells_cantonese_where_it_is_spoken() -> None:
    assert [s.language for s in spans("我哋食飯", languages=ALL)] == ["yue"]
    assert [s.language for s in spans("我们吃饭", languages=ALL)] == ["zh"]
    assert [s.language for s in spans("我哋食飯")] == ["zh"]
    assert [s.language for s in spans("我们吃饭", languages=("en", "yue"))] == ["yue"]
    assert [s.language for s in spans("안녕 hello 你好", languages=ALL)] == ["ko", "en", "zh"]
    assert [s.language for s in spans("오늘 3시", languages=ALL)] == ["ko"]


def test_mixed_with_korean() -> None:
    heard = phonemize("오늘 OK 好", languages=ALL)
    assert heard.symbols == ("ㅇ", "ㅗ", "ㄴ", "ㅡ", "ㄹ", "空", "OW1", "K", "EY1", "h", "ao3")
    assert "UNK" not in heard.symbols
    assert phonemize("안녕", languages=ALL).symbols[-1] == "."
    assert phonemize(" 안녕! ", languages=ALL).symbols[-1] == "!"


def test_given_pronunciations() -> None:
    assert phonemize("{값:갑}이", "ko", languages=ALL).symbols[:4] == ("ㄱ", "ㅏ", "ㅂ", "ㅣ")
    heard = phonemize("{行:hong4}街", "yue", languages=ALL)
    assert heard.symbols[:2] == ("Yh", "Yong4")
    assert heard.word_lengths == (2, 2)
    with pytest.raises(OptionError, match="Jyutping"):
        phonemize("{行:xing2}街", "yue", languages=ALL)


def test_models_without_the_language_say_so() -> None:
    with pytest.raises(UnknownTextError, match="안녕.*speaks English, Chinese, Japanese"):
        phonemize("안녕 hello")
    with pytest.raises(OptionError, match="does not speak Korean.*en \\(English\\)"):
        phonemize("hello", "ko")
    with pytest.raises(OptionError, match="does not speak Cantonese"):
        phonemize("你好", "yue")
    with pytest.raises(OptionError, match="symbol table v1 has no sounds of ko"):
        phonemize("안녕", "ko", languages=("en", "ko"), version="v1")
    with pytest.raises(UnknownTextError, match="값"):
        phonemize("{값:갑} hello")


def test_missing_packages_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ToJyutping", None)
    with pytest.raises(DependencyError, match="ToJyutping"):
        yue.readings("你")
    ko._tagger.cache_clear()
    monkeypatch.setitem(__import__("sys").modules, "mecab", None)
    with pytest.raises(DependencyError, match="python-mecab-ko"):
        ko.phonemes("안녕")
