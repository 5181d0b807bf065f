"""Style encoder: a reference's spectrum to one vector that says how the voice sounds.

After the mel style encoder of Meta-StyleSpeech (Min et al. 2021, arXiv 2106.03153).
Axes: B batch, K bins, F frames, D hidden width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from voice.nn.dropout import Dropout
from voice.spec.vits import TimbreSpec


class GatedConv(nn.Module):
    """Convolution with a gated linear unit and a residual.

    Args:
        width: D.
        kernel: odd.
        dropout: rate during training.
    """

    def __init__(self, width: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.conv = nn.Conv1d(width, 2 * width, kernel, padding=kernel // 2)
        self.drop = Dropout(dropout)

    def forward(self, x: Tensor, keep: Tensor) -> Tensor:
        """(B, D, F) and (B, 1, F) to (B, D, F)."""
        return x + self.drop(functional.glu(self.conv(x * keep), 1))


class StyleEncoder(nn.Module):
    """Spectral network, gated convolutions, self-attention, mean over time.

    Args:
        spec: sizes; ``spec.hidden`` is D.
    """

    def __init__(self, spec: TimbreSpec) -> None:
        super().__init__()
        hidden = spec.hidden
        self.heads = spec.heads
        self.spectral = nn.ModuleList([nn.Linear(spec.bins, hidden), nn.Linear(hidden, hidden)])
        self.temporal = nn.ModuleList(
            GatedConv(hidden, spec.kernel, spec.dropout) for _ in range(2)
        )
        self.query = nn.Linear(hidden, hidden)
        self.key = nn.Linear(hidden, hidden)
        self.value = nn.Linear(hidden, hidden)
        self.mix = nn.Linear(hidden, hidden)
        self.output = nn.Linear(hidden, spec.width)
        self.drop = Dropout(spec.dropout)

    def forward(self, spectrum: Tensor, mask: Tensor) -> Tensor:
        """Encodes references.

        Args:
            spectrum: (B, K, F).
            mask: (B, F, 1) float, 0 behind each row's length.

        Returns:
            (B, width).
        """
        x = spectrum.transpose(1, 2)
        for linear in self.spectral:
            x = self.drop(functional.mish(linear(x)))
        x, keep = x.transpose(1, 2), mask.transpose(1, 2)
        for conv in self.temporal:
            x = conv(x, keep)
        x = self.output(self._attend(x.transpose(1, 2) * mask, mask))
        return (x * mask).float().sum(1) / mask.sum(1).clamp_min(1)

    def _attend(self, x: Tensor, mask: Tensor) -> Tensor:
        parts = (self.query(x), self.key(x), self.value(x))
        query, key, value = (p.unflatten(-1, (self.heads, -1)).transpose(1, 2) for p in parts)
        # The published model divides by the root of the whole width, not of one head's.
        y = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask.mT[:, None] > 0, scale=x.shape[-1] ** -0.5
        )
        return x + self.drop(self.mix(y.transpose(1, 2).flatten(2)))


def mean_timbre(timbres: Tensor, weights: Tensor | None = None) -> Tensor:
    """One timbre of several references.

    Args:
        timbres: (R, width).
        weights: (R,) float >= 0, not all 0; equal when not given.

    Returns:
        (width,), the weighted mean.
    """
    if weights is None:
        return timbres.mean(0)
    weights = torch.as_tensor(weights, dtype=timbres.dtype, device=timbres.device)
    return (weights / weights.sum()) @ timbres
