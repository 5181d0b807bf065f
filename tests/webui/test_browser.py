"""The page in a headless Chromium, with tones in place of a model."""

from __future__ import annotations

import json
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


def test_twenty_lines_are_checked_spoken_stopped_and_taken_up_after_a_reload(
    visit: Callable[..., Visit], site: Site, tmp_path: Path
) -> None:
    lines = tmp_path / "lines.csv"
    rows = [f"{i:02d},Sentence {i} here." if i != 5 else "05,...." for i in range(1, 21)]
    lines.write_text("name,words\n" + "\n".join(rows), "utf8")
    seen = visit()
    page = seen.page
    page.get_by_role("tab", name="Batch").click()
    page.set_input_files("#batch-file input[type=file]", str(lines))
    page.wait_for_selector("#batch-preview >> text=Which column holds the text?")
    choose(page, "batch-column-text", "words")
    choose(page, "batch-column-id", "name")
    page.wait_for_selector("#batch-preview >> text=20 lines; 1 cannot be spoken")
    with site.fake.gate.held(after=2):
        page.click("#batch-start")
        page.wait_for_selector("#batch-rows .voice-state.done >> nth=1")
        page.click("#batch-pause")
        page.wait_for_selector("#batch-progress >> text=Paused.")
    page.reload()
    page.wait_for_selector(".voice-chip.ready")
    page.get_by_role("tab", name="Batch").click()
    page.wait_for_selector("#batch-progress >> text=Paused.")
    page.click("#batch-resume")
    page.wait_for_selector("#batch-progress >> text=19 of 20 done, 1 failed. Finished.")
    page.locator("#batch-rows [data-play]").first.click()
    page.wait_for_function("window.voiceRows.state().src.includes('01.wav')")
    (first, *_) = site.context.outputs.glob("batches/*/*/01.wav")
    before = first.stat().st_mtime_ns
    page.locator("#batch-rows [data-send=batch-again]").first.click()
    assert until(page, lambda: first.exists() and first.stat().st_mtime_ns != before), (
        "the row was spoken again")
    page.wait_for_selector("#batch-progress >> text=Finished.")
    page.click("#batch-zip")
    page.wait_for_selector("#batch-file-out >> text=recordings", state="visible")
    assert seen.problems == []


def test_a_script_is_spoken_with_a_voice_for_each_role(
    visit: Callable[..., Visit], site: Site, tmp_path: Path
) -> None:
    script = tmp_path / "scene.txt"
    script.write_text("Ann: Good morning.\nBob: Hello there.\nAnn: <b>Bye</b> now.\n", "utf8")
    seen = visit()
    page = seen.page
    page.get_by_role("tab", name="Batch").click()
    page.set_input_files("#batch-file input[type=file]", str(script))
    page.wait_for_selector("#batch-roles >> text=Voice of Bob")
    assert page.is_checked("#batch-dialogue input")
    assert page.locator("#batch-preview td b").count() == 0, "a text is never markup"
    choose(page, "batch-role-1", "Lan · Chinese · example")
    choose(page, "batch-role-2", "Miles · English · example")
    page.wait_for_selector("#batch-preview >> text=3 lines, all can be spoken")
    page.click("#batch-start")
    page.wait_for_selector("#batch-progress >> text=3 of 3 done, 0 failed. Finished.")
    newest = max(site.context.outputs.glob("batches/*/*/manifest.jsonl"),
                 key=lambda file: file.stat().st_mtime_ns)
    voices = [json.loads(line)["voice"] for line in newest.read_text("utf8").splitlines()]
    assert voices == ["Lan", "Miles", "Lan"]
    assert seen.problems == []


LIST = (
    "vocals/a_01.wav|ada|EN|Good morning to all.\n"
    "vocals/a_02.wav|ada|EN|....\n"
    "no fields here\n"
    "vocals/b_01.wav|bob|ZH|早上好。\n"
)
SUBTITLES = (
    "1\n00:00:01,000 --> 00:00:02,500\n<i>Good morning</i>\nto all.\n\n"
    "2\n00:00:03,000 --> 00:00:04,000\n....\n\n"
    "3\n00:00:05,000 --> 00:00:06,000\n早上好。\n"
)


@pytest.mark.parametrize(("name", "content", "shown"), [
    ("lines.list", LIST, (
        "4 lines; 2 cannot be spoken", "a_02", "fields instead of",
        "2 of 4 done, 2 failed. Finished.")),
    pytest.param("film.srt", SUBTITLES, (
        "3 lines; 1 cannot be spoken", "0002", "punctuation",
        "2 of 3 done, 1 failed. Finished."), marks=pytest.mark.slow),
])
def test_lists_and_subtitles_are_checked_and_spoken(
    visit: Callable[..., Visit], site: Site, tmp_path: Path, name: str, content: str,
    shown: tuple[str, str, str, str],
) -> None:
    checked, *bad, done = shown
    lines = tmp_path / name
    lines.write_text(content, "utf8")
    seen = visit()
    page = seen.page
    page.get_by_role("tab", name="Batch").click()
    page.set_input_files("#batch-file input[type=file]", str(lines))
    page.wait_for_selector(f"#batch-preview >> text={checked}")
    first = page.locator("#batch-preview tbody tr")
    assert "left out" in first.nth(0).inner_text()
    assert all(word in page.inner_text("#batch-preview") for word in bad)
    assert page.locator("#batch-preview td i").count() == 0
    page.click("#batch-start")
    page.wait_for_selector(f"#batch-progress >> text={done}")
    newest = max(site.context.outputs.glob("batches/*/*/manifest.jsonl"),
                 key=lambda file: file.stat().st_mtime_ns)
    rows = [json.loads(line) for line in newest.read_text("utf8").splitlines()]
    spoken = [row for row in rows if row["status"] == "done"]
    assert [row["text"] for row in spoken] == ["Good morning to all.", "早上好。"]
    for row in spoken:
        with wave.open(str(newest.parent / row["wav"])) as file:
            assert file.getnframes() > 0
    assert seen.problems == []


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
