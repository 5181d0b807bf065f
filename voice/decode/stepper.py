"""What the loop asks of a model, and the plain answer: the model itself with a static cache.

Axes: R texts, B rows (each text once for every candidate), P phonemes, Q prompt codes, C classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from voice.models.text2semantic import Text2Semantic
from voice.nn import reading
from voice.nn.shared_cache import SharedCache
from voice.spec.text2semantic import Text2SemanticSpec


@dataclass(frozen=True, eq=False)
class Prefix:
    """What precedes the new tokens.

    Attributes:
        phoneme_ids: (P,) int64, P >= 1; a prompt's phonemes come first.
        prompt_codes: (Q,) int64, Q may be 0.
        bert: (P, bert_width) float or None.
        prompt_spoken: (Q,) int64, which phoneme each prompt code says; only for a model that reads.
    """

    phoneme_ids: Tensor
    prompt_codes: Tensor
    bert: Tensor | None = None
    prompt_spoken: Tensor = field(default_factory=lambda: torch.zeros(0, dtype=torch.int64))


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

    Attributes:
        shares: whether, on a CPU, the candidates of a text share its keys and values.
    """

    shares = True

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
        ids, sizes, bert = _phonemes(prefixes, device)
        text = model.embed_text(ids, sizes, bert)
        prompt = model.embed_codes(pad_sequence(prompts, batch_first=True).to(device), lengths)
        index = torch.tensor(rows, device=device)
        self._head: ReadingHead | None = None
        if model.spec.reads:
            spoken = pad_sequence([p.prompt_spoken for p in prefixes], batch_first=True).to(device)
            window = model.look(ids, sizes)
            prompt = (prompt[0] + reading.at(window, reading.before(spoken)), prompt[1])
            place = F.pad(spoken, (1, 0)).gather(1, lengths[:, None])[:, 0]
            self._head = ReadingHead(window, index, place[index], sizes[index] - 1, model.spec.end)
        longest = max(len(p.phoneme_ids) + len(p.prompt_codes) for p in prefixes)
        shared = self.shares and device.type == "cpu" and len(set(rows)) < len(rows)
        cache = model.new_cache(len(prefixes), longest + (0 if shared else room))
        hidden = model.prefill(text, prompt, cache)[:, -1]
        if shared:
            cache = SharedCache(cache, index, room)
        elif index.tolist() != list(range(len(prefixes))):
            cache.keep(index)
        self._cache, self._position = cache, lengths[index]
        logits = model.head(hidden)[index].float()
        return logits if self._head is None else self._head.codes(logits)

    @torch.inference_mode()
    def step(self, codes: Tensor) -> Tensor:
        """See :class:`Stepper`."""
        seen = None if self._head is None else self._head.seen()
        logits = self._outputs(codes, seen).float()
        return logits if self._head is None else self._head.follow(logits)

    @torch.inference_mode()
    def keep(self, rows: Tensor) -> None:
        """See :class:`Stepper`."""
        self._keep(rows)
        if self._head is not None:
            self._head.keep(rows)

    def _outputs(self, codes: Tensor, seen: Tensor | None) -> Tensor:
        """The model's outputs (B, O), and its state one token further."""
        outputs = self.model.step(codes, self._position, self._cache, seen)
        self._position = self._position + 1
        return outputs

    def _keep(self, rows: Tensor) -> None:
        """Keeps these rows of the model's state."""
        self._cache.keep(rows)
        self._position = self._position[rows]


class ReadingHead:
    """Where each row reads, and what that means for its end.

    A row may not end before the head is at the end of its text, and must end when it has stayed
    there for ``PATIENCE`` tokens.

    Args:
        window: (R, P, D), see :class:`voice.nn.reading.ReadingWindow`.
        texts: (B,) int64, each row's text.
        place: (B,) int64, where the heads start.
        last: (B,) int64, each row's last phoneme.
        end: the class that ends a row.
    """

    PATIENCE = 25
    NEAR_END = 2

    def __init__(
        self, window: Tensor, texts: Tensor, place: Tensor, last: Tensor, end: int
    ) -> None:
        self._window, self._end = window, end
        self._texts, self.place, self._last = texts, place, last
        self._waited = torch.zeros_like(place)

    def seen(self) -> Tensor:
        """What the heads see, (B, D)."""
        return self._window[self._texts, self.place]

    def codes(self, outputs: Tensor) -> Tensor:
        """Logits (B, C) of the codes out of a model's outputs (B, O)."""
        logits = outputs[:, : self._end + 1]
        early = self.place < self._last - self.NEAR_END
        over = self._waited >= self.PATIENCE
        logits[:, self._end] = logits[:, self._end].masked_fill(early, -1e4).masked_fill(over, 1e4)
        return logits

    def follow(self, outputs: Tensor) -> Tensor:
        """Moves the heads as the outputs (B, O) say; returns the logits (B, C) of the codes."""
        self.place = reading.moved(self.place, outputs[:, self._end + 1 :], self._last)
        self._waited = torch.where(self.place >= self._last, self._waited + 1, 0)
        return self.codes(outputs)

    def keep(self, rows: Tensor) -> None:
        """Goes on with these rows only."""
        self._texts, self.place, self._last, self._waited = (
            x[rows] for x in (self._texts, self.place, self._last, self._waited)
        )


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
