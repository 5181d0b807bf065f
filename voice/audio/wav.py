"""WAV files, written whole or piece by piece, with the note of what made them.

Axes: N samples.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

import numpy as np

from voice.audio.atomic import atomic_file
from voice.audio.note import Note, info_chunk
from voice.errors import OptionError

_SUBTYPES = ("pcm16", "float32")
_MAX_RATE = 1_000_000
_MAX_SIZE = 0xFFFFFFFF


class WavWriter:
    """Writes a WAV file into an open, seekable file; see :func:`open_wav`.

    Args:
        file: where to.
        sample_rate: in Hz.
        note: embedded in the file, if given.
        subtype: ``pcm16`` or ``float32``.
    """

    def __init__(
        self, file: BinaryIO, sample_rate: int, note: Note | None = None, subtype: str = "pcm16"
    ) -> None:
        self._file = file
        self._rate = int(sample_rate)
        self._float = subtype == "float32"
        self._info = info_chunk(note) if note else b""
        self.frames = 0
        file.write(self._header())

    def write(self, samples: np.ndarray) -> None:
        """Appends (N,) samples in [-1, 1]; what lies outside is clipped, never wrapped round.

        Raises:
            OptionError: a sample is not a finite number.
        """
        data = to_float32(samples) if self._float else to_int16(samples)
        self._file.write(data.astype(data.dtype.newbyteorder("<")).tobytes())
        self.frames += len(data)

    def finish(self) -> None:
        """Writes the final sizes into the header."""
        self._file.seek(0)
        self._file.write(self._header())

    def _header(self) -> bytes:
        width, code = (4, 3) if self._float else (2, 1)
        size = self.frames * width
        shape = struct.pack("<HHIIHH", code, 1, self._rate, self._rate * width, width, width * 8)
        if self._float:
            shape += struct.pack("<H", 0)
        body = b"WAVEfmt " + struct.pack("<I", len(shape)) + shape
        if self._float:
            body += b"fact" + struct.pack("<II", 4, min(self.frames, _MAX_SIZE))
        body += self._info + b"data" + struct.pack("<I", min(size, _MAX_SIZE))
        return b"RIFF" + struct.pack("<I", min(len(body) + size, _MAX_SIZE)) + body


@contextmanager
def open_wav(
    path: str | os.PathLike[str], sample_rate: int, note: Note | None = None,
    *, subtype: str = "pcm16", overwrite: bool = True,
) -> Iterator[WavWriter]:
    """A writer for ``path``; the file appears when the block ends without an error.

    Args:
        path: where the file shall appear.
        sample_rate: in Hz.
        note: embedded in the file, if given.
        subtype: ``pcm16`` or ``float32``.
        overwrite: whether a file that is there is replaced.

    Raises:
        OutputError: the file cannot be written; nothing is left behind.
        OptionError: the rate or the subtype is not one that WAV files have.
    """
    if subtype not in _SUBTYPES:
        raise OptionError(f"subtype: {subtype!r} is unknown", f"Use {' or '.join(_SUBTYPES)}.")
    if not 1 <= sample_rate <= _MAX_RATE:
        raise OptionError(f"sample_rate: {sample_rate} Hz is out of range", "Use 24000 or so.")
    with atomic_file(path, overwrite=overwrite) as file:
        writer = WavWriter(file, sample_rate, note, subtype)
        yield writer
        writer.finish()


def write_wav(
    path: str | os.PathLike[str], samples: np.ndarray, sample_rate: int,
    note: Note | None = None, *, subtype: str = "pcm16", overwrite: bool = True,
) -> None:
    """Writes a whole WAV file, or none; arguments and errors as in :func:`open_wav`."""
    with open_wav(path, sample_rate, note, subtype=subtype, overwrite=overwrite) as writer:
        writer.write(samples)


def to_int16(samples: np.ndarray) -> np.ndarray:
    """Rounds samples in [-1, 1] to 16 bits; what lies outside is clipped.

    Full scale is 32768, so that samples read from a 16-bit file come back exactly.

    Raises:
        OptionError: a sample is not a finite number, or there is more than one axis.
    """
    scaled = np.rint(to_float32(samples) * np.float32(32768.0))
    return np.clip(scaled, -32768, 32767).astype(np.int16)


def to_float32(samples: np.ndarray) -> np.ndarray:
    """Checks that samples are (N,) finite numbers.

    Raises:
        OptionError: they are not.
    """
    values = np.asarray(samples, np.float32)
    if values.ndim != 1:
        raise OptionError(f"samples have {values.ndim} axes", "Give one channel (N,).")
    if not np.isfinite(values).all():
        raise OptionError("samples hold numbers that are not finite (NaN or infinity)")
    return values
