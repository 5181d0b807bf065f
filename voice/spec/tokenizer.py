"""Specification of the semantic tokenizer."""

from __future__ import annotations

from dataclasses import dataclass

from voice.spec.spectrum import MINI_CONTENT, SpectrumSettings


@dataclass(frozen=True)
class ContentSpec:
    """Encoder of log-mel frames (50 a second).

    Attributes:
        spectrum: its log-mel front.
        width: of the features.
        dilations: of the convolutions of three taps, one a layer.
        dropout: rate in training.
    """

    spectrum: SpectrumSettings = MINI_CONTENT
    width: int = 256
    dilations: tuple[int, ...] = (1, 1, 2, 2, 4, 4, 8, 8, 1, 2, 4, 8)
    dropout: float = 0.0


@dataclass(frozen=True)
class TokenizerSpec:
    """Content encoder, quantiser and the readers of its tokens.

    Attributes:
        content: the encoder.
        codes: rows of the codebook.
        code_width: width of a row.
        stride: content frames a token.
        phones, tones: classes of the frame-wise training targets.
        reader_width, reader_layers: the head that reads phonemes back from tokens.
        symbols: rows of the phoneme table the reader writes (blank comes after them).
    """

    content: ContentSpec = ContentSpec()
    codes: int = 1024
    code_width: int = 256
    stride: int = 2
    phones: int = 71
    tones: int = 5
    reader_width: int = 256
    reader_layers: int = 3
    symbols: int = 732
