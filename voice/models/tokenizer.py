"""Semantic tokenizer: recordings to codebook rows, 25 a second, and phonemes back from the rows.

HuBERT-style features (``models.content``), a stride-2 projection, one codebook (VQ-VAE with
exponential moving averages, van den Oord et al. 2017, arXiv 1711.00937) as in GPT-SoVITS; and a
CTC head (Graves et al. 2006) that reads phonemes back, for the self-check of synthesis.
Axes: B batch, N samples, F frames (50/s), T tokens (25/s), D width, S symbols + blank.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from voice.audio.mel import Spectrum
from voice.models.content import ContentEncoder, length_mask
from voice.nn.quantize import Codebook
from voice.spec.tokenizer import TokenizerSpec

MEL_MEAN, MEL_SCALE = -6.0, 3.0  # of natural-log mel bands of speech at -23 dB: about zero mean


@dataclass(frozen=True)
class Tokens:
    """What a batch of recordings says.

    Attributes:
        codes: (B, T) int64; rows of the codebook, 0 behind a row's length.
        lengths: (B,) int64, tokens of each row.
        features: (B, F, D) float, the encoder's output.
    """

    codes: Tensor
    lengths: Tensor
    features: Tensor


class ConvBlock(nn.Module):
    """Depth-wise convolution and a pointwise network with a residual (ConvNeXt, 2201.03545)."""

    def __init__(self, width: int, kernel: int = 7) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.expand = nn.Linear(width, 3 * width)
        self.contract = nn.Linear(3 * width, width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """(B, T, D) and (B, T, 1) to (B, T, D)."""
        y = self.depthwise((x * mask).transpose(1, 2)).transpose(1, 2)
        return x + self.contract(functional.gelu(self.expand(self.norm(y))))


class Reader(nn.Module):
    """Reads frame-wise classes from code vectors, two frames a token."""

    def __init__(self, code_width: int, width: int, layers: int, classes: int, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.input = nn.Linear(code_width, width)
        self.blocks = nn.ModuleList(ConvBlock(width) for _ in range(layers))
        self.spread = nn.Linear(width, stride * width)
        self.output = nn.Linear(width, classes)

    def forward(self, vectors: Tensor, lengths: Tensor) -> Tensor:
        """Class scores of each frame.

        Args:
            vectors: (B, T, D) code vectors.
            lengths: (B,) tokens of each row.

        Returns:
            (B, stride * T, classes) float.
        """
        mask = length_mask(lengths, vectors.shape[1])[..., None].to(vectors.dtype)
        x = self.input(vectors)
        for block in self.blocks:
            x = block(x, mask)
        batch, tokens, width = x.shape
        x = functional.gelu(self.spread(x)).reshape(batch, tokens * self.stride, width)
        return self.output(x)


class SemanticTokenizer(nn.Module):
    """Encoder, quantiser and the head that reads phonemes from tokens.

    Args:
        spec: sizes.
    """

    def __init__(self, spec: TokenizerSpec) -> None:
        super().__init__()
        self.spec = spec
        content = spec.content
        self.spectrum = Spectrum(content.spectrum)
        self.content = ContentEncoder(content)
        self.project = nn.Conv1d(content.width, spec.code_width, spec.stride, stride=spec.stride)
        self.codebook = Codebook(spec.codes, spec.code_width)
        self.reader = Reader(
            spec.code_width, spec.reader_width, spec.reader_layers, spec.symbols + 1, spec.stride
        )

    @property
    def blank(self) -> int:
        """The reader's class that is no phoneme."""
        return self.spec.symbols

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return self.spec.content.spectrum.frame_rate / self.spec.stride

    @torch.inference_mode()
    def encode(self, samples: Tensor, lengths: Tensor | None = None) -> Tokens:
        """Tokens of recordings.

        Args:
            samples: (B, N) float in [-1, 1] at ``spec.content.spectrum.sample_rate``.
            lengths: (B,) int64 samples of each row; all of ``N`` if not given.

        Returns:
            Tokens; a last token begun but not full is padded with silence.
        """
        token = self.spec.content.spectrum.hop_samples * self.spec.stride
        if lengths is None:
            lengths = torch.full((len(samples),), samples.shape[1], device=samples.device)
        tokens = torch.div(lengths + token - 1, token, rounding_mode="floor")
        size = int(tokens.max()) * token
        samples = functional.pad(samples, (0, size - samples.shape[1]))
        samples = samples * length_mask(lengths, size)
        mel = (self.spectrum(samples) - MEL_MEAN) / MEL_SCALE
        features = self.content(mel, tokens * self.spec.stride)
        codes = self.codebook.nearest(self.project(features.transpose(1, 2)).transpose(1, 2))
        return Tokens(codes * length_mask(tokens, codes.shape[1]), tokens, features)

    def read(self, codes: Tensor, lengths: Tensor) -> Tensor:
        """Phonemes that tokens carry, as CTC scores.

        Args:
            codes: (B, T) int64.
            lengths: (B,) int64 tokens of each row.

        Returns:
            (B, stride * T, S) float, log-probabilities over the symbols and, last, the blank.
        """
        return self.reader(self.codebook(codes), lengths).log_softmax(-1)
