"""The page's HTML as it leaves the server: its language, its script, and headers for safety.

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

from webui import messages

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
    """Rewrites HTML answers of the app inside it; everything else passes through untouched."""

    def __init__(self, app: ASGIApp, script: str = "") -> None:
        self.app = app
        self.script = script

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        locale, asked = page_language(scope)
        answer = _Answer(send, locale, asked, self.script)
        await self.app(scope, receive, answer)


class _Answer:
    """Holds back an HTML answer until it is whole; sends any other on at once."""

    def __init__(self, send: Send, locale: str, remember: bool, script: str) -> None:
        self.send = send
        self.locale = locale
        self.remember = remember
        self.script = script
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
            cookie: SimpleCookie = SimpleCookie({messages.COOKIE: self.locale})
            cookie[messages.COOKIE].update(
                {"path": "/", "max-age": YEAR_SECONDS, "samesite": "Lax"}  # type: ignore[dict-item]
            )
            headers.append("set-cookie", cookie[messages.COOKIE].OutputString())
        await self.send(self.start)
        await self.send({"type": "http.response.body", "body": document})
