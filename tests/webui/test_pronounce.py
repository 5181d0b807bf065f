"""The selected word: how it is read, and how it can be read differently; with real text parts."""

from __future__ import annotations

from typing import Any

import pytest

from voice import OptionError, SynthesisSettings
from voice.synth.plan import make_plan
from webui.actions.pronounce import marked, reading_of
from webui.context import AppContext
from webui.messages import PageError


class Reader:
    """A model that only reads text."""

    def plan(self, text: str, settings: SynthesisSettings | None = None) -> Any:
        return make_plan(text, settings or SynthesisSettings(), ("en", "zh", "ja"), "v2")


@pytest.fixture
def reading(context: AppContext, monkeypatch: pytest.MonkeyPatch) -> AppContext:
    monkeypatch.setattr(context.model, "get", lambda job=None: Reader())
    return context


@pytest.mark.parametrize(("word", "language", "notation", "sounds"), [
    (" lead ", "auto", "arpabet", "L IY1 D"),
    ("GIF", "auto", "arpabet", None),
    ("重庆", "auto", "pinyin", "chong2 qing4"),
    ("爱", "zh", "pinyin", "ai4"),
    ("知识", "zh", "pinyin", "zhi1 shi5"),
    ("きょう", "auto", "kana", ""),
    ("今日", "ja", "kana", ""),
])
def test_how_a_word_is_read(
    reading: AppContext, word: str, language: str, notation: str, sounds: str | None
) -> None:
    found = reading_of(reading, word, language)
    assert (found.word, found.notation) == (word.strip(), notation)
    if sounds is not None:
        assert found.sounds == sounds
    if found.sounds:  # what is offered is read as the word is
        text = marked(reading, found.word, found.sounds, language)
        assert text == f"{{{found.word}:{found.sounds}}}"


@pytest.mark.parametrize("word", ["", "  ", "x" * 41, "a{b", "today 今天", "{重:chong2}"])
def test_what_is_not_one_word(reading: AppContext, word: str) -> None:
    with pytest.raises(PageError):
        reading_of(reading, word, "auto")


def test_what_cannot_be_a_pronunciation(reading: AppContext) -> None:
    assert marked(reading, "重", "zhong4", "auto") == "{重:zhong4}"
    for word, sounds in (("重", "zhong4 yao4"), ("重", "blah"), ("lead", "led")):
        with pytest.raises(OptionError):
            marked(reading, word, sounds, "auto")
    for sounds in ("", " ", "a}b", "a\nb"):
        with pytest.raises(PageError):
            marked(reading, "重", sounds, "auto")
