"""The loop: rows are independent, seeds repeat, ends are found, stuck rows are stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.decode.tiny import CODES, request, tiny
from voice.decode.loop import Cancelled, GenerateRequest, LoopGuard, generate
from voice.decode.sampling import SamplingSettings
from voice.decode.stepper import EagerStepper, Prefix
from voice.errors import OptionError
from voice.spec.text2semantic import Text2SemanticSpec

GREEDY = SamplingSettings(top_k=1, max_tokens=40)
DRAWN = SamplingSettings(top_k=20, max_tokens=40)
END = CODES


class Script:
    """A stepper that wants to say a given row of tokens, whatever was drawn.

    Args:
        tokens: for each text, the token that is likeliest at each step; the last one repeats.
    """

    spec = Text2SemanticSpec(codes=CODES, phonemes=60, bert_width=0)

    def __init__(self, *tokens: Sequence[int]) -> None:
        self.tokens = tokens
        self.steps = 0

    def prefill(self, prefixes: Sequence[Prefix], rows: Sequence[int], room: int) -> Tensor:
        self.rows, self.steps = torch.tensor(rows), 0
        return self._logits()

    def step(self, codes: Tensor) -> Tensor:
        assert len(codes) == len(self.rows)
        self.steps += 1
        return self._logits()

    def keep(self, rows: Tensor) -> None:
        self.rows = self.rows[rows]

    def _logits(self) -> Tensor:
        out = torch.zeros(len(self.rows), CODES + 1)
        for row, text in zip(out, self.rows.tolist(), strict=True):
            script = self.tokens[text]
            row[script[min(self.steps, len(script) - 1)]] = 50.0
        return out


def say(*tokens: Sequence[int], **options) -> list:
    settings = options.pop("settings", SamplingSettings(top_k=1, repetition_penalty=1.0))
    requests = [GenerateRequest([1] * 4) for _ in tokens]
    return generate(Script(*tokens), requests, settings, **options)


@pytest.mark.parametrize("settings", [GREEDY, DRAWN], ids=["greedy", "drawn"])
@pytest.mark.parametrize("norm_first", [True, False])
def test_a_batch_equals_its_rows_alone(settings: SamplingSettings, norm_first: bool) -> None:
    model = tiny(norm_first)
    texts = [request(n, seeds=(5, 6 + n)) for n in (2, 0, 3)]
    together = generate(model, texts, settings)
    seeds = [(r.request, r.seed) for r in together]
    assert seeds == [(0, 5), (0, 8), (1, 5), (1, 6), (2, 5), (2, 9)]
    for row in together:
        single = replace(texts[row.request], seeds=(row.seed,))
        alone = generate(model, [single], settings)[0]
        assert row.codes.tolist() == alone.codes.tolist()
        assert row.finish == alone.finish
        assert row.log_probability == pytest.approx(alone.log_probability, abs=1e-5)
    assert len({len(r.codes) for r in together}) > 1  # rows left at different steps


def test_logits_of_a_batch_equal_those_of_its_rows() -> None:
    model = tiny()
    prefixes = [
        Prefix(torch.arange(3 + 4 * n), torch.arange(5 * n) % CODES) for n in range(3)
    ]
    fed = torch.tensor([[1, 2, 3], [7, 8, 9], [4, 4, 4]])
    together = EagerStepper(model)
    batch = [together.prefill(prefixes, [0, 1, 2], 5)]
    batch += [together.step(fed[:, j]) for j in range(2)]
    together.keep(torch.tensor([0, 2]))
    batch.append(together.step(fed[[0, 2], 2]))
    for row, prefix in enumerate(prefixes):
        stepper = EagerStepper(model)
        single = [stepper.prefill([prefix], [0], 5)]
        single += [stepper.step(fed[row : row + 1, j]) for j in range(3)]
        for j, (a, b) in enumerate(zip(batch, single, strict=True)):
            place = {0: 0, 1: None, 2: 1}[row] if j == 3 else row
            if place is not None:
                assert torch.allclose(a[place], b[0], atol=1e-5)


def test_candidates_read_their_text_once() -> None:
    model, read = tiny(), []
    original = model.prefill
    model.prefill = lambda text, prompt, cache: (  # type: ignore[method-assign]
        read.append(len(text[0])) or original(text, prompt, cache)
    )
    generate(model, [request(1, seeds=(1, 2, 3, 4))], DRAWN)
    assert read == [1]


def test_a_seed_repeats_and_seeds_differ() -> None:
    model = tiny()
    first, other, again = generate(model, [request(2, seeds=(3, 4, 3))], DRAWN)
    assert first.codes.tolist() == again.codes.tolist()
    assert first.codes.tolist() != other.codes.tolist()


@pytest.mark.parametrize("eight_bit", [False, True])
def test_the_quick_copy_says_nearly_the_same(eight_bit: bool) -> None:
    model = tiny()
    prefix = [Prefix(torch.arange(9), torch.arange(4))]
    exact, quick = EagerStepper(model), EagerStepper(model.quick(eight_bit))
    a, b = exact.prefill(prefix, [0, 0], 4), quick.prefill(prefix, [0, 0], 4)
    assert (a - b).abs().max() < 0.03 * a.std()
    a, b = exact.step(torch.tensor([1, 2])), quick.step(torch.tensor([1, 2]))
    assert (a - b).abs().max() < 0.03 * a.std()


def test_the_quick_copy_draws_candidates_independently() -> None:
    model = tiny().quick()
    several = generate(model, [request(2, seeds=(3, 4, 5))], DRAWN)
    for row in several:
        alone = generate(model, [request(2, seeds=(row.seed,))], DRAWN)[0]
        assert row.codes.tolist() == alone.codes.tolist()


def test_the_end_is_left_out_and_rows_end_by_themselves() -> None:
    words = list(range(1, 30))
    long, short = say([*words, END], [*words[:12], END])
    assert long.codes.tolist() == words
    assert short.codes.tolist() == words[:12]
    assert (long.finish, short.finish) == ("end", "end")


def test_no_end_within_the_first_tokens() -> None:
    row = say([END])[0]
    assert len(row.codes) == 11
    assert row.finish == "end"


def test_an_end_that_is_likeliest_ends_even_if_another_token_is_drawn() -> None:
    class Close(Script):
        def _logits(self) -> Tensor:
            out = torch.zeros(len(self.rows), CODES + 1)
            out[:, END] = 0.01 if self.steps >= 15 else -9.0
            return out

    requests = [GenerateRequest([1] * 4, seeds=tuple(range(6)))]
    rows = generate(Close(), requests, SamplingSettings(top_k=60, repetition_penalty=1.0))
    assert [len(r.codes) for r in rows] == [15] * 6


@pytest.mark.parametrize("period", [1, 2, 5, 19, 24])
def test_a_stuck_row_is_stopped_and_cut_to_one_period(period: int) -> None:
    start = list(range(30, 40))
    cycle = list(range(period))
    row = say([*start, *cycle * 100], guard=LoopGuard(tokens_base=1000))[0]
    assert row.finish == "cycle"
    assert row.codes.tolist() == [*start, *cycle]


def test_a_pause_of_a_second_is_not_a_cycle() -> None:
    words = [*range(1, 15), *[0] * 25, *range(15, 30)]
    assert say([*words, END])[0].codes.tolist() == words


def test_the_limit_follows_the_text() -> None:
    guard = LoopGuard(tokens_base=10, tokens_per_phoneme=3.0)
    endless = np.random.default_rng(0).integers(0, CODES, 200).tolist()
    script = Script(endless, endless)
    requests = [GenerateRequest([1] * 4), GenerateRequest([1] * 9, prompt_phonemes=2)]
    greedy = SamplingSettings(top_k=1, repetition_penalty=1.0)
    rows = generate(script, requests, greedy, guard=guard)
    assert [(len(r.codes), r.finish) for r in rows] == [(22, "limit"), (31, "limit")]
    rows = generate(script, requests, SamplingSettings(top_k=1, max_tokens=15), guard=None)
    assert [(len(r.codes), r.finish) for r in rows] == [(15, "limit")] * 2


def test_cancelling_stops_before_the_next_step() -> None:
    done: list[int] = []
    with pytest.raises(Cancelled):
        say([1, 2, 3], cancelled=lambda: len(done) == 5, on_tokens=done.append)
    assert done == [1, 2, 3, 4, 5]


def test_nothing_asked_nothing_made() -> None:
    assert generate(tiny(), [], GREEDY) == []


@pytest.mark.parametrize(
    "bad",
    [
        GenerateRequest([]),
        GenerateRequest([1], prompt_codes=[END]),
        GenerateRequest([1], prompt_codes=[-1]),
        GenerateRequest([60]),
        GenerateRequest([-1]),
        GenerateRequest([1], prompt_phonemes=1),
        GenerateRequest([1], bert=np.zeros((1, 8))),
    ],
    ids=["empty", "end", "negative", "phoneme", "negative phoneme", "only prompt", "bert"],
)
def test_bad_requests_are_refused_with_their_number(bad: GenerateRequest) -> None:
    with pytest.raises(OptionError, match="request 1"):
        generate(tiny(), [GenerateRequest([1]), bad], GREEDY)
