"""Models and settings: who may change them, and what comes of it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from tests.tiny_model import write_tiny_model
from tests.webui.fakes import FakeSynthesizer
from voice import ModelFileError, OptionError
from webui.actions import administration as action
from webui.actions import speak
from webui.actions.speak import LIBRARY, Request, Source
from webui.context import AppContext
from webui.jobs import Job
from webui.messages import PageError
from webui.settings import StudioSettings, read_settings, write_settings


@pytest.fixture
def admin(context: AppContext, tmp_path: Path) -> AppContext:
    """A page on the administrator's own machine, with a model of theirs."""
    context.administration = True
    write_tiny_model(tmp_path / "models" / "tiny")
    return context


def test_models_are_listed_with_licence_and_size(admin: AppContext) -> None:
    cards = {card.name: card for card in action.list_models(admin)}
    assert cards["tiny"].licence == "MIT" and cards["tiny"].size > 1000
    assert "mini" in cards and cards["mini"].text.startswith("# ")


def test_visitors_from_elsewhere_change_nothing(admin: AppContext) -> None:
    admin.administration = False
    for act in (
        lambda: action.remove_model(admin, "tiny"), lambda: action.use_model(admin, "tiny"),
        lambda: action.change_settings(admin, StudioSettings(threads=1)),
    ):
        with pytest.raises(PageError) as refused:
            act()
        assert refused.value.key == "error_administrator"
    assert admin.settings == StudioSettings()


def test_a_model_of_the_user_is_deleted_others_are_not(admin: AppContext, tmp_path: Path) -> None:
    for wrong in ("mini", "nobody", "../models/tiny", str(tmp_path), "", None):
        with pytest.raises(ModelFileError):
            action.remove_model(admin, wrong)
    admin.model.name = "tiny"
    with pytest.raises(PageError):
        action.remove_model(admin, "tiny")
    admin.model.name = "fake"
    action.remove_model(admin, "tiny")
    assert not (tmp_path / "models" / "tiny").exists()


def test_another_model_is_loaded_beside_the_page(admin: AppContext) -> None:
    asked: list[StudioSettings] = []
    release = threading.Event()

    def load(settings: StudioSettings) -> FakeSynthesizer:
        asked.append(settings)
        release.wait(5)
        return FakeSynthesizer()

    admin.load = load
    action.use_model(admin, "tiny")
    assert admin.model.state == "loading" and admin.model.name == "tiny"
    release.set()
    assert admin.model.ready.wait(5) and asked == [StudioSettings(model="tiny")]
    with pytest.raises(PageError):
        action.use_model(admin, "../tiny")
    kept = read_settings(admin.outputs, StudioSettings())
    assert kept.model == "tiny", "the next start uses it, too"


def test_the_mark_is_switched_off_only_where_it_is_allowed(admin: AppContext) -> None:
    with pytest.raises(PageError):
        action.change_settings(admin, StudioSettings(watermark=False))
    admin.allow_no_watermark = True
    loads: list[StudioSettings] = []
    admin.load = loads.append  # type: ignore[assignment]
    action.change_settings(admin, StudioSettings(watermark=False))
    steps = speak.speak(admin, Request("Hello.", Source(LIBRARY, key="example:Isla")), Job())
    take = list(steps)[-1].take
    assert take.info["settings"]["watermark"] is False
    assert loads == [], "the model is not loaded again for it"


def test_settings_that_are_damaged_or_wrong_are_left_out(tmp_path: Path) -> None:
    start = StudioSettings(model="mini", threads=2)
    for wrong in ("", "[]", '{"threads": "x", "model": 3}', '{"threads": 999}', '{"other": 1}'):
        (tmp_path / "settings.json").write_text(wrong)
        assert read_settings(tmp_path, start) == start
    kept = StudioSettings(device="cpu", precision="int8", threads=1)
    write_settings(tmp_path, kept)
    assert read_settings(tmp_path, start) == kept
    assert json.loads((tmp_path / "settings.json").read_text())["device"] == "cpu"
    with pytest.raises(OptionError):
        StudioSettings(threads=-1)
    with pytest.raises(OptionError, match="precision is 'double'"):
        StudioSettings(precision="double")


def test_facts_about_the_program(admin: AppContext) -> None:
    found = action.about(admin)
    assert found.data == admin.library.folder.parent and found.studio_bytes == 0
    assert found.version and found.python.startswith("3.")
