"""Specifications that no model has are refused before room is made for them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tiny_model import write_tiny_model
from voice.checkpoints.store import load_model
from voice.errors import ModelFileError


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder that loads."""
    folder = tmp_path_factory.mktemp("model") / "tiny"
    write_tiny_model(folder)
    return folder


def _changed(whole: Path, to: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    shutil.copytree(whole, to)
    spec = json.loads((to / "spec.json").read_text("utf8"))
    change(spec)
    (to / "spec.json").write_text(json.dumps(spec), "utf8")
    return to


@pytest.mark.parametrize(
    ("part", "name", "value", "message"),
    [
        ("text2semantic", "layers", 10**9, "text2semantic.layers is 1000000000"),
        ("text2semantic", "width", 10**9, "text2semantic.width is 1000000000"),
        ("decoder", "latent", 2**40, "decoder.latent is 1099511627776"),
        ("text2semantic", "hidden", 2**23, "hidden|weights do not fit"),
        ("text2semantic", "layers", 400, "weights do not fit"),
        ("text2semantic", "temperature", float("nan"), "not a finite number"),
        ("text2semantic", "temperature", float("inf"), "not a finite number"),
        ("text2semantic", "width", "16", "expected int"),
        ("text2semantic", "depth", 3, "unknown keys depth"),
    ],
)
def test_absurd_sizes(
    whole: Path, tmp_path: Path, part: str, name: str, value: Any, message: str
) -> None:
    folder = _changed(whole, tmp_path / "m", lambda spec: spec[part].update({name: value}))
    with pytest.raises(ModelFileError, match=message):
        load_model(folder, "cpu")


def test_lists_without_end(whole: Path, tmp_path: Path) -> None:
    def longer(spec: dict[str, Any]) -> None:
        spec["tokenizer"]["content"]["dilations"] = [1] * 1000

    with pytest.raises(ModelFileError, match="dilations"):
        load_model(_changed(whole, tmp_path / "m", longer), "cpu")


@pytest.mark.parametrize("text", ["[" * 100_000, "{", '{"name": ' + "9" * 5000 + "}", "\xff", ""])
def test_json_that_cannot_be_read(whole: Path, tmp_path: Path, text: str) -> None:
    shutil.copytree(whole, tmp_path / "m")
    (tmp_path / "m" / "spec.json").write_bytes(text.encode("latin1"))
    with pytest.raises(ModelFileError, match=r"spec\.json: cannot be read as JSON"):
        load_model(tmp_path / "m", "cpu")


def test_what_is_unchanged_still_loads(whole: Path) -> None:
    assert load_model(whole, "cpu").name == "tiny"
