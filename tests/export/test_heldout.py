"""Voices and sentences that bundles are judged with: those of the model's own evaluation."""

from __future__ import annotations

from pathlib import Path

import pytest

from recipes.export import heldout
from recipes.export.heldout import Said
from tests.export.conftest import Case
from voice.errors import OptionError
from voice.evaluation.rows import write_rows


def test_rows_are_read_with_the_voices_of_the_bundle(case: Case, tmp_path: Path) -> None:
    recording = tmp_path / "a.wav"
    recording.write_bytes(b"RIFF")
    said = [Said(name, "Hello.", "en", recording, "real") for name in ("Ada", "Bo", "Cy")]
    write_rows(tmp_path / heldout.TASKS, [own.row(recording) for own in said])
    bundle = case.open()
    assert heldout.read(tmp_path, bundle, 2) == said[:2]
    with pytest.raises(OptionError, match="lacks the voices"):
        heldout.read(tmp_path, bundle, 3)
    chinese = Said("Ada", "你好", "zh", recording, "real")
    write_rows(tmp_path / heldout.TASKS, [chinese.row(recording)])
    with pytest.raises(OptionError, match="languages"):
        heldout.read(tmp_path, bundle, 1)
