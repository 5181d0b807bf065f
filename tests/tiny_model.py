"""A model of random weights that is small enough for tests: a folder as any other model has."""

from __future__ import annotations

from pathlib import Path

import torch

from voice.checkpoints.store import save_part, save_spec
from voice.models.text2semantic import Text2Semantic
from voice.models.tokenizer import SemanticTokenizer
from voice.models.vits import Vits
from voice.spec.model import ModelSpec
from voice.spec.text2semantic import Text2SemanticSpec
from voice.spec.tokenizer import ContentSpec, TokenizerSpec
from voice.spec.vits import (
    FlowSpec,
    PitchSpec,
    PosteriorSpec,
    PriorSpec,
    TimbreSpec,
    VitsSpec,
    VocosSpec,
)

CODES = 32


def tiny_spec(name: str = "tiny") -> ModelSpec:
    """Sizes of the tiny model."""
    content = ContentSpec(width=16, dilations=(1, 2))
    return ModelSpec(
        name=name, symbols="v2", languages=("en", "zh", "ja"), licence="MIT",
        tokenizer=TokenizerSpec(
            content, codes=CODES, code_width=16, reader_width=16, reader_layers=1),
        text2semantic=Text2SemanticSpec(
            layers=1, width=16, heads=2, hidden=32, codes=CODES, bert_width=0, norm_first=True,
            reads=True),
        decoder=VitsSpec(
            codes=CODES, code_width=16, latent=16,
            prior=PriorSpec(width=16, heads=2, hidden=16, content_layers=1, text_layers=1,
                            joint_layers=1, cross_width=16, cross_heads=2, reads=True),
            timbre=TimbreSpec(width=16, content_width=16, hidden=16, heads=2),
            flow=FlowSpec(couplings=2, layers=1, width=16),
            posterior=PosteriorSpec(layers=1, width=16),
            vocoder=VocosSpec(width=16, blocks=1, block_hidden=32, condition_width=8),
            pitch=PitchSpec(width=16, layers=1),
        ),
        equalized=True,
    )


def write_tiny_model(folder: Path, name: str = "tiny", seed: int = 0) -> Path:
    """Writes the tiny model into a folder, which is returned."""

    spec = tiny_spec(name)
    folder.mkdir(parents=True, exist_ok=True)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        text2semantic = Text2Semantic(spec.text2semantic)
        decoder = Vits(spec.decoder)
        assert decoder.pitch is not None
        assert decoder.encoder.window is not None
        for weight in (decoder.pitch.embed.weight, decoder.encoder.window.mix.weight):
            torch.nn.init.normal_(weight, std=0.1)  # zero before training
        # Random weights jump by an octave from frame to frame, which no voice does: the phase of
        # the highest harmonics then shows the last bit of every sum before it.
        with torch.no_grad():
            decoder.pitch.output.weight.mul_(0.1)
        parts = {
            "tokenizer": SemanticTokenizer(spec.tokenizer),
            "text2semantic": text2semantic,
            "decoder": decoder,
        }
    for part, module in parts.items():
        save_part(folder, part, module)
    save_spec(folder, spec)
    return folder
