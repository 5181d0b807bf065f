"""Every tab, light and dark, in both languages, by axe-core: no finding at all."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.webui.conftest import Visit, clone

pytestmark = pytest.mark.browser
TABS = 6
RULES_AT_LEAST = 20  # that found something to look at, or the check looked at nothing


def findings(page: Any) -> list[tuple[str, str, list[str]]]:
    """What axe-core finds on what is shown: rule, impact, and the first elements."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe")
    found = axe.Axe().run(page).response
    assert len(found["passes"]) > RULES_AT_LEAST
    return [(v["id"], v["impact"], [node["html"][:200] for node in v["nodes"][:6]])
            for v in found["violations"]]


@pytest.mark.parametrize(("locale", "scheme"), [
    ("zh-CN", "dark"),
    *(pytest.param(*case, marks=pytest.mark.slow)
      for case in (("en-US", "light"), ("en-US", "dark"), ("zh-CN", "light"))),
])
def test_no_tab_has_a_finding(visit: Callable[..., Visit], locale: str, scheme: str) -> None:
    seen = visit("?__theme=dark" if scheme == "dark" else "", locale=locale, color_scheme=scheme)
    page = seen.page
    for number in range(TABS):
        page.get_by_role("tab").nth(number).click()
        page.wait_for_timeout(700)
        assert findings(page) == [], number
    assert seen.problems == []


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_that_follows_a_click_has_a_finding(
    visit: Callable[..., Visit], recording: Path, scheme: str, tmp_path: Path
) -> None:
    """Results, tables, open panels and errors."""
    seen = visit("?__theme=dark" if scheme == "dark" else "", color_scheme=scheme)
    page = seen.page
    clone(page, recording, "Good morning to all. This is the second sentence.")
    page.wait_for_selector("#speak-download", state="visible")
    for name in ("speak-keep", "speak-settings", "speak-history"):
        page.click(f"#{name} button")
    page.fill("#keep-name textarea, #keep-name input", f"Robin {scheme}")
    page.fill("#keep-consent textarea", "I am the speaker.")
    page.click("#keep-go")
    page.wait_for_selector("#keep-status .voice-note.good")
    page.locator("#speak-sentences [data-send=speak-piece]").first.click()
    page.wait_for_selector("#speak-sentences >> text=Keep B")
    assert findings(page) == []
    page.get_by_role("tab", name="Blend").click()
    page.click("#blend-go")
    page.wait_for_selector("#blend-keep-go", state="visible")
    assert findings(page) == []
    page.get_by_role("tab", name="Voices").click()
    page.locator("#voices-cards [data-send=voices-pick]").first.click()
    page.wait_for_selector("#voices-change", state="visible")
    assert findings(page) == []
    lines = tmp_path / "lines.csv"
    lines.write_text("id,text\n1,Hello there.\n2,...\n", "utf8")
    page.get_by_role("tab", name="Batch").click()
    page.set_input_files("#batch-file input[type=file]", str(lines))
    page.wait_for_selector("#batch-preview >> text=1 cannot be spoken")
    page.click("#batch-start")
    page.wait_for_selector("#batch-progress >> text=Finished.")
    assert findings(page) == []
    assert seen.problems == []
