"""The first walk of somebody new, timed: from the start of the program to a cloned sentence.

``python -m tests.webui.first_minutes`` starts the page as ``make run`` does, clicks as a person
would (with a person's pauses, ``--pause``), counts the clicks and prints when what was there.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

from tests.webui.conftest import FLAGS, free_port

RECORDING = Path(__file__).parents[1] / "data" / "reference_en.wav"
PATIENCE_S = 580.0


class Watch:
    """Seconds since the start, and clicks."""

    def __init__(self, pause_s: float) -> None:
        self.start = time.monotonic()
        self.pause_s = pause_s
        self.clicks = 0

    def note(self, what: str) -> None:
        print(f"{time.monotonic() - self.start:7.1f} s  {what}", flush=True)

    def click(self, what: str, act: Any) -> None:
        """Thinks for a moment, then clicks."""
        time.sleep(self.pause_s)
        act()
        self.clicks += 1
        self.note(f"click {self.clicks}: {what}")


def walk(page: Any, url: str, watch: Watch) -> None:
    """The walk itself."""
    page.goto(url)
    page.wait_for_selector("#speak-go")
    watch.note("the page is there")

    def choose() -> None:
        with page.expect_file_chooser() as chooser:
            page.locator("#speak-reference button").first.click()
        chooser.value.set_files(str(RECORDING))

    watch.click("the field for a recording; a file is chosen", choose)
    watch.click("“I may clone this voice”", lambda: page.check("#speak-consent input"))
    watch.click("one of the sentences", lambda: page.locator(
        "#speak-examples button, #speak-examples .gallery-item").nth(1).click())
    watch.click("Speak", lambda: page.click("#speak-go"))
    page.wait_for_function("window.voicePlayer.state().lastIndex >= 0")
    watch.note("the first sound is heard")
    page.wait_for_selector("#speak-download", state="visible")
    watch.note("the sentence is finished")
    print(f"{watch.clicks} clicks; {page.inner_text('#speak-facts')!r}")


def blends(page: Any, count: int) -> None:
    """Taps voices on the map, and prints how soon each mix is heard."""
    page.get_by_role("tab", name="Blend").click()
    page.wait_for_selector("#blend-map .voice-dot")
    dots = page.locator("#blend-map .voice-dot")
    for number in range(count):
        page.wait_for_timeout(2000)
        page.evaluate("window.voicePlayer.start(false)")
        begun = time.monotonic()
        dots.nth(number % dots.count()).click()
        page.wait_for_function("window.voicePlayer.state().lastIndex >= 0", polling=10)
        print(f"{time.monotonic() - begun:7.2f} s  from a tap on the map to the first sound",
              flush=True)
        page.wait_for_selector("#blend-status .voice-note.good")


def main() -> None:
    """Starts the page, walks, stops it."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pause", type=float, default=3.0, help="seconds before each click")
    parser.add_argument("--blends", type=int, default=5, help="taps on the map of voices")
    chosen = parser.parse_args()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(FLAGS))
        watch = Watch(chosen.pause)
        server = subprocess.Popen(
            [sys.executable, "-m", "webui", "--port", str(port)],
            env=os.environ | {"VOICE_HOME": home}, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        try:
            while time.monotonic() - watch.start < PATIENCE_S:
                try:
                    urllib.request.urlopen(url, timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.2)
            watch.note("the program answers")
            page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="en-US")
            page.set_default_timeout(PATIENCE_S * 1000)
            walk(page, url, watch)
            blends(page, chosen.blends)
        finally:
            server.terminate()
            server.wait(20)
            browser.close()


if __name__ == "__main__":
    main()
