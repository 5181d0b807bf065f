"""Content encoder: log-mel frames to phonetic features, 50 a second.

After HuBERT (Hsu et al. 2021, arXiv 2106.07447) with a mel front instead of seven convolutions on
samples, which costs a tenth. Axes: B batch, N samples, F frames of 20 ms, M mel bands, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from voice.spec.tokenizer import ContentSpec


def length_mask(lengths: Tensor, size: int) -> Tensor:
    """(B, size) bool, True where a position is inside its row's length."""
    return torch.arange(size, device=lengths.device)[None] < lengths[:, None]


class ContentEncoder(nn.Module):
    """Transformer over convolved log-mel frames.

    Args:
        spec: sizes.
        dropout: only in training.
    """

    def __init__(self, spec: ContentSpec, dropout: float = 0.0) -> None:
        super().__init__()
        width = spec.width
        self.front = nn.Sequential(
            nn.Conv1d(spec.spectrum.bands, width, 5, padding=2),
            nn.GELU(),
            nn.Conv1d(width, width, 3, padding=1),
            nn.GELU(),
        )
        self.position = nn.Conv1d(
            width,
            width,
            spec.position_kernel,
            padding=spec.position_kernel // 2,
            groups=spec.position_groups,
        )
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width,
                spec.heads,
                spec.feed_forward,
                dropout,
                "gelu",
                batch_first=True,
                norm_first=True,
            )
            for _ in range(spec.layers)
        )
        self.norm = nn.LayerNorm(width)

    def forward(self, mel: Tensor, lengths: Tensor) -> Tensor:
        """Features of a batch.

        Args:
            mel: (B, M, F) float, normalised log-mel.
            lengths: (B,) int64, frames of each row; later frames are ignored.

        Returns:
            (B, F, D) float; zeros behind a row's length.
        """
        mask = length_mask(lengths, mel.shape[2])
        keep = mask[:, None].to(mel.dtype)
        x = self.front[1](self.front[0](mel * keep)) * keep
        x = self.front[3](self.front[2](x)) * keep
        x = x + torch.nn.functional.gelu(self.position(x))
        x = (x * keep).transpose(1, 2)  # (B, F, D)
        for layer in self.layers:
            x = layer(x, src_key_padding_mask=~mask)
        return self.norm(x) * mask[..., None]
