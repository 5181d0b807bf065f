"""Specification of a whole model."""

from __future__ import annotations

from dataclasses import dataclass

from voice.spec.text2semantic import Text2SemanticSpec
from voice.spec.tokenizer import TokenizerSpec
from voice.spec.vits import VitsSpec


@dataclass(frozen=True)
class ModelSpec:
    """What a model folder holds, ``spec.json``.

    Attributes:
        name: of the model.
        symbols: version of the phoneme table (``v1`` or ``v2``).
        languages: that it speaks.
        licence: of the weights.
        tokenizer, text2semantic, decoder: its parts.
    """

    name: str
    symbols: str
    languages: tuple[str, ...]
    licence: str
    tokenizer: TokenizerSpec
    text2semantic: Text2SemanticSpec
    decoder: VitsSpec
