"""Files and settings of the named endpoints: files come and go as base64, under our own names."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from voice import OptionError, SynthesisSettings
from webui.context import AppContext
from webui.messages import PageError

SOUND_KINDS = ("wav", "flac", "mp3", "ogg", "opus", "m4a", "webm")


def encoded(path: Path) -> str:
    """A file in base64."""
    return base64.b64encode(path.read_bytes()).decode("ascii")


def received(context: AppContext, data: str, suffix: str) -> Path:
    """A file of base64, under a name of our own.

    Raises:
        PageError: it is not base64, empty, or too large.
    """
    try:
        content = base64.b64decode(data, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise PageError("error_not_base64") from None
    if not content:
        raise PageError("error_not_base64")
    folder = context.outputs / "received"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{secrets.token_hex(12)}.{suffix}"
    path.write_bytes(content)
    return path


@contextmanager
def sound_file(context: AppContext, recording: str, kind: str) -> Iterator[Path]:
    """A received recording, while the block runs.

    Raises:
        PageError: it is of a kind that is not taken, or not base64.
    """
    if kind not in SOUND_KINDS:
        raise PageError("error_sound_kind", kinds=", ".join(SOUND_KINDS))
    file = received(context, recording, kind)
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def known_options(
    settings: Mapping[str, Any] | None, more: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Settings of speech by name; the mark is not a program's choice.

    Raises:
        OptionError: there is no setting of a name.
    """
    known = [one.name for one in fields(SynthesisSettings) if one.name != "watermark"] + [*more]
    for name in settings or {}:
        if name not in known:
            raise OptionError(f"settings names {str(name)[:40]!r}",
                              f"It must be one of {', '.join(known)}.")
    return dict(settings or {})
