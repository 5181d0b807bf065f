"""What goes in and out: the page's language and script, headers for safety, refused requests.

``?lang=zh-CN`` (or ``en``) chooses a language and is remembered in a cookie. The browser is told
that this is its language, so that everything on the page, built-in words included, follows.
"""

from __future__ import annotations

import html
import json
from http.cookies import SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webui import guard, messages

YEAR_SECONDS = 365 * 24 * 3600
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "SAMEORIGIN",
}


def page_language(scope: Scope) -> tuple[str, bool]:
    """Language of a request, and whether it was asked for in the address just now."""
    asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("lang", [""])[0]
    if asked in messages.LOCALES:
        return asked, True
    headers = Headers(scope=scope)
    found = messages.language_of(headers.get("cookie", ""), headers.get("accept-language", ""))
    return found, False


def decorate(document: str, locale: str, script: str) -> str:
    """Puts the language and the page's script into the HTML that Gradio made."""
    languages = json.dumps([locale])
    speak = (
        "(() => { const set = (name, value) => Object.defineProperty("
        "window.navigator, name, { get: () => value, configurable: true });"
        f" set('language', {json.dumps(locale)}); set('languages', {languages}); }})();"
    )
    title = messages.text(locale, "page_title")
    head = f"<script>{speak}</script><script>{script}</script>"
    document = document.replace('lang="en"', f'lang="{html.escape(locale)}"', 1)
    document = document.replace('content="Gradio"', f'content="{html.escape(title)}"', 1)
    return document.replace("<head>", "<head>" + head, 1)


class PageMiddleware:
    """Rewrites HTML answers of the app inside it and refuses requests that a page never makes.

    Args:
        app: inside.
        script: of the page.
        hosts: names by which the page may be asked for, so that no other site can be made to
            point at it (DNS rebinding); empty takes any.
        upload_bytes: largest body of an upload; others hold at most ``guard.JSON_BYTES``.
    """

    def __init__(
        self, app: ASGIApp, script: str = "", hosts: frozenset[str] = frozenset(),
        upload_bytes: int = guard.JSON_BYTES,
    ) -> None:
        self.app = app
        self.script = script
        self.hosts = hosts
        self.upload_bytes = upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        locale, asked = page_language(scope)
        if refusal := guard.refused(scope, self.hosts, self.upload_bytes):
            await guard.drain(receive)
            await _refuse(send, *refusal)
            return
        if guard.holds_json(scope):
            body, refusal = await guard.checked_body(receive)
            if refusal:
                await _refuse(send, *refusal)
                return
            receive = guard.replayed(body, receive)
        answer = _Answer(send, locale, asked, self.script)
        answer.newcomer = not guard.visitor_in(Headers(scope=scope).get("cookie", ""))
        await self.app(scope, receive, answer)


async def _refuse(send: Send, status: int, sentence: str) -> None:
    body = json.dumps({"detail": sentence}).encode("utf-8")
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    headers += [(name.encode(), value.encode()) for name, value in HEADERS.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class _Answer:
    """Holds back an HTML answer until it is whole; sends any other on at once."""

    def __init__(self, send: Send, locale: str, remember: bool, script: str) -> None:
        self.send = send
        self.locale = locale
        self.remember = remember
        self.script = script
        self.newcomer = False
        self.start: Message | None = None
        self.body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            page = headers.get("content-type", "").startswith("text/html")
            if page and "content-encoding" not in headers:
                self.start = message
                return
        elif self.start is not None and message["type"] == "http.response.body":
            self.body += message.get("body", b"")
            if not message.get("more_body"):
                await self._finish()
            return
        await self.send(message)

    async def _finish(self) -> None:
        assert self.start is not None
        document = decorate(self.body.decode("utf-8"), self.locale, self.script).encode("utf-8")
        headers = MutableHeaders(raw=self.start["headers"])
        headers["content-length"] = str(len(document))
        headers["content-language"] = self.locale
        headers.add_vary_header("Accept-Language, Cookie")
        if self.remember:
            headers.append("set-cookie", _cookie(messages.COOKIE, self.locale))
        if self.newcomer:
            headers.append("set-cookie", _cookie(guard.VISITOR, guard.new_visitor(), hidden=True))
        await self.send(self.start)
        await self.send({"type": "http.response.body", "body": document})


def _cookie(name: str, value: str, hidden: bool = False) -> str:
    """A cookie for a year, as a header's value; a hidden one is not shown to scripts."""
    cookie: SimpleCookie = SimpleCookie({name: value})
    cookie[name].update(
        {"path": "/", "max-age": YEAR_SECONDS, "samesite": "Lax"}  # type: ignore[dict-item]
    )
    if hidden:
        cookie[name]["httponly"] = True
    return cookie[name].OutputString()
