"""From logits to the next token, without state: every number comes from the arguments.

The order is that of GPT-SoVITS: no end during the first tokens; repetition penalty (Keskar et al.
2019) over all earlier tokens; top-p on the penalised logits at temperature 1; temperature; top-k;
softmax; the draw as a race of exponentials (the largest p / q, q ~ Exp(1), is a sample of p).

Axes: B rows, C classes (codes and, last, the end token).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor

from voice.errors import OptionError

COLDEST = 1e-5  # temperatures below are taken as this
REMOVED = -torch.inf


@dataclass(frozen=True)
class SamplingSettings:
    """How tokens are drawn.

    Attributes:
        top_k: draw from this many of the likeliest; 1 is greedy.
        top_p: draw from the likeliest whose probabilities sum to at most this; 1 switches it off.
        temperature: below 1 sharpens, above 1 flattens.
        repetition_penalty: divides positive and multiplies negative logits of tokens that
            occurred before, in the prompt too; 1 switches it off.
        min_tokens: no end before so many tokens were made.
        max_tokens: the most that is made, whatever the text.

    Raises:
        OptionError: a number is out of its range.
    """

    top_k: int = 15
    top_p: float = 1.0
    temperature: float = 1.0
    repetition_penalty: float = 1.35
    min_tokens: int = 11
    max_tokens: int = 1500

    def __post_init__(self) -> None:
        rules = {
            "top_k": (self.top_k >= 1, "at least 1"),
            "top_p": (0 < self.top_p <= 1, "above 0 and at most 1"),
            "temperature": (0 <= self.temperature < np.inf, "0 or more"),
            "repetition_penalty": (0 < self.repetition_penalty < np.inf, "above 0"),
            "min_tokens": (self.min_tokens >= 0, "0 or more"),
            "max_tokens": (self.max_tokens >= 1, "at least 1"),
        }
        for field in fields(self):
            fits, allowed = rules[field.name]
            if not fits:
                value = getattr(self, field.name)
                raise OptionError(f"{field.name} is {value!r}", f"It must be {allowed}.")


def penalised(logits: Tensor, used: Tensor, settings: SamplingSettings, made: int) -> Tensor:
    """Logits after the rules about earlier tokens.

    Args:
        logits: (B, C).
        used: (B, C) bool, True for tokens that occurred before.
        made: tokens made so far; below ``settings.min_tokens`` the end is removed.

    Returns:
        (B, C), a new tensor.
    """
    penalty = settings.repetition_penalty
    if penalty == 1:
        out = logits.clone()
    else:
        out = torch.where(used, torch.where(logits < 0, logits * penalty, logits / penalty), logits)
    if made < settings.min_tokens:
        out[:, -1] = REMOVED
    return out


def probabilities(logits: Tensor, settings: SamplingSettings) -> Tensor:
    """What is drawn from, given penalised logits.

    Args:
        logits: (B, C), what :func:`penalised` gave.

    Returns:
        (B, C), rows sum to 1.
    """
    if settings.top_p < 1:
        logits = _nucleus(logits, settings.top_p)
    logits = logits / max(settings.temperature, COLDEST)
    if settings.top_k < logits.shape[1]:
        weakest = logits.topk(settings.top_k, dim=1).values[:, -1:]
        logits = torch.where(logits < weakest, REMOVED, logits)
    return logits.softmax(1)


def _nucleus(logits: Tensor, top_p: float) -> Tensor:
    """Removes tokens whose probability, summed with all likelier ones, exceeds ``top_p``.

    The likeliest stays in any case; the token that crosses the threshold goes.
    """
    ordered, order = logits.sort(dim=1, descending=True)
    surplus = ordered.softmax(1).cumsum(1) > top_p
    surplus[:, 0] = False
    return logits.masked_fill(torch.zeros_like(surplus).scatter(1, order, surplus), REMOVED)


def draw(chances: Tensor, race: Tensor) -> Tensor:
    """One token of each row.

    Args:
        chances: (B, C) probabilities.
        race: (B, C), standard exponential numbers, above 0.

    Returns:
        (B,) int64.
    """
    return (chances / race).argmax(1)


class Race:
    """The random numbers of a batch: each row has its own stream, made from its own seed.

    A row's numbers depend on nothing but its seed and the step, so neither batch mates nor
    their finishing changes what is drawn.

    Args:
        seeds: B seeds, 0 or more.
        classes: C.
        block: steps drawn at once.
        device: where the numbers are wanted; they are drawn on the CPU, a block at a time.
    """

    def __init__(
        self, seeds: Sequence[int], classes: int, block: int = 16,
        device: torch.device | str = "cpu",
    ) -> None:
        self._streams = [np.random.Generator(np.random.PCG64(seed)) for seed in seeds]
        self._classes = classes
        self._block = block
        self._device = torch.device(device)
        self._drawn = torch.empty(0)
        self._next = block

    def step(self) -> Tensor:
        """(B, C) float32, standard exponential."""
        if self._next == self._block:
            self._next = 0
            drawn = np.empty((len(self._streams), self._block, self._classes), np.float32)
            for row, stream in zip(drawn, self._streams, strict=True):
                stream.standard_exponential(dtype=np.float32, out=row)
            np.maximum(drawn, np.finfo(np.float32).tiny, out=drawn)
            self._drawn = torch.from_numpy(drawn).to(self._device)
        self._next += 1
        return self._drawn[:, self._next - 1]

    def keep(self, rows: Tensor) -> None:
        """Goes on with these rows only; ``rows`` (B',) int64."""
        if self._next < self._block:
            self._drawn = self._drawn[rows.to(self._device)]
        self._streams = [self._streams[row] for row in rows.tolist()]
