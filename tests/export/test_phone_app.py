"""The built phone app in headless Chromium, as a phone: installed, offline, blended, enrolled,
and what it says when something is wrong."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.export.conftest import other_model, voice_of
from tests.export.phone_site import DIST, Site, replaced, resigned, serve
from voice.audio.note import read_note
from voice.audio.wav import write_wav
from voice.checkpoints.store import load_model
from voice.export.bundle import BundleOptions, write_bundle
from voice.export.manifest import VERSION

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True,
         "locale": "en-US", "device_scale_factor": 2}
PATIENCE = 240_000
LISTEN = """addEventListener('voice-spoken', (event) => {
  const {spoken, samples, sampleRate, request} = event.detail;
  window.heard = {spoken, sampleRate, request, samples: Array.from(samples)};
});"""
STORED = """async () => {
  const root = await navigator.storage.getDirectory();
  const names = [];
  try {
    const folder = await root.getDirectoryHandle('voice');
    for await (const name of folder.keys()) names.push(name);
  } catch { /* nothing was ever kept */ }
  return names;
}"""


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small model that reads, with two voices, in English and Mandarin."""
    if not (DIST / "index.html").is_file():
        pytest.skip("the phone app is not built: make phone")
    folder = tmp_path_factory.mktemp("phone")
    model = load_model(other_model(folder / "model", reads=True), "cpu")
    voices = [voice_of(model), voice_of(model, "Bo", 1)]
    write_bundle(model, voices, folder / "bundle", BundleOptions("fp32", ("en", "zh"), enroll=True))
    return folder / "bundle"


@pytest.fixture(scope="module")
def spoken_wav(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pretended microphone hears: a swelling hum with overtones at 150 Hz."""
    rate = 48000
    time = np.arange(8 * rate) / rate
    tone = sum(np.sin(2 * np.pi * 150 * k * time) / k for k in range(1, 9))
    path = tmp_path_factory.mktemp("microphone") / "hum.wav"
    write_wav(path, (0.12 * tone * (0.6 + 0.4 * np.sin(5 * time))).astype(np.float32), rate)
    return path


@pytest.fixture(scope="module")
def phone(chromium: str, spoken_wav: Path) -> Iterator[Any]:
    """A headless Chromium with a pretended microphone."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=chromium, args=[
            "--no-sandbox", "--autoplay-policy=no-user-gesture-required",
            "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream",
            f"--use-file-for-fake-audio-capture={spoken_wav}"])
        yield running
        running.close()


@pytest.fixture
def site(bundle: Path) -> Iterator[Site]:
    with serve(bundle) as running:
        yield running


@pytest.fixture
def visit(phone: Any, site: Site) -> Iterator[Callable[[], Any]]:
    """Opens the app as a phone would, with nothing stored."""
    tabs = []

    def open_app() -> Any:
        tab = phone.new_context(**PHONE)
        tab.grant_permissions(["microphone"], origin=site.url)
        tabs.append(tab)
        page = tab.new_page()
        page.set_default_timeout(PATIENCE)
        page.add_init_script(LISTEN)
        page.goto(site.url)
        page.wait_for_selector("#address")
        return page

    yield open_app
    for tab in tabs:
        tab.close()


def fetch(page: Any, site: Site, path: str = "bundle/") -> None:
    """Asks for a bundle and waits for what comes of it."""
    page.fill("#address", site.url + path)
    page.click("button[type=submit]")
    page.wait_for_selector("#text, .alert:not([hidden])")


def speak(page: Any, text: str) -> dict[str, Any]:
    """Has a text spoken; what was heard."""
    page.evaluate("window.heard = null")
    page.fill("#text", text)
    page.click("#speak")
    page.wait_for_function("window.heard || !document.querySelector('.alert').hidden")
    heard = page.evaluate("window.heard")
    assert heard, page.inner_text(".alert")
    page.click("#speak")  # it stops playing
    page.wait_for_function("!document.querySelector('#speak').classList.contains('stop')")
    samples = np.asarray(heard["samples"])
    assert len(samples) > 0.2 * heard["sampleRate"] and 0.02 < np.abs(samples).max() <= 1
    return heard


def steady(page: Any) -> None:
    """The same draw each time, once."""
    page.click("summary")
    page.fill("#seed", "7")
    page.uncheck("#check")


def test_speaks_offline_in_two_languages_and_gives_a_marked_file(
    visit: Callable[[], Any], site: Site, tmp_path: Path
) -> None:
    page = visit()
    assert page.evaluate("crossOriginIsolated")
    fetch(page, site)
    steady(page)
    english = speak(page, "Good morning.")
    page.evaluate("navigator.serviceWorker.ready")
    site.requests.clear()
    page.context.set_offline(True)
    page.reload()
    page.wait_for_selector("#text")
    steady(page)
    again, chinese = speak(page, "Good morning."), speak(page, "你好，世界。")
    # The browser itself looks for a newer service worker; nothing else is asked for.
    assert set(site.requests) <= {"sw.js"}
    assert again["samples"] == english["samples"]
    assert chinese["samples"] != english["samples"]
    with page.expect_download() as started:
        page.click("#save")
    started.value.save_as(tmp_path / "speech.wav")
    note = read_note(tmp_path / "speech.wav")
    assert note is not None and note["ai_generated"] and note["seed"] == 7
    assert note["voice"] == "Ada" and "Good morning" not in json.dumps(note)


def test_blends_and_enrols_with_consent_and_keeps_the_voice(
    visit: Callable[[], Any], site: Site
) -> None:
    page = visit()
    fetch(page, site)
    steady(page)
    own = speak(page, "Good morning.")
    page.select_option("#other", label="Bo")
    page.fill("#share", "0.5")
    mixed = speak(page, "Good morning.")
    assert mixed["request"]["share"] == 0.5 and mixed["samples"] != own["samples"]
    page.click("#tab-voices")
    assert "I am the speaker" in page.inner_text("main")
    assert page.is_disabled("#record")
    page.fill("#voice-name", "Me")
    assert page.is_disabled("#record")
    page.check("#agreed")
    page.fill("#statement", "It is my voice and I agree.")
    page.click("#record")
    page.wait_for_function("parseFloat(document.querySelector('#recorded').textContent.match(/"
                           r"[\d.]+/)?.[0]) >= 4")
    page.click("#record")
    page.wait_for_function("document.querySelector('main').innerText.includes('Me is ready')")
    page.reload()
    page.click("#tab-voices")
    assert "It is my voice and I agree." in page.inner_text("main")
    page.click("#tab-speak")
    page.click(".voice:has-text('Me')")
    steady(page)
    assert speak(page, "Good morning.")["samples"] != own["samples"]


def test_no_damaged_bundle_is_installed(visit: Callable[[], Any], site: Site) -> None:
    page = visit()
    manifest = json.loads((site.bundle / "manifest.json").read_text("utf8"))
    names = ["manifest.json", *(entry["path"] for entry in manifest["files"])]
    for name in names:
        for change, codes in (
            (lambda data: data[: len(data) // 2], ("damaged", "wrong length")),
            (lambda data: data[:-1] + bytes([data[-1] ^ 1]), ("damaged",)),
            (lambda _: None, ("missing", "no bundle")),
        ):
            site.faults = {name: change}
            fetch(page, site)
            message = page.inner_text(".alert")
            assert any(code in message for code in codes), (name, message)
            assert name == "manifest.json" or name in message
            assert page.evaluate(STORED) == [], name
    site.faults = {}
    fetch(page, site)
    assert page.is_visible("#text")


def test_says_what_is_wrong_with_version_operator_and_address(
    visit: Callable[[], Any], site: Site
) -> None:
    import onnx

    page = visit()
    site.faults["manifest.json"] = lambda raw: resigned(raw, lambda data: data.update(version=9))
    fetch(page, site)
    assert f"another format version (9 / {VERSION})" in page.inner_text(".alert")
    assert page.evaluate(STORED) == []
    fetch(page, site, "nothing/")
    assert "no bundle" in page.inner_text(".alert")
    graph = onnx.load_from_string((site.bundle / "graphs/latent.onnx").read_bytes())
    graph.graph.node[0].op_type = "NoSuchOperator"
    replaced(site, "graphs/latent.onnx", graph.SerializeToString())
    fetch(page, site)
    page.wait_for_selector(".alert:not([hidden])")
    assert "lacks an operation" in page.inner_text(".alert")


def test_full_storage_leaves_nothing(visit: Callable[[], Any], site: Site) -> None:
    page = visit()
    devtools = page.context.new_cdp_session(page)
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": site.url.rstrip("/"),
                                                     "quotaSize": 1_000_000})
    fetch(page, site)
    assert "no room" in page.inner_text(".alert")
    assert page.evaluate(STORED) == []
    devtools.send("Storage.overrideQuotaForOrigin", {"origin": site.url.rstrip("/")})
    fetch(page, site)
    assert page.is_visible("#text")


def test_memory_that_runs_out_is_said_and_survived(
    visit: Callable[[], Any], site: Site, bundle: Path
) -> None:
    page = visit()
    fetch(page, site)
    steady(page)
    speak(page, "Good morning.")
    # A runtime that may have 24 MB in all, which is not enough for its graphs.
    runtime = next((DIST / "ort").glob("*.mjs")).read_text("utf8")
    small = runtime.replace("maximum:65536", "maximum:384")
    assert small != runtime
    page.context.route("**/ort/*.mjs", lambda route: route.fulfill(
        body=small, content_type="text/javascript", headers={
            "Cross-Origin-Embedder-Policy": "require-corp",
            "Cross-Origin-Resource-Policy": "same-origin"}))
    page.evaluate("navigator.serviceWorker.getRegistrations().then("
                  "(all) => Promise.all(all.map((one) => one.unregister())))")
    page.reload()
    page.wait_for_selector(".alert:not([hidden])")
    assert "out of memory" in page.inner_text(".alert")
    page.context.unroute("**/ort/*.mjs")
    page.evaluate("""async () => {
      for (const one of await navigator.serviceWorker.getRegistrations()) await one.unregister();
      for (const name of await caches.keys()) await caches.delete(name);
    }""")
    page.reload()
    page.wait_for_selector("#text")
    steady(page)
    speak(page, "Good morning.")


def test_zip_file_chinese_words_and_no_isolation_from_the_host(
    visit: Callable[[], Any], site: Site, tmp_path: Path
) -> None:
    packed = tmp_path / "bundle.zip"
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(p for p in site.bundle.rglob("*") if p.is_file()):
            archive.write(file, Path("mine") / file.relative_to(site.bundle))
    site.isolated = False  # the app's own service worker has to see to it
    page = visit()
    page.wait_for_function("crossOriginIsolated")
    page.wait_for_selector("#address")
    page.click("#locale")
    assert "添加模型包" in page.inner_text("main")
    page.set_input_files("#zip", packed)
    page.wait_for_selector("#text")
    assert page.inner_text("#speak").strip() == "朗读"
    page.fill("#text", "!!!")
    page.click("#speak")
    page.wait_for_selector(".alert:not([hidden])")
    assert "没有可说的内容" in page.inner_text(".alert")
    assert page.evaluate("document.documentElement.lang") == "zh-CN"
