"""Speech recognition, where a recogniser is installed: here a stand-in, and the real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.synth.recognisers import StandIn, install
from voice.errors import AudioFileError, DependencyError
from voice.synth import recognise


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    return install(monkeypatch)


def test_without_a_recogniser_it_says_how_to_get_one(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognise, "can_recognise", lambda: False)
    with pytest.raises(DependencyError, match="make recogniser"):
        recognise.transcribe(root / "tests/data/reference_en.wav")


def test_a_recording_is_written_down(
    root: Path, tmp_path: Path, installed: type[StandIn]
) -> None:
    recording = root / "tests/data/reference_en.wav"
    heard = recognise.transcribe(recording, tmp_path)
    assert heard == recognise.Transcript("今天好。", "zh")
    recognise.transcribe(recording, tmp_path, "en")
    (made,) = installed.made
    assert made["name"] == recognise.SIZE, "loaded once, fetched as there are no weights"
    assert made["download_root"] == str(tmp_path / "recogniser")
    first, second = made["asked"]
    assert first["count"] == pytest.approx(5 * 16000, rel=0.2)
    assert "普通话" in first["initial_prompt"]
    assert second["language"] == "en" and second["initial_prompt"] is None


def test_weights_that_are_here_are_used(
    root: Path, tmp_path: Path, installed: type[StandIn]
) -> None:
    (tmp_path / "recogniser").mkdir()
    (tmp_path / "recogniser" / "model.bin").write_bytes(b"x")
    recognise.transcribe(root / "tests/data/reference_en.wav", tmp_path)
    assert installed.made[0]["name"] == str(tmp_path / "recogniser")


def test_no_weights_and_no_network(root: Path, tmp_path: Path, installed: type[StandIn]) -> None:
    installed.fail = True
    with pytest.raises(DependencyError, match=r"model\.bin"):
        recognise.transcribe(root / "tests/data/reference_en.wav", tmp_path)


def test_what_is_no_recording(tmp_path: Path, installed: type[StandIn]) -> None:
    (tmp_path / "x.wav").write_bytes(b"nothing")
    with pytest.raises(AudioFileError):
        recognise.transcribe(tmp_path / "x.wav", tmp_path)


@pytest.mark.slow
def test_the_real_recogniser(root: Path, tmp_path: Path) -> None:
    pytest.importorskip("faster_whisper", reason="needs `make recogniser`")
    weights = root / ".venv-eval" / "whisper-base"
    if not (weights / "model.bin").is_file():
        pytest.skip("needs the weights of `make setup-eval`")
    (tmp_path / "recogniser").symlink_to(weights)
    heard = recognise.transcribe(root / "webui/examples/miles.opus", tmp_path)
    assert heard.language == "en"
    assert "hide anything from him" in heard.text
