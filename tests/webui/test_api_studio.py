"""The named endpoints of batches, sentences, models and settings, as a program calls them."""

from __future__ import annotations

import base64
import io
import json
import logging
import time
import wave
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.webui.calls import endpoint
from tests.webui.conftest import Site
from tests.webui.test_api import ask

CSV = base64.b64encode(b"name,words\na,One two.\nb,...\nc,Five six seven.\n").decode()
COLUMNS = {"text": "words", "id": "name"}


def error_of(site: Site, name: str, *data: Any) -> str:
    answer = endpoint(site.url, name, *data)
    assert answer["success"] is False, answer
    assert "Traceback" not in json.dumps(answer)
    return answer["output"]["error"]


def settled(site: Site, key: str) -> dict[str, Any]:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        found = ask(site, "batch", key)
        if not found["running"]:
            return found
        time.sleep(0.05)
    raise AssertionError("the batch does not end")


def test_a_batch_is_checked_spoken_paused_taken_up_packed_and_deleted(site: Site) -> None:
    checked = ask(site, "check_batch", CSV, "csv", "example:Isla", COLUMNS)
    assert [one["problem"] is None for one in checked["lines"]] == [True, False, True]
    assert checked["columns"] == ["name", "words"]
    with site.fake.gate.held():
        key = ask(site, "start_batch", CSV, "csv", "example:Isla", COLUMNS, None,
                  {"speed": 0.5, "seed": 3})["batch"]
        assert ask(site, "batch", key)["running"] is True
        assert ask(site, "pause_batch", key)["running"] is False, "it does not wait for the end"
    ask(site, "resume_batch", key)
    rows = settled(site, key)["rows"]
    assert [(row["id"], row["status"]) for row in rows] == [
        ("a", "done"), ("b", "failed"), ("c", "done")]
    assert rows[2]["seconds"] == pytest.approx(1.2) and rows[1]["error"]
    ask(site, "resume_batch", key, "c")
    assert settled(site, key)["rows"][2]["status"] == "done"
    packed = base64.b64decode(ask(site, "batch_recordings", key)["file"])
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert len([one for one in archive.namelist() if one.endswith(".wav")]) == 2
    assert ask(site, "delete_batch", key) == {"deleted": True}
    assert "not there" in error_of(site, "batch", key)


def test_a_dialogue_has_a_voice_for_each_role(site: Site) -> None:
    script = base64.b64encode(b"Ann: Hi there.\nBob: Hello.\nAnn: Bye.\n").decode()
    roles = {"Ann": "example:Lan", "Bob": "example:Miles"}
    assert ask(site, "check_batch", script, "txt", "example:Isla")["speakers"] == ["Ann", "Bob"]
    key = ask(site, "start_batch", script, "txt", "example:Isla", None, roles)["batch"]
    assert {row["status"] for row in settled(site, key)["rows"]} == {"done"}
    owner, name = key.split("-")
    lines = (site.context.outputs / "batches" / owner / name / "manifest.jsonl").read_text("utf8")
    assert [json.loads(line)["voice"] for line in lines.splitlines()] == ["Lan", "Miles", "Lan"]
    ask(site, "delete_batch", key)


@pytest.mark.parametrize("key", [
    "", "x", "../../etc", f"{'a' * 24}-{'a' * 20}", f"../{'a' * 21}-{'a' * 20}",
    f"{'a' * 24}-../../../etc", f"{'a' * 24}\n-{'a' * 20}\n", "-",
])
def test_no_key_of_a_batch_leads_elsewhere(site: Site, key: str) -> None:
    for name in ("batch", "pause_batch", "resume_batch", "batch_recordings", "delete_batch"):
        assert "not there" in error_of(site, name, key)


@pytest.mark.parametrize("data", [
    (CSV, "exe"), (CSV, "../x"), ("!!!", "csv"), ("", "csv"),
    (CSV, "csv", "example:Isla", COLUMNS, None, {"speed": 99}),
    (CSV, "csv", "example:Isla", COLUMNS, None, {"watermark": False}),
    (CSV, "csv", "example:Isla", {"text": "nothing"}),
])
def test_lists_that_are_none(site: Site, data: tuple[Any, ...]) -> None:
    data = data if len(data) > 2 else (*data, "example:Isla")
    if len(data) == 6 and data[5] == {"speed": 99}:
        lines = ask(site, "check_batch", *data)["lines"]
        assert all("speed" in one["problem"].lower() for one in (lines[0], lines[2]))
        return
    assert error_of(site, "start_batch", *data)
    received = site.context.outputs / "received"
    assert not received.exists() or not list(received.iterdir()), "nothing is left behind"


def test_a_sentence_is_spoken_again_kept_and_downloaded(site: Site) -> None:
    made = ask(site, "speak", "One two. Three four five.", "example:Isla", "en", 1.0, 3)
    assert [one["text"] for one in made["sentences"]] == ["One two", "Three four five"]
    new = ask(site, "speak_sentence_again", made["recording"], 1)
    with wave.open(io.BytesIO(base64.b64decode(new["wav"]))) as file:
        assert file.getnframes() == 14400
    assert len(ask(site, "keep_reading", made["recording"], 1, True)["sentences"]) == 2
    for kind in ("wav", "mp3", "flac", "srt"):
        given = ask(site, "download", made["recording"], kind)
        assert given["file_name"].endswith(kind) and given["file"]
    assert "00:00:00,400" in base64.b64decode(
        ask(site, "download", made["recording"], "srt")["file"]).decode()
    for wrong in ("", "../x", "2" * 20 + "-" + "a" * 12, made["recording"] + "/../x"):
        assert "not there" in error_of(site, "download", wrong)
        assert "not there" in error_of(site, "keep_reading", wrong, 0, True)
    assert error_of(site, "speak_sentence_again", made["recording"], 9)


def test_settings_go_in_and_come_back_from_the_recording(site: Site) -> None:
    made = ask(site, "speak", "One two.", "example:Isla", "en", 1.5, 7, {"temperature": 0.7})
    found = ask(site, "read_settings", made["wav"], "wav")
    assert found["settings"]["temperature"] == 0.7 and found["settings"]["speed"] == 1.5
    assert found["settings"]["seed"] == 7 and found["voice"] == "example:Isla"
    for wrong in ({"colour": 1}, {"watermark": False}):
        assert "settings names" in error_of(
            site, "speak", "Hi.", "example:Isla", "en", 1.0, 1, wrong).lower()
    assert "top_k" in error_of(
        site, "speak", "Hi.", "example:Isla", "en", 1.0, 1, {"top_k": 0}).lower()


def test_a_recording_is_judged(site: Site, recording: Path) -> None:
    sound = base64.b64encode(recording.read_bytes()).decode()
    assert ask(site, "judge_recording", sound, "wav") == {"level": "good", "advice": []}
    assert error_of(site, "judge_recording", sound, "exe")
    assert error_of(site, "read_settings", sound, "wav").startswith("This recording holds no")


def test_models_and_settings_are_told_and_only_an_administrator_changes_them(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "webui")
    found = ask(site, "models")
    mini = next(one for one in found["models"] if one["name"] == "mini")
    assert mini["packaged"] and mini["licence"] == "MIT" and found["state"] == "ready"
    assert {one["name"] for one in found["offers"]} >= {"v2", "v2ProPlus"}
    assert ask(site, "settings")["precision"] == "auto"
    assert ask(site, "download_state")["running"] is False
    for name, data in (
        ("use_model", ["mini"]), ("remove_model", ["mini"]), ("download_model", ["v2"]),
        ("stop_download", []), ("change_settings", [None, None, 1]),
    ):
        assert "--allow-changes" in error_of(site, name, *data)
    site.context.administration = True
    try:
        assert ask(site, "change_settings", None, None, 1)["threads"] == 1
        assert "precision" in error_of(site, "change_settings", None, "double").lower()
        assert error_of(site, "change_settings", None, None, None, False)
        assert error_of(site, "remove_model", "../x")
        assert ask(site, "change_settings", None, None, 0)["threads"] == 0
    finally:
        site.context.administration = False
    lines = [json.loads(one.getMessage()) for one in caplog.records if one.name == "webui"]
    told = [(one["action"], one["status"]) for one in lines]
    assert told.count(("change_settings", "done")) == 2
    assert ("delete_model", "refused") in told and ("use_model", "refused") in told
