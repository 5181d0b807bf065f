"""New voices on the page: shares, the map, drawn ones; and cards of what is kept."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.tiny_model import write_tiny_model
from tests.webui.conftest import wait_for
from tests.webui.fakes import FakeSynthesizer
from voice import UnknownTextError, Voice
from webui.actions import blend, voices
from webui.components.voice_cards import cards_html
from webui.components.voice_map import place_of
from webui.context import AppContext
from webui.jobs import Job
from webui.messages import PageError


def key_of(error: pytest.ExceptionInfo[PageError]) -> str:
    return error.value.key


def test_the_manner_of_speaking_has_its_own_shares(context: AppContext) -> None:
    parents = [("example:Isla", 75.0), ("example:Ken", 25.0), (None, 50.0)]
    token = blend.blend_voices(context, parents, None, Job(), [10.0, 30.0, 99.0])
    made = context.recent.get(token)
    assert made is not None and made.prosody == {"Isla": 0.25, "Ken": 0.75}
    with pytest.raises(PageError) as error:
        blend.blend_voices(context, parents, None, Job(), [0.0, 0.0, 99.0])
    assert key_of(error) == "error_prosody"


def test_the_map_has_every_voice_and_a_place_becomes_shares(context: AppContext) -> None:
    missing, count = blend.not_listened_to(context)
    assert len(missing) == count == 6
    blend.listen_to_all(context, Job())
    assert blend.not_listened_to(context) == ([], 6)
    found = blend.voice_map(context)
    assert {one.name for one in found.points} == set(context.examples)
    isla = next(one for one in found.points if one.name == "Isla")
    parents = blend.parents_at(found, isla.x, isla.y)
    assert parents[0][0] == "example:Isla" and 2 <= len(parents) <= 4
    shares = [share for _, share in parents]
    assert shares == sorted(shares, reverse=True) and 98 <= sum(shares) <= 102
    assert blend.parents_at(found, *parents_place(found, 1, 2))[0][1] < 80


def parents_place(found: blend.VoiceMap, a: int, b: int) -> tuple[float, float]:
    """Half-way between two voices of the map."""
    first, second = found.points[a], found.points[b]
    return (first.x + second.x) / 2, (first.y + second.y) / 2


def test_a_text_is_prepared_for_every_voice_of_the_map_once_all_are_listened_to(
    context: AppContext, fake: FakeSynthesizer
) -> None:
    blend.prepare(context, "Hello there.", Job())
    assert fake.prepared == [], "listening comes first"
    blend.listen_to_all(context, Job())
    blend.start_preparing(context, "tab", "Hello there.")
    wait_for(context, "prepare:tab", 60)
    assert sorted(fake.prepared) == sorted(("Hello there.", name) for name in context.examples)
    with pytest.raises(UnknownTextError):
        blend.prepare(context, "Hello ☃", Job())


def test_preparing_gives_way_to_whoever_needs_the_model_and_goes_on_afterwards(
    context: AppContext, fake: FakeSynthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    blend.listen_to_all(context, Job())
    tries: list[bool] = []
    turn = context.turns.turn("somebody", Job())
    plain = fake.prepare

    def prepare(*arguments: Any, cancelled: Callable[[], bool], **options: Any) -> bool:
        if not tries:
            assert not cancelled()
            turn.__enter__()  # now somebody has the model
            threading.Timer(0.3, turn.__exit__, (None, None, None)).start()
        tries.append(cancelled())
        return plain(*arguments, cancelled=cancelled, **options)

    monkeypatch.setattr(fake, "prepare", prepare)
    blend.prepare(context, "Hello there.", Job())
    assert tries == [True] + [False] * 6, "the first try is made again"
    assert len(fake.prepared) == 6


def test_another_text_takes_the_place_of_one_that_is_being_prepared(
    context: AppContext, fake: FakeSynthesizer
) -> None:
    blend.listen_to_all(context, Job())
    with context.turns.turn("somebody", Job()):
        blend.start_preparing(context, "tab", "Hello there.")
        blend.start_preparing(context, "tab", "Good morning.")
    wait_for(context, "prepare:tab", 60)
    assert {text for text, _ in fake.prepared} == {"Good morning."}


def test_preparing_ends_when_the_page_is_closed(
    context: AppContext, fake: FakeSynthesizer
) -> None:
    blend.listen_to_all(context, Job())
    with context.turns.turn("somebody", Job()):
        blend.start_preparing(context, "tab", "Hello there.")
        assert context.background.running("prepare:tab")
        blend.stop_preparing(context, "tab")
        wait_for(context, "prepare:tab", 60)
        assert not context.background.running("prepare:tab")
    assert fake.prepared == []


def test_voices_of_another_model_are_not_on_the_map(context: AppContext) -> None:
    other = Voice(name="Foreign", model="other", timbre=np.ones(7, np.float32), consent="I agree.")
    context.library.add(other)
    assert "Foreign" not in [one.name for one in blend.voice_map(context).points]


def test_a_drawn_voice_is_described_and_kept_with_its_parents_consent(
    context: AppContext
) -> None:
    token = blend.draw(context, False, Job(), seed=5)
    again = blend.draw(context, False, Job(), seed=5)
    first, second = (context.recent.get(one) for one in (token, again))
    assert first is not None and second is not None
    assert np.array_equal(first.timbre, second.timbre)
    made = blend.describe(context, token)
    assert {one.name for one in made.parents} == set(first.parents)
    assert made.closest is not None and 0 < made.closest.similarity < 1
    assert all(-1 <= value <= 1 for value in made.place)
    card = voices.keep_voice(context, token, "Nobody")
    assert "belongs to nobody" in card.consent and len(card.parents) == 3
    apart = blend.describe(context, blend.draw(context, True, Job(), seed=5))
    assert apart.closest is not None
    assert apart.closest.similarity <= made.closest.similarity


def test_cards_show_where_a_voice_comes_from_and_are_found_by_their_words(
    context: AppContext
) -> None:
    token = blend.blend_voices(
        context, [("example:Isla", 3.0), ("example:Ken", 1.0)], None, Job(), [1.0, 0.0])
    voices.keep_voice(context, token, "<b>Bo")
    voices.change_voice(context, "<b>Bo", "<b>Bo", "warm, <i>")
    shown = cards_html(context, "en", "", None)
    assert shown.count("<article") == 7 and "<b>" not in shown and "<i>" not in shown
    assert "Blended from Isla 75 %, Ken 25 %" in shown and "belongs to nobody" in shown
    assert cards_html(context, "en", "WARM", None).count("<article") == 1
    assert cards_html(context, "en", "isla example", None).count("<article") == 1
    assert cards_html(context, "zh-CN", "日", None).count("<article") == 2
    assert "No voice matches" in cards_html(context, "en", "zzz", None)


def test_a_voice_of_a_fine_tuned_model_says_so(context: AppContext) -> None:
    """Of three voices, the one whose model was added and is no official one."""
    for name in ("ada-v2", "v2Pro"):
        write_tiny_model(context.library.folder.parent / "models" / name, name)
    for model in ("ada-v2", "v2Pro", "mini"):
        context.library.add(Voice(
            name=f"By {model}", model=model, timbre=np.ones(7, np.float32), consent="I agree."))
    shown = cards_html(context, "en", "", None)
    assert shown.count("fine-tuned model") == 1 and "fine-tuned model ada-v2" in shown
    assert cards_html(context, "en", "fine-tuned", None).count("<article") == 1
    assert "微调模型 ada-v2" in cards_html(context, "zh-CN", "", None)


@pytest.mark.parametrize(("value", "expected"), [
    ("0.5,-0.25", (0.5, -0.25)), ("7,-9", (1.0, -1.0)), ("nan,0", None), ("inf,0", None),
    ("1", None), ("1,2,3", None), ("", None), ("a,b", None),
])
def test_places_on_the_map_as_they_are_sent(
    value: str, expected: tuple[float, float] | None
) -> None:
    assert place_of(value) == expected
