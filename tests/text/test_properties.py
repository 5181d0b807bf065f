"""Whatever the text: phonemes of the table, or an error that a caller can act on."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from voice.errors import VoiceError
from voice.text import cuts
from voice.text.clean import clean
from voice.text.frontend import phonemize
from voice.text.language import spans
from voice.text.split import split
from voice.text.symbols import index

FRAGMENTS = st.sampled_from(
    ["$5.20", "1/2", "1/0", "99/0", "2024-05-01", "9:30", "13:61", "1,234,567.89", "U.S.A.",
     "Dr.", "{重:chong2}", "{GIF:JH IH1 F}", "{今日:きょう}", "{a:b}", "-5", "10km/h", "5'10\"",
     "https://a.b/c?d", "a@b.co", "1990s", "'90s", "#1", "0th", "IV", "9" * 30, "1.2.3", "٣", "²",
     "0.", "¥", "年", "%", "n't", "'s", "儿", "一", "不", "了", "々", "ー", "っ", "\u0301",
     "\U000e0041", "\ud83d", "「」", "…", "——", "\u202e", "ﷺ", "㍿", "①", "한", "ก"]
)
TEXTS = st.one_of(
    st.text(max_size=40),
    st.lists(st.one_of(FRAGMENTS, st.text(max_size=4)), max_size=8).map("".join),
    st.text("你好一不重行儿子们 abcDE'12.,!こんカナー日本。、？", max_size=30),
)
LANGUAGE = st.sampled_from(["auto", "en", "zh", "ja"])


@settings(max_examples=120, deadline=None)
@given(TEXTS, LANGUAGE, st.booleans())
def test_phonemes_or_a_clear_error(text: str, language: str, skip: bool) -> None:
    try:
        result = phonemize(text, language, skip_unknown=skip)
    except VoiceError as error:
        assert "\n" not in str(error)
        return
    table = index()
    assert len(result.ids) == len(result.symbols) > 0
    assert [table[s] for s in result.symbols] == result.ids.tolist()
    assert not result.word_lengths or sum(result.word_lengths) == len(result.symbols)


@settings(max_examples=120, deadline=None)
@given(TEXTS, LANGUAGE)
def test_spans_keep_the_text(text: str, language: str) -> None:
    plain = clean(text)
    found = spans(plain, language)
    assert "".join(s.text for s in found) == plain
    assert all(a.language != b.language for a, b in zip(found, found[1:], strict=False))


@settings(max_examples=120, deadline=None)
@given(TEXTS, st.floats(0.5, 20), st.none() | st.floats(0.5, 5))
def test_splitting_keeps_the_text(text: str, most: float, first: float | None) -> None:
    pieces = split(text, max_seconds=most, first_seconds=first)
    assert "".join(pieces) == text or not pieces
    assert all(any(ch.isalnum() for ch in p) for p in pieces)


@settings(max_examples=150, deadline=None)
@given(TEXTS, st.sampled_from(sorted(cuts.METHODS)))
def test_upstream_cuts_never_fail(text: str, method: str) -> None:
    for piece in cuts.segments(text, method):
        assert piece.strip()


@settings(max_examples=100, deadline=None)
@given(TEXTS)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)
