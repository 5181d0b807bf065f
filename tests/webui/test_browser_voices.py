"""Blending and the voices that are kept, in a headless Chromium, with tones in place of a model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.webui.conftest import Site, Visit, until

pytestmark = pytest.mark.browser
SCRIPT_NAME = "Us <img src=x onerror=alert(1)>"


@pytest.fixture(autouse=True)
def no_voices(site: Site) -> None:
    for name in site.context.library.names():
        site.context.library.remove(name)


def field(page: Any, name: str) -> Any:
    return page.locator(f"#{name} textarea, #{name} input").first


def again(page: Any) -> None:
    """Takes the mark of success away, so that the next one can be waited for."""
    page.evaluate("document.querySelector('#blend-status .voice-note')?.classList.remove('good')")


def test_blend_two_examples_keep_the_result_and_find_it_again(
    visit: Callable[..., Visit], site: Site, tmp_path: Path
) -> None:
    seen = visit()
    page = seen.page
    page.get_by_role("tab", name="Blend").click()
    page.click("#blend-go")
    page.wait_for_selector("#blend-keep-go", state="visible")
    assert "Isla" in page.inner_text("#blend-alike") and "%" in page.inner_text("#blend-alike")
    field(page, "blend-name").fill(SCRIPT_NAME)
    page.click("#blend-keep-go")
    page.wait_for_selector("#blend-answer .voice-note.good")
    assert page.locator("#blend-answer img").count() == 0, "names are text, never markup"
    page.wait_for_selector(f"#blend-map .voice-dot.kept >> text={SCRIPT_NAME}")
    kept = site.context.library.get(SCRIPT_NAME)
    assert kept.parents == {"Isla": 0.5, "Miles": 0.5}

    page.get_by_role("tab", name="Voices").click()
    card = page.locator("#voices-cards article", has_text=SCRIPT_NAME)
    assert "Isla 50 %" in card.inner_text()
    assert page.locator("#voices-cards img").count() == 0
    card.locator("[data-send=voices-pick]").click()
    page.wait_for_selector("#voices-change", state="visible")
    field(page, "voices-new-name").fill("Duet")
    field(page, "voices-tags").fill("warm, <i>slow")
    page.click("#voices-save")
    page.wait_for_selector("#voices-cards .voice-tags >> text=<i>slow")
    assert site.context.library.get("Duet").tags == ("warm", "<i>slow")
    page.click("#voices-export")
    page.wait_for_selector("#voices-file", state="visible")
    page.click("#voices-delete")
    page.wait_for_selector("#voices-undo", state="visible")
    assert site.context.library.names() == []
    page.click("#voices-undo")
    page.wait_for_selector("#voices-answer .voice-note.good")
    assert site.context.library.get("Duet").parents
    field(page, "voices-search").fill("WARM")
    page.wait_for_function("document.querySelectorAll('#voices-cards article').length === 1")
    page.locator("#voices-cards [data-play]").click()
    page.wait_for_function("window.voiceRows.state().src.endsWith('.wav')")
    page.locator("#voices-cards [data-send=voices-use]").click()
    page.wait_for_selector("#speak-voice", state="visible")
    page.wait_for_function("document.querySelector('#speak-voice input').value.includes('Duet')")

    file = tmp_path / "duet.voice"
    site.context.library.get("Duet").save(file)
    site.context.library.remove("Duet")
    page.get_by_role("tab", name="Voices").click()
    with page.expect_file_chooser() as chooser:
        page.click("#voices-import")
    chooser.value.set_files(str(file))
    page.wait_for_selector("#voices-answer >> text=Duet is kept")
    assert seen.problems == []


def test_a_place_on_the_map_is_mixed_and_heard(visit: Callable[..., Visit], site: Site) -> None:
    seen = visit()
    page = seen.page
    page.get_by_role("tab", name="Blend").click()
    page.wait_for_selector("#blend-map .voice-dot")
    assert page.locator("#blend-map .voice-dot").count() == 6
    text = page.input_value("#blend-text textarea")
    wanted = {(text, name) for name in site.context.examples}
    assert until(page, lambda: wanted <= set(site.fake.prepared)), "before anything is tapped"
    page.locator("#blend-map .voice-dot", has_text="Lan").click()
    page.wait_for_selector("#blend-keep-go", state="visible")
    page.wait_for_function("document.querySelector('#blend-voice-1 input').value.startsWith('Lan')")
    assert page.evaluate("window.voicePlayer.state().lastIndex") >= 0, "it was heard at once"
    box = page.locator("#blend-map .voice-map").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    again(page)
    page.mouse.move(x + 40, y)
    page.mouse.down()
    page.mouse.move(x, y, steps=4)
    page.mouse.up()
    page.wait_for_function(
        "!document.querySelector('#blend-voice-1 input').value.startsWith('Lan')"
        " || document.querySelector('#blend-voice-3')?.offsetParent")
    mark = page.locator("#blend-map [data-mark]")
    page.wait_for_selector("#blend-status .voice-note.good")
    before = mark.get_attribute("style")
    mark.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowUp")
    assert mark.get_attribute("style") != before
    again(page)
    page.keyboard.press("Enter")
    page.wait_for_selector("#blend-status .voice-note.good")
    page.fill("#blend-text textarea", "Another sentence.")
    page.locator("#blend-text textarea").blur()
    assert until(page, lambda: ("Another sentence.", "Ken") in site.fake.prepared)
    assert seen.problems == []


@pytest.mark.slow
def test_a_voice_is_drawn_and_the_manner_of_speaking_weighed_apart(
    visit: Callable[..., Visit], site: Site
) -> None:
    seen = visit()
    page = seen.page
    page.get_by_role("tab", name="Blend").click()
    page.wait_for_selector("#blend-map .voice-dot")
    page.click("#blend-further")
    page.wait_for_selector("#blend-keep-go", state="visible")
    assert "Closest of all known voices" in page.inner_text("#blend-alike")
    field(page, "blend-name").fill("Nobody")
    page.click("#blend-keep-go")
    page.wait_for_selector("#blend-answer .voice-note.good")
    assert len(site.context.library.get("Nobody").parents) == 3
    page.check("#blend-apart input")
    page.wait_for_selector("#blend-manner-1", state="visible")
    page.locator("#blend-manner-1 input[type=number]").fill("0")
    page.locator("#blend-manner-1 input[type=number]").press("Enter")
    again(page)
    page.click("#blend-go")
    page.wait_for_selector("#blend-status .voice-note.good")
    field(page, "blend-name").fill("Apart")
    page.click("#blend-keep-go")
    page.wait_for_selector("#blend-answer >> text=Apart is kept")
    assert site.context.library.get("Apart").prosody == {"Isla": 0, "Miles": 1}
    page.click("#blend-more")
    page.wait_for_selector("#blend-voice-3", state="visible")
    assert seen.problems == []


@pytest.mark.slow
def test_a_new_place_takes_over_from_one_that_is_still_spoken(
    visit: Callable[..., Visit], site: Site
) -> None:
    page = visit().page
    page.get_by_role("tab", name="Blend").click()
    page.wait_for_selector("#blend-map .voice-dot")
    closed = site.fake.closed
    with site.fake.gate.held():
        page.locator("#blend-map .voice-dot").nth(0).click()
        page.wait_for_selector("#blend-stop", state="visible")
        page.wait_for_function(
            "document.querySelector('#blend-status').innerText.includes('Speaking')")
        page.locator("#blend-map .voice-dot").nth(1).click()
        assert until(page, lambda: site.fake.closed == closed + 1), "the first place is given up"
    page.wait_for_selector("#blend-status .voice-note.good")
    again(page)
    with site.fake.gate.held():
        page.click("#blend-go")
        page.wait_for_function(
            "document.querySelector('#blend-status').innerText.includes('Speaking')")
        page.click("#blend-stop")
        page.wait_for_selector("#blend-status >> text=Stopped.")
