"""A page with a password: nothing but the login is given to whoever does not know it."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path

import pytest

from tests.webui.conftest import free_port
from tests.webui.fakes import FakeSynthesizer
from voice import VoiceLibrary
from webui.app import build_page, launch_options, translations
from webui.context import EXAMPLES, AppContext, ModelSlot

JSON = {"Content-Type": "application/json"}
FORM = {"Content-Type": "multipart/form-data; boundary=x"}
PART = (b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.wav"\r\n\r\nRIFF\r\n'
        b"--x--\r\n")


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The page as others reach it."""
    folder = tmp_path_factory.mktemp("page")
    context = AppContext(ModelSlot(), VoiceLibrary(folder / "voices"), folder / "recordings")
    context.model.start("fake", FakeSynthesizer).join()
    context.password = True
    t = translations()
    page, port = build_page(context, t), free_port()
    page.launch(server_name="127.0.0.1", server_port=port, prevent_thread_lock=True,
                auth=[("ann", "s3cret:x")], **launch_options(context, t))
    yield f"http://127.0.0.1:{port}"
    page.close()


@pytest.mark.parametrize(("path", "body", "headers"), [
    ("config", None, {}), ("gradio_api/info", None, {}),
    (f"gradio_api/file={EXAMPLES / 'isla.opus'}", None, {}),
    ("gradio_api/queue/join", json.dumps(
        {"data": [], "fn_index": 0, "session_hash": "abc"}).encode(), JSON),
    ("gradio_api/call/voices", b'{"data": []}', JSON),
    ("gradio_api/run/voices", b'{"data": []}', JSON),
    ("gradio_api/upload", PART, FORM),
    ("gradio_api/mcp/", b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list"}', JSON),
    ("gradio_api/mcp/sse", None, {}),
])
def test_nothing_is_given_without_the_password(
    url: str, path: str, body: bytes | None, headers: dict[str, str]
) -> None:
    request = urllib.request.Request(f"{url}/{path}", body, headers)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=30)
    assert refused.value.code in (401, 403, 404, 405), path
    if path == "config":
        assert refused.value.code == 401


def test_the_page_itself_shows_only_the_login(url: str) -> None:
    with urllib.request.urlopen(url, timeout=30) as answer:
        body = answer.read().decode()
    assert '"auth_required":true' in body.replace(" ", "")
    assert '"elem_id"' not in body, "no component is described"


@pytest.mark.parametrize(("name", "password", "welcome"), [
    ("ann", "s3cret:x", True), ("ann", "wrong", False), ("", "", False), ("bob", "s3cret:x", False),
])
def test_who_may_come_in(url: str, name: str, password: str, welcome: bool, tmp_path: Path) -> None:
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    body = urllib.parse.urlencode({"username": name, "password": password}).encode()
    try:
        opener.open(f"{url}/login", body, timeout=30).close()
        with opener.open(f"{url}/config", timeout=30) as answer:
            inside = "speak-text" in answer.read().decode()
    except urllib.error.HTTPError as error:
        assert error.code in (400, 401, 422)
        inside = False
    assert inside is welcome
