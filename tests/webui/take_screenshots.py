"""Takes the pictures of the README from a page that is being served with the real model.

``python -m webui &`` and then ``python -m tests.webui.take_screenshots --out docs/images``
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path
from typing import Any

from tests.webui.conftest import FLAGS

RECORDING = Path(__file__).parents[1] / "data" / "reference_en.wav"
TEXTS = {"en": "Good morning! What a lovely day for a walk.", "zh-CN": "早上好！今天天气真不错。"}
DESKTOP, PHONE = {"width": 1200, "height": 860}, {"width": 390, "height": 844}
PATIENCE_MS = 400_000


def speak(page: Any, locale: str, chosen: argparse.Namespace) -> None:
    """Clones the recording and speaks."""
    page.set_input_files("#speak-reference input[type=file]", str(chosen.recording))
    page.wait_for_selector("#speak-verdict ul, #speak-verdict .good", timeout=PATIENCE_MS)
    page.check("#speak-consent input")
    page.fill("#speak-text textarea", TEXTS[locale])
    page.fill("#setting-seed input, #setting-seed textarea", str(chosen.seed))
    if chosen.no_check:
        page.uncheck("#setting-check input")
    if chosen.no_speech:
        return
    page.click("#speak-go")
    page.wait_for_selector("#speak-download", state="visible", timeout=PATIENCE_MS)
    page.wait_for_timeout(3000)


def blend(page: Any, aloud: bool) -> None:
    """Blends the first two example voices; the map shows all."""
    page.get_by_role("tab").nth(1).click()
    page.wait_for_selector("#blend-map .voice-dot", timeout=PATIENCE_MS)
    if not aloud:
        page.wait_for_timeout(1000)
        return
    page.click("#blend-go")
    page.wait_for_selector("#blend-keep-go", state="visible", timeout=PATIENCE_MS)
    page.wait_for_timeout(3000)


def main() -> None:
    """Writes ``speak-``, ``phone-`` and ``voices-{en,zh-CN}.png``, and ``blend-en.png``."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:7860")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--recording", type=Path, default=RECORDING, help="whose voice is cloned")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-check", action="store_true", help="speak without the self-check")
    parser.add_argument("--no-speech", action="store_true", help="up to the click, no sound")
    chosen = parser.parse_args()
    chosen.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(FLAGS)
        )
        for locale in TEXTS:
            page = browser.new_page(viewport=DESKTOP, locale=locale)
            page.goto(chosen.url)
            page.wait_for_selector(".voice-chip.ready", timeout=PATIENCE_MS)
            page.click("#speak-settings button")
            speak_folded(page, locale, chosen)
            for name, size in (("speak", DESKTOP), ("phone", PHONE)):
                page.set_viewport_size(size)
                page.wait_for_timeout(1500)
                page.screenshot(path=chosen.out / f"{name}-{locale}.png", full_page=True)
            if locale == "en":
                page.set_viewport_size(DESKTOP)
                blend(page, not chosen.no_speech)
                page.screenshot(path=chosen.out / "blend-en.png", full_page=True)
            page.set_viewport_size(DESKTOP)
            page.get_by_role("tab").nth(2).click()
            page.wait_for_selector("#voices-cards article", timeout=PATIENCE_MS)
            page.wait_for_timeout(1000)
            page.screenshot(path=chosen.out / f"voices-{locale}.png", full_page=True)
            page.close()
        browser.close()


def speak_folded(page: Any, locale: str, chosen: argparse.Namespace) -> None:
    """Speaks, and folds the settings away again."""
    speak(page, locale, chosen)
    page.click("#speak-settings button")
    page.wait_for_timeout(500)


if __name__ == "__main__":
    main()
