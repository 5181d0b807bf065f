"""Which requests are refused before the page sees them, and who a visitor is.

The page's own requests are small JSON or uploads. Others are turned away here: too large a body,
a host name that is not ours, a file named by an address for the server to fetch.
"""

from __future__ import annotations

import json
import re
import secrets
from http.cookies import CookieError, SimpleCookie
from typing import Any

from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope

VISITOR = "voice_visitor"
JSON_BYTES = 24 << 20
_UPLOAD = re.compile(r"/upload/?$")
_ADDRESS = re.compile(r"^\s*[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_TOKEN = re.compile(r"^[A-Za-z0-9_-]{16,64}$")
_DEEP = 60
_DRAINED_BYTES = 1 << 30
Refusal = tuple[int, str]


def new_visitor() -> str:
    """A name for a browser that nobody can guess."""
    return secrets.token_urlsafe(24)


def visitor_in(cookies: str) -> str:
    """The browser's name in a ``Cookie`` header; empty if there is none that we gave."""
    try:
        found = SimpleCookie(cookies).get(VISITOR)
    except CookieError:
        return ""
    return found.value if found and _TOKEN.match(found.value) else ""


def refused(scope: Scope, hosts: frozenset[str], upload_bytes: int) -> Refusal | None:
    """Status and sentence for a request that is turned away by its head alone.

    Args:
        scope: of an HTTP request.
        hosts: allowed host names in lower case, without ports; empty allows any.
        upload_bytes: largest upload.
    """
    headers = Headers(scope=scope)
    if hosts and host_name(headers.get("host", "")) not in hosts:
        return 421, "This page is not served under that name."
    if scope["method"] not in ("POST", "PUT", "PATCH"):
        return None
    length = headers.get("content-length")
    if length is None:
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return 411, "Send the length of the body."
        return None
    limit = upload_bytes if _UPLOAD.search(scope["path"]) else JSON_BYTES
    if not length.isdigit() or int(length) > limit:
        return 413, f"The request is too large; up to {limit >> 20} MB are taken."
    return None


def host_name(host: str) -> str:
    """The name in a ``Host`` header, without its port."""
    return re.sub(r":\d+$", "", host.strip().lower()).strip("[]")


def holds_json(scope: Scope) -> bool:
    """Whether a request's body is JSON for one of the page's functions."""
    kind = Headers(scope=scope).get("content-type", "")
    return scope["method"] == "POST" and kind.split(";")[0].strip().lower() == "application/json"


async def checked_body(receive: Receive) -> tuple[bytes, Refusal | None]:
    """The whole body, and why it is refused, if it is."""
    body = b""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return body, None
        body += message.get("body", b"")
        if len(body) > JSON_BYTES:
            return b"", (413, f"The request is too large; up to {JSON_BYTES >> 20} MB are taken.")
        if not message.get("more_body"):
            break
    try:
        data = json.loads(body) if body else None
        remote = _names_address(data, 0)
    except (ValueError, RecursionError):
        return b"", (400, "The body is not JSON.")
    if remote:
        return b"", (400, "A file must be uploaded; addresses are not fetched.")
    return body, None


async def drain(receive: Receive) -> None:
    """Reads a refused body and throws it away: a browser only hears the answer after sending."""
    taken = 0
    while taken < _DRAINED_BYTES:
        message = await receive()
        taken += len(message.get("body", b""))
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return


def _names_address(data: Any, depth: int) -> bool:
    """Whether a file in the data is named by an address instead of an upload."""
    if depth > _DEEP:
        raise RecursionError
    if isinstance(data, dict):
        path = data.get("path")
        if isinstance(path, str) and _ADDRESS.match(path):
            return True
        return any(_names_address(value, depth + 1) for value in data.values())
    if isinstance(data, list):
        return any(_names_address(value, depth + 1) for value in data)
    return False


def replayed(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that hands out a body that was read already, then goes on as before."""
    given = False

    async def again() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
