"""Tables of lines, written by the server; every value is escaped. Buttons in them are handled by
``app.js``: ``data-play`` plays a file, ``data-send`` tells a hidden field which row is meant."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import quote

from webui import messages

PAGE = 40
_SHOWN = 160


def file_address(path: Path) -> str:
    """Where the browser gets a file of the page's own folder."""
    return "gradio_api/file=" + quote(str(path.resolve()))


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], caption: str) -> str:
    """A table of cells that are HTML already.

    Args:
        heads: texts; empty over buttons, which say themselves what they do.
        rows: cells, as HTML.
        caption: text, for screen readers.
    """
    head = "".join(
        f'<th scope="col">{html.escape(one)}</th>' if one else "<td></td>" for one in heads)
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<div class="voice-table" tabindex="0" role="group" aria-label="{html.escape(caption)}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def cell(text: str) -> str:
    """A text as a cell, cut where it is long."""
    shown = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return html.escape(shown)


def seconds(count: float) -> str:
    """A length of time as a cell; it stays in one line."""
    return f'<span class="voice-time">{count:.1f} s</span>'


def play_button(locale: str, path: Path, label: str, more: str = "") -> str:
    """Plays a file, or stops it; ``more`` follows the word on the button."""
    shown = f"{messages.text(locale, 'batch_play')} {more}".strip()
    return (
        f'<button type="button" class="voice-small" data-play="{html.escape(file_address(path))}"'
        f' aria-label="{html.escape(label)}">{html.escape(shown)}</button>'
    )


def send_button(target: str, value: str, text: str, label: str = "", css: str = "") -> str:
    """Writes a value into the hidden field ``target`` and tells the page so."""
    return (
        f'<button type="button" class="voice-small {css}" data-send="{target}"'
        f' data-value="{html.escape(value)}" aria-label="{html.escape(label or text)}">'
        f"{html.escape(text)}</button>"
    )


def state(locale: str, name: str, detail: str = "") -> str:
    """A state as a word with a colour, and why."""
    word = html.escape(messages.text(locale, f"batch_{name}"))
    more = f" <span>{html.escape(detail)}</span>" if detail else ""
    return f'<span class="voice-state {name}">{word}</span>{more}'
