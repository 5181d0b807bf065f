"""Word features of prompt and text, laid end to end as the language model takes them."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.tiny_official import official_spec
from voice.synth import draw
from voice.synth.plan import make_plan
from voice.synth.settings import SynthesisSettings
from voice.synth.voicefile import Voice
from voice.synth.word_features import WordFeatures
from voice.text.frontend import phonemize

WIDTH = 3
PROMPT = "早上好。"


def model(width: int = WIDTH, at_hand: bool = True) -> Any:
    """A model that stands in, whose BERT gives each character its code point."""
    spec = official_spec("v2")
    spec = replace(spec, bert="bert",
                   text2semantic=replace(spec.text2semantic, bert_width=width))

    def features(text: str) -> np.ndarray:
        return np.array([[ord(c)] * WIDTH for c in text], np.float32)

    shared = SimpleNamespace(character_features=lambda name: features if at_hand else None)
    return SimpleNamespace(name="official", spec=spec, shared=shared)


def voice(text: str = PROMPT) -> Voice:
    spoken = phonemize(PROMPT, "zh", languages=("zh", "en"), version="v2")
    return Voice("", "official", np.ones(4, np.float32), prompt_codes=np.zeros(9, np.int64),
                 prompt_phonemes=spoken.ids, prompt_text=text, languages=("zh",))


def test_prompt_and_text() -> None:
    said = phonemize("你好。", "zh", languages=("zh", "en"), version="v2")
    kept = voice()
    found = WordFeatures(model(), kept).of(said)
    assert found is not None
    assert found.shape == (len(kept.prompt_phonemes) + len(said), WIDTH)
    assert found[0, 0] == ord("早")
    assert found[len(kept.prompt_phonemes), 0] == ord("你")
    alone = WordFeatures(model(), None).of(said)
    assert alone is not None and np.array_equal(alone, found[-len(said) :])


def test_other_languages_have_none() -> None:
    said = phonemize("Good morning.", "en", languages=("zh", "en"), version="v2")
    found = WordFeatures(model(), voice()).of(said)
    assert found is not None and not found[-len(said) :].any()
    assert found[0, 0] == ord("早")


def test_a_prompt_whose_text_was_changed_has_zeros() -> None:
    said = phonemize("你好。", "zh", languages=("zh", "en"), version="v2")
    found = WordFeatures(model(), voice("晚上好。")).of(said)
    assert found is not None and not found[: -len(said)].any()
    assert found[-len(said), 0] == ord("你")


def test_without_bert_all_is_zero_and_it_is_said(caplog: pytest.LogCaptureFixture) -> None:
    said = phonemize("你好。", "zh", languages=("zh", "en"), version="v2")
    found = WordFeatures(model(at_hand=False), voice()).of(said)
    assert found is not None and not found.any()
    assert "no BERT model is at hand" in caplog.text
    assert WordFeatures(model(width=0), voice()).of(said) is None


def requests_of(monkeypatch: pytest.MonkeyPatch, at_hand: bool) -> tuple[Any, Any]:
    """What the language model is asked for when a voice says "你好。", and that text."""
    asked: list[Any] = []

    def generate(_model: Any, requests: Any, *_: Any, **__: Any) -> list[Any]:
        asked.extend(requests)
        return []

    monkeypatch.setattr(draw, "generate", generate)
    settings = SynthesisSettings(seed=1, language="zh", check=False)
    plan = make_plan("你好。", settings, ("zh", "en"), "v2", short_pauses=True)
    stand_in = model(at_hand=at_hand)
    stand_in.text2semantic = None
    drafter = draw.Drafter(stand_in, voice(), settings)
    drafter._candidates(plan.pieces, 0, None)
    return asked[0], plan.pieces[0].phonemes


def test_features_reach_the_language_model(monkeypatch: pytest.MonkeyPatch) -> None:
    request, said = requests_of(monkeypatch, at_hand=True)
    assert said.symbols[0] == "."  # fewer than six symbols
    assert request.bert.shape == (len(request.phoneme_ids), WIDTH)
    assert request.bert[0, 0] == ord("早")
    assert list(request.bert[-len(said) :, 0]) == [
        ord(c) for c in (".", "你", "你", "好", "好", said.parts[0].normalized[-1])
    ]


def test_without_bert_the_language_model_gets_zeros(monkeypatch: pytest.MonkeyPatch) -> None:
    request, _ = requests_of(monkeypatch, at_hand=False)
    assert request.bert.shape == (len(request.phoneme_ids), WIDTH) and not request.bert.any()


def test_a_model_of_our_own_gets_no_pauses() -> None:
    settings = SynthesisSettings(seed=1, language="en")
    own, official = (
        make_plan("Hi.", settings, ("en",), "v2", short_pauses=flag).pieces[0].phonemes.symbols
        for flag in (False, True)
    )
    assert own == (",", "HH", "AY1", ".")
    assert official == (",", ".", "HH", "AY1", ".")
