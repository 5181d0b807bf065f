"""A page with a stand-in for the model, and a browser to look at it."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.synth.recognisers import StandIn, install
from tests.webui.fakes import FakeSynthesizer
from voice import VoiceLibrary
from webui.context import AppContext, ModelSlot
from webui.feeds import Feeds

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    # A microphone that hears the reference recording, and may be listened to.
    "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream",
    f"--use-file-for-fake-audio-capture={Path(__file__).parents[1] / 'data' / 'reference_en.wav'}",
)


@pytest.fixture
def fake() -> FakeSynthesizer:
    return FakeSynthesizer()


@pytest.fixture
def context(tmp_path: Path, fake: FakeSynthesizer) -> AppContext:
    """All that the page works with, the model loaded."""
    model = ModelSlot()
    model.start("fake", lambda: fake).join()
    return AppContext(model, VoiceLibrary(tmp_path / "voices"), tmp_path / "recordings")


@pytest.fixture
def recording(root: Path) -> Path:
    """5 s of a synthetic voice that belongs to nobody."""
    return root / "tests" / "data" / "reference_en.wav"


@pytest.fixture
def recogniser(monkeypatch: pytest.MonkeyPatch) -> type[StandIn]:
    """A stand-in for the recogniser, as if it were installed."""
    return install(monkeypatch)


@dataclass
class Site:
    """A served page."""

    url: str
    context: AppContext
    fake: FakeSynthesizer


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serve(context: AppContext) -> Iterator[str]:
    """The page of a context at an address."""
    from webui.app import build_page, launch_options, translations

    t = translations()
    page = build_page(context, t)
    port = free_port()
    page.launch(
        server_name="127.0.0.1", server_port=port, prevent_thread_lock=True,
        **launch_options(context, t),
    )
    yield f"http://127.0.0.1:{port}"
    page.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The page, served with the stand-in."""
    folder = tmp_path_factory.mktemp("page")
    fake = FakeSynthesizer()
    model = ModelSlot()
    context = AppContext(model, VoiceLibrary(folder / "voices"), folder / "recordings")
    context.feeds = Feeds(patience=60)  # however long a page takes to load
    model.start("fake", lambda: fake).join()
    with serve(context) as url:
        yield Site(url, context, fake)


@dataclass
class Visit:
    """A browser tab, and what went wrong in it."""

    page: Any
    problems: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """A headless Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright")
    with playwright.sync_playwright() as started:
        running = started.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def visit(browser: Any, site: Site) -> Iterator[Callable[..., Visit]]:
    """Opens the page; errors in the console and requests to other machines are collected."""
    with ExitStack() as stack:

        def open_page(query: str = "", **options: Any) -> Visit:
            settings = {"viewport": {"width": 1280, "height": 900}, "locale": "en-US"} | options
            tab = browser.new_context(**settings)
            stack.callback(tab.close)
            page = tab.new_page()
            page.set_default_timeout(90_000)
            seen = Visit(page)
            page.on("console", lambda line: _note_error(seen, line))
            page.on("pageerror", lambda error: seen.problems.append(str(error)))
            page.on("request", lambda request: _note_outside(seen, site.url, request.url))
            page.goto(f"{site.url}/{query}")
            page.wait_for_selector("#speak-text textarea", timeout=120_000)
            page.wait_for_selector(".voice-chip.ready")
            return seen

        yield open_page


def _note_error(seen: Visit, line: Any) -> None:
    if line.type == "error":
        seen.problems.append(line.text)


def _note_outside(seen: Visit, home: str, url: str) -> None:
    if not url.startswith((home, "data:", "blob:")):
        seen.problems.append(f"asked for {url}")


def until(page: Any, holds: Callable[[], bool], seconds: float = 90) -> bool:
    """Whether something beyond the page comes about, while the page lives on."""
    deadline = time.monotonic() + seconds
    while not (held := holds()) and time.monotonic() < deadline:
        page.wait_for_timeout(100)
    return held


def wait_for(context: AppContext, name: str, seconds: float) -> None:
    """Waits until a piece of work in the background is over."""
    end = time.monotonic() + seconds
    while context.background.running(name):
        assert time.monotonic() < end, f"{name} does not end"
        time.sleep(0.02)


def resume_after_reload(page: Any) -> None:
    """Loads the page anew, which must find its batch paused, and has that go on."""
    page.reload()
    page.wait_for_selector(".voice-chip.ready")
    page.get_by_role("tab", name="Batch").click()
    page.wait_for_selector("#batch-progress >> text=Paused.")
    page.click("#batch-resume")


def choose(page: Any, field: str, option: str) -> None:
    """Picks an option of the list that belongs to `field`: another may still be fading out."""
    box = page.locator(f"#{field} input")
    box.click()
    shown = page.locator(f"#{box.get_attribute('aria-controls')}")
    shown.get_by_role("option", name=option, exact=True).click()


def clone(page: Any, recording: Path, text: str) -> None:
    """From an empty page to the click that speaks."""
    page.set_input_files("#speak-reference input[type=file]", str(recording))
    page.wait_for_selector("#speak-verdict .voice-note.good")
    page.check("#speak-consent input")
    page.fill("#speak-text textarea", text)
    page.click("#speak-go")
