"""``inspect``: whether this program made a recording, with which model and when."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from voice.cli.options import FilePath
from voice.cli.output import emit, json_option


@click.command("inspect")
@click.argument("file", metavar="F.wav", type=FilePath())
@json_option
def command(file: Path, as_json: bool) -> None:
    """Say whether this program made a recording, with which model and when."""
    from voice.audio.inspect import inspect

    found = inspect(file)
    note = found.note
    result = {
        "file": str(file),
        "made_here": found.made_here,
        "watermark": round(found.watermark, 4),
        "note": note,
    }
    emit(result, as_json, list(_lines(file, found.made_here, found.watermark, note)))


def _lines(file: Path, made_here: bool, watermark: float, note: dict[str, Any] | None) -> Any:
    yield f"{file}: {'made by this program' if made_here else 'not made by this program'}"
    yield f"watermark: {watermark:.0%}"
    if note:
        yield f"model {note.get('model')}, {note.get('created')}"
        yield f"voice {note.get('voice') or '-'}, seed {note.get('seed')}"
    elif made_here:
        yield "its note was removed"
