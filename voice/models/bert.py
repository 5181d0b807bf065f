"""BERT: characters of Chinese text to hidden states that official models add to the phonemes.

Source: BERT (Devlin et al. 2018, arXiv 1810.04805); the published models use Chinese RoBERTa wwm
large (Cui et al. 2019, 1906.08101) and take its third-last hidden state, so that the last two
layers are not even loaded. Written anew.
Axes: B batch, L characters with the two marks at the ends, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from voice.errors import OptionError
from voice.nn.attention import Block
from voice.spec.bert import BertSpec


class Bert(nn.Module):
    """Token, position and type tables under post-norm layers.

    Args:
        spec: sizes.
    """

    def __init__(self, spec: BertSpec) -> None:
        super().__init__()
        self.spec = spec
        self.tokens = nn.Embedding(spec.vocabulary, spec.width)
        self.positions = nn.Embedding(spec.positions, spec.width)
        self.types = nn.Embedding(spec.types, spec.width)
        self.norm = nn.LayerNorm(spec.width, spec.epsilon)
        self.layers = nn.ModuleList(
            Block(
                spec.width, spec.heads, spec.hidden, False, 0.0,
                activation=functional.gelu, epsilon=spec.epsilon,
            )
            for _ in range(spec.layers)
        )

    @torch.inference_mode()
    def forward(self, ids: Tensor) -> Tensor:
        """Hidden states behind the last layer that is run.

        Args:
            ids: (B, L) int64, rows of the vocabulary, without padding; L <= ``spec.positions``.

        Returns:
            (B, L, D) float.

        Raises:
            OptionError: the text is longer than the model's positions.
        """
        if ids.shape[1] > self.spec.positions:
            raise OptionError(
                f"BERT: {ids.shape[1]} tokens", f"It takes up to {self.spec.positions} at once."
            )
        x = self.tokens(ids) + self.positions.weight[: ids.shape[1]] + self.types.weight[0]
        x = self.norm(x)
        for layer in self.layers:
            x = layer(x, None)
        return x
