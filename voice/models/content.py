"""Content encoder: log-mel frames to phonetic features, 50 a second.

What HuBERT (Hsu et al. 2021, arXiv 2106.07447) is to GPT-SoVITS, as a time-delay network (Waibel et
al. 1989; Peddinti et al. 2015) on a mel front: dilated convolutions with residuals. On the same two
CPU cores it learns phones some ten times faster than a Transformer of that size (docs/training.md),
and its view is bounded, 0.9 s to either side.
Axes: B batch, F frames of 20 ms, M mel bands, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from voice.nn.dropout import dropout
from voice.spec.tokenizer import ContentSpec


def length_mask(lengths: Tensor, size: int) -> Tensor:
    """(B, size) bool, True where a position is inside its row's length."""
    return torch.arange(size, device=lengths.device)[None] < lengths[:, None]


class DilatedBlock(nn.Module):
    """Normalisation, a dilated convolution of three taps, a linear layer, a residual."""

    def __init__(self, width: int, dilation: int, rate: float = 0.0) -> None:
        super().__init__()
        self.rate = rate
        self.norm = nn.LayerNorm(width)
        self.conv = nn.Conv1d(width, width, 3, padding=dilation, dilation=dilation)
        self.linear = nn.Linear(width, width)

    def forward(self, x: Tensor, keep: Tensor) -> Tensor:
        """(B, F, D) and (B, F, 1) to (B, F, D); frames outside ``keep`` are zeros to the others."""
        y = dropout(functional.gelu(self._taps(self.norm(x) * keep)), self.rate, self.training)
        return x + self.linear(y)

    def _taps(self, x: Tensor) -> Tensor:
        """The convolution as one matrix product: (B, F, D) need not be turned round for it, and
        graphics cards do it several times faster."""
        gap, size = self.conv.dilation[0], x.shape[1]
        wide = functional.pad(x, (0, 0, gap, gap))
        heard = torch.cat([wide[:, at : at + size] for at in (0, gap, 2 * gap)], 2)
        weight = self.conv.weight.transpose(1, 2).flatten(1)  # (D, 3 D), tap by tap
        return functional.linear(heard, weight, self.conv.bias)


class ContentEncoder(nn.Module):
    """Dilated convolutions over log-mel frames.

    Args:
        spec: sizes.
    """

    def __init__(self, spec: ContentSpec) -> None:
        super().__init__()
        width = spec.width
        self.front = nn.ModuleList(
            [
                nn.Conv1d(spec.spectrum.bands, width, 5, padding=2),
                nn.Conv1d(width, width, 3, padding=1),
            ]
        )
        self.layers = nn.ModuleList(DilatedBlock(width, d, spec.dropout) for d in spec.dilations)
        self.norm = nn.LayerNorm(width)

    def forward(self, mel: Tensor, lengths: Tensor) -> Tensor:
        """Features of a batch.

        Args:
            mel: (B, M, F) float, normalised log-mel.
            lengths: (B,) int64, frames of each row; later frames are ignored.

        Returns:
            (B, F, D) float; zeros behind a row's length.
        """
        keep = length_mask(lengths, mel.shape[2])[:, None].to(mel.dtype)  # (B, 1, F)
        x = mel * keep
        for layer in self.front:
            x = functional.gelu(layer(x)) * keep
        x, keep = x.transpose(1, 2), keep.transpose(1, 2)
        for layer in self.layers:
            x = layer(x, keep)
        return self.norm(x) * keep
