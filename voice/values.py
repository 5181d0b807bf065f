"""Value objects that cross packages: what is passed between text, audio, models and synthesis.

Axes: N samples, P phonemes, T semantic tokens (25 a second), D width of a timbre embedding.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class Audio:
    """Mono sound.

    Attributes:
        samples: (N,) float32 in [-1, 1].
        sample_rate: in Hz.
    """

    samples: np.ndarray
    sample_rate: int

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return len(self.samples) / self.sample_rate


@dataclass(frozen=True)
class TextSpan:
    """A run of text in one language.

    Attributes:
        text: the run as given, before normalisation.
        language: ``en``, ``zh``, ``ja``, ``ko`` or ``yue``.
    """

    text: str
    language: str


@dataclass(frozen=True)
class SpokenPart:
    """A run of phonemes of one language.

    Attributes:
        language: as in :class:`TextSpan`.
        normalized: its text as it is spoken.
        start, stop: its phonemes, ``stop`` not included.
        word_lengths: phonemes of each character of ``normalized``, where the language is written
            in characters (Chinese, Cantonese); 0 for a mark that is not spoken; else empty.
    """

    language: str
    normalized: str
    start: int
    stop: int
    word_lengths: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Phonemes:
    """What a text sounds like, in a model's symbols.

    Attributes:
        text: the text as given.
        normalized: the text as it is spoken (numbers and signs written out).
        symbols: P phoneme symbols of the symbol table.
        ids: (P,) int64, rows of the symbol table.
        word_lengths: number of phonemes of each character or word of ``normalized``, for models
            that take one BERT feature a character (``sum(word_lengths) == P``); empty where
            a language has no such features.
        spans: the text by language.
        skipped: characters left out because no sound is known for them (only when allowed).
        parts: the phonemes by language; features of words are laid along them
            (:mod:`voice.text.features`).
    """

    text: str
    normalized: str
    symbols: tuple[str, ...]
    ids: np.ndarray
    word_lengths: tuple[int, ...] = ()
    spans: tuple[TextSpan, ...] = ()
    skipped: str = ""
    parts: tuple[SpokenPart, ...] = ()

    def __len__(self) -> int:
        return len(self.symbols)


@dataclass(frozen=True, eq=False)
class SemanticTokens:
    """What is said in a recording, as codebook rows.

    Attributes:
        codes: (T,) int64.
        rate: tokens a second.
    """

    codes: np.ndarray
    rate: float = 25.0


@dataclass(frozen=True, eq=False)
class Timbre:
    """How a voice sounds.

    Attributes:
        embedding: (D,) float32, the reference encoder's output.
        model: name of the model that made it; embeddings of other models do not fit.
        parents: weight by voice name, where this is a blend.
    """

    embedding: np.ndarray
    model: str
    parents: dict[str, float] = field(default_factory=dict)
