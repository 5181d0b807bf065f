"""What the loop asks of a model, and the plain answer: the model itself with a static cache.

Axes: R texts, B rows (each text once for every candidate), P phonemes, Q prompt codes, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from voice.models.text2semantic import Text2Semantic
from voice.spec.text2semantic import Text2SemanticSpec


@dataclass(frozen=True, eq=False)
class Prefix:
    """What precedes the new tokens.

    Attributes:
        phoneme_ids: (P,) int64, P >= 1; a prompt's phonemes come first.
        prompt_codes: (Q,) int64, Q may be 0.
        bert: (P, bert_width) float or None.
    """

    phoneme_ids: Tensor
    prompt_codes: Tensor
    bert: Tensor | None = None


class Stepper(Protocol):
    """A model in the middle of decoding a batch."""

    @property
    def spec(self) -> Text2SemanticSpec:
        """Sizes of the model; C = codes + 1, and the last class ends the sequence."""
        ...

    def prefill(self, prefixes: Sequence[Prefix], rows: Sequence[int], room: int) -> Tensor:
        """Starts a batch.

        Args:
            prefixes: R texts; each is read once.
            rows: B indices into ``prefixes``.
            room: most tokens that will follow.

        Returns:
            Logits (B, C) of the first tokens, float32.
        """
        ...

    def step(self, codes: Tensor) -> Tensor:
        """Takes the rows' new tokens (B,), gives the logits (B, C) of the next, float32."""
        ...

    def keep(self, rows: Tensor) -> None:
        """Goes on with these rows only; ``rows`` (B',) int64, ascending."""
        ...


class EagerStepper:
    """Runs a :class:`Text2Semantic` as it is, in its own precision and on its own device.

    Args:
        model: in evaluation mode.
    """

    def __init__(self, model: Text2Semantic) -> None:
        self.model = model

    @property
    def spec(self) -> Text2SemanticSpec:
        """See :class:`Stepper`."""
        return self.model.spec

    @torch.inference_mode()
    def prefill(self, prefixes: Sequence[Prefix], rows: Sequence[int], room: int) -> Tensor:
        """See :class:`Stepper`."""
        model = self.model
        device = model.code_embedding.weight.device
        prompts = [p.prompt_codes for p in prefixes]
        lengths = torch.tensor([len(p) for p in prompts], device=device)
        text = model.embed_text(*_phonemes(prefixes, device))
        prompt = model.embed_codes(pad_sequence(prompts, batch_first=True).to(device), lengths)
        longest = max(len(p.phoneme_ids) + len(p.prompt_codes) for p in prefixes)
        cache = model.new_cache(len(prefixes), longest + room)
        hidden = model.prefill(text, prompt, cache)[:, -1]
        index = torch.tensor(rows, device=device)
        if index.tolist() != list(range(len(prefixes))):
            cache.keep(index)
        self._cache, self._position = cache, lengths[index]
        return model.head(hidden)[index].float()

    @torch.inference_mode()
    def step(self, codes: Tensor) -> Tensor:
        """See :class:`Stepper`."""
        logits = self.model.step(codes, self._position, self._cache)
        self._position = self._position + 1
        return logits.float()

    @torch.inference_mode()
    def keep(self, rows: Tensor) -> None:
        """See :class:`Stepper`."""
        self._cache.keep(rows)
        self._position = self._position[rows]


def _phonemes(
    prefixes: Sequence[Prefix], device: torch.device
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Padded ids (R, P), lengths (R,) and BERT features (R, P, bert_width) or None."""
    ids = pad_sequence([p.phoneme_ids for p in prefixes], batch_first=True).to(device)
    lengths = torch.tensor([len(p.phoneme_ids) for p in prefixes], device=device)
    some = next((p.bert for p in prefixes if p.bert is not None), None)
    if some is None:
        return ids, lengths, None
    bert = torch.zeros(*ids.shape, some.shape[1])
    for row, prefix in zip(bert, prefixes, strict=True):
        if prefix.bert is not None:
            row[: len(prefix.bert)] = prefix.bert
    return ids, lengths, bert.to(device)
