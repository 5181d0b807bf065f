"""The note inside a made recording: that it was generated, by what, and with which settings.

The note is one line of ASCII JSON. In WAV files it is the comment (``ICMT``) of the RIFF
``LIST/INFO`` chunk (Microsoft's Multimedia Programming Interface, 1991), which converters carry
over to the comment tag of MP3, FLAC, Ogg and MP4 files, where it is read again.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, BinaryIO

PROGRAM = "voice"
NOTE_FORMAT = 1
_MAX_NOTE = 64 * 1024
_MAX_CHUNKS = 1000
_SIDE_TAGS = {"ISFT": "software", "ICRD": "date", "INAM": "title", "ICMT": "comment"}


@dataclass(frozen=True)
class Note:
    """What a made recording says of itself.

    Attributes:
        model: name of the model.
        version: of this program.
        seed: the seed that makes the recording again, if there is one.
        voice: name of the voice, if it has one.
        settings: plain data (numbers, strings, lists, objects).
        created: UTC time, ISO 8601; empty means now.
        program: always this program's name.
        ai_generated: always true.
        format: version of the note's layout.
    """

    model: str
    version: str = ""
    seed: int | None = None
    voice: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    created: str = ""
    program: str = PROGRAM
    ai_generated: bool = True
    format: int = NOTE_FORMAT

    def text(self) -> str:
        """The note as one line of ASCII JSON."""
        data = asdict(self)
        data["created"] = self.created or now()
        return json.dumps(data, ensure_ascii=True, separators=(",", ":"), allow_nan=False)


def now() -> str:
    """The present time in UTC to the second, ISO 8601."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_note(text: str) -> dict[str, Any] | None:
    """The note in a comment, or ``None`` where the comment is not one of this program's notes."""
    text = text.strip("\0 \r\n\t")
    if not text.startswith("{") or len(text) > _MAX_NOTE:
        return None
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return None
    ours = isinstance(data, dict) and data.get("program") == PROGRAM
    return data if ours and data.get("ai_generated") is True else None


def info_chunk(note: Note) -> bytes:
    """A RIFF ``LIST/INFO`` chunk holding the note, for a WAV file."""
    text = note.text()
    created = json.loads(text)["created"]
    entries = {
        b"ISFT": f"{PROGRAM} {note.version}".strip(),
        b"ICRD": created,
        b"INAM": "AI-generated speech",
        b"ICMT": text,
    }
    body = b"INFO"
    for key, value in entries.items():
        raw = value.encode("ascii", "replace") + b"\0"
        body += key + struct.pack("<I", len(raw)) + raw + b"\0" * (len(raw) % 2)
    return b"LIST" + struct.pack("<I", len(body)) + body


def read_tags(path: str | os.PathLike[str]) -> dict[str, str]:
    """The tags of a sound file of any kind (keys in lower case); empty where it has none.

    WAV files are read here, chunk by chunk; other files by soundfile, and by tinytag for the
    comments that soundfile leaves out.
    """
    try:
        with open(path, "rb") as file:
            head = file.read(12)
            if head[:4] in (b"RIFF", b"RF64") and head[8:] == b"WAVE":
                return _riff_tags(file)
    except OSError:
        return {}
    return {**_soundfile_tags(path), **_container_tags(path)}


def read_note(path: str | os.PathLike[str]) -> dict[str, Any] | None:
    """This program's note in a sound file, or ``None``."""
    for text in read_tags(path).values():
        if (note := parse_note(text)) is not None:
            return note
    return None


def _chunks(file: BinaryIO, end: int) -> Iterator[tuple[bytes, int, int]]:
    """(name, start of the content, its length) of RIFF chunks up to ``end``."""
    for _ in range(_MAX_CHUNKS):
        head = file.read(8)
        if len(head) < 8:
            return
        name, size = struct.unpack("<4sI", head)
        start = file.tell()
        yield name, start, min(size, end - start)
        following = start + size + size % 2
        if following >= end:
            return
        file.seek(following)


def _riff_tags(file: BinaryIO) -> dict[str, str]:
    tags: dict[str, str] = {}
    end = os.fstat(file.fileno()).st_size
    for name, start, size in _chunks(file, end):
        if name != b"LIST" or file.read(4) != b"INFO":
            continue
        for key, inner, length in _chunks(file, start + size):
            file.seek(inner)
            text = file.read(max(0, min(length, _MAX_NOTE))).decode("utf8", "replace")
            key_text = key.decode("latin1")
            tags[_SIDE_TAGS.get(key_text, key_text.lower())] = text.rstrip("\0")
    return tags


def _soundfile_tags(path: str | os.PathLike[str]) -> dict[str, str]:
    import soundfile

    try:
        with soundfile.SoundFile(os.fspath(path)) as file:
            return file.copy_metadata()
    except (RuntimeError, TypeError, ValueError, OSError):
        return {}


def _container_tags(path: str | os.PathLike[str]) -> dict[str, str]:
    from voice.audio import container

    return container.tags(Path(path))
