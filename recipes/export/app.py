"""The built phone app, driven as a phone would: speed, and recordings for the judges.

Needs Playwright and a Chromium, and ``make phone``. See README.md beside this file.
"""

from __future__ import annotations

import http.server
import json
import os
import shutil
import statistics
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from recipes.export import heldout
from voice.audio.wav import write_wav
from voice.errors import OptionError
from voice.evaluation.probes import SENTENCE
from voice.evaluation.rows import write_rows
from voice.export.run import BundleSynthesizer

DIST = Path(__file__).parent / "phone" / "dist"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
PATIENCE_MS = 600_000
_LISTEN = """addEventListener('voice-spoken', (event) => {
  const {spoken, samples, sampleRate} = event.detail;
  window.heard = {spoken, sampleRate, samples: Array.from(samples)};
});"""


@dataclass(frozen=True)
class Visit:
    """What is done with the app.

    Attributes:
        bundle: its folder.
        repeats: of the speed sentence.
        slower: factor by which the processor is slowed down; 1 is not at all.
        out: folder of recordings for the judges; None for none.
        held: folder of ``recipes.export.run voices``: who says what in the recordings.
        rows: sentences to record.
    """

    bundle: Path
    repeats: int = 3
    slower: float = 1
    out: Path | None = None
    held: Path | None = None
    rows: int = 0


class _Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {
        ".mjs": "text/javascript", ".wasm": "application/wasm"}

    def __init__(self, bundle: Path, *arguments: Any) -> None:
        self.bundle = bundle
        super().__init__(*arguments, directory=str(DIST))

    def translate_path(self, path: str) -> str:
        if path.startswith("/bundle/"):
            return str(self.bundle / path.removeprefix("/bundle/"))
        return super().translate_path(path)

    def end_headers(self) -> None:
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        super().end_headers()

    def log_message(self, format: str, *arguments: Any) -> None:
        """Quiet."""


@contextmanager
def _served(bundle: Path) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Handler, bundle))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()


def visit(plan: Visit) -> dict[str, Any]:
    """Installs the bundle in the app and has it speak.

    Returns:
        ``rtf``, ``first_sound_seconds`` by the page's clock; ``rtf_cpu``: the processor's time of
        the page's process, all its threads, for a second of sound, which other programs change
        less; ``milliseconds_a_second``: what each graph took for a second of sound; ``threads``:
        of a graph; ``renderer_mebibytes``: the most that the page's process
        held (None where the system does not say); ``isolated``, ``slower``; and ``rows``, the
        recordings.

    Raises:
        OptionError: the app is not built, or there is no browser.
    """
    if not (DIST / "index.html").is_file():
        raise OptionError("the phone app is not built", "Run: make phone")
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise OptionError("there is no Chromium", "Install one.")
    from playwright.sync_api import sync_playwright

    with _served(plan.bundle.resolve()) as url, sync_playwright() as started:
        running = started.chromium.launch(executable_path=browser, args=[
            "--no-sandbox", "--autoplay-policy=no-user-gesture-required"])
        page = running.new_context(**PHONE).new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.add_init_script(_LISTEN)
        page.goto(url)
        page.fill("#address", f"{url}bundle/")
        page.click("button[type=submit]")
        page.wait_for_selector("#text")
        found = _speed(page, plan)
        rows = _record(page, plan)
        memory = _renderer_mebibytes()
        running.close()
    return found | {"rows": rows, "renderer_mebibytes": memory}


def _renderers() -> Iterator[tuple[Path, dict[str, str]]]:
    """Page processes that this one started, by way of others, and what the system says of them."""
    parents, found = {}, {}
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            lines = dict(x.split(":", 1) for x in status.read_text().splitlines() if ":" in x)
            command = status.with_name("cmdline").read_bytes()
        except OSError:  # it has just ended
            continue
        own = int(status.parent.name)
        parents[own] = int(lines["PPid"])
        if b"--type=renderer" in command:
            found[own] = status.parent, lines
    return (x for own, x in found.items() if os.getpid() in _ancestors(own, parents))


def _renderer_mebibytes() -> float | None:
    """Peak of the largest page process."""
    return max((round(int(lines["VmHWM"].split()[0]) / 1024, 1)
                for _, lines in _renderers() if "VmHWM" in lines), default=None)


def _renderer_seconds() -> float | None:
    """The processor's time of all page processes so far; None where the system does not say."""
    ticks = [sum(map(int, (folder / "stat").read_text().rpartition(")")[2].split()[11:13]))
             for folder, _ in _renderers()]
    return sum(ticks) / os.sysconf("SC_CLK_TCK") if ticks else None


def _ancestors(own: int, parents: dict[int, int]) -> set[int]:
    found: set[int] = set()
    while own in parents and own not in found:
        found.add(own)
        own = parents[own]
    return found


def _speak(page: Any, text: str, language: str) -> dict[str, Any]:
    page.evaluate("window.heard = null")
    page.select_option("#language", language)
    page.fill("#text", text)
    page.click("#speak")
    page.wait_for_function("window.heard || !document.querySelector('.alert').hidden")
    heard = page.evaluate("window.heard")
    if heard is None:
        raise OptionError(f"{text!r}: {page.inner_text('.alert')}")
    page.click("#speak")
    page.wait_for_function("!document.querySelector('#speak').classList.contains('stop')")
    return heard


def _speed(page: Any, plan: Visit) -> dict[str, Any]:
    if plan.slower != 1:
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate",
                                                {"rate": plan.slower})
    page.click("summary")
    page.fill("#seed", "1")
    _speak(page, SENTENCE, "en")  # compiles
    before = _renderer_seconds()
    found = [_speak(page, SENTENCE, "en")["spoken"] for _ in range(plan.repeats)]
    after = _renderer_seconds()
    total = sum(x["seconds"] for x in found)
    graphs: dict[str, float] = {}
    for one in found:
        for name, timing in one["timings"].items():
            graphs[name] = graphs.get(name, 0.0) + timing["ms"]
    return {
        "rtf": round(statistics.median(x["elapsed"] / x["seconds"] for x in found), 3),
        "rtf_cpu": None if before is None or after is None else round((after - before) / total, 3),
        "first_sound_seconds": round(statistics.median(x["firstSound"] for x in found), 3),
        "milliseconds_a_second": {name: round(ms / total, 1) for name, ms in graphs.items()},
        "isolated": page.evaluate("crossOriginIsolated"), "threads": found[0]["threads"],
        "slower": plan.slower,
        "repeats": plan.repeats,
    }


def _record(page: Any, plan: Visit) -> str | None:
    """Recordings of the sentences that `mini` is judged by, and the file of their rows."""
    if plan.out is None or plan.held is None or plan.rows == 0:
        return None
    plan.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for said in heldout.read(plan.held, BundleSynthesizer.load(plan.bundle), plan.rows):
        page.click(f".voice:has-text({json.dumps(said.id)})")
        heard = _speak(page, said.text, said.lang)
        wav = plan.out / f"{said.id}.wav"
        write_wav(wav, np.asarray(heard["samples"], np.float32), heard["sampleRate"])
        rows.append(said.row(wav))
    path = plan.out / "rows.jsonl"
    write_rows(path, rows)
    return str(path)
