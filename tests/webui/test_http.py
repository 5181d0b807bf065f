"""The HTML as it leaves the server."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from webui.http import PageMiddleware

HTML = '<!doctype html><html lang="en"><head><title>x</title></head><body>é</body></html>'


@pytest.fixture
def client() -> TestClient:
    async def page(_: Request) -> HTMLResponse:
        return HTMLResponse(HTML)

    async def data(_: Request) -> JSONResponse:
        return JSONResponse({"a": "<head>"})

    middleware = [Middleware(PageMiddleware, script="window.marker = 1;")]
    return TestClient(
        Starlette(routes=[Route("/", page), Route("/data", data)], middleware=middleware)
    )


def test_the_browser_is_told_the_language_of_the_page(client: TestClient) -> None:
    answer = client.get("/", headers={"accept-language": "zh-CN"})
    assert '<html lang="zh-CN">' in answer.text
    assert "set('language', \"zh-CN\")" in answer.text
    assert answer.text.index("window.marker = 1;") < answer.text.index("<title>")
    assert answer.headers["content-language"] == "zh-CN"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert "set-cookie" not in answer.headers


def test_a_choice_in_the_address_is_remembered(client: TestClient) -> None:
    answer = client.get("/?lang=zh-CN", headers={"accept-language": "en"})
    assert "voice_language=zh-CN" in answer.headers["set-cookie"]
    assert "SameSite=Lax" in answer.headers["set-cookie"]
    again = client.get("/", headers={"accept-language": "en"})
    assert '<html lang="zh-CN">' in again.text


@pytest.mark.parametrize("wrong", ["fr", "<script>", "../en", ""])
def test_other_choices_are_ignored(client: TestClient, wrong: str) -> None:
    answer = client.get("/", params={"lang": wrong})
    assert '<html lang="en">' in answer.text and "set-cookie" not in answer.headers


def test_other_answers_pass_through_with_safe_headers(client: TestClient) -> None:
    answer = client.get("/data")
    assert answer.json() == {"a": "<head>"}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
