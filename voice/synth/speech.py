"""Spoken sound and how it came about.

Axes: N samples.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from voice.audio.atomic import atomic_file, output_error
from voice.audio.note import Note
from voice.audio.wav import open_wav, to_float32
from voice.errors import OptionError, OutputError

FORMATS = {".wav": "WAV", ".flac": "FLAC", ".ogg": "OGG", ".mp3": "MP3"}


@dataclass(frozen=True)
class PieceReport:
    """How one piece of the text was made.

    Attributes:
        text: of the piece.
        seconds: of sound, pause included.
        semantic_tokens: in the reading that was kept.
        checked: whether the self-check looked at it.
        passed: whether the kept reading passed.
        errors: share of wrong phonemes that the self-check saw.
        draws: readings drawn in all.
        retries: draws after the first.
    """

    text: str
    seconds: float
    semantic_tokens: int
    checked: bool = False
    passed: bool = True
    errors: float = 0.0
    draws: int = 1
    retries: int = 0


@dataclass(frozen=True)
class Origin:
    """What all pieces of a speech share.

    Attributes:
        model, revision: name of the model and digest of its weights.
        voice: its name; empty if it has none.
        device: where it was made.
        settings: as given, with the seed that was used.
        watermark: whether the inaudible mark is in the samples.
        skipped: characters of the text that were left out.
        reference: which part of which recording is continued (``recording, start, stop,
            seconds, weights``), where the voice was just made of recordings.
    """

    model: str
    revision: str
    voice: str
    device: str
    settings: dict[str, Any]
    watermark: bool
    skipped: str = ""
    reference: dict[str, Any] | None = None

    def note(self) -> Note:
        """What a recording says of itself."""
        from voice import __version__

        return Note(
            model=f"{self.model} {self.revision}".strip(), version=__version__, voice=self.voice,
            seed=self.settings.get("seed"), settings=self.settings,
        )


@dataclass(frozen=True, eq=False)
class Speech:
    """Sound that was made.

    Attributes:
        samples: (N,) float32 in [-1, 1].
        sample_rate: in Hz.
        origin: model, voice, settings; None for sound of another source.
        pieces: a report for each piece of text in it.
    """

    samples: np.ndarray
    sample_rate: int
    origin: Origin | None = None
    pieces: tuple[PieceReport, ...] = ()

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate

    @property
    def info(self) -> dict[str, Any]:
        """Plain data on how it was made.

        ``model, revision, voice, device, settings, seed, watermark, skipped, reference,
        seconds, semantic_tokens, checked, passed, retries`` and ``pieces``.
        """
        origin = asdict(self.origin) if self.origin else {}
        return origin | {
            "seed": origin.get("settings", {}).get("seed"),
            "seconds": self.seconds,
            "pieces": [asdict(piece) for piece in self.pieces],
        } | summary(self.pieces)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Writes it to a file that notes it was generated, whole or not at all.

        Args:
            path: ends in .wav, .flac, .ogg or .mp3.

        Raises:
            OptionError: another ending.
            OutputError: the file cannot be written.
        """
        note = self.origin.note() if self.origin else None
        with open_sound(path, self.sample_rate, note) as writer:
            writer.write(self.samples)
        return Path(path)


def summary(pieces: Iterable[PieceReport]) -> dict[str, Any]:
    """Sums over pieces: ``semantic_tokens, checked, passed, retries``."""
    pieces = list(pieces)
    return {
        "semantic_tokens": sum(p.semantic_tokens for p in pieces),
        "checked": bool(pieces) and all(p.checked for p in pieces),
        "passed": all(p.passed for p in pieces),
        "retries": sum(p.retries for p in pieces),
    }


def join(chunks: Iterable[Speech]) -> Speech:
    """One speech of chunks in order; what was shared is taken from the first.

    Raises:
        ValueError: there is no chunk.
    """
    chunks = list(chunks)
    if not chunks:
        raise ValueError("no chunks to join")
    return Speech(
        np.concatenate([c.samples for c in chunks]), chunks[0].sample_rate, chunks[0].origin,
        tuple(p for c in chunks for p in c.pieces),
    )


class SoundWriter(Protocol):
    """Takes sound piece by piece."""

    def write(self, samples: np.ndarray) -> None:
        """Appends (N,) float samples in [-1, 1]."""
        ...


def check_format(path: str | os.PathLike[str]) -> str:
    """The sound format that a file's ending asks for.

    Raises:
        OptionError: none that can be written.
    """
    found = FORMATS.get(Path(path).suffix.lower())
    if found is None:
        raise OptionError(f"{path}: unknown kind of sound file", f"Use {', '.join(FORMATS)}.")
    return found


@contextmanager
def open_sound(
    path: str | os.PathLike[str], sample_rate: int, note: Note | None = None
) -> Iterator[SoundWriter]:
    """A writer for a sound file of any supported ending; the file appears when the block ends well.

    Raises:
        OptionError: the ending is of no format that can be written.
        OutputError: the file cannot be written.
    """
    kind = check_format(path)
    if kind == "WAV":
        with open_wav(path, sample_rate, note) as writer:
            yield writer
        return
    with atomic_file(path) as file, _open_soundfile(path, file, kind, sample_rate, note) as writer:
        yield writer


@contextmanager
def _open_soundfile(
    path: str | os.PathLike[str], file: Any, kind: str, sample_rate: int, note: Note | None
) -> Iterator[SoundWriter]:
    import soundfile

    target = _Target(file)
    handle: Any = target
    try:
        with soundfile.SoundFile(handle, "w", sample_rate, 1, format=kind) as sound:
            if note:
                sound.comment = note.text()
                sound.software = f"{note.program} {note.version}".strip()
            yield _Checked(sound, target)
        target.check()
    except soundfile.SoundFileError as error:
        if target.failure:
            raise output_error(path, target.failure) from error
        raise OutputError(f"{path} cannot be written: {error}") from error
    except OSError as error:
        raise output_error(path, error) from error


@dataclass
class _Target:
    """A file whose errors wait, since soundfile can neither pass them on nor keep them quiet."""

    file: Any = field(repr=False)
    failure: OSError | None = None

    def _try(self, act: Callable[[], int], otherwise: int) -> int:
        if self.failure:
            return otherwise
        try:
            return act()
        except OSError as error:
            self.failure = error
            return otherwise

    def write(self, data: Any) -> int:
        """Bytes written; all of them after a failure, for soundfile would stop the program."""
        return self._try(lambda: self.file.write(data), len(data))

    def seek(self, offset: int, whence: int = 0) -> int:
        """The new place."""
        return self._try(lambda: self.file.seek(offset, whence), 0)

    def tell(self) -> int:
        """The place."""
        return self._try(self.file.tell, 0)

    def read(self, count: int = -1) -> bytes:
        """What is there from the place on."""
        return self.file.read(count)

    def check(self) -> None:
        """Raises what has gone wrong so far."""
        if self.failure:
            raise self.failure


@dataclass
class _Checked:
    """Clips and refuses what is not finite, as WAV files do."""

    file: Any = field(repr=False)
    target: _Target = field(repr=False)

    def write(self, samples: np.ndarray) -> None:
        """Appends (N,) samples."""
        self.file.write(np.clip(to_float32(samples), -1, 1))
        self.target.check()
