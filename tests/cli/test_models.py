"""``models``: what is here, and damage to it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Result
from voice.errors import ModelFileError
from voice.synth.models import ModelFolder, digest, find_model, read_manifest, verify

Run = Callable[..., Result]


def test_list_shows_what_is_here(voice: Run) -> None:
    rows = {row["name"]: row for row in voice("models", "list", "--json").json["models"]}
    assert rows["tiny"]["languages"] == ["en", "zh", "ja"] and rows["tiny"]["sample_rate"] == 24000
    assert rows["tiny"]["packaged"] is False and rows["tiny"]["bytes"] > 100_000
    assert voice("models").status == 0


def test_verify_finds_damage(voice: Run, kept: Path, tmp_path: Path) -> None:
    assert voice("models", "verify", "tiny", "--json").json["ok"] is True
    broken = tmp_path / "broken"
    shutil.copytree(kept / "models" / "tiny", broken)
    weights = broken / "decoder.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    voice("models", "verify", broken).refused("decoder.safetensors")
    voice("models", "verify", "nope").refused("nope", "tiny")


def test_digests_are_compared(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    (tmp_path / "b").write_bytes(b"abc")
    whole = {
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "bytes": 3,
    }
    assert digest(tmp_path / "a") == whole["sha256"]
    files = {"a": whole, "b": whole | {"bytes": 4}, "c": whole}
    checks = verify(ModelFolder("m", tmp_path, True), files)
    assert [c.problem for c in checks] == ["", "has 3 bytes instead of 4", "missing"]
    (tmp_path / "a").write_bytes(b"abd")
    assert "SHA-256" in verify(ModelFolder("m", tmp_path, True), {"a": whole})[0].problem


def test_manifests_that_cannot_be_read(tmp_path: Path) -> None:
    for content in ("", "[]", '{"models": 3}'):
        (tmp_path / "m.json").write_text(content)
        with pytest.raises(ModelFileError, match="m.json"):
            read_manifest(tmp_path / "m.json")


def test_a_path_is_not_mistaken_for_a_name(
    kept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_model("tiny", kept).path == kept / "models" / "tiny"
    assert find_model(kept / "models" / "tiny", None).name == "tiny"
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelFileError, match="tiny"):
        find_model(Path("tiny"), kept)


def test_mini_is_what_the_list_says(voice: Run, mini: Path) -> None:
    if not (mini.parent / "manifest.json").is_file():
        pytest.skip("needs pretrained/manifest.json, which is not there yet")
    assert "mini" in read_manifest()
    facts = voice("models", "verify", "mini", "--json").json
    assert facts["models"][0]["how"] == "SHA-256"


def test_calibrate_measures_the_limits_of_the_self_check(
    voice: Run, kept: Path, tmp_path: Path, reference: Path
) -> None:
    import json

    own = tmp_path / "own"
    shutil.copytree(kept / "models" / "tiny", own)
    rows = tmp_path / "rows.jsonl"
    row = json.dumps({"wav": str(reference), "text": "Hello there, my friend.", "lang": "en"})
    rows.write_text((row + "\n") * 10)
    made = voice("models", "calibrate", own, rows, "--json").json
    assert set(made["limits"]) == {"en"} and made["limits"]["en"]["errors"] > 0.5
    assert json.loads((own / "selfcheck.json").read_text()) == made["limits"]
    rows.write_text((row + "\n") * 9)
    voice("models", "calibrate", own, rows).refused("9 recordings")
