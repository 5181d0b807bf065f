"""Who asks: the language of the page and the visitor's session, from Gradio's request."""

from __future__ import annotations

import gradio as gr

from webui import messages


def locale_of(request: gr.Request | None) -> str:
    """The page's language for a request."""
    headers = getattr(request, "headers", None) or {}
    return messages.language_of(headers.get("cookie", ""), headers.get("accept-language", ""))


def session_of(request: gr.Request | None) -> str:
    """The browser tab that asks; one of its own where there is none."""
    return str(getattr(request, "session_hash", None) or id(request))
