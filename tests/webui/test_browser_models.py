"""A fine-tuned pair dropped on the page becomes the model that speaks, in a real browser."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.checkpoints.official import (
    SMALL_HUBERT,
    forget_hparams,
    write_hubert,
    write_pair,
    write_presets,
)
from tests.tiny_model import write_tiny_model
from tests.webui.conftest import Site, Visit, choose, clone, serve
from tests.webui.fakes import FakeSynthesizer
from voice import Synthesizer, VoiceLibrary, import_models
from voice.checkpoints import components
from voice.spec.model import PRESETS
from voice.synth.imports import ImportOptions
from webui.actions import model_files
from webui.context import AppContext, ModelSlot
from webui.settings import StudioSettings

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The page on the administrator's own machine; official models have narrow layers."""
    folder = tmp_path_factory.mktemp("page")
    with pytest.MonkeyPatch.context() as patch:
        shutil.copytree(PRESETS, folder / "presets")
        write_presets(folder / "presets", "v2")
        patch.setattr("voice.spec.model.PRESETS", folder / "presets")
        kind = replace(components.KINDS["hubert"], spec=lambda: SMALL_HUBERT)
        patch.setitem(components.KINDS, "hubert", kind)
        write_hubert(folder / "parts")
        import_models([folder / "parts"], ImportOptions(folder))
        context = AppContext(ModelSlot(), VoiceLibrary(folder / "voices"), folder / "recordings")
        context.administration = True

        def load(settings: StudioSettings) -> Any:
            return Synthesizer.load(
                settings.model, device=settings.device, home=folder, precision=settings.precision)

        context.load = load
        context.model.start("fake", FakeSynthesizer).join()
        with serve(context) as url:
            yield Site(url, context, FakeSynthesizer())


def test_a_dropped_pair_is_imported_used_and_speaks(
    visit: Callable[..., Visit], site: Site, tmp_path: Path, recording: Path
) -> None:
    pair = write_pair(tmp_path / "user", "v2", name="小明")
    forget_hparams()
    seen = visit()
    page = seen.page
    page.get_by_role("tab", name="Models").click()
    page.wait_for_selector("#models-facts .voice-facts, #models-facts .voice-note")
    page.click("#models-import")
    page.wait_for_selector("#models-progress .voice-note.bad")
    page.locator("#models-files input[type=file]").set_input_files([str(file) for file in pair])
    page.wait_for_selector("#models-files >> text=.ckpt")
    page.click("#models-import")
    page.wait_for_selector("#models-progress >> text=小明-v2 is here")
    page.wait_for_function("document.querySelector('#models-chosen input').value.includes('小明')")
    page.click("#models-use")
    page.wait_for_selector("#voice-model .voice-chip.ready >> text=小明-v2")
    page.get_by_role("tab", name="Speak").click()
    clone(page, recording, "Hello there.")
    page.wait_for_selector("#speak-download", state="visible")
    assert "小明-v2" in page.locator("#speak-facts").inner_text()
    assert seen.problems == []


@pytest.mark.slow
def test_a_download_is_followed_and_stopped(
    visit: Callable[..., Visit], site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bar and the button; fetching itself is tested against a hub of its own elsewhere."""

    def fetch(name: str, options: Any) -> None:
        options.report(f"fetching 1/2: {name}.pth")
        while True:
            options.progress(30_000_000, 120_000_000)
            time.sleep(0.05)

    monkeypatch.setattr(model_files, "download_model", fetch)
    seen = visit()
    page = seen.page
    page.get_by_role("tab", name="Models").click()
    page.wait_for_selector("#models-facts .voice-facts, #models-facts .voice-note")
    page.locator("#models-offers input").click()
    page.get_by_role("option", name="v2Pro,").click()
    page.click("#models-download")
    page.wait_for_selector("#models-progress >> text=30 of 120 MB")
    assert page.locator("#models-progress progress").get_attribute("value") == "25"
    page.reload()
    page.wait_for_selector(".voice-chip")
    page.get_by_role("tab", name="Models").click()
    page.wait_for_selector("#models-progress >> text=30 of 120 MB")
    page.click("#models-stop")
    page.wait_for_selector("#models-progress >> text=Stopped.")
    assert not site.context.background.running(model_files.WORK)
    assert seen.problems == []


def test_a_model_is_deleted_but_not_the_one_in_use_nor_what_came_with_the_program(
    visit: Callable[..., Visit], site: Site
) -> None:
    models = site.context.library.folder.parent / "models"
    for name in ("leaving", "staying"):
        write_tiny_model(models / name, name)
    seen = visit()
    page = seen.page
    answers = [True, True]
    page.on("dialog", lambda asked: asked.accept() if answers.pop(0) else asked.dismiss())
    before, site.context.model.name = site.context.model.name, "staying"
    try:
        page.get_by_role("tab", name="Models").click()
        page.wait_for_function("document.querySelector('#models-chosen input').value"
                               ".startsWith('staying · in use')")
        for chosen, answer in (("staying · in use", "in use"), ("mini", "came with the program")):
            choose(page, "models-chosen", chosen)
            page.wait_for_selector("#models-facts .voice-facts")
            page.click("#models-delete")
            page.wait_for_selector(f"#models-answer .voice-note.bad >> text={answer}")
        assert (models / "staying").is_dir()
        choose(page, "models-chosen", "leaving")
        answers[:] = [False, True]
        page.click("#models-delete")
        assert answers == [True] and (models / "leaving").is_dir(), "asked, and told not to"
        page.click("#models-delete")
        page.wait_for_selector("#models-answer .voice-note.good >> text=leaving")
        assert not (models / "leaving").exists()
        page.wait_for_function(
            "!document.querySelector('#models-chosen input').value.includes('leaving')")
    finally:
        site.context.model.name = before
        shutil.rmtree(models / "staying")
    assert seen.problems == []


def test_settings_are_changed_kept_and_the_model_loaded_with_them(
    visit: Callable[..., Visit], site: Site
) -> None:
    seen = visit()
    page = seen.page
    page.get_by_role("tab", name="Settings").click()
    page.wait_for_selector("#settings-facts .voice-facts")
    facts = page.inner_text("#settings-facts")
    assert str(site.context.library.folder) in facts and str(site.context.outputs) in facts
    choose(page, "settings-device", "cpu")
    choose(page, "settings-precision", "float32")
    threads = page.locator("#settings-threads input")
    threads.fill("99")
    page.click("#settings-save")
    page.wait_for_selector("#settings-answer .voice-note.bad")
    threads.fill("1")
    threads.press("Tab")
    page.click("#settings-save")
    page.wait_for_selector("#settings-answer .voice-note.good")
    assert page.locator("#settings-watermark input").is_disabled(), "the administrator decides"
    assert site.context.model.ready.wait(60) and site.context.model.error is None
    kept = json.loads((site.context.outputs / "settings.json").read_text("utf8"))
    assert (kept["device"], kept["precision"], kept["threads"], kept["watermark"]) == (
        "cpu", "float32", 1, True)
    model = site.context.model.get()
    assert isinstance(model, Synthesizer) and (model.device, model.precision) == ("cpu", "float32")
    page.get_by_role("tab", name="Speak").click()
    page.get_by_role("tab", name="Settings").click()
    page.wait_for_selector("#settings-facts >> text=float32")
    assert seen.problems == []
