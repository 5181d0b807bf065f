"""The named endpoints, as a program calls them."""

from __future__ import annotations

import base64
import io
import json
import logging
import urllib.request
import wave
from pathlib import Path
from typing import Any

import pytest

from tests.webui.calls import endpoint
from tests.webui.conftest import Site

NAMES = {
    "speak", "clone", "blend", "new_voice", "voices", "keep_voice", "rename_voice", "tag_voice",
    "remove_voice", "export_voice", "import_voice",
    "judge_recording", "write_down", "read_settings", "languages_of", "reading_of", "pronounce_as",
    "speak_sentence_again", "keep_reading", "download",
    "check_batch", "start_batch", "batch", "pause_batch", "resume_batch", "batch_recordings",
    "delete_batch",
    "models", "use_model", "remove_model", "download_model", "download_state", "stop_download",
    "settings", "change_settings",
}


def ask(site: Site, name: str, *data: Any) -> Any:
    answer = endpoint(site.url, name, *data)
    assert answer["success"], answer["output"]
    return answer["output"]["data"][0]


def test_every_endpoint_is_named_and_described(site: Site) -> None:
    with urllib.request.urlopen(f"{site.url}/gradio_api/info", timeout=20) as answer:
        listed = json.load(answer)["named_endpoints"]
    assert {name.removeprefix("/") for name in listed} == NAMES
    for name, found in listed.items():
        assert len(found["description"]) > 15, name
        for parameter in found["parameters"]:
            assert parameter["parameter_name"], name


def test_clone_speak_keep_rename_export_remove_import(
    site: Site, recording: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "webui")
    sound = base64.b64encode(recording.read_bytes()).decode()
    refused = endpoint(site.url, "clone", sound, "wav", False, "")
    assert refused["success"] is False and "may clone" in refused["output"]["error"]
    made = ask(site, "clone", sound, "wav", True, "what it says")
    assert made["advice"] == [] and made["voice"].startswith("recent:")
    speech = ask(site, "speak", "One two three.", made["voice"], "en", 1.0, 7)
    assert speech["seed"] == 7 and speech["seconds"] == pytest.approx(0.6)
    with wave.open(io.BytesIO(base64.b64decode(speech["wav"]))) as file:
        assert file.getnframes() == 14400
    no_consent = endpoint(site.url, "keep_voice", made["voice"], "Robin", "")
    assert no_consent["success"] is False
    card = ask(site, "keep_voice", made["voice"], "Robin", "I am the speaker.")
    assert card == {"key": "kept:Robin", "name": "Robin", "languages": ["en"], "kind": "kept",
                    "tags": [], "parents": {}}
    assert ask(site, "tag_voice", "Robin", ["warm", "slow"])["tags"] == ["warm", "slow"]
    assert ask(site, "rename_voice", "Robin", "Robin 2")["tags"] == ["warm", "slow"]
    given = ask(site, "export_voice", "Robin 2")
    assert given["file_name"] == "Robin-2.voice"
    undo = ask(site, "remove_voice", "Robin 2")["undo"]
    assert "Robin 2" not in [one["name"] for one in ask(site, "voices")]
    assert ask(site, "keep_voice", undo, "Back", "")["name"] == "Back"
    assert ask(site, "import_voice", given["file"])["name"] == "Robin 2"
    for name in ("Back", "Robin 2"):
        ask(site, "remove_voice", name)
    actions = [json.loads(r.getMessage())["action"] for r in caplog.records if r.name == "webui"]
    assert actions.count("keep_voice") == 3 and {"clone", "speak", "change_voice", "export_voice",
                                                "delete_voice", "import_voice"} <= set(actions)


def test_a_blend_needs_the_consent_of_every_parent(site: Site, recording: Path) -> None:
    sound = base64.b64encode(recording.read_bytes()).decode()
    nobody = ask(site, "clone", sound, "wav", True, "")["voice"]
    refused = endpoint(site.url, "blend", [nobody, "example:Isla"], [1.0, 1.0], None, None)
    assert refused["success"] is False and "consent" in refused["output"]["error"].lower()
    mixed = ask(site, "blend", ["example:Isla", "example:Ken"], [3.0, 1.0], 0, None)
    card = ask(site, "keep_voice", mixed["voice"], "Both", "")
    assert card["parents"] == {"Isla": 0.75, "Ken": 0.25}
    ask(site, "remove_voice", "Both")


def test_a_voice_of_nobody_is_drawn_and_speaks(site: Site) -> None:
    made = ask(site, "new_voice", True, 3)
    assert len(made["likeness"]) == 3 and made == made | {"likeness": ask(
        site, "new_voice", True, 3)["likeness"]}
    said = ask(site, "speak", "One two three.", made["voice"], "en", 1.0, None)
    assert said["seconds"] == pytest.approx(0.6)
    apart = ask(site, "blend", ["example:Isla", "example:Ken"], [3.0, 1.0], None, [0.0, 1.0])
    assert set(apart["likeness"]) == {"Isla", "Ken"}
    wrong = endpoint(site.url, "blend", ["example:Isla", "example:Ken"], [3.0, 1.0], None, [1.0])
    assert wrong["success"] is False


def test_wrong_requests_are_answered_in_a_sentence(site: Site) -> None:
    for data in (["", "example:Isla"], ["Hello.", "example:Isla", "en", 9.0],
                 ["Hello.", "example:Isla", "xx"], ["Hello."], ["..", "example:Isla"]):
        answer = endpoint(site.url, "speak", *data)
        assert answer["success"] is False
        assert "Traceback" not in json.dumps(answer)
