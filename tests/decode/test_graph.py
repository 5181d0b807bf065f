"""Steps of fixed shape: equal to the eager ones, whatever lies in memory and whoever leaves."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from tests.decode.test_reading import model as reading_model  # noqa: F401 - a fixture
from tests.decode.test_reading import text
from tests.decode.tiny import CODES, request, tiny
from voice.decode import graph
from voice.decode.graph import GraphStepper, fits, rounded, stepper_for
from voice.decode.loop import BLOCK, LoopGuard, generate
from voice.decode.sampling import SamplingSettings
from voice.decode.stepper import EagerStepper, Prefix
from voice.decode.traced import TracedStepper
from voice.models.text2semantic import Text2Semantic

DRAWN = SamplingSettings(top_k=20, max_tokens=40)
POISON = 1e4
on_cuda = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="recording a step needs a CUDA device")


@pytest.fixture(autouse=True)
def small_buckets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Buckets of 8 slots and more, so that short texts pass through several."""
    monkeypatch.setattr(graph, "FEWEST_SLOTS", 8)
    monkeypatch.setattr(graph, "MOST_POSITIONS", 1024)


def poison(stepper: GraphStepper) -> None:
    """Spoils every slot that no row under way has written."""
    bucket = stepper._bucket
    assert bucket is not None
    with torch.inference_mode():
        bucket.cache.store[:, :, :, :, stepper._length :] = POISON
        gone = [row for row in range(bucket.rows) if row not in stepper._live.tolist()]
        bucket.cache.store[:, :, gone] = POISON


def along(
    stepper: EagerStepper, model: Text2Semantic, steps: int, spoil: bool = False
) -> list[Tensor]:
    """Logits along made-up tokens; of six rows one leaves after a step and four later."""
    ids = [torch.arange(3 + 2 * n) for n in range(3)]
    prefixes = [Prefix(i, torch.arange(3 * n) % CODES, prompt_spoken=torch.arange(3 * n) % len(i))
                for n, i in enumerate(ids)]
    fed = torch.randint(CODES, (steps, 6), generator=torch.Generator().manual_seed(1))
    out = [stepper.prefill(prefixes, [0, 1, 1, 2, 2, 0], steps)]
    left = torch.arange(6)
    for j in range(steps):
        if spoil and isinstance(stepper, GraphStepper):
            poison(stepper)
        out.append(stepper.step(fed[j, left]))
        if keep := {1: [0, 1, 3, 4, 5], 9: [2]}.get(j):
            stepper.keep(torch.tensor(keep))
            left = left[keep]
    return out


@pytest.mark.parametrize("norm_first", [True, False])
def test_fixed_steps_give_the_eager_logits_over_poison(norm_first: bool) -> None:
    model = tiny(norm_first)
    stepper = GraphStepper(model)
    wanted = along(EagerStepper(model), model, 30)
    found = along(stepper, model, 30, spoil=True)
    for a, b in zip(found, wanted, strict=True):
        assert a.shape == b.shape and torch.allclose(a, b, atol=1e-5)
    rows, slots = zip(*stepper._buckets, strict=True)
    assert set(rows) == {1, 8} and len(set(slots)) >= 3  # several buckets, both ways


def test_a_mask_too_wide_would_be_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    from voice.nn.cache import FixedCache

    model = tiny()
    wanted = along(EagerStepper(model), model, 3)
    begin = FixedCache.begin

    def all_slots(self: FixedCache, positions: int) -> None:
        begin(self, positions)
        self._mask = self.visible[:, None, None]

    monkeypatch.setattr(FixedCache, "begin", all_slots)
    found = along(GraphStepper(model), model, 3, spoil=True)
    assert not torch.allclose(found[1], wanted[1], atol=1e-2)


def test_a_model_that_reads_moves_its_head(reading_model: Text2Semantic) -> None:  # noqa: F811
    wanted = along(EagerStepper(reading_model), reading_model, 20)
    found = along(GraphStepper(reading_model), reading_model, 20, spoil=True)
    for a, b in zip(found, wanted, strict=True):
        assert torch.allclose(a, b, atol=1e-4)
    texts = [text(n, seeds=(1, 2)) for n in (1, 3)]
    eager = generate(reading_model, texts, DRAWN)
    fixed = generate(GraphStepper(reading_model), texts, DRAWN)
    assert [r.codes.tolist() for r in fixed] == [r.codes.tolist() for r in eager]


def test_what_an_earlier_text_left_is_without_effect() -> None:
    """A text whose keys and values overflowed does not spoil the next one."""
    model = tiny()
    stepper = GraphStepper(model)
    alone = generate(stepper, [request(3, seeds=(4, 5))], DRAWN)
    generate(stepper, [request(9, seeds=(1, 2, 3, 4, 5))], DRAWN)
    assert stepper._memory is not None
    with torch.inference_mode():
        stepper._memory.fill_(float("nan"))
    again = generate(stepper, [request(3, seeds=(4, 5))], DRAWN)
    assert [r.codes.tolist() for r in again] == [r.codes.tolist() for r in alone]


@pytest.mark.parametrize("block", [1, 2, 5, BLOCK, 100])
@pytest.mark.parametrize("fixed", [False, True])
def test_looking_less_often_changes_nothing(block: int, fixed: bool) -> None:
    model = tiny()
    requests = [request(n, seeds=(5, 6 + n)) for n in (2, 0, 3)]
    for settings, guard in (
        (DRAWN, None), (replace(DRAWN, top_k=1), LoopGuard(tokens_base=9, cycle_tokens=6)),
    ):
        wanted = generate(model, requests, settings, guard=guard, block=1)
        assert len({len(r.codes) for r in wanted}) > 1  # rows that leave at different steps
        found = generate(
            GraphStepper(model) if fixed else model, requests, settings, guard=guard, block=block)
        for a, b in zip(found, wanted, strict=True):
            assert a.codes.tolist() == b.codes.tolist() and a.finish == b.finish
            assert a.log_probability == pytest.approx(b.log_probability, abs=1e-5)


def test_a_batch_beyond_the_largest_bucket_is_decoded_without() -> None:
    model = tiny()
    texts = [request(2, seeds=tuple(range(40)))]
    assert fits(32, 32) and not fits(33, 32) and not fits(1, 1025)
    stepper = GraphStepper(model)
    found = generate(stepper, texts, DRAWN)
    assert stepper._bucket is None and not stepper._buckets
    wanted = generate(model, texts, DRAWN)
    assert [r.codes.tolist() for r in found] == [r.codes.tolist() for r in wanted]


def test_sizes_are_rounded_up() -> None:
    assert [rounded(n) for n in (1, 2, 3, 4, 5, 9)] == [1, 2, 4, 4, 8, 16]
    assert [rounded(n, 8) for n in (1, 8, 9)] == [8, 8, 16]


def test_without_cuda_a_step_is_traced() -> None:
    assert type(stepper_for(tiny())) is TracedStepper


def test_a_recording_that_fails_is_said_once_and_decoding_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(self: graph.Bucket) -> None:
        self._run()  # what it leaves in the cache must not matter
        raise RuntimeError("operation not permitted when stream is capturing")

    monkeypatch.setattr(graph.Bucket, "record", refuse)
    model = tiny()
    stepper = GraphStepper(model)
    stepper.records = True  # as on CUDA
    with caplog.at_level(logging.WARNING):
        found = generate(stepper, [request(2, seeds=(1, 2, 3))], DRAWN)
    assert [r.getMessage() for r in caplog.records] == [
        "CUDA graphs cannot be used, decoding is slower: "
        "operation not permitted when stream is capturing"
    ]
    assert len(stepper._buckets) > 1
    wanted = generate(model, [request(2, seeds=(1, 2, 3))], DRAWN)
    assert [r.codes.tolist() for r in found] == [r.codes.tolist() for r in wanted]


@on_cuda
def test_recorded_steps_give_the_eager_logits_over_poison() -> None:
    model = tiny().cuda()
    stepper = stepper_for(model)
    assert isinstance(stepper, GraphStepper)
    found = along(stepper, model, 30, spoil=True)
    assert all(bucket._graph is not None for bucket in stepper._buckets.values())
    wanted = along(EagerStepper(model), model, 30)
    for a, b in zip(found, wanted, strict=True):
        assert torch.allclose(a, b, atol=1e-4)
