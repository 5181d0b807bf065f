"""A training corpus decoded once into flat files that training reads without any work.

A cache folder holds ``audio.i16`` (all recordings one after another, 24 kHz, 16 bit, each padded to
whole semantic tokens of 960 samples), ``labels.u8`` (2, F50: phone and tone of every 20 ms frame,
255 where nobody aligned the recording), ``rows.jsonl`` (one row a recording) and ``phones.json``.
Later stages add ``codes.u16`` (T25, semantic tokens) and ``phonemes.npz`` beside them.

Sources are folders of ``*.tar`` + JSON lines with the fields shard, key, speaker, lang, text
and, where alignments exist, ipa and frames (25 ms each, one more at both ends).
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

RATE = 24000
FRAME = 480  # samples of a 20 ms frame
TOKEN = 960  # samples of a semantic token
UNKNOWN = 255
TONES = "→↗↓↘"
_MARKS_BEFORE = "ˈˌ"  # stress: its time belongs to the sound that follows
_MARKS_AFTER = "ːʰʲ"  # length, aspiration: to the sound before
_SILENCE = " .,?!;:"


@dataclass(frozen=True)
class Row:
    """One recording of the cache; ``start`` and ``samples`` index ``audio.i16``."""

    key: str
    speaker: str
    language: str
    text: str
    start: int
    samples: int
    source: str
    held_out: bool
    aligned: bool

    @property
    def frames(self) -> slice:
        """Its place in ``labels.u8``."""
        return slice(self.start // FRAME, (self.start + self.samples) // FRAME)

    @property
    def tokens(self) -> slice:
        """Its place in ``codes.u16``."""
        return slice(self.start // TOKEN, (self.start + self.samples) // TOKEN)


class Corpus:
    """Reads a cache folder.

    Args:
        folder: made by :func:`build`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with (folder / "rows.jsonl").open(encoding="utf8") as lines:
            self.rows = [Row(**json.loads(line)) for line in lines]
        self.phones: list[str] = json.loads((folder / "phones.json").read_text("utf8"))
        self.audio = np.memmap(folder / "audio.i16", np.int16, "r")
        self.labels = np.memmap(folder / "labels.u8", np.uint8, "r").reshape(2, -1)

    def __reduce__(self) -> tuple[type[Corpus], tuple[Path]]:
        return Corpus, (self.folder,)  # other processes open the files, they are not sent

    def samples(self, row: Row) -> np.ndarray:
        """The recording, (N,) float32 in [-1, 1] at 24 kHz."""
        return self.audio[row.start : row.start + row.samples].astype(np.float32) / 32768

    def codes(self) -> np.ndarray:
        """Semantic tokens of the whole corpus, (T25,) uint16; see ``Row.tokens``."""
        return np.fromfile(self.folder / "codes.u16", np.uint16)

    def select(self, *, held_out: bool = False, aligned: bool | None = None) -> list[Row]:
        """Rows for training, or the held-out ones; optionally only those with (no) alignment."""
        rows = (r for r in self.rows if r.held_out == held_out)
        return [r for r in rows if aligned is None or r.aligned == aligned]


def read_sources(shared: Path) -> Iterator[tuple[str, dict[str, Any], bytes]]:
    """Yields (source, row, file content) of the training data beside the project.

    Rows of evaluation speakers of ``speech/`` are not part of it.
    """
    for source, table in (("corpus", "corpus.jsonl"), ("speech", "train.jsonl")):
        folder = shared / source
        by_shard: dict[str, dict[str, dict[str, Any]]] = {}
        with (folder / table).open(encoding="utf8") as lines:
            for line in lines:
                row = json.loads(line)
                by_shard.setdefault(row["shard"], {})[row["key"]] = row
        for shard, rows in sorted(by_shard.items()):
            with tarfile.open(folder / shard) as tar:
                for member in tar:
                    content = tar.extractfile(member) if member.name in rows else None
                    if content is not None:
                        yield source, rows[member.name], content.read()


def decode(item: tuple[str, dict[str, Any], bytes]) -> tuple[str, dict[str, Any], np.ndarray]:
    """Decodes one recording to (N,) int16 at 24 kHz, loudness evened, padded to whole tokens."""
    source, row, content = item
    samples, rate = soundfile.read(io.BytesIO(content), dtype="float32", always_2d=True)
    mono = samples.mean(1)
    if rate != RATE:
        mono = soxr.resample(mono, rate, RATE, "HQ")
    # One loudness for all sources: the active part at -23 dB RMS, peaks kept under full scale.
    active = np.sqrt(np.mean(np.square(mono[np.abs(mono) > 0.02 * np.abs(mono).max()])) + 1e-9)
    mono = mono * min(0.07 / active, 0.98 / (np.abs(mono).max() + 1e-6))
    mono = np.pad(mono, (0, -len(mono) % TOKEN))
    return source, row, np.round(mono * 32767).astype(np.int16)


def align(ipa: str, frames: list[int], count: int, phones: dict[str, int]) -> np.ndarray:
    """Labels (2, count) uint8 of each 20 ms frame from symbols and their 25 ms durations."""
    ends = np.cumsum(frames)  # in 25 ms; entry 0 is the silence before the first symbol
    owner = _owners(ipa)
    tone_of = _tones(ipa)
    at = np.minimum(((np.arange(count) + 0.5) * 0.8).astype(int), ends[-1] - 1)
    entry = np.searchsorted(ends, at, side="right")
    labels = np.zeros((2, count), np.uint8)
    for i, e in enumerate(entry):
        symbol = e - 1
        if 0 <= symbol < len(ipa):
            labels[0, i] = phones.get(ipa[owner[symbol]], 0)
            labels[1, i] = tone_of[symbol]
    return labels


def _owners(ipa: str) -> list[int]:
    """For each symbol the one whose phone label its frames carry."""
    owner = list(range(len(ipa)))
    for i in range(len(ipa) - 1, -1, -1):
        if ipa[i] in _MARKS_BEFORE and i + 1 < len(ipa):
            owner[i] = owner[i + 1]
    for i, c in enumerate(ipa):
        if (c in _MARKS_AFTER or c in TONES) and i:
            owner[i] = owner[i - 1]
    return owner


def _tones(ipa: str) -> list[int]:
    """0 without tone, else 1 to 4: a tone mark and the vowels before it, back to the last mark."""
    tones = [0] * len(ipa)
    for i, c in enumerate(ipa):
        if c not in TONES:
            continue
        j = i
        while j >= 0 and (j == i or ipa[j] not in TONES + _SILENCE) and i - j < 5:
            if j == i or ipa[j] in "aeiouyɤɨɛəɚʊɔɑɻwjɥ":
                tones[j] = TONES.index(c) + 1
            elif tones[j + 1]:
                break
            j -= 1
    return tones


def phone_table(sources: Iterable[dict[str, Any]]) -> list[str]:
    """Phones of the alignments in order of code point; index 0 is silence."""
    found = {c for row in sources for c in row.get("ipa", "")}
    marks = set(_MARKS_BEFORE + _MARKS_AFTER + TONES + _SILENCE)
    return ["", *sorted(found - marks)]


def build(shared: Path, folder: Path, limit: int | None = None) -> Corpus:
    """Decodes the training data into a cache folder (2.3 GB for 13 hours); kept if complete.

    Args:
        shared: holds ``corpus/`` and ``speech/``.
        folder: where the cache goes.
        limit: only so many recordings of each source, for trying things out.
    """
    if (folder / "complete").exists():
        return Corpus(folder)
    folder.mkdir(parents=True, exist_ok=True)
    held_out = set((shared / "corpus" / "heldout.txt").read_text("utf8").split())
    with (shared / "corpus" / "corpus.jsonl").open(encoding="utf8") as lines:
        table = phone_table(json.loads(line) for line in lines)
    (folder / "phones.json").write_text(json.dumps(table, ensure_ascii=False), "utf8")
    phones = {p: i for i, p in enumerate(table)}
    labels, start, counts = [], 0, {"corpus": 0, "speech": 0}

    def items() -> Iterator[tuple[str, dict[str, Any], bytes]]:
        for item in read_sources(shared):
            counts[item[0]] += 1
            if limit is None or counts[item[0]] <= limit:
                yield item

    with (
        ProcessPoolExecutor(os.cpu_count()) as pool,
        (folder / "audio.i16").open("wb") as audio,
        (folder / "rows.jsonl").open("w", encoding="utf8") as out,
    ):
        for source, row, samples in pool.map(decode, items(), chunksize=32):
            count = len(samples) // FRAME
            aligned = "frames" in row
            labels.append(
                align(row["ipa"], row["frames"], count, phones)
                if aligned
                else np.full((2, count), UNKNOWN, np.uint8)
            )
            audio.write(samples.tobytes())
            record = Row(
                row["key"],
                row["speaker"],
                row["lang"],
                row["text"],
                start,
                len(samples),
                source,
                row["speaker"] in held_out,
                aligned,
            )
            out.write(json.dumps(record.__dict__, ensure_ascii=False) + "\n")
            start += len(samples)
    np.concatenate(labels, 1).tofile(folder / "labels.u8")
    (folder / "complete").touch()
    return Corpus(folder)
