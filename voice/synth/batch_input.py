"""Lines to speak in bulk: ``.txt``, ``.csv``, ``.jsonl``, ``.srt`` and GPT-SoVITS's ``.list``.

A text or subtitles may be a dialogue: ``Alice: Good morning.`` is spoken by the voice of Alice.
A line that cannot be used becomes an item with an error, so that it fails alone.
"""

from __future__ import annotations

import csv
import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from voice.errors import OptionError

COLUMNS = ("id", "text", "voice", "language", "speed", "seed")
_LIST_LANGUAGES = {"jp": "ja", "kr": "ko", "cn": "zh", "": "auto"}
_LIST_FIELDS = 4
_NAME_BYTES = 120
_SPEAKER = re.compile(r"^\s*([^\s:：][^:：]{0,39}?)\s*[:：]\s*(\S.*)$", re.DOTALL)
_TIMES = re.compile(r"^\d+:\d\d:\d\d[,.]\d{1,3}\s*-->\s*\d+:\d\d:\d\d[,.]\d{1,3}")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,40}>|\{\\[^{}]{0,40}\}")
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


def read_items(
    path: Path, columns: Mapping[str, str] | None = None, *, dialogue: bool = False
) -> list[BatchItem]:
    """Reads the lines of a file, in order.

    Args:
        path: ends in .txt, .csv, .jsonl, .list or .srt.
        columns: where the file names its columns otherwise (.csv and .jsonl): one of
            :data:`COLUMNS` -> the file's name for it.
        dialogue: lines may start with a speaker and a colon (.txt and .srt), whose label becomes
            the line's ``voice``.

    Raises:
        OptionError: the file cannot be read, is of another kind, or holds no lines.
    """
    names = {theirs.strip().lower(): ours for ours, theirs in (columns or {}).items() if theirs}
    readers: dict[str, Callable[[str, Path], Iterator[BatchItem]]] = {
        ".txt": _text, ".list": _list, ".srt": _srt,
        ".csv": partial(_csv, names=names), ".jsonl": partial(_jsonl, names=names),
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise OptionError(f"{path}: not a kind of list this program reads",
                          "Use .txt (a line each), .csv, .jsonl, .list or .srt.")
    found = reader(_content(path), path)
    if dialogue and path.suffix.lower() in (".txt", ".srt"):
        found = map(_with_speaker, found)
    items = list(_named(found))
    if not items:
        raise OptionError(f"{path}: holds no lines to speak")
    return items


def column_names(path: Path) -> list[str]:
    """The file's own names of its columns; empty for kinds that have none.

    Raises:
        OptionError: the file cannot be read.
    """
    kind = path.suffix.lower()
    if kind == ".csv":
        first = next(csv.reader(_content(path).splitlines(), skipinitialspace=True), [])
        return [name.strip() for name in first if name.strip()]
    if kind == ".jsonl":
        for line in _content(path).split("\n"):
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(row, dict):
                return [str(name) for name in row]
    return []


def looks_like_dialogue(items: Iterable[BatchItem]) -> bool:
    """Whether most lines start with a speaker and a colon, and speakers come back."""
    lines = [item.text for item in items]
    speakers = [found.group(1) for found in map(_SPEAKER.match, lines) if found]
    return len(speakers) > 1 and len(speakers) >= 0.8 * len(lines) and (
        len(set(speakers)) < len(speakers)
    )


def _content(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError as error:
        raise OptionError(f"{path}: not UTF-8 text (byte {error.start})",
                          "Save it as UTF-8.") from error
    except OSError as error:
        raise OptionError(f"{path}: cannot be read ({error.strerror})",
                          "Name a file that exists.") from error


def _with_speaker(item: BatchItem) -> BatchItem:
    """The line without the speaker's label, which becomes its voice."""
    found = _SPEAKER.match(item.text)
    if item.error or not found:
        return item
    return replace(item, voice=found.group(1).strip(), text=found.group(2).strip(),
                   optional_voice=True)


def _srt(content: str, path: Path) -> Iterator[BatchItem]:
    """A line for each subtitle."""
    for number, block in enumerate(re.split(r"\n\s*\n", content.replace("\r", "").strip()), 1):
        lines = [line.strip() for line in block.splitlines() if line.strip()]
        times = next((i for i, line in enumerate(lines[:2]) if "-->" in line), None)
        if times is None or not _TIMES.match(lines[times]):
            if lines:
                yield BatchItem(f"{number:04d}", "", error=(
                    f"subtitle {number}: no line such as 00:00:01,000 --> 00:00:02,500"))
            continue
        name = lines[0] if times == 1 else f"{number:04d}"
        text = _TAG.sub("", " ".join(lines[times + 1 :])).strip()
        yield BatchItem(name.zfill(4) if name.isdigit() else name, text)


def _text(content: str, path: Path) -> Iterator[BatchItem]:
    for number, line in enumerate(content.splitlines(), 1):
        if line.strip():
            yield BatchItem(f"{number:04d}", line.strip())


def _csv(content: str, path: Path, names: Mapping[str, str]) -> Iterator[BatchItem]:
    rows = csv.DictReader(content.splitlines(keepends=True), skipinitialspace=True)
    found = [(name or "").strip().lower() for name in rows.fieldnames or []]
    found = _renamed(found, names)
    if "text" not in found:
        raise OptionError(f"{path}: its first line has no column named text",
                          f"Columns are {', '.join(COLUMNS)}; only text must be there.")
    rows.fieldnames = found
    try:
        for row in rows:
            yield _item({k: v for k, v in row.items() if k and v}, rows.line_num)
    except csv.Error as error:
        raise OptionError(f"{path}, line {rows.line_num}: not CSV ({error})") from error


def _renamed(found: Sequence[str], names: Mapping[str, str]) -> list[str]:
    """The file's column names, those that were mapped by ours; what they hide is set aside."""
    taken = {ours for theirs, ours in names.items() if theirs in found}
    return [
        names[name] if name in names else f"_{name}" if name in taken else name for name in found
    ]


def _jsonl(content: str, path: Path, names: Mapping[str, str]) -> Iterator[BatchItem]:
    for number, line in enumerate(content.split("\n"), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield BatchItem(f"{number:04d}", "", error=f"line {number}: not JSON ({error})")
            continue
        if not isinstance(row, dict):
            yield BatchItem(f"{number:04d}", "", error=f"line {number}: not a JSON object")
            continue
        if names:
            keys = _renamed([str(key).strip().lower() for key in row], names)
            row = dict(zip(keys, row.values(), strict=True))
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
