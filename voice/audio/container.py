"""Sound in containers that soundfile does not know (m4a, aac, webm, wma ...), through PyAV.

FFmpeg knows formats that name other files or addresses (playlists); only formats that hold the
sound themselves are opened, and no protocol may be used.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from voice.errors import AudioFileError, DependencyError

_FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,aac,matroska,webm,asf,mp3,ogg,flac,wav,w64,aiff,caf,amr,ac3,avi,"
    "mpegts,flv"
)
_OPTIONS = {"format_whitelist": _FORMATS, "protocol_whitelist": ""}


def _library() -> Any:
    try:
        import av
    except ImportError as error:
        raise DependencyError(
            "Reading this kind of recording needs the package 'av'", "pip install av"
        ) from error
    logging.getLogger("libav").setLevel(logging.CRITICAL)
    return av


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    av = _library()
    with open(path, "rb") as file, av.open(file, options=dict(_OPTIONS)) as source:
        yield source


def tags(path: Path) -> dict[str, str]:
    """Tags of a file and its first sound stream, keys in lower case; empty where unreadable."""
    try:
        av = _library()
        with _opened(path) as source:
            found = dict(source.metadata)
            for stream in source.streams.audio[:1]:
                found.update(stream.metadata)
            return {str(k).lower(): str(v) for k, v in found.items()}
    except DependencyError:
        return {}
    except (av.error.FFmpegError, OSError, ValueError):
        return {}


class ContainerReader:
    """The first sound stream of a file.

    Attributes:
        sample_rate: in Hz.
        channels: number of channels.
        format: short name of the container and codec.
        damaged: whether decoding stopped at an error before the end.
    """

    def __init__(self, path: Path, source: Any) -> None:
        self.path = path
        self._source = source
        self._stream = source.streams.audio[0]
        context = self._stream.codec_context
        self.sample_rate = int(context.sample_rate or 0)
        self.channels = int(context.channels or 0)
        self.format = f"{source.format.name.split(',')[0]}/{context.name}"
        self.damaged = False

    def blocks(self) -> Iterator[np.ndarray]:
        """Decoded sound in pieces of (N, channels) float32."""
        av = _library()
        try:
            for frame in self._source.decode(self._stream):
                yield _floats(frame)
        except (av.error.FFmpegError, ValueError):
            self.damaged = True


def _floats(frame: Any) -> np.ndarray:
    """(N, channels) float32 of one decoded frame of whatever sample format."""
    data = frame.to_ndarray()
    if not frame.format.is_planar:
        data = data.reshape(-1, len(frame.layout.channels)).T
    if data.dtype == np.uint8:
        data = (data.astype(np.float32) - 128.0) / 128.0
    elif data.dtype.kind == "i":
        data = data.astype(np.float32) / float(np.iinfo(data.dtype).max + 1)
    return np.ascontiguousarray(data.T, dtype=np.float32)


@contextmanager
def open_container(path: Path) -> Iterator[ContainerReader]:
    """Opens the sound of a container.

    Raises:
        AudioFileError: it is no container FFmpeg knows, or has no sound.
    """
    av = _library()
    try:
        with _opened(path) as source:
            if not source.streams.audio:
                raise AudioFileError(f"{path} has no sound in it", "Give a recording.")
            yield ContainerReader(path, source)
    except (av.error.FFmpegError, ValueError, EOFError) as error:
        raise AudioFileError(
            f"{path} is not a recording that can be read, or is corrupt",
            "Give a wav, flac, mp3, ogg, opus or m4a file.",
        ) from error
