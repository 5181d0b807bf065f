"""Tables of Japanese numbers and readings in a bundle say what Open JTalk and Sudachi say."""

from __future__ import annotations

import pytest

from voice.export import numerals, readings
from voice.text.g2p import ja


def _symbols(phrases: str) -> list[str]:
    """Of ``kana/fall`` phrases, read as kana, without pitch marks."""
    kana = "".join(own.split("/")[0] for own in phrases.split())
    return [s for s in ja.phonemes(kana) if s not in ("[", "]", "UNK")]


def _spoken(text: str) -> list[str]:
    return [s for s in ja.phonemes(text) if s not in ("[", "]", "UNK")]


@pytest.fixture(scope="module")
def numbers() -> dict[str, dict[str, str]]:
    patch = pytest.MonkeyPatch()
    patch.setattr(numerals, "ALONE", 120)
    try:
        return numerals.number_file(["日", "本", "ページ", "月"])
    finally:
        patch.undo()


def test_numbers_with_counters_are_those_of_open_jtalk(numbers: dict) -> None:
    counters = numbers["counters"]
    assert counters["日"]["20"] == "ハツカ/0" and numbers["first"].startswith("ツイタチ/")
    assert counters["日"]["14"].split()[-1].startswith("ヨッカ/")
    for counter, number in (("本", 3), ("本", 600), ("ページ", 20), ("日", 14), ("ページ", 1000)):
        assert _symbols(counters[counter][str(number)]) == _spoken(f"{number}{counter}")
    assert _symbols(numbers["alone"]["12"]) == _spoken("12")
    assert _symbols(counters["本"]["何"]) == _spoken("何本")
    assert "3" not in counters.get("月", {})  # 3月 is a word of its own


def test_numbers_are_put_together_of_their_parts(numbers: dict) -> None:
    pages = numbers["counters"]["ページ"]
    for number in (21, 35, 110, 120):
        last = numerals.tail(number)
        own = pages.get(f"x{last}", pages[str(last)]) if number > 20 else pages[str(last)]
        head = numbers["heads"].get(str(number - last))
        if head is None:
            continue
        assert _symbols(f"{head} {own}") == _spoken(f"{number}ページ")
    assert [numerals.tail(n) for n in (320, 7, 1000, 0)] == [20, 7, 1000, 0]


def test_fractions_end_in_their_particle(numbers: dict) -> None:
    assert numbers["fractions"]["4"] == "ヨンブンノ" and len(numbers["fractions"]) > 15


def test_readings_differ_between_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readings, "BEFORE", {"": "", "この": "この", "<数>": "1"})
    monkeypatch.setattr(readings, "AFTER", {"": "", "が": "が", "<接尾>": "的"})
    tags = ["助詞,格助詞,一般,*,*,*", "名詞,接尾,助数詞,*,*,*", "助動詞,*,*,*,特殊・ダ,基本形"]
    tables = readings.reading_file(tags)
    assert set(tables["usual"]) == set(tables["other"]) and "何" not in tables["usual"]
    assert tables["usual"]["風"] == "カゼ" and any(tables["other"].values())
    assert all(place.count("/") == 1 for own in tables["other"].values() for place in own)
    assert "名詞,接尾,助数詞,*,*,*" in tables["nan"]  # 何人
    assert not set(tables["nan"]) & set(tables["nani"])
