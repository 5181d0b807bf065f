"""Adding models: files of a visitor and downloads become models, or a sentence says why not."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.checkpoints.official import forget_hparams, write_pair, write_presets
from tests.webui.conftest import wait_for
from voice import ModelFileError, OutputError
from webui.actions import model_files as action
from webui.actions.administration import list_models
from webui.adding import Adding
from webui.components import model_adding
from webui.context import AppContext
from webui.jobs import Job
from webui.messages import PageError


@pytest.fixture
def admin(context: AppContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AppContext:
    """A page on the administrator's own machine; official models have narrow layers."""
    write_presets(tmp_path / "presets", "v2", "v2Pro")
    monkeypatch.setattr("voice.spec.model.PRESETS", tmp_path / "presets")
    context.administration = True
    return context


def uploads(folder: Path, version: str = "v2") -> list[str]:
    """A fine-tuned pair as the page receives it: each file in a folder of its own."""
    found = []
    for number, file in enumerate(write_pair(folder / "user", version)):
        target = folder / "received" / str(number) / file.name
        target.parent.mkdir(parents=True)
        shutil.move(file, target)
        found.append(str(target))
    forget_hparams()
    return found


def ended(context: AppContext) -> Adding:
    # The outcome is there a moment before the work has left: only then may another begin.
    wait_for(context, action.WORK, 60)
    assert context.adding.latest.ended
    return context.adding.latest


def test_a_dropped_pair_becomes_a_model_and_the_uploads_go(
    admin: AppContext, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "webui")
    files = uploads(tmp_path)
    action.start_import(admin, files)
    found = ended(admin)
    assert found.problem is None and found.added == ("ada-v2",)
    assert "chinese-hubert-base" in found.missing
    assert "ada-v2" in [card.name for card in list_models(admin)]
    assert not any(Path(file).exists() for file in files)
    assert '"action": "import_model"' in caplog.text and '"models": 1' in caplog.text
    said = model_adding.shown(admin, "en")[0]
    assert "ada-v2 is here" in said and "chinese-hubert-base" in said
    assert "ada-v2" in model_adding.shown(admin, "zh-CN")[0]


def test_what_cannot_be_imported_is_said(admin: AppContext, tmp_path: Path) -> None:
    gpt, sovits = uploads(tmp_path)
    wrong = tmp_path / "received" / "holiday.pth"
    wrong.write_bytes(b"not a model")
    for files, name, words in (
        ([str(wrong)], "", "holiday.pth"), ([gpt], "", "ada-e15.ckpt"),
        ([sovits], "", "without its GPT"),
    ):
        action.start_import(admin, files, name)
        found = ended(admin)
        assert isinstance(found.problem, Exception) and not found.added
        said = model_adding.shown(admin, "en")[0]
        assert "voice-note bad" in said and words in said, said
        assert str(tmp_path) not in said
    with pytest.raises(PageError) as refused:
        action.start_import(admin, [])
    assert refused.value.key == "error_no_model_files"


def test_only_one_at_a_time_and_only_where_it_is_allowed(
    admin: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def endless(_: object, options: object) -> None:
        while True:
            options.report("reading")  # type: ignore[attr-defined]
            time.sleep(0.01)

    monkeypatch.setattr(action, "import_models", endless)
    action.start_import(admin, ["a.ckpt"])
    for again in (lambda: action.start_import(admin, ["b.ckpt"]),
                  lambda: action.start_download(admin, "v2")):
        with pytest.raises(PageError) as refused:
            again()
        assert refused.value.key == "error_adding"
    begun = time.monotonic()
    action.stop(admin)
    assert time.monotonic() - begun < 1 and not admin.background.running(action.WORK)
    found = ended(admin)
    assert found.problem is None and not found.added
    assert "Stopped" in model_adding.shown(admin, "en")[0]
    admin.administration = False
    refusals: list[Callable[[], None]] = [
        lambda: action.start_import(admin, ["a.ckpt"]), lambda: action.start_download(admin, "v2"),
        lambda: action.stop(admin)]
    for act in refusals:
        with pytest.raises(PageError) as refused:
            act()
        assert refused.value.key == "error_administrator"


def test_a_download_is_followed_and_its_errors_are_kept(
    admin: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def fetch(name: str, options: object) -> None:
        options.report(f"fetching 1/2: {name}.pth")  # type: ignore[attr-defined]
        options.progress(30_000_000, 120_000_000)  # type: ignore[attr-defined]
        seen.append(model_adding.shown(admin, "en")[0])
        raise ModelFileError("the hub cannot be reached", "Try again, or another --mirror.")

    monkeypatch.setattr(action, "download_model", fetch)
    action.start_download(admin, "v2ProPlus", "http://127.0.0.1:9")
    found = ended(admin)
    assert "30 of 120 MB" in seen[0] and 'value="25"' in seen[0]
    assert isinstance(found.problem, ModelFileError)
    assert "cannot be reached" in model_adding.shown(admin, "en")[0]
    with pytest.raises(PageError):
        action.start_download(admin, "../v2")


def test_the_official_models_are_offered_with_what_they_would_fetch(context: AppContext) -> None:
    sizes = {one.name: one.size for one in action.downloadable(context)}
    assert set(action.VERSIONS) == set(sizes)
    assert sizes["v2"] > 1e8
    labels = [label for label, _ in model_adding.choices(context, "en")]
    assert len(labels) == len(sizes) and all("GB" in label for label in labels)


def test_an_error_of_the_disk_does_not_end_the_page(
    admin: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: object, options: object) -> None:
        raise OutputError("the disk is full", "Free some space.")

    monkeypatch.setattr(action, "import_models", full)
    action.start_import(admin, ["a.ckpt"])
    assert isinstance(ended(admin).problem, OutputError)
    admin.adding.count(Job(), 1, 2)  # a late report changes nothing that matters
    assert not admin.adding.latest.running
