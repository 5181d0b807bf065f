"""Recordings from files of any common format; :mod:`voice.audio.wav` writes them.

soundfile reads wav, flac, mp3, ogg and opus; codecpod is loaded only for what soundfile cannot
read (m4a, aac, webm). Sound is decoded block by block and stops at a limit, so that a small file
that unpacks to hours cannot fill the memory.

Axes: N samples, C channels.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from voice.audio.wav import WavWriter, open_wav, write_wav
from voice.errors import AudioFileError
from voice.values import Audio

__all__ = ["Recording", "WavWriter", "open_wav", "read", "read_recording", "write_wav"]

MAX_SECONDS = 600.0
MAX_BYTES = 1 << 30
MIN_RATE, MAX_RATE = 8000, 192000
MAX_CHANNELS = 8
_BLOCK = 1 << 13
_KINDS = "Give a wav, flac, mp3, ogg, opus or m4a file."
_CANCELLED = 0.25
"""Averaging channels must keep this share of the loudest channel's energy."""


@dataclass(frozen=True, eq=False)
class Recording:
    """A decoded file.

    Attributes:
        audio: one channel; the mean of all, or the loudest where the mean would cancel.
        path: of the file.
        channels: number of channels of the file.
        format: short name of the file's format.
        warnings: sentences on what was wrong with the file but could be helped.
    """

    audio: Audio
    path: Path
    channels: int
    format: str
    warnings: tuple[str, ...] = ()


class _Reader(Protocol):
    sample_rate: int
    channels: int
    format: str
    damaged: bool

    def blocks(self) -> Iterator[np.ndarray]: ...


def read(path: str | os.PathLike[str], max_seconds: float = MAX_SECONDS) -> Audio:
    """Reads one recording as one channel at its own sample rate; see :func:`read_recording`."""
    return read_recording(path, max_seconds).audio


def read_recording(path: str | os.PathLike[str], max_seconds: float = MAX_SECONDS) -> Recording:
    """Reads a recording of any common format.

    Args:
        path: of a wav (8-bit to 64-bit float), flac, mp3, ogg, opus, m4a, aac or webm file of
            1 to 8 channels and 8 to 192 kHz.
        max_seconds: longer recordings are refused; nothing is decoded beyond.

    Raises:
        AudioFileError: the file is missing, empty, not audio, corrupt, holds numbers that are
            not finite, or is too long.
    """
    file = _regular_file(path)
    with ExitStack() as stack:
        reader = _open(file, stack)
        _check_header(file, reader)
        collected = _Collector(file, reader, max_seconds)
        samples = collected.run()
    if collected.loudest is not None:
        with ExitStack() as stack:
            samples = _Collector(file, _open(file, stack), max_seconds, collected.loudest).run()
    peak = float(np.abs(samples).max())
    if peak > 1.0:
        samples = samples / np.float32(peak)
    return Recording(
        Audio(samples, reader.sample_rate), file, reader.channels, reader.format,
        tuple(_damage(file, reader, collected)),
    )


def _regular_file(path: str | os.PathLike[str]) -> Path:
    """The path, if a readable file of sensible size is there."""
    file = Path(path)
    try:
        status = file.stat()
        if stat.S_ISDIR(status.st_mode):
            raise AudioFileError(f"{file} is a folder, not a recording", _KINDS)
        if not stat.S_ISREG(status.st_mode):
            raise AudioFileError(f"{file} is not a regular file", _KINDS)
        with open(file, "rb"):
            pass
    except PermissionError as error:
        raise AudioFileError(f"{file} may not be read: no permission") from error
    except FileNotFoundError as error:
        raise AudioFileError(f"{file} does not exist", "Check the path.") from error
    except (OSError, ValueError) as error:
        raise AudioFileError(f"{file} cannot be opened ({error})", "Check the path.") from error
    if status.st_size == 0:
        raise AudioFileError(f"{file} is empty (0 bytes)", "Record it again.")
    if status.st_size > MAX_BYTES:
        raise AudioFileError(f"{file} is larger than 1 GiB", "Cut the part that is needed.")
    return file


class _SoundFileReader:
    """A file that soundfile can read; see ``_Reader``."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self.sample_rate = int(file.samplerate)
        self.channels = int(file.channels)
        self.format = f"{file.format}/{file.subtype}".lower()
        self.damaged = False
        self.frames = int(file.frames)

    def blocks(self) -> Iterator[np.ndarray]:
        """Decoded sound in pieces of (N, C) float32."""
        block = max(1, _BLOCK // self.channels)
        while True:
            try:
                data = self._file.read(block, dtype="float32", always_2d=True)
            except RuntimeError:
                self.damaged = True
                return
            if not len(data):
                return
            yield data


def _open(file: Path, stack: ExitStack) -> _Reader:
    import soundfile

    try:
        sound = stack.enter_context(soundfile.SoundFile(os.fspath(file)))
        return _SoundFileReader(sound)
    except (RuntimeError, TypeError, ValueError):
        from voice.audio.container import open_container

        return stack.enter_context(open_container(file))


def _check_header(file: Path, reader: _Reader) -> None:
    if not MIN_RATE <= reader.sample_rate <= MAX_RATE:
        raise AudioFileError(
            f"{file} has a sample rate of {reader.sample_rate} Hz",
            f"It must be {MIN_RATE} to {MAX_RATE} Hz.",
        )
    if not 1 <= reader.channels <= MAX_CHANNELS:
        raise AudioFileError(
            f"{file} has {reader.channels} channels", f"It must have 1 to {MAX_CHANNELS}."
        )


class _Collector:
    """Reads a file as one channel: the mean, or a given channel, up to a limit."""

    def __init__(
        self, file: Path, reader: _Reader, max_seconds: float, channel: int | None = None
    ) -> None:
        self.file = file
        self.reader = reader
        self.max_seconds = max_seconds
        self.channel = channel
        self.loudest: int | None = None
        self.frames = 0

    def run(self) -> np.ndarray:
        """The samples (N,); ``loudest`` names a channel where the mean would cancel it."""
        pieces: list[np.ndarray] = []
        energy = np.zeros(self.reader.channels)
        kept = 0.0
        limit = int(self.max_seconds * self.reader.sample_rate)
        for block in self.reader.blocks():
            self._check_block(block, energy)
            energy += np.square(block, dtype=np.float64).sum(0)
            one = block.mean(1) if self.channel is None else block[:, self.channel]
            kept += float(np.square(one, dtype=np.float64).sum())
            pieces.append(np.ascontiguousarray(one, dtype=np.float32))
            self.frames += len(one)
            if self.frames > limit:
                raise AudioFileError(
                    f"{self.file} is longer than {self.max_seconds:g} s", "Cut the part needed."
                )
        if not self.frames:
            raise AudioFileError(f"{self.file} holds no sound", _KINDS)
        if self.channel is None and kept < _CANCELLED * energy.max():
            self.loudest = int(energy.argmax())
        return np.concatenate(pieces)

    def _check_block(self, block: np.ndarray, energy: np.ndarray) -> None:
        if block.shape[1] != len(energy):
            raise AudioFileError(f"{self.file} changes its number of channels midway", _KINDS)
        if not np.isfinite(block).all():
            raise AudioFileError(
                f"{self.file} holds samples that are not finite numbers (NaN or infinity)",
                "Export it again.",
            )


def _damage(file: Path, reader: _Reader, collected: _Collector) -> Iterator[str]:
    """A sentence where the file ends before its header says, or decoding stopped."""
    seconds = collected.frames / reader.sample_rate
    promised = getattr(reader, "frames", 0)
    if reader.format.startswith("wav"):
        promised = max(promised, _wav_frames_promised(file))
    stopped = reader.damaged or collected.frames < promised * 0.99
    if stopped:
        yield f"{file} is damaged or cut off: only its first {seconds:.1f} s could be read."


def _wav_frames_promised(file: Path) -> int:
    """Frames that the header of a WAV file says it has; 0 where it does not say."""
    with open(file, "rb") as handle:
        head = handle.read(1 << 16)
    at = head.find(b"data")
    shape = head.find(b"fmt ")
    if head[:4] != b"RIFF" or min(at, shape) < 0 or at + 8 > len(head) or shape + 22 > len(head):
        return 0
    size = struct.unpack_from("<I", head, at + 4)[0]
    align = struct.unpack_from("<H", head, shape + 20)[0]
    left = file.stat().st_size - at - 8
    unknown = size >= 0x7FFFF000 or size <= left  # a stream's writer does not know the size
    return 0 if unknown or not align else size // align
