"""The reading head: training and decoding see the same, and a row ends where its text ends."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.decode.tiny import CODES, PHONEMES
from voice.decode.alignment import align
from voice.decode.loop import GenerateRequest, generate
from voice.decode.sampling import SamplingSettings
from voice.decode.stepper import EagerStepper, Prefix, ReadingHead
from voice.errors import OptionError
from voice.models.text2semantic import Text2Semantic
from voice.nn import reading
from voice.spec.text2semantic import Text2SemanticSpec

GREEDY = SamplingSettings(top_k=1, temperature=1.0, repetition_penalty=1.0)


@pytest.fixture(scope="module")
def model() -> Text2Semantic:
    spec = Text2SemanticSpec(
        layers=2, width=32, heads=4, hidden=64, phonemes=PHONEMES, codes=CODES,
        bert_width=0, norm_first=True, reads=True,
    )
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return Text2Semantic(spec).eval().requires_grad_(False)


def text(number: int, seeds: tuple[int, ...] = (0,)) -> GenerateRequest:
    rng = np.random.default_rng(number)
    return GenerateRequest(
        phoneme_ids=rng.integers(0, PHONEMES, 6 + 3 * number), seeds=seeds,
        prompt_codes=rng.integers(0, CODES, 4 * number), prompt_phonemes=2 * number,
        prompt_spoken=np.arange(4 * number) // 2,
    )


@given(st.lists(st.integers(0, 6), min_size=1, max_size=12))
def test_moves_lead_the_head_to_the_phoneme_that_was_said(spoken: list[int]) -> None:
    goal = torch.tensor([sorted(spoken)])
    place = reading.before(goal)
    scores = torch.nn.functional.one_hot(
        reading.move_classes(goal, place), len(reading.MOVES)
    ).float()
    last = torch.tensor([6])
    for t in range(goal.shape[1]):
        found = reading.moved(place[:, t], scores[:, t], last)
        step = min(int(goal[0, t] - place[0, t]), reading.MOVES[-1])
        assert int(found) == int(place[0, t]) + step


def test_a_window_sees_the_phonemes_around_the_head_and_no_others() -> None:
    window = reading.ReadingWindow(8)
    x = torch.randn(1, 20, 8)
    other = x.clone()
    other[0, 10] += 1.0
    changed = (window(x) - window(other)).abs().sum(2)[0] > 1e-6
    near = range(10 - reading.AHEAD, 10 + reading.BACK + 1)
    assert changed.nonzero()[:, 0].tolist() == list(near)


def test_steps_give_what_teacher_forcing_gives(model: Text2Semantic) -> None:
    rng = np.random.default_rng(5)
    ids = torch.tensor(rng.integers(0, PHONEMES, 9))
    codes = torch.tensor(rng.integers(0, CODES, 7))
    prompt, stepper = codes[:3], EagerStepper(model)
    spoken = torch.tensor([0, 1, 1])
    logits = [stepper.prefill([Prefix(ids, prompt, None, spoken)], [0], 10)]
    places = [int(stepper._head.place[0])]  # pyright: ignore
    for code in codes[3:]:
        logits.append(stepper.step(code[None]))
        places.append(int(stepper._head.place[0]))  # pyright: ignore
    place = torch.tensor([[0, 0, 1, *places[:-1]]])
    sizes = torch.tensor([len(ids)]), torch.tensor([len(codes)])
    whole = model(ids[None], sizes[0], codes[None], sizes[1], place=place)[0, 3:]
    for step, (found, wanted) in enumerate(zip(logits, whole, strict=True)):
        assert torch.allclose(found[0, :CODES], wanted[:CODES], atol=1e-4), step
    moves = whole[1:, CODES + 1 :].argmax(1) + reading.MOVES[0]
    assert places[1:] == [
        min(max(p + int(m), 0), len(ids) - 1) for p, m in zip(places[:-1], moves, strict=True)
    ]


def test_a_batch_says_what_its_rows_say_alone(model: Text2Semantic) -> None:
    requests = [text(n, seeds=(0, 1)) for n in (1, 0, 3)]
    together = generate(model, requests, GREEDY)
    alone = [row for r in requests for row in generate(model, [r], GREEDY)]
    for a, b in zip(together, alone, strict=True):
        assert a.codes.tolist() == b.codes.tolist() and a.finish == b.finish


@pytest.mark.parametrize("favourite", ["end", "code"])
def test_a_row_ends_when_its_text_is_read_and_not_before(
    model: Text2Semantic, favourite: str
) -> None:
    """Whatever the codes' logits say: the head moves one phoneme a token in this model."""
    outputs = torch.zeros(1, CODES + 1 + len(reading.MOVES))
    outputs[0, CODES if favourite == "end" else 0] = 30.0
    outputs[0, CODES + 1 + reading.MOVES.index(1)] = 30.0
    head = ReadingHead(
        torch.zeros(1, 12, 4), torch.zeros(1).long(), torch.zeros(1).long(),
        torch.tensor([11]), CODES,
    )
    ended = int(head.codes(outputs.clone()).argmax()) == CODES
    tokens = 0
    while not ended:
        ended = int(head.follow(outputs.clone()).argmax()) == CODES
        tokens += 1
    wanted = 11 - head.NEAR_END if favourite == "end" else 11 + head.PATIENCE - 1
    assert tokens == wanted


def test_wrong_prompt_phonemes_are_refused(model: Text2Semantic) -> None:
    good = text(2)
    for wrong in (np.zeros(3, np.int64), np.full(8, 4), np.full(8, -1)):
        bad = GenerateRequest(
            good.phoneme_ids, prompt_codes=good.prompt_codes, prompt_phonemes=4, prompt_spoken=wrong
        )
        with pytest.raises(OptionError, match="request 0"):
            generate(model, [bad], GREEDY)


def test_unknown_prompt_phonemes_are_spread_evenly(model: Text2Semantic) -> None:
    known = text(2)
    spread = GenerateRequest(
        known.phoneme_ids, known.seeds, known.prompt_codes, known.prompt_phonemes
    )
    (a,), (b,) = generate(model, [known], GREEDY), generate(model, [spread], GREEDY)
    assert a.codes.tolist() == b.codes.tolist()  # 8 codes of 4 phonemes: two each


def test_alignment_follows_the_scores() -> None:
    scores = torch.full((12, 5), -8.0)
    for frame, symbol in enumerate([1, 1, 4, 2, 2, 2, 4, 4, 3, 3, 3, 3]):
        scores[frame, symbol] = -0.01
    assert align(scores, np.array([1, 2, 3]), 4, 2).tolist() == [0, 1, 1, 1, 2, 2]
    assert len(align(scores[:2], np.array([1, 2, 3]), 4, 2)) == 0
