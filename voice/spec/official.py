"""Specification of the tokenizer of official GPT-SoVITS models, and what kinds of parts they share.

Its content features come from a shared HuBERT; the projection to codes and the codebook are in the
decoder's file.
"""

from __future__ import annotations

from dataclasses import dataclass

from voice.spec.tokenizer import TokenizerSpec

SHARED_KINDS = {
    "hubert": "chinese-hubert-base", "bert": "chinese-roberta-wwm-ext-large",
    "speaker": "eres2netv2", "bigvgan": "bigvgan-v2-24khz", "vocoder": "vocoder-v4",
}
"""Kinds of parts that several models share, and the names they are kept under."""


@dataclass(frozen=True)
class OfficialTokenizerSpec:
    """Content features of a shared encoder, projected and quantised by the decoder's own head.

    Attributes:
        encoder: name of the shared part.
        sample_rate: of the recordings, in Hz.
        feature_hop_samples: between content features.
        stride: content frames a token.
        codes: rows of the codebook.
        prompt_silence_samples: zeros behind a prompt, as the models always got them.
    """

    encoder: str = SHARED_KINDS["hubert"]
    sample_rate: int = 16000
    feature_hop_samples: int = 320
    stride: int = 2
    codes: int = 1024
    prompt_silence_samples: int = 9600


def content_rate(spec: TokenizerSpec | OfficialTokenizerSpec) -> int:
    """Sample rate of what a tokenizer takes, in Hz."""
    if isinstance(spec, OfficialTokenizerSpec):
        return spec.sample_rate
    return spec.content.spectrum.sample_rate
