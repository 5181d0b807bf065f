"""Named endpoints for programs, continued: many lines at once.

A batch is known by a key that nobody can guess; whoever has it may look, stop and go on.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from webui import messages
from webui.actions import batch as action
from webui.api_files import encoded, known_options, received
from webui.context import AppContext
from webui.jobs import Job
from webui.messages import PageError


def functions(context: AppContext) -> list[Callable[..., Any]]:
    """The endpoints that start and follow batches."""
    return [_check(context), _start(context), *_following(context), *_results(context)]


def _read(
    context: AppContext, listed: tuple[str, str], voice: str, columns: dict[str, str] | None,
    roles: dict[str, str] | None, settings: dict[str, Any] | None,
) -> tuple[action.Lines, action.Choices]:
    """The lines of a list in base64, of a kind, and how they are to be spoken."""
    file, kind = listed
    if f".{kind}" not in action.KINDS:
        raise PageError("error_need_list", kinds=", ".join(action.KINDS))
    options = known_options(settings, more=("dialogue",))
    dialogue = options.pop("dialogue", None)
    path = received(context, file, kind)
    try:
        lines = action.read_lines(str(path), columns, dialogue)
    finally:
        path.unlink(missing_ok=True)
    return lines, action.Choices(voice, roles or {}, options)


def _check(context: AppContext) -> Callable[..., Any]:
    def check_batch(
        file: str, kind: str, voice: str, columns: dict[str, str] | None = None,
        roles: dict[str, str] | None = None, settings: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Check every line of a list before it is spoken.

        Args:
            file: the list in base64.
            kind: txt, csv, jsonl, list or srt.
            voice: key of the voice of lines that name none.
            columns: the file's own names of the columns text, id, voice, language, speed, seed.
            roles: key of a voice by the name that lines use.
            settings: by name, such as language, speed, seed; and dialogue: whether lines start
                with a speaker ("Alice: ..."), which is found out otherwise.

        Returns:
            columns and speakers of the file; lines, each with id, text, voice and problem (null
            where it can be spoken).
        """
        lines, choices = _read(context, (file, kind), voice, columns, roles, settings)
        checked = [
            {"id": row.item.id, "text": row.item.text, "voice": row.item.voice,
             "problem": row.problem and messages.explain(row.problem, messages.LOCALES[0])}
            for row in action.check_lines(context, lines, choices, Job())
        ]
        return {"columns": lines.columns, "speakers": lines.roles, "lines": checked}

    return check_batch


def _start(context: AppContext) -> Callable[..., Any]:
    def start_batch(
        file: str, kind: str, voice: str, columns: dict[str, str] | None = None,
        roles: dict[str, str] | None = None, settings: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Speak many lines in the background; a bad line fails alone.

        Args:
            file: the list in base64.
            kind: txt, csv, jsonl, list or srt.
            voice: key of the voice of lines that name none.
            columns: the file's own names of the columns text, id, voice, language, speed, seed.
            roles: key of a voice by the name that lines use.
            settings: by name, such as language, speed, seed; and dialogue: whether lines start
                with a speaker ("Alice: ..."), which is found out otherwise.

        Returns:
            batch (its key for the other endpoints; keep it, also across a restart).
        """
        lines, choices = _read(context, (file, kind), voice, columns, roles, settings)
        owner = secrets.token_hex(12)
        return {"batch": f"{owner}-" + action.start_batch(
            context, owner, f"{kind} list", lines, choices)}

    return start_batch


def _following(context: AppContext) -> list[Callable[..., Any]]:
    def batch(batch: str) -> dict[str, Any]:
        """Tell how far a batch is.

        Args:
            batch: its key.

        Returns:
            running; rows, each with id, text, status (waiting, done or failed), seconds and error.
        """
        owner, name = _parts(batch)
        session = action.session_named(context, owner, name)
        rows = [{"id": row.item.id, "text": row.item.text, "status": row.status,
                 "seconds": row.seconds, "error": row.error} for row in session.rows()]
        return {"running": context.background.running(name), "rows": rows}

    def pause_batch(batch: str) -> dict[str, Any]:
        """Stop a batch within a second; what is done stays.

        Args:
            batch: its key.

        Returns:
            running.
        """
        owner, name = _parts(batch)
        action.pause(context, owner, name)
        return {"running": context.background.running(name)}

    def resume_batch(batch: str, again: str = "") -> dict[str, Any]:
        """Go on with a batch, also after a restart; failed lines are tried again.

        Args:
            batch: its key.
            again: id of a line that is spoken again even if it is done.

        Returns:
            running.
        """
        owner, name = _parts(batch)
        session = action.session_named(context, owner, name)
        files = [row.item.file for row in session.rows() if row.item.id == again]
        action.go_on(context, owner, name, files[0] if files else again)
        return {"running": context.background.running(name)}

    return [batch, pause_batch, resume_batch]


def _results(context: AppContext) -> list[Callable[..., Any]]:
    def batch_recordings(batch: str) -> dict[str, Any]:
        """Give out the finished recordings of a batch.

        Args:
            batch: its key.

        Returns:
            file (a ZIP in base64), file_name.
        """
        path = action.pack_batch(context, *_parts(batch))
        return {"file": encoded(path), "file_name": path.name}

    def delete_batch(batch: str) -> dict[str, Any]:
        """Stop a batch and delete its recordings.

        Args:
            batch: its key.

        Returns:
            deleted.
        """
        action.delete_batch(context, *_parts(batch))
        return {"deleted": True}

    return [batch_recordings, delete_batch]


def _parts(key: str) -> tuple[str, str]:
    """Owner and name of a batch; what is no key names none."""
    owner, _, name = str(key).partition("-")
    if not action.is_owner(owner):
        raise PageError("error_no_batch")
    return owner, name
