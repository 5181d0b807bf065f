"""Speech recognition, where a recogniser is installed: here a stand-in, and the real one."""

from __future__ import annotations

import sys
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voice.errors import AudioFileError, DependencyError
from voice.synth import recognise


class StandIn:
    """Takes what ``faster_whisper.WhisperModel`` takes and keeps what it was asked."""

    made: list[dict[str, Any]] = []
    fail = False

    def __init__(self, name: str, **options: Any) -> None:
        if StandIn.fail:
            raise OSError("no network")
        StandIn.made.append({"name": name, **options})
        self.asked: list[dict[str, Any]] = []

    def detect_language(self, samples: np.ndarray) -> tuple[str, float, list[Any]]:
        return "zh", 0.9, []

    def transcribe(self, samples: np.ndarray, **options: Any) -> tuple[Any, None]:
        StandIn.made[-1].setdefault("asked", []).append(options | {"count": len(samples)})
        pieces = [types.SimpleNamespace(text=text) for text in (" 今天", "好。 ")]
        return iter(pieces), None


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    module = types.ModuleType("faster_whisper")
    module.WhisperModel = StandIn  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "faster_whisper", module)
    monkeypatch.setattr(recognise, "can_recognise", lambda: True)
    monkeypatch.setattr(recognise, "_loaded", {})
    monkeypatch.setattr(StandIn, "made", [])
    monkeypatch.setattr(StandIn, "fail", False)
    return StandIn


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
