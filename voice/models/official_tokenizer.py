"""Tokenizer of official GPT-SoVITS models: a shared HuBERT before the decoder's own codebook.

Axes: B batch, N samples, F frames (50/s), T tokens (25/s), D width.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from voice.errors import OptionError
from voice.models.tokenizer import Tokens
from voice.spec.official import OfficialTokenizerSpec

_MARGIN = 80  # samples of the last frame's window beyond its hop


class OfficialTokenizer:
    """Recordings to codebook rows. It has no head that reads phonemes back.

    Args:
        spec: sizes.
        encoder: gives the shared HuBERT, (B, N) samples to (B, F, D).
        head: the decoder's, (B, F, D) features to (B, T) codes.
    """

    def __init__(
        self, spec: OfficialTokenizerSpec, encoder: Callable[[], Callable[[Tensor], Tensor]],
        head: Callable[[Tensor], Tensor],
    ) -> None:
        self.spec, self._encoder, self._head = spec, encoder, head

    @property
    def rate(self) -> float:
        """Tokens a second."""
        return self.spec.sample_rate / (self.spec.feature_hop_samples * self.spec.stride)

    @torch.inference_mode()
    def encode(self, samples: Tensor, lengths: Tensor | None = None) -> Tokens:
        """Tokens of recordings.

        Args:
            samples: (B, N) float in [-1, 1] at ``spec.sample_rate``.
            lengths: (B,) int64 samples of each row; all of ``N`` if not given.

        Returns:
            Tokens; a last token begun but not full is padded with silence.

        Raises:
            ModelFileError: the shared encoder is not at hand.
        """
        encoder = self._encoder()
        if lengths is None:
            lengths = torch.full((len(samples),), samples.shape[1], device=samples.device)
        token = self.spec.feature_hop_samples * self.spec.stride
        counts = torch.div(lengths + token - 1, token, rounding_mode="floor")
        codes = torch.zeros(len(samples), int(counts.max()), dtype=torch.int64,
                            device=samples.device)
        features: list[Tensor] = []
        for row, count, length in zip(samples, counts.tolist(), lengths.tolist(), strict=True):
            whole = functional.pad(row[:length], (0, count * token + _MARGIN - length))
            found = encoder(whole[None])[:, : count * self.spec.stride]
            codes[len(features), :count] = self._head(found)[0]
            features.append(found[0])
        width = max(f.shape[0] for f in features)
        padded = [functional.pad(f, (0, 0, 0, width - f.shape[0])) for f in features]
        return Tokens(codes, counts, torch.stack(padded))

    @torch.inference_mode()
    def prompt(self, samples: Tensor) -> Tensor:
        """Tokens of a prompt, with the silence behind it that the models were always given.

        Args:
            samples: (N,) float in [-1, 1] at ``spec.sample_rate``.

        Returns:
            (T,) int64; an odd last frame is dropped, as in the published program.
        """
        padded = functional.pad(samples, (0, self.spec.prompt_silence_samples))
        return self._head(self._encoder()(padded[None]))[0]

    @property
    def blank(self) -> int:
        """The reader's class that is no phoneme; there is none. See :meth:`read`."""
        return -1

    def read(self, codes: Tensor, lengths: Tensor) -> Tensor:
        """Phonemes that tokens carry: official models cannot say.

        Raises:
            OptionError: always.
        """
        raise OptionError(
            "an official GPT-SoVITS model cannot read phonemes back from its tokens",
            "Use a model with a reader, such as mini.",
        )
