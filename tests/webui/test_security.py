"""What a hostile visitor may try: paths in every file field, large and wrong files, other sites."""

from __future__ import annotations

import base64
import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from tests.webui.calls import call, endpoint, post, upload
from tests.webui.conftest import Site
from webui.app import build_page, translations
from webui.context import AppContext

FILES = (gr.Audio, gr.File, gr.UploadButton, gr.DownloadButton)
PATHS = ("/etc/passwd", "../../../../etc/passwd", "/proc/self/environ", "webui/__main__.py")


def functions_taking_files(site: Site) -> list[tuple[int, list[Any], int]]:
    """(function, blank inputs, place of a file among them) of every file field of the page."""
    page = build_page(site.context, translations())
    found = []
    for index, function in page.fns.items():
        blank = [getattr(one, "value", None) for one in function.inputs]
        for place, component in enumerate(function.inputs):
            if isinstance(component, FILES):
                found.append((index, blank, place))
    return found


@pytest.mark.parametrize("path", [
    PATHS[0], *(pytest.param(path, marks=pytest.mark.slow) for path in PATHS[1:]),
])
def test_no_file_field_opens_a_path_of_the_visitor(site: Site, path: str) -> None:
    fields = functions_taking_files(site)
    assert len(fields) >= 3, "recording (judge, speak) and voice file"
    for index, blank, place in fields:
        data = list(blank)
        data[place] = {"path": path, "meta": {"_type": "gradio.FileData"}}
        answer = call(site.url, index, data)
        assert answer["success"] is False, (index, path)
        assert "root:" not in json.dumps(answer), (index, path)
    assert site.fake.enrolled == [], "nothing was read"


def test_no_file_is_fetched_from_an_address(site: Site) -> None:
    index, blank, place = functions_taking_files(site)[0]
    data = list(blank)
    data[place] = {"path": f"{site.url}/config", "meta": {"_type": "gradio.FileData"}}
    assert call(site.url, index, data)["status"] == 400


@pytest.mark.parametrize("path", [
    "file=/etc/passwd", "file=../../etc/passwd", "file=webui/__main__.py", "file=/proc/self/maps",
    "file=file:///etc/passwd", "file=http://127.0.0.1:1/x",
    "file%3D%2Fetc%2Fpasswd", "stream/../../../etc/passwd",
])
def test_no_address_serves_other_files(site: Site, path: str) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{site.url}/gradio_api/{path}", timeout=10)
    assert refused.value.code in (400, 403, 404)


def test_uploads_are_limited_in_size_and_stay_in_their_folder(site: Site) -> None:
    limit = site.context.limits.upload_bytes
    assert limit == 50 << 20
    status, _ = upload(site.url, "big.wav", b"\0" * (limit + 2048))
    assert status == 413
    status, paths = upload(site.url, "../../../../tmp/escaped.wav", b"RIFF")
    assert status == 200 and len(paths) == 1
    assert ".." not in paths[0] and not Path("/tmp/escaped.wav").exists()
    assert Path(paths[0]).name == "escaped.wav"


def test_wrong_kinds_of_upload_become_sentences(site: Site, tmp_path: Path) -> None:
    def first(name: str) -> str:
        return base64.b64encode(name.encode()).decode()

    answers = [
        endpoint(site.url, "clone", first("text"), "exe", True, ""),
        endpoint(site.url, "clone", first("not audio at all"), "wav", True, ""),
        endpoint(site.url, "clone", "!!!", "wav", True, ""),
        endpoint(site.url, "clone", "", "wav", True, ""),
        endpoint(site.url, "clone", first("x"), "../../x", True, ""),
        endpoint(site.url, "import_voice", first("\x80\x04pickle")),
        endpoint(site.url, "import_voice", 7),
    ]
    for answer in answers:
        assert answer["success"] is False
        said = answer["output"]["error"]
        assert said and "Traceback" not in said and "/" not in said.replace("/s", ""), said
    assert not list((site.context.outputs / "received").iterdir()), "nothing is left behind"


@pytest.mark.parametrize("key", [
    "kept:../../etc/passwd", "kept:/etc/passwd", "example:../x", "/etc/passwd", "recent:../x", "",
])
def test_no_endpoint_opens_a_path_named_as_a_voice(site: Site, key: str) -> None:
    for answer in (
        endpoint(site.url, "speak", "Hello.", key),
        endpoint(site.url, "blend", [key, "example:Isla"], [1, 1], None, None),
        endpoint(site.url, "keep_voice", key, "x", "I am the speaker."),
        endpoint(site.url, "export_voice", key),
        endpoint(site.url, "remove_voice", key),
        endpoint(site.url, "rename_voice", key, "x"),
    ):
        assert answer["success"] is False
        assert "input values" not in answer["output"]["error"], "refused for what it asks"


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.slow)])
def test_what_nobody_expected_is_one_sentence_without_details(
    site: Site, monkeypatch: pytest.MonkeyPatch, every: int
) -> None:
    """Every (fourth) function of the page, with a library that fails in a way nobody thought of."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("/secret/place")

    page = build_page(site.context, translations())
    monkeypatch.setattr(type(site.context.library), "voices", broken)
    told = 0
    for index, function in list(page.fns.items())[::every]:
        if function.fn is None:
            continue
        answer = call(site.url, index, [getattr(one, "value", None) for one in function.inputs])
        words = json.dumps(answer)
        assert "secret" not in words and "Traceback" not in words, (index, words)
        told += "Something went wrong in the program" in words
    assert told >= 5 // every, "lists of voices, the map, endpoints"


def test_names_with_folders_in_them_are_refused(site: Site, recording: Path) -> None:
    sound = base64.b64encode(recording.read_bytes()).decode()
    made = endpoint(site.url, "clone", sound, "wav", True, "")["output"]["data"][0]
    for name in ("../up", "a/b", "..", ".hidden", "a\\b", "x\0y"):
        answer = endpoint(site.url, "keep_voice", made["voice"], name, "I am the speaker.")
        assert answer["success"] is False, name
    assert not list(site.context.library.folder.glob("*")) if (
        site.context.library.folder.exists()
    ) else True


def test_the_page_cannot_be_asked_for_under_another_name(context: AppContext) -> None:
    from starlette.applications import Starlette
    from starlette.testclient import TestClient

    from webui.app import launch_options

    context.hosts = frozenset({"localhost"})
    (middleware,) = launch_options(context, translations())["app_kwargs"]["middleware"]
    client = TestClient(Starlette(middleware=[middleware]))
    assert client.get("/", headers={"host": "evil.example"}).status_code == 421
    assert client.get("/", headers={"host": "localhost:1"}).status_code == 404


def test_a_body_that_is_no_json_gets_no_traceback(site: Site) -> None:
    status, said = post(f"{site.url}/gradio_api/queue/join", b"{oops")
    assert status == 400 and "Traceback" not in said
