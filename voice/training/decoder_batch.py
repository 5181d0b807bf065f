"""What a step of the decoder's training hears: recordings, labels, other recordings as references.

Axes: B recordings, W windows (of all recordings), T codes, P phonemes, N samples, Q pitch values.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from voice.spec.vits import VitsSpec
from voice.training.corpus import FRAME, RATE, TOKEN, UNKNOWN, Corpus, Row
from voice.training.labels import alignments_of, phonemes_of
from voice.training.pitch import HOP, pitch_of
from voice.training.sampler import LengthSampler, References, Sound

LONGEST_CONFUSION = 4  # codes
DULL_HZ = (3400.0, 9000.0)


@dataclass
class Batch:
    """Recordings, their references and the windows' first frames (W entries each).

    ``octaves`` (B, Q) is NaN where nothing is voiced; (B, 0) for a model without pitch.
    ``spoken`` (B, T) is the phoneme that each code says, -1 where that is not told. ``phones``
    (B, 2 T) is the corpus' label of each 20 ms, ``UNKNOWN`` where nobody aligned the recording.
    """

    codes: Tensor
    code_lengths: Tensor
    phonemes: Tensor
    phoneme_lengths: Tensor
    spoken: Tensor
    phones: Tensor
    audio: Tensor
    octaves: Tensor
    reference: Tensor
    speakers: Tensor
    starts: Tensor
    narrow: Tensor
    seed: int


class Drawing(Protocol):
    """How batches are drawn; see ``decoder_task.DecoderTraining``."""

    @property
    def recordings(self) -> int: ...
    @property
    def windows(self) -> int: ...
    @property
    def segment(self) -> int: ...
    @property
    def margin(self) -> int: ...
    @property
    def reference_seconds(self) -> tuple[float, float]: ...
    @property
    def unread(self) -> float: ...
    @property
    def confused(self) -> float: ...
    @property
    def dulled(self) -> float: ...


class Material:
    """A labelled corpus as the decoder needs it.

    Args:
        corpus: with codes, phonemes and, where the model asks for them, alignments and pitch.
        spec: of the decoder.
    """

    def __init__(self, corpus: Corpus, spec: VitsSpec) -> None:
        self.corpus, self.spec = corpus, spec
        self.codes, self.phonemes = corpus.codes(), phonemes_of(corpus)
        self.spoken = alignments_of(corpus) if spec.prior.reads else {}
        self.octaves = pitch_of(corpus) if spec.pitch else None

    def rows(self, window: int) -> list[Row]:
        """The recordings that have phonemes and at least ``window`` latent frames."""
        need = window * self.spec.frame_samples
        return [r for r in self.corpus.rows if r.key in self.phonemes and r.samples >= need]


class DecoderBatches:
    """Draws batches.

    Args:
        material: the labelled corpus.
        sound: its samples.
        rows: recordings of it to draw from, references too.
    """

    def __init__(self, material: Material, sound: Sound, rows: list[Row]) -> None:
        self.material, self.sound = material, sound
        self.sampler, self.references = LengthSampler(rows), References(rows)

    def draw(self, rng: np.random.Generator, how: Drawing) -> Batch:
        """Recordings of about the same length with what is known of them."""
        material, references = self.material, self.references
        rows = self.sampler.draw(how.recordings, rng)
        tokens = [r.samples // TOKEN for r in rows]
        ids = [material.phonemes[r.key] for r in rows]
        codes = np.zeros((len(rows), max(tokens)), np.int64)
        phonemes = np.zeros((len(rows), max(map(len, ids))), np.int64)
        spoken = np.full(codes.shape, -1, np.int64)
        phones = np.full((len(rows), max(tokens) * TOKEN // FRAME), UNKNOWN, np.int64)
        values = 0 if material.octaves is None else TOKEN // HOP
        octaves = np.full((len(rows), max(tokens) * values), np.nan, np.float32)
        for i, row in enumerate(rows):
            if material.octaves is not None:
                contour = material.octaves[row.start // HOP :][: tokens[i] * values]
                octaves[i, : len(contour)] = contour
            codes[i, : tokens[i]] = material.codes[row.tokens]
            phonemes[i, : len(ids[i])] = ids[i]
            if row.key in material.spoken and rng.random() >= how.unread:
                spoken[i, : tokens[i]] = material.spoken[row.key]
            labels = material.corpus.labels[0, row.frames][: phones.shape[1]]
            phones[i, : len(labels)] = labels
        if how.confused:
            told = [i for i in range(len(rows)) if spoken[i, 0] >= 0]
            confuse(codes, [(i, tokens[i]) for i in told], how.confused, rng)
        # Of few sizes: a GPU plans a transform anew for each.
        size = round(rng.uniform(*how.reference_seconds) * 10) * RATE // 10
        reference = self.sound.some([references.other(r, rng) for r in rows], size, rng)
        if how.dulled:
            reference = dull(reference, how.dulled, rng)
        window = how.segment + 2 * how.margin
        room = np.repeat([2 * t - window + 1 for t in tokens], how.windows)
        return Batch(
            torch.from_numpy(codes),
            torch.tensor(tokens),
            torch.from_numpy(phonemes),
            torch.tensor([len(p) for p in ids]),
            torch.from_numpy(spoken),
            torch.from_numpy(phones),
            self.sound.cut([r.start for r in rows], [r.samples for r in rows], max(tokens) * TOKEN),
            torch.from_numpy(octaves),
            reference,
            torch.tensor([references.speakers[r.speaker] for r in rows]),
            torch.from_numpy(rng.integers(0, room)),
            torch.tensor([r.source == "speech" for r in rows]),
            int(rng.integers(2**31)),
        )


def confuse(
    codes: np.ndarray,
    rows: Sequence[tuple[int, int]],
    share: float,
    rng: np.random.Generator,
) -> None:
    """Replaces runs of codes by codes of other places, as a language model errs.

    What is said can then only be known from the phonemes, which a decoder that reads is told.

    Args:
        codes: (B, T) int64, changed in place.
        rows: indices of the rows to change, and how many codes they have.
        share: largest part of a row's codes that is replaced; each row draws its own.
        rng: of the places.
    """
    pool = np.concatenate([codes[row, :length] for row, length in rows]) if rows else codes[:0]
    for row, length in rows:
        count = int(rng.uniform(0, share) * length / ((1 + LONGEST_CONFUSION) / 2))
        for start in rng.integers(0, length, count):
            run = min(int(rng.integers(1, LONGEST_CONFUSION + 1)), length - int(start))
            source = int(rng.integers(0, len(pool) - run + 1))
            codes[row, start : start + run] = pool[source : source + run]


def dull(audio: Tensor, share: float, rng: np.random.Generator) -> Tensor:
    """Cuts rows off above a random frequency, as telephones, codecs and cheap microphones do.

    Args:
        audio: (B, N) float32.
        share: of the rows.
        rng: of the rows, and of the frequencies, between those of ``DULL_HZ``.
    """
    low, high = np.log(DULL_HZ)
    cut = np.exp(rng.uniform(low, high, len(audio)))
    cut = np.where(rng.random(len(audio)) < share, cut, RATE)
    spectrum = torch.fft.rfft(audio)
    hz = torch.linspace(0, RATE / 2, spectrum.shape[1], device=audio.device)
    keep = hz < torch.tensor(cut, dtype=torch.float32, device=audio.device)[:, None]
    return torch.fft.irfft(spectrum * keep, audio.shape[1])
