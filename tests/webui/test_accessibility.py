"""Every tab, light and dark, in both languages, by axe-core: no finding at all."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.webui.conftest import Visit

pytestmark = pytest.mark.browser
TABS = 6
RULES_AT_LEAST = 20  # that found something to look at, or the check looked at nothing


@pytest.mark.parametrize(("locale", "scheme"), [("en-US", "light"), ("zh-CN", "dark")])
def test_no_tab_has_a_finding(visit: Callable[..., Visit], locale: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe")
    seen = visit("?__theme=dark" if scheme == "dark" else "", locale=locale, color_scheme=scheme)
    page = seen.page
    for number in range(TABS):
        page.get_by_role("tab").nth(number).click()
        page.wait_for_timeout(700)
        found = axe.Axe().run(page).response
        assert len(found["passes"]) > RULES_AT_LEAST
        named = [(v["id"], v["impact"], v["nodes"][0]["html"][:200]) for v in found["violations"]]
        assert named == [], (number, named)
    assert seen.problems == []
