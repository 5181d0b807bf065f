"""Recorded steps on the CPU: the eager numbers, bit for bit."""

from __future__ import annotations

import logging

import pytest
import torch

from tests.decode.test_graph import along
from tests.decode.test_reading import model as reading_model  # noqa: F401 - a fixture
from tests.decode.tiny import request, tiny
from voice.decode.loop import generate
from voice.decode.sampling import SamplingSettings
from voice.decode.stepper import EagerStepper
from voice.decode.traced import TracedStepper
from voice.models.text2semantic import Text2Semantic
from voice.nn.cache import Window
from voice.nn.packed import can_pack
from voice.nn.shared_cache import SharedWindow

DRAWN = SamplingSettings(top_k=20, max_tokens=40)
packs = pytest.mark.skipif(not can_pack(), reason="this processor has no packed kernels")


@pytest.mark.parametrize("kind", [
    "plain", "apart", "norm last",
    pytest.param("half", marks=packs), pytest.param("int8", marks=packs)])
def test_recorded_steps_give_the_eager_logits(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EagerStepper, "shares", kind != "apart")
    model = tiny(norm_first=kind != "norm last")
    model = model.quick(kind == "int8") if kind in ("half", "int8") else model
    stepper = TracedStepper(model)
    for _ in range(2):  # the second time there are recordings
        wanted = along(EagerStepper(model), model, 20)
        found = along(stepper, model, 20)
        for a, b in zip(found, wanted, strict=True):
            assert torch.equal(a, b)
    kinds = {(window, "mask" in parts) for window, parts, _ in stepper._recordings}
    window = Window if kind == "apart" else SharedWindow
    assert kinds == {(window, True), (window, False)} and stepper.records


@packs
def test_many_rows_of_eight_bits_have_a_recording_of_their_own() -> None:
    model = tiny().quick(eight_bit=True)
    stepper = TracedStepper(model)
    asked = [request(2, seeds=tuple(range(9)))]
    for row, other in zip(
        generate(stepper, asked, DRAWN), generate(model, asked, DRAWN), strict=True
    ):
        assert row.codes.tolist() == other.codes.tolist()
    assert {many for *_, many in stepper._recordings} == {False, True}


def test_a_model_that_reads(reading_model: Text2Semantic) -> None:  # noqa: F811
    wanted = along(EagerStepper(reading_model), reading_model, 20)
    found = along(TracedStepper(reading_model), reading_model, 20)
    assert all(torch.equal(a, b) for a, b in zip(found, wanted, strict=True))


def test_a_recording_that_fails_is_said_once_and_decoding_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise RuntimeError("no recorder")

    monkeypatch.setattr(torch.jit, "trace", refuse)
    model = tiny()
    with caplog.at_level(logging.WARNING):
        found = along(TracedStepper(model), model, 20)
    assert [r.getMessage() for r in caplog.records] == [
        "steps cannot be recorded, decoding is slower: no recorder"]
    wanted = along(EagerStepper(model), model, 20)
    assert all(torch.equal(a, b) for a, b in zip(found, wanted, strict=True))
