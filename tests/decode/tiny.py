"""A text-to-semantic model of random weights, small enough for many runs."""

from __future__ import annotations

import numpy as np
import torch

from voice.decode.loop import GenerateRequest
from voice.models.text2semantic import Text2Semantic
from voice.spec.text2semantic import Text2SemanticSpec

CODES = 50
PHONEMES = 60


def tiny(norm_first: bool = True, bert_width: int = 0, seed: int = 0) -> Text2Semantic:
    """A model of two layers; logits are spread so that greedy choices are clear."""
    spec = Text2SemanticSpec(
        layers=2, width=32, heads=4, hidden=64, phonemes=PHONEMES, codes=CODES,
        bert_width=bert_width, norm_first=norm_first,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Text2Semantic(spec).eval().requires_grad_(False)
    model.head.weight.mul_(2)
    model.code_embedding.weight.mul_(3)
    return model


def request(
    number: int, seeds: tuple[int, ...] = (0,), prompt: int | None = None
) -> GenerateRequest:
    """A made-up text; texts of other numbers differ in content and length.

    Args:
        number: which text.
        seeds: of its candidates.
        prompt: codes of the prompt; 3 * number if not given.
    """
    rng = np.random.default_rng(number)
    return GenerateRequest(
        phoneme_ids=rng.integers(0, PHONEMES, 4 + 3 * number),
        seeds=seeds,
        prompt_codes=rng.integers(0, CODES, 3 * number if prompt is None else prompt),
        prompt_phonemes=number,
    )
