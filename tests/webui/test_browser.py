"""The page in a headless Chromium, with tones in place of a model."""

from __future__ import annotations

import time
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.synth.recognisers import StandIn
from tests.webui.conftest import Site, Visit, choose, clone, until

pytestmark = pytest.mark.browser
PHONE = {"viewport": {"width": 390, "height": 844}}


def test_the_page_loads_without_errors_or_requests_elsewhere(
    visit: Callable[..., Visit],
) -> None:
    seen = visit()
    page = seen.page
    assert page.title() == "Voice"
    assert page.locator("h1").inner_text() == "Voice"
    assert page.locator("html").get_attribute("lang") == "en"
    page.wait_for_timeout(500)
    assert seen.problems == []


def test_a_recording_is_cloned_heard_downloaded_and_kept(
    visit: Callable[..., Visit], site: Site, recording: Path, tmp_path: Path
) -> None:
    seen = visit()
    page = seen.page
    clone(page, recording, "Good morning to all of you. This is the second sentence.")
    page.wait_for_selector("#speak-download", state="visible")
    facts = page.locator("#speak-facts").inner_text()
    assert "passed" in facts and "fake abc123" in facts
    page.wait_for_selector("#speak-result [data-testid=waveform-controls], #speak-result audio",
                           state="attached")
    assert page.evaluate("window.voicePlayer.state().lastIndex") == 1, "both chunks were pushed"
    with page.expect_download() as started:
        page.click("#speak-download")
    target = tmp_path / "speech.wav"
    started.value.save_as(target)
    with wave.open(str(target)) as file:
        assert file.getframerate() == 24000
        assert file.getnframes() == round(0.2 * 24000 * (6 + 5)), "0.2 s a word"

    page.click("#speak-keep button")
    page.fill("#keep-name textarea, #keep-name input", "Robin")
    page.fill("#keep-consent textarea", "I am the speaker.")
    page.click("#keep-go")
    page.wait_for_selector("#keep-status .voice-note.good")
    kept = site.context.library.get("Robin")
    assert kept.consent == "I am the speaker."
    assert kept.preview is not None and kept.preview_rate == 24000
    assert site.fake.enrolled == ["reference_en.wav"], "listened to once"
    assert seen.problems == []


def test_what_is_missing_is_said_in_the_language_of_the_page(
    visit: Callable[..., Visit], recording: Path
) -> None:
    page = visit(locale="zh-CN").page
    assert page.locator("html").get_attribute("lang") == "zh-CN"
    assert page.locator("#speak-go").inner_text() == "开始朗读"
    page.click("#speak-go")
    page.wait_for_selector("#speak-status .voice-note.bad")
    assert page.locator("#speak-status .voice-note").inner_text() == "请输入要说的文字。"
    page.fill("#speak-text textarea", "早上好")
    page.set_input_files("#speak-reference input[type=file]", str(recording))
    page.wait_for_selector("#speak-verdict .voice-note.good")
    page.click("#speak-go")
    page.wait_for_function("document.querySelector('#speak-status').innerText.includes('勾选')")


def test_the_language_can_be_switched_and_the_text_stays(visit: Callable[..., Visit]) -> None:
    page = visit().page
    page.fill("#speak-text textarea", "keep me")
    page.click("a[data-language=zh-CN]")
    page.wait_for_selector("html[lang=zh-CN]")
    page.wait_for_selector("text=谁的声音")
    page.wait_for_function("document.querySelector('#speak-text textarea').value === 'keep me'")
    page.reload()
    page.wait_for_selector("text=谁的声音")
    page.click("a[data-language=en]")
    page.wait_for_selector("text=Whose voice")


@pytest.mark.slow
def test_a_phone_sees_everything_without_scrolling_sideways(visit: Callable[..., Visit]) -> None:
    page = visit(**PHONE).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    for name in ("speak-text", "speak-go", "speak-reference", "speak-consent"):
        box = page.locator(f"#{name}").bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390, name


@pytest.mark.parametrize("locale", ["en-US", pytest.param("zh-CN", marks=pytest.mark.slow)])
def test_a_phone_shows_every_tab(visit: Callable[..., Visit], locale: str) -> None:
    page = visit(**PHONE, locale=locale).page
    for width in (390, 320):
        page.set_viewport_size({"width": width, "height": 844})
        page.wait_for_function(
            "document.querySelectorAll('#voice-tabs [role=tab]').length === 6")
        edges = page.evaluate("""[...document.querySelectorAll('#voice-tabs [role=tab]')].map(
            tab => { const box = tab.getBoundingClientRect();
                     return [box.left, box.right, tab.scrollWidth - tab.clientWidth]; })""")
        assert all(left >= 0 and right <= width for left, right, _ in edges), edges
        assert all(hidden <= 0 for *_, hidden in edges), "each name is whole"
        assert not page.is_visible("#voice-tabs .overflow-menu button")
    page.get_by_role("tab").last.click()
    page.wait_for_selector("#settings-save", state="visible")


@pytest.mark.slow
def test_sentences_and_their_buttons_fit_on_a_phone(
    visit: Callable[..., Visit], recording: Path
) -> None:
    page = visit(**PHONE).page
    clone(page, recording, "Good morning to all of you. The extraordinary lighthouse is open.")
    page.wait_for_selector("#speak-sentences td >> nth=0")
    table = page.locator("#speak-sentences .voice-table")
    assert table.evaluate("e => e.scrollWidth <= e.clientWidth"), "no button is out of sight"
    words = page.locator("#speak-sentences td:nth-child(2)").nth(1)
    longest = words.evaluate("""cell => {
        const text = cell.firstChild, range = document.createRange();
        const start = text.data.indexOf('extraordinary');
        range.setStart(text, start); range.setEnd(text, start + 'extraordinary'.length);
        return range.getClientRects().length;
    }""")
    assert longest == 1, "a word stays in one line"
    lengths = page.locator("#speak-sentences .voice-time")
    assert lengths.count() == 2
    for i in range(2):
        rows = lengths.nth(i).evaluate("e => e.getClientRects().length")
        assert rows == 1, "“1.0 s” stays in one line"


def test_an_example_voice_speaks_and_stop_stops_in_the_middle_of_a_sentence(
    visit: Callable[..., Visit], site: Site
) -> None:
    page = visit().page
    page.click("#speak-source label:nth-of-type(2)")
    page.wait_for_selector("#speak-voice input")
    page.fill("#speak-text textarea", "One sentence here. " * 40)
    with site.fake.gate.held(after=2):
        page.click("#speak-go")
        page.wait_for_function("window.voicePlayer.state().lastIndex >= 0")
        page.click("#speak-stop")
        page.wait_for_selector("#speak-status .voice-note")
    assert page.locator("#speak-status").inner_text() == "Stopped."
    assert page.evaluate("window.voicePlayer.state().playing") == 0
    assert page.locator("#speak-go").is_enabled()


@pytest.mark.slow
def test_closing_the_page_ends_its_work(
    visit: Callable[..., Visit], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site.context.feeds, "_patience", 0.5)
    page = visit().page
    page.click("#speak-source label:nth-of-type(2)")
    page.wait_for_selector("#speak-voice input")
    page.fill("#speak-text textarea", "One sentence here. Another sentence here.")
    with site.fake.gate.held(after=1):
        closed = site.fake.closed
        page.click("#speak-go")
        page.wait_for_function("window.voicePlayer.state().lastIndex >= 0")
        page.close()
        deadline = time.monotonic() + 90
        while site.fake.closed == closed and time.monotonic() < deadline:
            time.sleep(0.1)
        assert site.fake.closed == closed + 1


def test_what_a_recording_says_is_written_down_and_changes_how_it_is_cloned(
    visit: Callable[..., Visit], site: Site, recording: Path, recogniser: type[StandIn]
) -> None:
    seen = visit()
    page = seen.page
    page.click("#speak-write-down")
    page.wait_for_selector("#speak-heard .voice-note.bad")
    assert recogniser.made == [], "there is nothing to listen to"
    clone(page, recording, "Hello there.")
    page.wait_for_selector("#speak-download", state="visible")
    page.click("#speak-write-down")
    page.wait_for_function(
        "document.querySelector('#speak-transcript textarea').value === '今天好。'")
    page.wait_for_function("document.querySelector('#speak-heard').innerText.trim() === ''")
    (asked,) = recogniser.made[0]["asked"]
    assert asked["count"] == pytest.approx(5 * 16000, rel=0.2), "all of the recording"
    listened = len(site.fake.enrolled)
    page.click("#speak-go")
    assert until(page, lambda: len(site.fake.enrolled) == listened + 1), "with its words, anew"
    page.wait_for_selector("#speak-download", state="visible")
    assert seen.problems == []


def test_who_waits_sees_the_place_in_the_queue_and_is_served_in_between(
    visit: Callable[..., Visit], site: Site
) -> None:
    pages = [visit().page, visit().page]
    for page, words in zip(pages, ("One two three. " * 30, "Four five six. Seven."), strict=True):
        page.click("#speak-source label:nth-of-type(2)")
        page.wait_for_selector("#speak-voice input")
        page.fill("#speak-text textarea", words)
    first, second = pages
    with site.fake.gate.held(after=2) as gate:
        first.click("#speak-go")
        first.wait_for_selector("#speak-status progress")
        second.click("#speak-go")
        second.wait_for_selector("#speak-status >> text=1 before you")
        gate.let(8)  # in turns: the second text is through after two of them
        second.wait_for_selector("#speak-download", state="visible")
        assert first.is_visible("#speak-stop"), "the long text is still being spoken"
        first.click("#speak-stop")
        first.wait_for_selector("#speak-status >> text=Stopped.")


def test_models_and_settings_are_shown(visit: Callable[..., Visit], site: Site) -> None:
    seen = visit()
    page = seen.page
    page.get_by_role("tab", name="Models").click()
    page.wait_for_selector("#models-facts .voice-facts, #models-facts .voice-note")
    choose(page, "models-chosen", "mini")
    page.wait_for_selector("#models-facts >> text=MIT")
    assert "mini" in page.locator("#models-card").inner_text()
    page.click("#models-use")
    page.wait_for_selector("#models-answer .voice-note.bad")
    assert "--allow-changes" in page.locator("#models-answer").inner_text()
    page.get_by_role("tab", name="Settings").click()
    page.wait_for_selector("#settings-facts .voice-facts")
    assert "fake" in page.locator("#settings-facts").inner_text()
    assert page.locator("#settings-save").is_disabled()
    assert str(site.context.outputs) not in page.locator("#settings-facts").inner_text()
    page.locator(".voice-languages a[data-language=zh-CN]").click()
    page.wait_for_selector("html[lang=zh-CN]")
    assert seen.problems == []


def test_sentences_are_spoken_again_saved_and_found_after_a_reload(
    visit: Callable[..., Visit], tmp_path: Path
) -> None:
    seen = visit()
    page = seen.page
    page.click("#speak-source label:nth-of-type(2)")
    page.wait_for_selector("#speak-voice input")
    page.fill("#speak-text textarea", "First sentence here. Second one is longer.")
    page.click("#speak-settings button")
    page.fill("#setting-seed textarea, #setting-seed input", "77")
    page.click("#speak-go")
    page.wait_for_selector("#speak-download", state="visible")
    again = page.locator("#speak-sentences [data-send=speak-piece]")
    assert again.count() == 2
    again.nth(1).click()
    page.wait_for_selector("#speak-sentences >> text=Keep B")
    page.click("#speak-sentences >> text=Keep B")
    page.wait_for_function(
        "document.querySelectorAll('#speak-sentences [data-send=speak-piece]').length === 2")
    choose(page, "speak-format", "MP3")
    page.wait_for_function("document.querySelector('#speak-download a, a#speak-download')"
                           "?.href.endsWith('.mp3') ?? true")
    page.wait_for_timeout(500)
    with page.expect_download() as started:
        page.click("#speak-download")
    assert started.value.suggested_filename.endswith(".mp3")
    page.reload()
    page.wait_for_selector(".voice-chip.ready")
    page.wait_for_function(
        "document.querySelector('#speak-text textarea').value.startsWith('First')")
    page.fill("#speak-text textarea", "something else")
    page.click("#speak-history button")
    page.locator("#history-rows [data-send=history-pick]").first.click()
    page.wait_for_selector("#history-said .voice-note.good")
    assert page.input_value("#speak-text textarea").startswith("First sentence")
    page.click("#speak-settings button")
    assert page.input_value("#setting-seed textarea, #setting-seed input") == "77"
    assert seen.problems == []


def test_a_reload_in_the_middle_finds_the_work_again(
    visit: Callable[..., Visit], site: Site
) -> None:
    seen = visit()
    page = seen.page
    page.click("#speak-source label:nth-of-type(2)")
    page.wait_for_selector("#speak-voice input")
    page.fill("#speak-text textarea", "One two three. " * 12)
    with site.fake.gate.held(after=4):
        page.click("#speak-go")
        page.wait_for_function("window.voicePlayer.state().lastIndex >= 1")
        page.reload()
        page.wait_for_selector("#speak-stop", state="visible")
        seen.problems.clear()  # requests that leaving the page cut off
        page.wait_for_selector("#speak-status progress")
    page.wait_for_selector("#speak-download", state="visible")
    assert "7.2 s" in page.locator("#speak-facts").inner_text(), "all of it, 0.6 s a sentence"
    assert seen.problems == []
