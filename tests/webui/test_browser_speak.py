"""The tools of the Speak tab in a headless Chromium, with a tiny real model: its text parts and its
ear are real, only its voice is noise.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.tiny_model import write_tiny_model
from tests.webui.conftest import Site, Visit, clone, serve, until
from tests.webui.fakes import FakeSynthesizer
from voice import Synthesizer, VoiceLibrary
from voice.audio.resample import resample
from webui.context import EXAMPLES, AppContext, ModelSlot

pytestmark = pytest.mark.browser
SPANS = "#speak-spans .voice-spans span"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The page with the tiny model."""
    folder = tmp_path_factory.mktemp("page")
    tiny = write_tiny_model(folder / "tiny")
    context = AppContext(ModelSlot(), VoiceLibrary(folder / "voices"), folder / "recordings")
    context.model.start("tiny", lambda: Synthesizer.load(tiny, device="cpu")).join()
    with serve(context) as url:
        yield Site(url, context, FakeSynthesizer())


@pytest.fixture(scope="module")
def spoken(root: Path) -> tuple[np.ndarray, int]:
    """Somebody speaking, 5 s."""
    return soundfile.read(root / "tests" / "data" / "reference_en.wav", dtype="float32")


def two_people(rate: int) -> np.ndarray:
    """A woman, then a man; both are synthetic."""
    both = [soundfile.read(EXAMPLES / f"{name}.opus", dtype="float32") for name in ("isla", "ken")]
    return np.concatenate([resample(samples, own, rate) if own != rate else samples
                           for samples, own in both])


def poor(kind: str, one: np.ndarray, rate: int) -> np.ndarray:
    """The recording with a fault."""
    if kind == "short":
        return one[: int(0.6 * rate)]
    if kind == "clipped":
        return np.clip(one * 0.9 / np.abs(one).max() * 8, -0.9, 0.9)
    if kind == "noisy":
        noise = np.random.default_rng(1).normal(0, one.std() * 0.35, len(one))
        return one + noise.astype(np.float32)
    return two_people(rate)


@pytest.mark.parametrize("case", [
    ("two people", "fair", "zh-CN", "两个人"),
    *(pytest.param(case, marks=pytest.mark.slow) for case in (
        ("short", "bad", "en-US", "under 1 s"),
        ("short", "bad", "zh-CN", "秒"), ("two people", "fair", "en-US", "two people"),
        ("clipped", "fair", "en-US", "is clipped"), ("clipped", "fair", "zh-CN", "爆音"),
        ("noisy", "fair", "en-US", "noisy"), ("noisy", "fair", "zh-CN", "噪"),
    )),
])
def test_the_verdict_says_what_is_wrong_and_what_to_do(
    visit: Callable[..., Visit], spoken: tuple[np.ndarray, int], tmp_path: Path,
    case: tuple[str, str, str, str],
) -> None:
    kind, level, locale, word = case
    file = tmp_path / f"{kind.replace(' ', '-')}.wav"
    soundfile.write(file, np.clip(poor(kind, *spoken), -1, 1), spoken[1])
    page = visit(locale=locale).page
    page.set_input_files("#speak-reference input[type=file]", str(file))
    page.wait_for_selector(f"#speak-verdict .voice-note.{level}")
    said = page.inner_text("#speak-verdict")
    assert word in said and "/" not in said, said


def latest_seconds(site: Site) -> float:
    """Duration of the recording that was received last."""
    return soundfile.info(str(list(site.context.latest._files.values())[-1])).duration


def test_a_recording_is_trimmed_and_judged_anew(
    visit: Callable[..., Visit], site: Site, recording: Path
) -> None:
    seen = visit()
    page = seen.page
    page.set_input_files("#speak-reference input[type=file]", str(recording))
    page.wait_for_selector("#speak-verdict .voice-note.good")
    whole = soundfile.info(str(recording)).duration
    page.get_by_label("Trim audio to selection").click()
    handle = page.locator("#speak-reference [part~=region-handle-right]").first
    box = handle.bounding_box()
    wave = page.locator("#speak-reference [part~=wrapper]").first.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(wave["x"] + wave["width"] * 0.75, box["y"] + box["height"] / 2, steps=8)
    page.mouse.up()
    page.locator("#speak-reference button", has_text="Trim").click()
    page.wait_for_function(
        "document.querySelector('#speak-reference #duration, #speak-reference .timestamps "
        "time:last-of-type')?.innerText !== '0:05'")
    page.wait_for_selector("#speak-verdict .voice-note.good, #speak-verdict .voice-note.fair")
    # The note of the whole recording may still stand: what counts is what the server received.
    assert until(page, lambda: 0.4 * whole < latest_seconds(site) < 0.95 * whole)
    assert seen.problems == []


def test_languages_are_shown_by_span_and_a_word_is_said_differently(
    visit: Callable[..., Visit], site: Site, recording: Path
) -> None:
    seen = visit()
    page = seen.page
    page.locator("#speak-examples button, #speak-examples .gallery-item").last.click()
    page.wait_for_selector(f"{SPANS} >> nth=2")
    shown = page.locator(SPANS).all_inner_texts()
    assert {one.split()[0] for one in shown} == {"Chinese", "English"}, shown
    assert any("meeting" in one for one in shown if one.startswith("English"))
    text = page.locator("#speak-text textarea")
    text.fill("Please lead the way.")
    text.blur()
    page.wait_for_function(
        "document.querySelector('#speak-spans').innerText.trim() === 'English'")
    text.evaluate("box => { box.focus(); box.setSelectionRange(7, 12); }")
    page.click("#speak-pronounce")
    page.wait_for_selector("#pronounce-panel", state="visible")
    page.wait_for_function(
        "document.querySelector('#pronounce-sounds textarea, #pronounce-sounds input').value"
        " === 'L IY1 D'")
    sounds = page.locator("#pronounce-sounds textarea, #pronounce-sounds input").first
    sounds.fill("L EH1 D")
    page.click("#pronounce-use")
    page.wait_for_function("document.querySelector('#speak-text textarea').value"
                           " === 'Please {lead:L EH1 D} the way.'")
    page.set_input_files("#speak-reference input[type=file]", str(recording))
    page.wait_for_selector("#speak-verdict .voice-note.good")
    page.check("#speak-consent input")
    page.click("#speak-go")
    page.wait_for_selector("#speak-download", state="visible")
    assert seen.problems == []


@pytest.mark.slow
def test_settings_come_back_from_a_file_that_was_made_here(
    visit: Callable[..., Visit], site: Site, tmp_path: Path
) -> None:
    """A recording that this browser has never seen, as the command line writes it."""
    model = site.context.model.get()
    made = model.enroll([str(site.context.examples["Isla"].file)], name="Isla",
                        consent="Synthetic.")
    from voice import SynthesisSettings

    speech = list(model.stream("Hello.", made, SynthesisSettings(
        seed=4711, speed=1.25, temperature=0.55, language="en", check=False)))[0]
    file = tmp_path / "from-elsewhere.wav"
    speech.save(file)
    seen = visit()
    page = seen.page
    page.click("#speak-history button")
    with page.expect_file_chooser() as chooser:
        page.click("#history-file")
    chooser.value.set_files(str(file))
    page.wait_for_selector("#history-said .voice-note.good")
    page.click("#speak-settings button")
    assert page.input_value("#setting-seed textarea, #setting-seed input") == "4711"
    assert page.input_value("#speak-speed input[type=number]") == "1.25"
    assert page.input_value("#setting-temperature input[type=number]") == "0.55"
    assert page.locator("#speak-voice input").input_value().startswith("Isla")
    assert seen.problems == []


def test_the_form_is_found_again_after_a_reload(
    visit: Callable[..., Visit], recording: Path
) -> None:
    seen = visit()
    page = seen.page
    page.set_input_files("#speak-reference input[type=file]", str(recording))
    page.wait_for_selector("#speak-verdict .voice-note.good")
    page.fill("#speak-text textarea", "keep me")
    speed = page.locator("#speak-speed input[type=number]")
    speed.fill("1.5")
    speed.press("Enter")
    page.wait_for_function("(localStorage.getItem('voice_form') || '').length > 0")
    page.wait_for_timeout(500)
    page.reload()
    page.wait_for_selector(".voice-chip.ready")
    page.wait_for_selector("#speak-verdict .voice-note.good")
    page.wait_for_function(
        "document.querySelector('#speak-speed input[type=number]').value === '1.5'")
    assert page.input_value("#speak-text textarea") == "keep me"
    assert not page.is_checked("#speak-consent input"), "consent is given anew"
    page.click("#speak-source label:nth-of-type(2)")
    page.wait_for_selector("#speak-voice input", state="visible")
    page.wait_for_timeout(500)
    page.reload()
    page.wait_for_selector("#speak-voice input", state="visible")
    assert seen.problems == []


@pytest.mark.slow
def test_a_recording_taken_away_stays_away(
    visit: Callable[..., Visit], recording: Path, site: Site
) -> None:
    kept = site.context.latest._files
    before = set(kept)
    page = visit().page
    page.set_input_files("#speak-reference input[type=file]", str(recording))
    page.wait_for_selector("#speak-verdict .voice-note.good")
    (mine,) = set(kept) - before
    page.click("#speak-reference button[aria-label='Clear']")
    page.wait_for_selector("#speak-verdict .voice-hint")
    assert until(page, lambda: mine not in kept)


@pytest.mark.slow
def test_the_microphone_is_recorded_and_cloned(visit: Callable[..., Visit]) -> None:
    """The browser's microphone hears the reference recording, over and over."""
    seen = visit()
    page = seen.page
    page.get_by_label("Record audio").first.click()
    page.click("#speak-reference button.record-button")
    page.wait_for_timeout(5000)
    page.click("#speak-reference button.stop-button")
    page.wait_for_selector("#speak-verdict .voice-note.good, #speak-verdict .voice-note.fair")
    page.check("#speak-consent input")
    page.fill("#speak-text textarea", "Hello there.")
    page.click("#speak-go")
    page.wait_for_selector("#speak-download", state="visible")
    assert seen.problems == []


def focused(page: Any) -> str:
    """What has the focus: the id around it, and its label or words."""
    return page.evaluate("""() => {
        const e = document.activeElement;
        const around = e.closest('[id]')?.id || '';
        const named = e.closest('[id^=speak-], [id^=batch-], [id^=blend-]')?.id || around;
        return `${named}|${e.getAttribute('role') || e.tagName}|${(e.innerText || '').trim()}`;
    }""")


@pytest.mark.slow
def test_everything_is_reached_by_the_keyboard_alone(
    visit: Callable[..., Visit], recording: Path
) -> None:
    seen = visit()
    page = seen.page
    reached, order = [], []
    for _ in range(70):
        page.keyboard.press("Tab")
        order.append(focused(page))
        reached.append(order[-1].split("|")[0])
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        visible = page.evaluate("""() => {
            const box = document.activeElement.getBoundingClientRect();
            return box.width > 0 && box.height > 0; }""")
        if visible and reached[-1] == "speak-go":
            assert outline != "none", "the focus can be seen"
            break
    else:
        pytest.fail(json.dumps(order, ensure_ascii=False))
    wanted = {"speak-source", "speak-reference", "speak-transcript", "speak-write-down",
              "speak-consent", "speak-text", "speak-pronounce", "speak-examples",
              "speak-language", "speak-speed", "speak-settings"}
    assert wanted <= set(reached), wanted - set(reached)
    page.keyboard.press("Enter")
    page.wait_for_selector("#speak-status .voice-note.bad")
    assert "Type what the voice should say" in page.inner_text("#speak-status")
    clone(page, recording, "Hello there.")
    page.wait_for_selector("#speak-download", state="visible")
    page.locator("#speak-go").focus()
    later = []
    for _ in range(20):
        page.keyboard.press("Tab")
        later.append(focused(page).split("|")[0])
    assert {"speak-result", "speak-keep", "speak-format", "speak-download", "speak-sentences",
            "speak-history"} <= set(later), later
    page.get_by_role("tab", name="Speak").focus()
    for _ in range(3):
        page.keyboard.press("Tab")
        if focused(page).endswith("|tab|Blend"):
            break
    page.keyboard.press("Enter")
    page.wait_for_selector("#blend-go", state="visible")
