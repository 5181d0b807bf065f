"""Speech for the page's own player, while it is made: the newest chunks as one line of text."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np

from voice import Speech

WINDOW = 3
"""Chunks sent again with the newest, in case the browser draws less often than they come."""


class LiveWindow:
    """The newest chunks of one recording."""

    def __init__(self) -> None:
        self._chunks: list[dict[str, Any]] = []
        self._count = 0

    def add(self, chunk: Speech) -> str:
        """The value of a hidden field whose change the player hears of."""
        self._chunks = [*self._chunks[1 - WINDOW :], encode_chunk(chunk, self._count)]
        self._count += 1
        return json.dumps(self._chunks)


def encode_chunk(chunk: Speech, index: int) -> dict[str, Any]:
    """A chunk as the page's player takes it: 16-bit samples in base64."""
    ints = np.round(np.clip(chunk.samples, -1, 1) * 32767).astype("<i2")
    pcm = base64.b64encode(ints.tobytes()).decode("ascii")
    return {"index": index, "sample_rate": chunk.sample_rate, "pcm": pcm}
