"""The Batch tab in a headless Chromium, with a stand-in for the model."""

from __future__ import annotations

import json
import wave
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.webui.conftest import Site, Visit, choose, resume_after_reload, until

pytestmark = pytest.mark.browser


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
    resume_after_reload(page)
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
