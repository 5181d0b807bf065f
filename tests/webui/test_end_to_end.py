"""The main path of each tab in a headless Chromium, with the embedded model: real sound, judged by
its length, loudness and note. How well it is understood is measured elsewhere.
"""

from __future__ import annotations

import json
import time
import wave
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.webui.conftest import Site, Visit, clone, resume_after_reload, serve
from tests.webui.fakes import FakeSynthesizer
from voice import Synthesizer, VoiceLibrary, read_note
from webui.context import AppContext, ModelSlot
from webui.feeds import Feeds

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1800)]
PATIENCE_MS = 600_000
STOP_SECONDS = 2.0  # one second, and what the browser and a busy machine take
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, mini: Path) -> Iterator[Site]:
    """The page with the embedded model."""
    folder = tmp_path_factory.mktemp("page")
    context = AppContext(ModelSlot(), VoiceLibrary(folder / "voices"), folder / "recordings")
    context.feeds = Feeds(patience=60)
    context.model.start("mini", lambda: Synthesizer.load(mini, device="cpu")).join()
    with serve(context) as url:
        yield Site(url, context, FakeSynthesizer())


def opened(visit: Callable[..., Visit], **options: Any) -> Visit:
    seen = visit(**options)
    seen.page.set_default_timeout(PATIENCE_MS)
    return seen


def field(page: Any, name: str) -> Any:
    return page.locator(f"#{name} textarea, #{name} input").first


def check_sound(path: Path, low_s: float, high_s: float) -> None:
    """A recording of a plausible length that is neither silent nor overdriven, made here."""
    with wave.open(str(path)) as file:
        count, rate = file.getnframes(), file.getframerate()
        samples = np.frombuffer(file.readframes(count), "<i2").astype(np.float64) / 32768
    assert low_s < count / rate < high_s, count / rate
    assert 0.01 < np.sqrt(np.square(samples).mean()) < 0.5
    assert np.abs(samples).max() <= 1.0 and np.abs(np.diff(samples)).max() < 1.5
    note = read_note(path)
    assert note is not None and note["model"].split()[0] == "mini"


def spoken(page: Any, folder: Path) -> Path:
    """The recording that the page offers."""
    page.wait_for_selector("#speak-download", state="visible")
    with page.expect_download() as started:
        page.click("#speak-download")
    target = folder / started.value.suggested_filename
    started.value.save_as(target)
    return target


def test_a_voice_is_cloned_speaks_and_is_kept(
    visit: Callable[..., Visit], site: Site, recording: Path, tmp_path: Path
) -> None:
    seen = opened(visit)
    page = seen.page
    page.set_input_files("#speak-reference input[type=file]", str(recording))
    page.wait_for_selector("#speak-verdict .voice-note.good, #speak-verdict .voice-note.fair")
    page.check("#speak-consent input")
    field(page, "speak-text").fill("Good morning to all of you.")
    page.click("#speak-go")
    check_sound(spoken(page, tmp_path), 0.8, 6)
    assert page.evaluate("window.voicePlayer.state().lastIndex") >= 0, "heard while it was made"
    assert "mini" in page.inner_text("#speak-facts")
    page.click("#speak-keep button")
    field(page, "keep-name").fill("Robin")
    field(page, "keep-consent").fill("I am the speaker.")
    page.click("#keep-go")
    page.wait_for_selector("#keep-status .voice-note.good")
    assert site.context.library.get("Robin").consent == "I am the speaker."
    assert seen.problems == []


@pytest.mark.slow
def test_two_voices_are_blended_kept_and_used(
    visit: Callable[..., Visit], site: Site, tmp_path: Path
) -> None:
    seen = opened(visit)
    page = seen.page
    page.get_by_role("tab", name="Blend").click()
    page.wait_for_selector("#blend-map .voice-dot")
    page.click("#blend-go")
    page.wait_for_selector("#blend-keep-go", state="visible")
    field(page, "blend-name").fill("Duet")
    page.click("#blend-keep-go")
    page.wait_for_selector("#blend-answer .voice-note.good")
    duet = site.context.library.get("Duet")
    assert duet.parents == {"Isla": 0.5, "Miles": 0.5} and "Isla" in duet.consent
    page.locator("#blend-map .voice-dot", has_text="Hana").click()
    page.wait_for_function(
        "document.querySelector('#blend-voice-1 input').value.startsWith('Hana')")
    page.wait_for_selector("#blend-status .voice-note.good")
    page.get_by_role("tab", name="Voices").click()
    card = page.locator("#voices-cards article", has_text="Duet")
    card.locator("[data-send=voices-use]").click()
    page.wait_for_function("document.querySelector('#speak-voice input')?.value.includes('Duet')")
    field(page, "speak-text").fill("See you tomorrow.")
    page.click("#speak-go")
    path = spoken(page, tmp_path)
    check_sound(path, 0.5, 5)
    note = read_note(path)
    assert note is not None and note["voice"] == "Duet"
    assert seen.problems == []


@pytest.mark.slow
def test_twenty_rows_with_a_bad_one_stopped_reloaded_and_taken_up(
    visit: Callable[..., Visit], site: Site, tmp_path: Path
) -> None:
    numbers = ("One. Two. Three. Four. Five. Six. Seven. Eight. Nine. Ten. Eleven. Twelve. "
               "Thirteen. Fourteen. Fifteen. Sixteen. Seventeen. Eighteen. Nineteen. Twenty.")
    words = [f"Number {one.strip('.').lower()}." for one in numbers.split()]
    words[4] = "...."
    lines = tmp_path / "lines.jsonl"
    lines.write_text("\n".join(
        json.dumps({"id": f"{i:02d}", "text": text}) for i, text in enumerate(words, 1)), "utf8")
    seen = opened(visit)
    page = seen.page
    page.get_by_role("tab", name="Batch").click()
    page.set_input_files("#batch-file input[type=file]", str(lines))
    page.wait_for_selector("#batch-preview >> text=20 lines; 1 cannot be spoken")
    page.click("#batch-start")
    page.wait_for_selector("#batch-rows .voice-state.done")
    begun = time.monotonic()
    page.click("#batch-pause")
    page.wait_for_selector("#batch-progress >> text=Paused.")
    assert time.monotonic() - begun < STOP_SECONDS
    resume_after_reload(page)
    page.wait_for_selector("#batch-progress >> text=19 of 20 done, 1 failed. Finished.")
    page.click("#batch-zip")
    page.wait_for_selector("#batch-file-out", state="visible")
    (packed,) = site.context.outputs.glob("batches/*/*/recordings.zip")
    with zipfile.ZipFile(packed) as archive:
        names = [name for name in archive.namelist() if name.endswith(".wav")]
        assert len(names) == 19 and not [name for name in names if "05" in name]
        archive.extractall(tmp_path / "out")
    for file in (tmp_path / "out").rglob("*.wav"):
        check_sound(file, 0.2, 5)
    seen.problems[:] = [one for one in seen.problems if "Failed to fetch" not in one]  # reload
    assert seen.problems == []


@pytest.mark.slow
def test_a_reload_in_the_middle_goes_on_and_stop_stops(
    visit: Callable[..., Visit], site: Site, tmp_path: Path
) -> None:
    seen = opened(visit)
    page = seen.page
    page.click("#speak-source label:nth-of-type(2)")
    page.wait_for_selector("#speak-voice input")
    field(page, "speak-text").fill("This is one of several sentences. " * 6)
    page.click("#speak-go")
    page.wait_for_function("window.voicePlayer.state().lastIndex >= 0")
    page.reload()
    page.wait_for_selector("#speak-stop", state="visible")
    check_sound(spoken(page, tmp_path), 6, 40)
    page.click("#speak-source label:nth-of-type(2)")
    page.wait_for_selector("#speak-voice input")
    field(page, "speak-text").fill("This is one of many sentences. " * 30)
    page.click("#speak-go")
    page.wait_for_function("window.voicePlayer.state().lastIndex >= 0")
    begun = time.monotonic()
    page.click("#speak-stop")
    page.wait_for_selector("#speak-status >> text=Stopped.")
    assert time.monotonic() - begun < STOP_SECONDS


@pytest.mark.slow
def test_on_a_phone_in_chinese(
    visit: Callable[..., Visit], recording: Path, tmp_path: Path
) -> None:
    seen = opened(visit, locale="zh-CN", **PHONE)
    page = seen.page
    clone(page, recording, "早上好。")
    check_sound(spoken(page, tmp_path), 0.3, 5)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert "自检" in page.inner_text("#speak-facts")
    assert seen.problems == []
