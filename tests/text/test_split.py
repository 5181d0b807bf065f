"""Splitting by estimated duration."""

from __future__ import annotations

import pytest

from voice.errors import OptionError
from voice.text.split import METHODS, estimate_seconds, split

STORY = (
    'Dr. Smith went to Washington, D.C. on Jan. 5. He paid $3.14, then left! '
    '"Really?" she said.\n\n'
    "第一句话。第二句话！他说：“你好。”然后走了，"
) * 20


def test_pieces_joined_are_the_text() -> None:
    pieces = split(STORY)
    assert "".join(pieces) == STORY
    assert max(map(estimate_seconds, pieces)) <= 10.0


def test_abbreviations_decimals_and_quotes_stay_whole() -> None:
    pieces = split("Dr. Smith paid $3.14 on Jan. 5. He left.", max_seconds=3)
    assert pieces[0].startswith("Dr. Smith paid")
    assert not any(p.endswith("3.") or p.startswith("14") for p in pieces)
    pieces = split("他说：“你好。”然后走了。" * 3, max_seconds=2.5)
    assert not any(p.startswith("”") for p in pieces)


@pytest.mark.parametrize("text", ["word " * 2000, "a" * 10_000, "今天天气很好" * 1667])
def test_ten_thousand_characters(text: str) -> None:
    pieces = split(text)
    assert "".join(pieces) == text
    assert len(pieces) > 50
    assert max(map(estimate_seconds, pieces)) <= 10.0


def test_first_piece_can_be_short() -> None:
    text = "Once upon a time, there was a girl who lived near the sea, and she sang all day long."
    pieces = split(text, first_seconds=2.0)
    assert "".join(pieces) == text
    assert estimate_seconds(pieces[0]) <= 2.0
    assert pieces[0].strip() == "Once upon a time,"


def test_first_piece_is_not_cut_within_a_clause_that_is_a_little_longer() -> None:
    text = "The last train to the coast leaves at half past nine, so please be on time."
    first, rest = split(text, first_seconds=2.5)
    assert first.strip() == "The last train to the coast leaves at half past nine,"
    assert first + rest == text
    endless = "one two three four five six seven " * 4 + "and so on."
    assert estimate_seconds(split(endless, first_seconds=2.0)[0]) <= 2.0


def test_short_sentences_stay_together() -> None:
    assert split("Hi. Yes. No. Go!") == ["Hi. Yes. No. Go!"]


def test_pieces_without_words_join_their_neighbour() -> None:
    assert split("...\n\nHello.\n\n!!!") == ["...\n\nHello.\n\n!!!"]
    assert split("...") == []


def test_inline_pronunciations_are_not_cut() -> None:
    text = "重要的{重:chong2}，" * 200
    assert all(p.count("{") == p.count("}") for p in split(text, max_seconds=1))


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [("The quick brown fox jumps over the lazy dog.", 2.0, 3.5), ("今天天气很好。", 1.2, 2.2),
     ("こんにちは。", 0.7, 1.5), ("2024", 1.0, 1.5)],
)
def test_estimates(text: str, low: float, high: float) -> None:
    assert low <= estimate_seconds(text) <= high


@pytest.mark.parametrize("method", [m for m in METHODS if m != "auto"])
def test_upstream_methods_keep_every_word(method: str) -> None:
    text = "今天天气很好，我们去公园。你去吗？" * 10
    words = "".join(ch for ch in "".join(split(text, method)) if ch.isalnum())
    assert words == "".join(ch for ch in text if ch.isalnum())


def test_bad_options() -> None:
    with pytest.raises(OptionError, match="cut9"):
        split("Hello", "cut9")
    with pytest.raises(OptionError, match="max_seconds"):
        split("Hello", max_seconds=float("nan"))
    with pytest.raises(OptionError, match="first_seconds"):
        split("Hello", first_seconds=0)
