"""Features of words laid along phonemes, for models that take one vector a character.

The official models add a Chinese BERT's vectors to the phonemes of Mandarin; every other language
gets zeros. The BERT itself (:mod:`voice.models.bert`) is passed in as a function.

Axes: C characters, P phonemes, D width.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np

from voice.errors import OptionError
from voice.values import Phonemes, SpokenPart

CharacterFeatures = Callable[[str], np.ndarray]
"""(C, D) float vectors of a text of C characters, without those of marks at its ends."""
LANGUAGES = ("zh",)
"""Languages whose characters have vectors; the official models were trained so."""
_log = logging.getLogger(__name__)
_said: set[str] = set()


def phoneme_features(
    phonemes: Phonemes, width: int, features: CharacterFeatures | None, model: str = "this model"
) -> np.ndarray:
    """One vector a phoneme: that of its character, or zeros.

    Args:
        phonemes: of :func:`voice.text.frontend.phonemize`.
        width: D, of the vectors.
        features: of the characters of Mandarin text; None gives zeros, with one warning for each
            model if there is such text.
        model: name for the warning.

    Returns:
        (P, D) float32.

    Raises:
        OptionError: ``features`` gives another number of vectors, or vectors of another width.
    """
    out = np.zeros((len(phonemes), width), np.float32)
    spoken = [p for p in phonemes.parts if p.language in LANGUAGES and p.stop > p.start]
    if features is None:
        if spoken and model not in _said:
            _said.add(model)
            _log.warning(
                "%s: no BERT model is at hand; Mandarin is spoken without word features, "
                "its intonation will be flatter", model)
        return out
    for part in spoken:
        out[part.start : part.stop] = _expanded(part, features(part.normalized), width)
    return out


def _expanded(part: SpokenPart, vectors: np.ndarray, width: int) -> np.ndarray:
    """(P, D) of (C, D): each row as often as its character has phonemes."""
    wanted = (len(part.word_lengths), width)
    if vectors.shape != wanted:
        raise OptionError(
            f"word features have the shape {vectors.shape}, not {wanted}, for {part.normalized!r}"
        )
    front = part.stop - part.start - sum(part.word_lengths)
    if front:
        raise OptionError(f"{part.normalized!r} has {front} phonemes that no character has")
    return np.repeat(np.asarray(vectors, np.float32), part.word_lengths, axis=0)
