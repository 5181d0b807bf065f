"""What the Batch tab shows: the check before the start, progress, rows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from voice import BatchSession
from webui import messages
from webui.actions import batch as action
from webui.components import markup, tables
from webui.context import AppContext
from webui.messages import text

PREVIEW = 60
EVERY = 25


def sent(value: str) -> str:
    """The value that a button of a table sent; empty for anything else."""
    try:
        found = json.loads(value)["value"]
    except (ValueError, TypeError, KeyError):
        return ""
    return found if isinstance(found, str) else ""


def page_start(value: str) -> int:
    """The first row of the page of rows that was asked for."""
    asked = sent(value)
    return int(asked) if asked.isdigit() and len(asked) < 8 else 0


def checking(locale: str, rows: Iterator[action.Checked], count: int) -> Iterator[str]:
    """Progress, then a sentence and a table: bad lines first."""
    checked: list[action.Checked] = []
    for row in rows:
        checked.append(row)
        if len(checked) % EVERY == 0:
            said = text(locale, "batch_checking", done=len(checked), count=count)
            yield markup.bar(said, len(checked) / count)
    bad = [row for row in checked if row.problem]
    if bad:
        said = markup.note(text(locale, "batch_checked_bad", count=count, bad=len(bad)), "fair")
    else:
        said = markup.note(text(locale, "batch_checked_good", count=count), "good")
    good = [row for row in checked if not row.problem]
    cells = [
        (tables.cell(row.item.id), tables.cell(row.item.voice), tables.cell(row.item.text),
         tables.state(locale, "left_out" if row.problem else "ok",
                      messages.explain(row.problem, locale) if row.problem else ""))
        for row in (bad + good)[:PREVIEW]
    ]
    heads = [text(locale, key) for key in
             ("batch_row", "voice_label", "batch_text", "batch_state")]
    yield said + tables.table(heads, cells, text(locale, "batch_heading"))


@dataclass(frozen=True)
class Look:
    """Who looks at a batch, and what of it.

    Attributes:
        locale: of the page.
        owner: the visitor.
        first: row at the top.
        seen: what was shown before; rows are sent only where they differ.
    """

    locale: str
    owner: str
    first: int = 0
    seen: str = ""


def shown(
    context: AppContext, look: Look, name: str | None, forced: str = ""
) -> tuple[Any, ...]:
    """The list of batches, progress, rows, buttons, what was seen, and whether to look again."""
    locale, owner, first, seen = look.locale, look.owner, look.first, look.seen
    mine = action.my_batches(context, owner)
    names = [one for _, one in mine]
    name = name if name in names else (names[0] if names else None)
    choice = gr.Dropdown(choices=mine, value=name)
    if name is None:
        off = gr.Button(interactive=False)
        note = forced or markup.note(text(locale, "batch_none"))
        return choice, note, "", off, off, "", gr.Timer(active=False)
    session = action.session_named(context, owner, name)
    running = context.background.running(name)
    rows = session.rows()
    counts = {key: sum(row.status == key for row in rows) for key in ("done", "failed")}
    mark = f"{name} {locale} {first} {running} {counts}"
    body: Any = gr.skip() if mark == seen else _rows(locale, session, rows, first)
    progress = forced or _progress(context, locale, name, {"count": len(rows)} | counts)
    more = counts["done"] < len(rows)
    return (
        gr.skip() if seen else choice, progress, body, gr.Button(interactive=running),
        gr.Button(interactive=not running and more), mark, gr.Timer(active=running),
    )


def _progress(
    context: AppContext, locale: str, name: str, counts: dict[str, int]
) -> str:
    said, count = text(locale, "batch_progress", **counts), counts["count"]
    running = context.background.running(name)
    problem = context.background.problem(name)
    if problem is not None and not running:
        return markup.error(locale, problem)
    made = counts["done"] + counts["failed"]
    if not running:
        said += " " + text(locale, "batch_finished" if made == count else "batch_paused")
    elif (pace := context.background.pace(name, made)) is not None:
        minutes = max(1, round((count - made) * pace / 60))
        said += " " + text(locale, "batch_left", minutes=minutes)
    return markup.bar(said, made / max(count, 1))


def _rows(locale: str, session: BatchSession, rows: list[Any], first: int) -> str:
    first = first if 0 <= first < len(rows) else 0
    part = rows[first : first + tables.PAGE]
    cells = []
    for row in part:
        buttons = ""
        if row.status == "done":
            label = text(locale, "batch_play_row", name=row.item.id)
            buttons = tables.play_button(locale, Path(session.folder / row.item.file), label)
        if row.status != "waiting":
            label = text(locale, "batch_again_row", name=row.item.id)
            buttons += tables.send_button(
                "batch-again", row.item.file, text(locale, "batch_again"), label)
        detail = f"{row.seconds:.1f} s" if row.status == "done" else messages.translate(
            row.error, locale)
        cells.append((tables.cell(row.item.id), tables.cell(row.item.text),
                      tables.state(locale, row.status, detail), buttons))
    heads = [text(locale, key) for key in ("batch_row", "batch_text", "batch_state")] + [""]
    return tables.table(heads, cells, text(locale, "batch_run_heading")) + _pager(
        locale, first, len(rows))


def _pager(locale: str, first: int, count: int) -> str:
    if count <= tables.PAGE:
        return ""
    last = min(first + tables.PAGE, count)
    said = text(locale, "batch_more", first=first + 1, last=last, count=count)
    buttons = ""
    if first:
        before = str(max(0, first - tables.PAGE))
        buttons += tables.send_button("batch-page", before, text(locale, "batch_earlier"))
    if last < count:
        buttons += tables.send_button("batch-page", str(last), text(locale, "batch_later"))
    return f'<p class="voice-hint">{said} {buttons}</p>'
