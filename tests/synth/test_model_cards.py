"""What is known of the models that are here, and deleting one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tiny_model import write_tiny_model
from voice.errors import ModelFileError
from voice.synth.model_cards import delete_model, model_cards


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = write_tiny_model(tmp_path / "models" / "tiny")
    (folder / "MODEL_CARD.md").write_text("# tiny\n\nNo figures.\n", "utf8")
    broken = tmp_path / "models" / "broken"
    broken.mkdir()
    (broken / "spec.json").write_text("{}", "utf8")
    return tmp_path


def test_cards_tell_licence_languages_size_and_problems(home: Path) -> None:
    cards = {card.name: card for card in model_cards(home)}
    tiny = cards["tiny"]
    assert (tiny.licence, tiny.languages, tiny.sample_rate) == ("MIT", ("en", "zh", "ja"), 24000)
    assert tiny.text.startswith("# tiny") and not tiny.packaged and not tiny.problem
    files = (home / "models" / "tiny").iterdir()
    assert tiny.size == sum(file.stat().st_size for file in files)
    assert cards["broken"].problem and cards["broken"].sample_rate == 0
    assert cards["mini"].packaged


def test_only_models_of_the_user_are_deleted(home: Path) -> None:
    for wrong in ("mini", "nobody", "../models/tiny", str(home / "models" / "tiny"), ""):
        with pytest.raises(ModelFileError):
            delete_model(wrong, home)
    delete_model("tiny", home)
    assert not (home / "models" / "tiny").exists() and (home / "models" / "broken").exists()
    delete_model("broken", home)
    assert [card.name for card in model_cards(home) if not card.packaged] == []


def test_a_link_is_removed_not_what_it_leads_to(home: Path, tmp_path: Path) -> None:
    outside = write_tiny_model(tmp_path / "outside")
    (home / "models" / "linked").symlink_to(outside)
    delete_model("linked", home)
    assert (outside / "spec.json").exists() and not (home / "models" / "linked").exists()
