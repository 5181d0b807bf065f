"""Lines to speak in bulk: ``.txt``, ``.csv``, ``.jsonl`` and GPT-SoVITS's ``.list``.

A line that cannot be used becomes an item with an error, so that it fails alone.
"""

from __future__ import annotations

import csv
import json
import math
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from voice.errors import OptionError

COLUMNS = ("id", "text", "voice", "language", "speed", "seed")
_LIST_LANGUAGES = {"jp": "ja", "kr": "ko", "cn": "zh", "": "auto"}
_LIST_FIELDS = 4
_NAME_BYTES = 120
_DEVICE_NAMES = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


@dataclass(frozen=True)
class BatchItem:
    """One line.

    Attributes:
        id: as given, or the line's number.
        text: what to say.
        voice: name or file; empty for the default voice.
        language, speed, seed: None for the run's settings.
        file: name of its recording, unique in the run and safe as a file name.
        error: why the line cannot be used; empty if it can.
        optional_voice: True where ``voice`` is only a speaker's label, which need not be a voice.
    """

    id: str
    text: str
    voice: str = ""
    language: str | None = None
    speed: float | None = None
    seed: int | None = None
    file: str = ""
    error: str = ""
    optional_voice: bool = False


def read_items(path: Path) -> list[BatchItem]:
    """Reads the lines of a file, in order.

    Raises:
        OptionError: the file cannot be read, is of another kind, or holds no lines.
    """
    readers = {".txt": _text, ".csv": _csv, ".jsonl": _jsonl, ".list": _list}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise OptionError(f"{path}: not a kind of list this program reads",
                          "Use .txt (a line each), .csv, .jsonl or .list.")
    try:
        content = path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise OptionError(f"{path}: not UTF-8 text (byte {error.start})",
                          "Save it as UTF-8.") from error
    except OSError as error:
        raise OptionError(f"{path}: cannot be read ({error.strerror})",
                          "Name a file that exists.") from error
    items = list(_named(reader(content, path)))
    if not items:
        raise OptionError(f"{path}: holds no lines to speak")
    return items


def _text(content: str, path: Path) -> Iterator[BatchItem]:
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            yield BatchItem(f"{number:04d}", line.strip())


def _csv(content: str, path: Path) -> Iterator[BatchItem]:
    rows = csv.DictReader(content.splitlines(keepends=True), skipinitialspace=True)
    names = [(name or "").strip().lower() for name in rows.fieldnames or []]
    if "text" not in names:
        raise OptionError(f"{path}: its first line has no column named text",
                          f"Columns are {', '.join(COLUMNS)}; only text must be there.")
    rows.fieldnames = names
    try:
        for row in rows:
            yield _item({k: v for k, v in row.items() if k and v}, rows.line_num)
    except csv.Error as error:
        raise OptionError(f"{path}, line {rows.line_num}: not CSV ({error})") from error


def _jsonl(content: str, path: Path) -> Iterator[BatchItem]:
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (json.JSONDecodeError, RecursionError) as error:
            yield BatchItem(f"{number:04d}", "", error=f"line {number}: not JSON ({error})")
            continue
        if not isinstance(row, dict):
            yield BatchItem(f"{number:04d}", "", error=f"line {number}: not a JSON object")
            continue
        yield _item({k: v for k, v in row.items() if v is not None}, number)


def _list(content: str, path: Path) -> Iterator[BatchItem]:
    for number, line in enumerate(content.splitlines(), 1):
        if not line.strip():
            continue
        fields = line.split("|", _LIST_FIELDS - 1)
        if len(fields) < _LIST_FIELDS:
            yield BatchItem(f"{number:04d}", "", error=(
                f"line {number}: {len(fields)} fields instead of path|speaker|language|text"))
            continue
        sound, speaker, language, text = (field.strip() for field in fields)
        code = _LIST_LANGUAGES.get(language.lower(), language.lower())
        stem = re.split(r"[/\\]", sound)[-1].rsplit(".", 1)[0]
        yield BatchItem(stem or f"{number:04d}", text, speaker, code, optional_voice=True)


def _item(row: dict[str, Any], number: int) -> BatchItem:
    """An item of named fields."""
    text = row.get("text", "")
    item = BatchItem(str(row.get("id") or f"{number:04d}"), text if isinstance(text, str) else "")
    try:
        if not isinstance(text, str):
            raise ValueError(f"text is {text!r}, not a string")
        return replace(
            item, voice=str(row.get("voice", "")).strip(),
            language=str(row["language"]).strip().lower() if "language" in row else None,
            speed=_number(row, "speed"), seed=_whole(row, "seed"),
        )
    except ValueError as error:
        return replace(item, error=f"line {number}: {error}")


def _number(row: dict[str, Any], name: str) -> float | None:
    if name not in row:
        return None
    try:
        return float(row[name])
    except (TypeError, ValueError):
        raise ValueError(f"{name} is {row[name]!r}, not a number") from None


def _whole(row: dict[str, Any], name: str) -> int | None:
    value = row.get(name)
    if isinstance(value, str):
        if not value.strip().isdigit():
            raise ValueError(f"{name} is {value!r}, not a whole number from 0")
        return int(value)
    number = _number(row, name)
    if number is None:
        return None
    if not math.isfinite(number) or number != int(number):
        raise ValueError(f"{name} is {row[name]!r}, not a whole number from 0")
    return int(row[name])


def _named(items: Iterable[BatchItem]) -> Iterator[BatchItem]:
    """Gives every item a file name of its own."""
    used: set[str] = set()
    for item in items:
        base = file_stem(item.id)
        name, count = base, 1
        while name.casefold() in used:
            count += 1
            name = f"{base}-{count}"
        used.add(name.casefold())
        yield replace(item, file=f"{name}.wav")


def file_stem(text: str) -> str:
    """A safe file name of any text: no folders, no hidden names, no names systems reserve."""
    kept = "".join(
        c if c in "-_." or unicodedata.category(c)[0] in "LN" else "_"
        for c in unicodedata.normalize("NFC", text)
    )
    kept = kept.encode("utf8")[:_NAME_BYTES].decode("utf8", "ignore").strip("._ ")
    return f"_{kept}" if not kept or _DEVICE_NAMES.match(kept) else kept
