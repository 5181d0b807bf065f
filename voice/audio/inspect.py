"""Whether this program made a recording: its note, or the inaudible mark in its sound."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from voice.audio.files import read
from voice.audio.note import read_note

THRESHOLD = 0.75
"""Least confidence of the mark that counts; docs/marking.md has the figures behind it."""


@dataclass(frozen=True)
class Inspection:
    """What was found.

    Attributes:
        made_here: whether the recording has this program's note, or its mark for sure.
        watermark: confidence of the mark, 0 to 1.
        note: the embedded note as plain data, or None.
    """

    made_here: bool
    watermark: float
    note: dict[str, Any] | None


def inspect(path: str | os.PathLike[str]) -> Inspection:
    """Looks for the marks of this program in a recording of any common format.

    Raises:
        AudioFileError: the recording is missing or cannot be read.
        DependencyError: the watermarker is missing.
    """
    from voice.audio.watermark import detect

    audio = read(path)
    note = read_note(path)
    confidence = detect(audio.samples, audio.sample_rate)
    return Inspection(note is not None or confidence >= THRESHOLD, confidence, note)
