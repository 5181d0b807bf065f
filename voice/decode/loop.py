"""The one autoregressive loop: a batch of texts, each spoken by one or more candidates.

Rows are independent: a row draws from its own seed, and finished rows leave the batch. A row ends
when the end token is drawn or is the likeliest after the penalty (GPT-SoVITS' rule), when it is
longer than its text can be, or when it repeats itself like a stuck record.

That a row is over is seen on the host. Where the model runs on another device the host looks once
in ``BLOCK`` tokens, so that the device never waits for it; what a row makes after its end is thrown
away.

Axes: B rows, C classes, T tokens, J tokens of a block.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from voice.decode.sampling import Race, SamplingSettings, draw, penalised, probabilities
from voice.decode.stepper import EagerStepper, Prefix, Stepper
from voice.errors import OptionError, VoiceError
from voice.models.text2semantic import Text2Semantic
from voice.spec.text2semantic import Text2SemanticSpec

BLOCK = 16


class Cancelled(VoiceError):
    """The caller asked to stop."""

    code = "cancelled"


@dataclass(frozen=True, eq=False)
class GenerateRequest:
    """One text to speak.

    Attributes:
        phoneme_ids: (P,) int64, P >= 1; the prompt's phonemes first, then the text's.
        seeds: one candidate is made for each.
        prompt_codes: (Q,) int64, what the new tokens continue; None for none.
        prompt_phonemes: how many of ``phoneme_ids`` belong to the prompt.
        bert: (P, bert_width), for models that take it.
        prompt_spoken: (Q,) int64, which of the prompt's phonemes each prompt code says, for
            models that read; None if not known.
    """

    phoneme_ids: np.ndarray | Tensor
    seeds: Sequence[int] = (0,)
    prompt_codes: np.ndarray | Tensor | None = None
    prompt_phonemes: int = 0
    bert: np.ndarray | Tensor | None = None
    prompt_spoken: np.ndarray | Tensor | None = None


@dataclass(frozen=True)
class LoopGuard:
    """When a row is taken to be stuck.

    Attributes:
        tokens_base, tokens_per_phoneme: a row may have ``base + per_phoneme * phonemes`` tokens.
        longest_period: cycles of 1 to this many tokens are looked for.
        cycle_tokens: so many tokens of pure repetition (and at least three periods) are a cycle.
    """

    tokens_base: int = 50
    tokens_per_phoneme: float = 8.0
    longest_period: int = 24
    cycle_tokens: int = 40

    def limit(self, phonemes: int) -> int:
        """Most tokens for a text."""
        return int(self.tokens_base + self.tokens_per_phoneme * phonemes)


@dataclass(frozen=True, eq=False)
class GeneratedTokens:
    """One candidate.

    Attributes:
        codes: (T,) int64, new tokens only: no prompt, no end token.
        finish: ``end`` (the model ended), ``limit`` (too long for its text), ``cycle`` (stuck;
            ``codes`` then holds one period of the repetition).
        request: index of its request.
        seed: its seed.
        log_probability: mean log-probability of its tokens in the model's own (unpenalised,
            temperature 1) distribution.
    """

    codes: np.ndarray
    finish: str
    request: int
    seed: int
    log_probability: float


def generate(  # noqa: PLR0913 - options by name
    model: Text2Semantic | Stepper,
    requests: Sequence[GenerateRequest],
    settings: SamplingSettings | None = None,
    *,
    guard: LoopGuard | None = LoopGuard(),  # noqa: B008 (frozen)
    cancelled: Callable[[], bool] | None = None,
    on_tokens: Callable[[int], None] | None = None,
    block: int | None = None,
) -> list[GeneratedTokens]:
    """Speaks a batch of texts, in tokens.

    Args:
        model: a model in evaluation mode, or a stepper.
        requests: texts and their candidates' seeds.
        settings: how to draw.
        guard: against endless rows; None leaves only ``settings.max_tokens``.
        cancelled: asked before every step; True stops.
        on_tokens: told the number of steps done, after every step.
        block: tokens made between looks at them; None is 1 on a CPU and ``BLOCK`` elsewhere. The
            result does not depend on it.

    Returns:
        Candidates in the order of requests and their seeds. What a row says depends on its own
        text, prompt and seed only (up to rounding), not on the others in the batch.

    Raises:
        OptionError: a request is empty, or has ids outside the model's tables.
        Cancelled: ``cancelled`` said so.
    """
    settings = settings or SamplingSettings()
    stepper = EagerStepper(model) if isinstance(model, Text2Semantic) else model
    if not any(r.seeds for r in requests):
        return []
    with torch.inference_mode():
        batch = _Batch(stepper, requests, settings, guard, block)
        while batch.rows:
            if cancelled is not None and cancelled():
                raise Cancelled("generation was cancelled")
            batch.advance()
            if on_tokens is not None:
                on_tokens(batch.made)
    return batch.results()


@dataclass
class _Row:
    """One candidate under way."""

    request: int
    seed: int
    limit: int
    finish: str = ""
    kept: int = 0  # tokens, without the end and without repetitions
    likelihood: float = 0.0


class _Batch:
    """Rows under way and what they made so far."""

    def __init__(
        self, stepper: Stepper, requests: Sequence[GenerateRequest], settings: SamplingSettings,
        guard: LoopGuard | None, block: int | None,
    ) -> None:
        prefixes = [_prefix(r, f"request {i}", stepper.spec) for i, r in enumerate(requests)]
        classes = stepper.spec.codes + 1
        self.all = [
            _Row(i, seed, _limit(r, settings, guard))
            for i, r in enumerate(requests) for seed in r.seeds
        ]
        self.rows = list(range(len(self.all)))  # those still in the batch
        self.made = 0
        self._stepper, self._settings, self._guard = stepper, settings, guard
        self._room = room = max(row.limit for row in self.all)
        owners = [row.request for row in self.all]
        self._logits = stepper.prefill(prefixes, owners, room)
        self._device = self._logits.device
        self._block = block or (1 if self._device.type == "cpu" else BLOCK)
        self._unseen: list[tuple[Tensor, Tensor, Tensor]] = []
        self._used = _used([prefixes[i].prompt_codes for i in owners], classes).to(self._device)
        self._race = Race([row.seed for row in self.all], classes, device=self._device)
        self._tokens = np.zeros((len(self.all), room), np.int64)
        self._runs = np.zeros((len(self.all), guard.longest_period if guard else 0), np.int64)

    def advance(self) -> None:
        """One more token for every row."""
        logits = penalised(self._logits, self._used, self._settings, self.made)
        chances = probabilities(logits, self._settings)
        codes = draw(chances, self._race.step())
        end = self._stepper.spec.end
        ended = (codes == end) | (logits.argmax(1) == end)
        likelihoods = self._logits.log_softmax(1).gather(1, codes[:, None])[:, 0]
        self._unseen.append((codes, ended, likelihoods))
        self.made += 1
        if len(self._unseen) == self._block or self.made == self._room:
            over = self._look()
            if over.any():
                codes = self._leave(codes, over)
        if self.rows:
            self._used.scatter_(1, codes[:, None], True)
            self._logits = self._stepper.step(codes)

    def _look(self) -> np.ndarray:
        """Writes down what was made since the last look; returns (B,) which rows are over."""
        codes, ended, likelihoods = (
            torch.stack(column).cpu().numpy() for column in zip(*self._unseen, strict=True)
        )  # (J, B)
        first = self.made - len(self._unseen)
        self._unseen.clear()
        for j, step in enumerate(zip(codes, ended, likelihoods, strict=True)):
            self._record(first + j, *step)
        return np.array([bool(self.all[i].finish) for i in self.rows])

    def _record(
        self, made: int, codes: np.ndarray, ended: np.ndarray, likelihoods: np.ndarray
    ) -> None:
        """Writes down token number ``made`` of every row that is not over."""
        rows = np.asarray(self.rows)
        self._tokens[rows, made] = codes
        stuck = self._stuck(rows, made)
        for place, index in enumerate(self.rows):
            row = self.all[index]
            if row.finish:
                continue
            row.likelihood += float(likelihoods[place])
            if ended[place]:
                row.finish, row.kept = "end", made
            elif stuck[place]:
                row.finish, row.kept = "cycle", made + 1 - int(stuck[place])
            elif made + 1 >= row.limit:
                row.finish, row.kept = "limit", made + 1
            if row.finish:
                row.likelihood /= made + 1

    def _stuck(self, rows: np.ndarray, made: int) -> np.ndarray:
        """(B,) number of tokens that only repeat those a period before; 0 where not stuck."""
        guard = self._guard
        if guard is None:
            return np.zeros(len(rows), np.int64)
        span = min(guard.longest_period, made)
        past = self._tokens[rows, made - span : made][:, ::-1]  # column p - 1: p tokens ago
        runs = np.zeros((len(rows), guard.longest_period), np.int64)
        same = past == self._tokens[rows, made][:, None]
        runs[:, :span] = (self._runs[rows, :span] + 1) * same
        self._runs[rows] = runs
        periods = np.arange(1, guard.longest_period + 1)
        return np.where(runs >= np.maximum(guard.cycle_tokens, 2 * periods), runs, 0).max(1)

    def _leave(self, codes: Tensor, over: np.ndarray) -> Tensor:
        """Takes finished rows out of the batch; returns the others' tokens."""
        self.rows = [index for index, done in zip(self.rows, over, strict=True) if not done]
        if not self.rows:
            return codes[:0]
        keep = torch.from_numpy(np.flatnonzero(~over))
        self._race.keep(keep)
        keep = keep.to(self._device)
        self._stepper.keep(keep)
        self._used = self._used[keep]
        return codes[keep]

    def results(self) -> list[GeneratedTokens]:
        """All candidates, in order."""
        return [
            GeneratedTokens(codes[: r.kept].copy(), r.finish, r.request, r.seed, r.likelihood)
            for codes, r in zip(self._tokens, self.all, strict=True)
        ]


def _limit(request: GenerateRequest, settings: SamplingSettings, guard: LoopGuard | None) -> int:
    if guard is None:
        return settings.max_tokens
    spoken = len(request.phoneme_ids) - request.prompt_phonemes
    return min(settings.max_tokens, guard.limit(spoken))


def _used(prompts: Sequence[Tensor], classes: int) -> Tensor:
    """(B, C) bool: which tokens the prompts hold."""
    used = torch.zeros(len(prompts), classes, dtype=torch.bool)
    for row, prompt in zip(used, prompts, strict=True):
        row[prompt] = True
    return used


def _prefix(request: GenerateRequest, name: str, spec: Text2SemanticSpec) -> Prefix:
    phonemes = torch.as_tensor(request.phoneme_ids).cpu()
    codes = torch.as_tensor([] if request.prompt_codes is None else request.prompt_codes).cpu()
    if not 0 <= request.prompt_phonemes < len(phonemes):
        raise OptionError(f"{name} has no phonemes beside the prompt's")
    _check_ids(phonemes, spec.phonemes, f"{name}: phonemes")
    _check_ids(codes, spec.codes, f"{name}: prompt codes")
    bert = None if request.bert is None else torch.as_tensor(request.bert, dtype=torch.float32)
    if bert is not None and bert.shape != (len(phonemes), spec.bert_width):
        raise OptionError(
            f"{name}: BERT features are {tuple(bert.shape)}",
            f"They must be {(len(phonemes), spec.bert_width)}.",
        )
    if not spec.reads:
        return Prefix(phonemes.long(), codes.long(), bert)
    return Prefix(phonemes.long(), codes.long(), bert, _spoken(request, len(codes), name))


def _spoken(request: GenerateRequest, codes: int, name: str) -> Tensor:
    """Which phoneme each prompt code says; the prompt's phonemes evenly spread if not known."""
    if request.prompt_spoken is None:
        return torch.arange(codes) * request.prompt_phonemes // max(1, codes)
    spoken = torch.as_tensor(request.prompt_spoken).cpu()
    _check_ids(spoken, max(1, request.prompt_phonemes), f"{name}: phonemes of the prompt codes")
    if len(spoken) != codes:
        raise OptionError(f"{name}: {codes} prompt codes, but {len(spoken)} say a phoneme")
    return spoken.long()


def _check_ids(ids: Tensor, size: int, what: str) -> None:
    """Refuses what is no list of rows of a table of ``size``."""
    if ids.ndim != 1 or (len(ids) and (ids.is_floating_point() or ids.is_complex())):
        raise OptionError(f"{what} are not a list of whole numbers")
    if len(ids) and not 0 <= int(ids.min()) <= int(ids.max()) < size:
        raise OptionError(f"{what} go from {ids.min()} to {ids.max()}", f"0 to {size - 1} exist.")
