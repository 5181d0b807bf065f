"""Sound in containers that soundfile does not know (m4a, aac, webm, amr ...), through codecpod.

codecpod is FFmpeg's audio decoders in one extension module. It is given the bytes of a file and
never its name, so that what is in the file cannot make it read another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from voice.errors import AudioFileError, DependencyError

_BLOCK_SECONDS = 600
_KINDS = "Give a wav, flac, mp3, ogg, opus or m4a file."


def _library() -> Any:
    try:
        import codecpod
    except ImportError as error:
        raise DependencyError(
            "Reading m4a, aac and webm recordings needs the package codecpod",
            "Install it (pip install codecpod), or convert the recording to wav.",
        ) from error
    return codecpod


def tags(path: Path) -> dict[str, str]:
    """Tags of a file, keys in lower case; empty where it has none that can be read."""
    try:
        from tinytag import TinyTag, TinyTagException
    except ImportError:
        return {}
    try:
        found = TinyTag.get(path, duration=False).as_dict()
    except (TinyTagException, OSError, ValueError, LookupError, MemoryError):
        return {}
    out: dict[str, str] = {}
    for key, value in found.items():
        for i, one in enumerate(value if isinstance(value, list) else [value]):
            out[f"{key.lower()}.{i}" if i else key.lower()] = str(one)
    return out


class ContainerReader:
    """The first sound stream of a file.

    Attributes:
        sample_rate: in Hz.
        channels: number of channels.
        format: short name of the codec.
        damaged: whether decoding stopped at an error before the end.
    """

    def __init__(self, data: bytes, info: Any) -> None:
        self._data = data
        self.sample_rate = int(info.sample_rate or 0)
        self.channels = int(info.channels or 0)
        self.format = f"container/{info.codec}"
        self.damaged = False

    def blocks(self) -> Iterator[np.ndarray]:
        """Decoded sound in pieces of (N, channels) float32, one channel or more."""
        size = _BLOCK_SECONDS * self.sample_rate
        start = 0
        while True:
            block = self._block(start, size)
            if len(block):
                yield block
            if len(block) < size:
                return
            start += size

    def _block(self, start: int, size: int) -> np.ndarray:
        """(N, channels) from a place on; of a damaged file what is before the damage."""
        library = _library()

        def load(count: int) -> np.ndarray:
            samples, _ = library.load(
                self._data, frame_offset=start, num_frames=count, channels_first=False)
            return samples.reshape(len(samples), -1)

        try:
            return load(size)
        except library.CodecpodError:
            self.damaged = True
        good, bad = 0, size
        while bad - good > self.sample_rate // 10:
            middle = (good + bad) // 2
            try:
                good = middle if len(load(middle)) == middle else good
                bad = middle if good != middle else bad
            except library.CodecpodError:
                bad = middle
        return load(good) if good else np.zeros((0, max(1, self.channels)), np.float32)


@contextmanager
def open_container(path: Path) -> Iterator[ContainerReader]:
    """Opens the sound of a container.

    Raises:
        AudioFileError: it is no container that is known, or has no sound.
        DependencyError: codecpod is missing.
    """
    head = _head(path)
    if not _maybe_sound(head):
        raise AudioFileError(f"{path} is not a recording that can be read, or is corrupt", _KINDS)
    library = _library()
    data = path.read_bytes()
    try:
        reader = ContainerReader(data, library.info(data))
    except (library.CodecpodError, ValueError) as error:
        if "no audio stream" in str(error):
            raise AudioFileError(f"{path} has no sound in it", "Give a recording.") from error
        raise AudioFileError(
            f"{path} is not a recording that can be read, or is corrupt", _KINDS
        ) from error
    yield reader


def _head(path: Path) -> bytes:
    with open(path, "rb") as file:
        return file.read(16)


def _maybe_sound(head: bytes) -> bool:
    """Whether a file starts as one of the containers or streams that are known."""
    return (
        head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
        or head.startswith((b"\x1aE\xdf\xa3", b"caff", b"#!AMR", b"\x0bw", b"ADIF", b"ID3",
                            b"OggS", b"fLaC", b"RIFF", b"FORM", b"\x30\x26\xb2\x75"))
        or head[:1] == b"\xff" and head[1:2] >= b"\xe0"
    )
