"""Who asks: the language of the page, the browser tab and the browser, from Gradio's request."""

from __future__ import annotations

import hashlib

import gradio as gr

from webui import guard, messages


def locale_of(request: gr.Request | None) -> str:
    """The page's language for a request."""
    headers = getattr(request, "headers", None) or {}
    return messages.language_of(headers.get("cookie", ""), headers.get("accept-language", ""))


def session_of(request: gr.Request | None) -> str:
    """The browser tab that asks; one of its own where there is none."""
    return str(getattr(request, "session_hash", None) or id(request))


def visitor_of(request: gr.Request | None) -> str:
    """The browser that asks, the same across tabs and reloads; a program is its own session.

    What is given back is a digest: it may name folders, and the cookie cannot be found from it.
    """
    headers = getattr(request, "headers", None) or {}
    name = guard.visitor_in(headers.get("cookie", "")) or session_of(request)
    return hashlib.sha256(name.encode("utf-8")).hexdigest()[:24]
