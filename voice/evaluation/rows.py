"""Rows of an evaluation: ``{"wav", "text", "lang", "reference"}``, one JSON object a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from voice.errors import OptionError

LANGUAGES = ("en", "zh", "ja", "ko", "yue")


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Reads and checks rows; relative paths count from the file's folder.

    Raises:
        OptionError: the file cannot be read, or a row lacks a field, names a recording that is
            not there, or has a language that cannot be judged; the message has the line.
    """
    try:
        lines = path.read_text("utf8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise OptionError(f"{path}: cannot be read ({error})") from error
    rows = [
        _row(line, f"{path}, line {number}", path.parent)
        for number, line in enumerate(lines, 1) if line.strip()
    ]
    if not rows:
        raise OptionError(f"{path}: no rows", "One JSON object a line: wav, text, lang, reference")
    return rows


def _row(line: str, where: str, folder: Path) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise OptionError(f"{where}: not JSON ({error})") from error
    if not isinstance(row, dict):
        raise OptionError(f"{where}: not an object", "Fields: wav, text, lang, reference")
    for name in ("wav", "text", "lang"):
        if not isinstance(row.get(name), str) or not row[name].strip():
            raise OptionError(f"{where}: field {name} is missing or empty")
    if row["lang"] not in LANGUAGES:
        raise OptionError(f"{where}: lang {row['lang']!r} is none of {', '.join(LANGUAGES)}")
    for name in ("wav", "reference"):
        if row.get(name):
            row[name] = _present(folder / str(row[name]), f"{where}: {name}")
    if others := row.get("others"):
        row["others"] = [_present(folder / str(other), f"{where}: others") for other in others]
    return row


def _present(path: Path, where: str) -> str:
    if not path.is_file():
        raise OptionError(f"{where} {path} is not there")
    return str(path)


def write_rows(path: Path, rows: list[dict[str, Any]]) -> None:
    """Writes rows beside the path, then renames, so that the file appears whole."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in rows), "utf8")
    partial.replace(path)
