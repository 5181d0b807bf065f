"""The HTML as it leaves the server."""

from __future__ import annotations

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from webui.guard import JSON_BYTES
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


@pytest.fixture
def guarded() -> TestClient:
    """Echoes what it is sent; only as localhost."""

    async def echo(request: Request) -> JSONResponse:
        return JSONResponse({"bytes": len(await request.body())})

    middleware = [Middleware(
        PageMiddleware, hosts=frozenset({"localhost", "::1"}), upload_bytes=1 << 20
    )]
    routes = [Route(path, echo, methods=["GET", "POST"]) for path in ("/join", "/upload")]
    app = Starlette(routes=routes, middleware=middleware)
    return TestClient(app, base_url="http://localhost:7860")


def test_the_browser_is_told_the_language_of_the_page(client: TestClient) -> None:
    answer = client.get("/", headers={"accept-language": "zh-CN"})
    assert '<html lang="zh-CN">' in answer.text
    assert "set('language', \"zh-CN\")" in answer.text
    assert answer.text.index("window.marker = 1;") < answer.text.index("<title>")
    assert answer.headers["content-language"] == "zh-CN"
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert "voice_language" not in answer.headers["set-cookie"]


def test_a_browser_is_known_again_by_a_cookie_that_scripts_cannot_read(client: TestClient) -> None:
    first = client.get("/").headers["set-cookie"]
    assert first.startswith("voice_visitor=") and "HttpOnly" in first and "SameSite=Lax" in first
    assert "set-cookie" not in client.get("/").headers, "known"
    client.cookies.clear()
    again = client.get("/", headers={"cookie": "voice_visitor=../../etc"}).headers["set-cookie"]
    assert again.startswith("voice_visitor=") and again.split(";")[0] != first.split(";")[0]


@pytest.mark.parametrize(("host", "status"), [
    ("localhost:7860", 200), ("localhost", 200), ("[::1]:7860", 200), ("LOCALHOST", 200),
    ("evil.example", 421), ("localhost.evil.example:7860", 421), ("", 421),
])
def test_other_names_for_this_machine_are_refused(
    guarded: TestClient, host: str, status: int
) -> None:
    assert guarded.get("/join", headers={"host": host}).status_code == status


def test_large_bodies_are_refused_by_their_kind(guarded: TestClient) -> None:
    assert guarded.post("/upload", content=b"x" * (1 << 20)).json() == {"bytes": 1 << 20}
    assert guarded.post("/upload", content=b"x" * ((1 << 20) + 1)).status_code == 413
    assert guarded.post("/join", content=b"x" * (JSON_BYTES + 1)).status_code == 413
    assert guarded.post("/join", json={"a": "x" * 5000}).json()["bytes"] > 5000
    claimed = {"content-length": "10", "content-type": "application/json"}
    assert guarded.post("/join", content=b"{}", headers=claimed).status_code in (200, 400)
    assert guarded.post("/join", content=iter([b"{", b"}"])).status_code == 411, "no length"


@pytest.mark.parametrize(("body", "status"), [
    ('{"data": [{"path": "http://10.0.0.1/x.wav"}]}', 400),
    ('{"data": [[{"path": " HTTPS://example.org"}]]}', 400),
    ('{"data": [{"path": "file:///etc/passwd"}]}', 400),
    ('{"data": [{"path": "C:\\\\x.wav"}]}', 200),
    ('{"data": ["http://example.org"]}', 200),
    ("{oops", 400),
    ("[" * 5000 + "]" * 5000, 400),
])
def test_files_named_by_an_address_are_refused(
    guarded: TestClient, body: str, status: int
) -> None:
    answer = guarded.post("/join", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == status


def test_a_choice_in_the_address_is_remembered(client: TestClient) -> None:
    answer = client.get("/?lang=zh-CN", headers={"accept-language": "en"})
    assert "voice_language=zh-CN" in answer.headers["set-cookie"]
    assert "SameSite=Lax" in answer.headers["set-cookie"]
    again = client.get("/", headers={"accept-language": "en"})
    assert '<html lang="zh-CN">' in again.text


@pytest.mark.parametrize("wrong", ["fr", "<script>", "../en", ""])
def test_other_choices_are_ignored(client: TestClient, wrong: str) -> None:
    answer = client.get("/", params={"lang": wrong})
    assert '<html lang="en">' in answer.text
    assert "voice_language" not in answer.headers["set-cookie"]


def test_other_answers_pass_through_with_safe_headers(client: TestClient) -> None:
    answer = client.get("/data")
    assert answer.json() == {"a": "<head>"}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
