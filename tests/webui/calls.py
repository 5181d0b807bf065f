"""Calls to a served page as a program makes them, by hand: no client library checks them first."""

from __future__ import annotations

import json
import secrets
import urllib.error
import urllib.request
from functools import cache
from typing import Any

PATIENCE_SECONDS = 300


def post(url: str, body: bytes, kind: str = "application/json") -> tuple[int, Any]:
    """Status and JSON of a POST."""
    request = urllib.request.Request(url, body, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        text = error.read().decode("utf-8", "replace")
        return error.code, text


def upload(url: str, name: str, content: bytes) -> tuple[int, Any]:
    """Uploads a file as the page does."""
    mark = secrets.token_hex(8)
    body = (
        f'--{mark}\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
        f"Content-Type: application/octet-stream\r\n\r\n"
    ).encode() + content + f"\r\n--{mark}--\r\n".encode()
    return post(f"{url}/gradio_api/upload", body, f"multipart/form-data; boundary={mark}")


def call(url: str, fn_index: int, data: list[Any], session: str = "") -> dict[str, Any]:
    """The last message of one of the page's functions; a session of its own if none is named."""
    session = session or secrets.token_hex(6)
    body = {"data": data, "fn_index": fn_index, "session_hash": session}
    status, joined = post(f"{url}/gradio_api/queue/join", json.dumps(body).encode())
    if status != 200:
        return {"success": False, "output": {"error": joined}, "status": status}
    source = f"{url}/gradio_api/queue/data?session_hash={session}"
    with urllib.request.urlopen(source, timeout=PATIENCE_SECONDS) as stream:
        for line in stream:
            if line.startswith(b"data: "):
                message = json.loads(line[6:])
                if message["msg"] in ("process_completed", "unexpected_error"):
                    return message
    raise AssertionError("the stream ended without an answer")


@cache
def _offered(url: str) -> tuple[dict[str, int], dict[str, Any]]:
    """Numbers of a page's functions and what they take, asked once as clients do."""
    with urllib.request.urlopen(f"{url}/config", timeout=60) as answer:
        numbers = {f["api_name"]: f["id"] for f in json.load(answer)["dependencies"]}
    with urllib.request.urlopen(f"{url}/gradio_api/info", timeout=60) as answer:
        return numbers, json.load(answer)["named_endpoints"]


def endpoint(url: str, name: str, *data: Any, session: str = "") -> dict[str, Any]:
    """The answer of a named endpoint; what is left out takes its default, as a client does."""
    numbers, described = _offered(url)
    parameters = described[f"/{name}"]["parameters"]
    left = [one["parameter_default"] for one in parameters[len(data):]
            if one["parameter_has_default"]]
    return call(url, numbers[name], [*data, *left], session)
