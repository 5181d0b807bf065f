"""Vectors of characters laid along phonemes, and upstream's pauses before short texts."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from voice.errors import OptionError
from voice.text import features
from voice.text.features import phoneme_features
from voice.text.frontend import phonemize
from voice.text.short import with_pauses

ALL = ("en", "zh", "ja", "ko", "yue")


def numbered(text: str) -> np.ndarray:
    """A vector a character: its code point and its place, so that rows can be told apart."""
    return np.array([[ord(c), i] for i, c in enumerate(text)], np.float32)


def test_each_phoneme_has_its_characters_vector() -> None:
    heard = phonemize("你好，世界！")
    rows = phoneme_features(heard, 2, numbered)
    assert rows.dtype == np.float32
    assert "".join(chr(int(c)) for c in rows[:, 0]) == "你你好好,世世界界!"


def test_other_languages_have_zeros() -> None:
    heard = phonemize("Hello 你好。これは東京です。안녕, 世界", languages=ALL)
    rows = phoneme_features(heard, 2, numbered)
    assert rows.shape == (len(heard), 2)
    for part in heard.parts:
        filled = rows[part.start : part.stop].any(1)
        assert filled.all() if part.language == "zh" else not filled.any()
    heard = phonemize("我哋食飯", "yue", languages=ALL)
    assert heard.word_lengths == (2, 2, 2, 2)
    assert not phoneme_features(heard, 2, numbered).any()


def test_a_mark_that_two_runs_share_is_spoken_once() -> None:
    heard = phonemize("OK!！！你好")
    (zh,) = (p for p in heard.parts if p.language == "zh")
    rows = phoneme_features(heard, 2, numbered)
    assert "".join(chr(int(c)) for c in rows[zh.start :, 0]).endswith("你你好好")
    assert len(zh.word_lengths) == len(zh.normalized)


def test_inline_pronunciations_keep_their_characters() -> None:
    rows = phoneme_features(phonemize("{重庆:chong2 qing4}人"), 2, numbered)
    assert "".join(chr(int(c)) for c in rows[:, 0]) == "重重庆庆人人"


def test_without_a_bert_zeros_and_one_warning(caplog: pytest.LogCaptureFixture) -> None:
    features._said.clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert not phoneme_features(phonemize("你好"), 4, None, "v2").any()
        phoneme_features(phonemize("Hello"), 4, None, "other")
    assert [r.message for r in caplog.records] == [
        "v2: no BERT model is at hand; Mandarin is spoken without word features, "
        "its intonation will be flatter"
    ]


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(OptionError, match="shape"):
        phoneme_features(phonemize("你好"), 2, lambda text: numbered(text)[1:])
    with pytest.raises(OptionError, match="shape"):
        phoneme_features(phonemize("你好"), 3, numbered)


def test_pauses_before_short_texts() -> None:
    heard = with_pauses(phonemize("好"))
    assert heard.symbols == (".", "h", "ao3")
    assert heard.word_lengths == (1, 2)
    assert "".join(chr(int(c)) for c in phoneme_features(heard, 2, numbered)[:, 0]) == ".好好"
    assert with_pauses(phonemize("Hi")).symbols == (",", ".", "HH", "AY1")
    assert with_pauses(phonemize("这件T恤")).symbols[4:8] == (",", "T", "IY1", "x")
    long = phonemize("Hello there, everyone.")
    assert with_pauses(long).symbols == long.symbols
