"""Tokens drawn ahead: the same sound, without drawing again, in every voice of the same prompt."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from tests.tiny_model import write_tiny_model
from voice import OptionError, SynthesisSettings, Synthesizer, Voice
from voice.decode.loop import Cancelled
from voice.synth import stream
from voice.synth.ahead import AFTER_DRAWING, DrawnAhead, key_of
from voice.synth.draw import Drafter

TEXT = "Hello there, my friend. How are you today?"
SEEDED = SynthesisSettings(seed=3, retries=0, candidates=2)
OTHER: dict[str, Any] = {
    "language": "en", "seed": 4, "speed": 1.5, "temperature": 0.4, "top_k": 3, "top_p": 0.5,
    "repetition_penalty": 2.0, "split": "cut5", "pause": 1.0, "check": False, "candidates": 1,
    "retries": 1, "noise_scale": 0.1, "sample_steps": 4, "prompt": False, "skip_unknown": True,
    "watermark": False,
}


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Synthesizer:
    home = tmp_path_factory.mktemp("home")
    return Synthesizer.load(write_tiny_model(home / "models" / "tiny"), "cpu", home)


@pytest.fixture(autouse=True)
def nothing_yet(tiny: Synthesizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny, "_ahead", DrawnAhead())


@pytest.fixture(scope="module")
def ada() -> Voice:
    rng = np.random.default_rng(0)
    return Voice(
        name="ada", model="tiny", timbre=rng.standard_normal(16).astype(np.float32),
        prompt_codes=rng.integers(0, 32, 30), prompt_phonemes=rng.integers(5, 100, 15),
        consent="I agree.",
    )


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of pieces of each drawing that takes place."""
    seen: list[int] = []

    class Watched(Drafter):
        def draw(self, pieces: Any, cancelled: Any = None) -> Any:
            seen.append(len(pieces))
            return super().draw(pieces, cancelled)

    monkeypatch.setattr(stream, "Drafter", Watched)
    return seen


def test_a_prepared_text_sounds_the_same_and_its_start_is_not_drawn_again(
    tiny: Synthesizer, ada: Voice, drawn: list[int]
) -> None:
    plain = tiny.say(TEXT, ada, SEEDED)
    pieces = list(drawn)
    assert tiny.prepare(TEXT, ada, SEEDED)
    assert not tiny.prepare(TEXT, ada, SEEDED), "it was prepared already"
    drawn.clear()
    prepared = tiny.say(TEXT, ada, SEEDED)
    assert drawn == pieces[1:], "all but the first group"
    assert np.array_equal(prepared.samples, plain.samples)
    assert prepared.pieces == plain.pieces


def test_a_blend_led_by_the_voice_says_it_with_the_same_tokens(
    tiny: Synthesizer, ada: Voice, drawn: list[int]
) -> None:
    other = replace(ada, name="bob", timbre=-ada.timbre[::-1].copy(),
                    prompt_codes=ada.prompt_codes[::-1].copy())
    near, far = tiny.blend({ada: 0.7, other: 0.3}), tiny.blend({ada: 0.3, other: 0.7})
    plain = tiny.say("Hello there.", near, SEEDED)
    tiny.prepare("Hello there.", ada, SEEDED)
    drawn.clear()
    assert np.array_equal(tiny.say("Hello there.", near, SEEDED).samples, plain.samples)
    assert drawn == []
    tiny.say("Hello there.", far, SEEDED)
    assert drawn == [1], "the other parent's prompt is another one"


def test_speaking_alone_remembers_nothing(
    tiny: Synthesizer, ada: Voice, drawn: list[int]
) -> None:
    for _ in range(2):
        tiny.say("Hello there.", ada, SEEDED)
    assert drawn == [1, 1]


@pytest.mark.parametrize("name", [one.name for one in fields(SynthesisSettings)])
def test_only_what_changes_nothing_in_the_tokens_is_left_out_of_the_key(
    tiny: Synthesizer, ada: Voice, name: str
) -> None:
    changed = SEEDED.replace(**{name: OTHER[name]})
    assert changed != SEEDED
    piece = tiny.plan(TEXT, SEEDED).pieces[:1]
    same = key_of(ada, piece, SEEDED) == key_of(ada, piece, changed)
    assert same == (name in AFTER_DRAWING)
    if same:
        tokens = [tiny.say("Hello there.", ada, one).pieces[0].semantic_tokens
                  for one in (SEEDED, changed)]
        assert tokens[0] == tokens[1]


def test_text_and_prompt_are_in_the_key(tiny: Synthesizer, ada: Voice) -> None:
    one, two = (tiny.plan(text, SEEDED).pieces for text in ("Hello there.", "Hello here."))
    others = [replace(ada, prompt_codes=ada.prompt_codes[:-1]),
              replace(ada, prompt_phonemes=ada.prompt_phonemes[:-1]),
              replace(ada, prompt_text="Hm.")]
    keys = [key_of(ada, one, SEEDED), key_of(ada, two, SEEDED),
            *(key_of(voice, one, SEEDED) for voice in others)]
    assert len(set(keys)) == len(keys)
    assert key_of(replace(ada, timbre=-ada.timbre), one, SEEDED) == keys[0], "not the timbre"


def test_without_a_seed_nothing_can_be_prepared(tiny: Synthesizer, ada: Voice) -> None:
    with pytest.raises(OptionError, match="seed"):
        tiny.prepare("Hello there.", ada)


def test_preparing_can_be_cut_short_and_then_leaves_nothing(
    tiny: Synthesizer, ada: Voice
) -> None:
    with pytest.raises(Cancelled):
        tiny.prepare("Hello there.", ada, SEEDED, cancelled=lambda: True)
    assert tiny.prepare("Hello there.", ada, SEEDED)


def test_the_oldest_are_forgotten() -> None:
    kept = DrawnAhead(size=2)
    for key in ("a", "b"):
        kept.put(key, [])
    assert kept.get("a") == []
    kept.put("c", [])
    assert kept.get("b") is None and kept.get("a") == [] and kept.get("c") == []
