"""Speed with made-up weights: what is counted, on models small enough for tests."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.decode.tiny import request
from tests.decode.tiny import tiny as decode_tiny
from tests.tiny_official import official_spec
from voice.cli.app import Environment, run
from voice.decode.loop import generate
from voice.decode.sampling import SamplingSettings
from voice.errors import OptionError
from voice.evaluation import benchmark, filled
from voice.evaluation.plain import PlainStepper
from voice.evaluation.probes import ProbeOptions
from voice.spec.model import ModelSpec


def tiny(version: str) -> ModelSpec:
    spec = official_spec(version)
    return replace(spec, text2semantic=replace(spec.text2semantic, bert_width=8))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Official versions are tiny, and so is the vocoder."""
    monkeypatch.setattr(filled, "preset", tiny)
    monkeypatch.setattr(filled, "SECONDS", 1.0)
    monkeypatch.setattr(filled, "_vocoder", small_vocoder)


def small_vocoder(name: str) -> Any:
    from tests.tiny_official import PARTS

    _, sizes, module = PARTS[name]
    return module(sizes).eval().requires_grad_(False)


def options(version: str, tokens: int = 12) -> ProbeOptions:
    return ProbeOptions(version, "", "cpu", 1, 1, tokens)


def test_gpt_makes_all_the_tokens_that_are_asked_for(small: None) -> None:
    found = filled.gpt_probe(options("v2"))
    assert found["device"] == "cpu"
    for figures in found["ways"].values():
        assert figures["first_token_seconds"] > 0
        assert figures["tokens_per_second"] > 0
        assert figures["batch_tokens_per_second"] > 0
    assert {"plain loop", "float32"} <= set(found["ways"])
    plain = found["ways"]["plain loop"]
    for figures in found["ways"].values():
        assert figures["times_plain"] == pytest.approx(
            figures["tokens_per_second"] / plain["tokens_per_second"])


def test_the_plain_loop_says_what_ours_says() -> None:
    model = decode_tiny(norm_first=False)
    asked = [request(2, seeds=(1, 2, 3)), request(2, seeds=(4,))]
    plain = generate(PlainStepper(model), asked, SamplingSettings(max_tokens=30))
    ours = generate(model, asked, SamplingSettings(max_tokens=30))
    assert [r.codes.tolist() for r in plain] == [r.codes.tolist() for r in ours]
    assert len({len(r.codes) for r in plain}) > 1
    with pytest.raises(OptionError, match="one length"):
        generate(PlainStepper(model), [request(1), request(2)], SamplingSettings(max_tokens=3))


@pytest.mark.parametrize(("version", "steps"), [("v2", 0), ("v2Pro", 0), ("v3", 2), ("v4", 2)])
def test_the_decoder_makes_the_seconds_that_are_asked_for(
    small: None, version: str, steps: int
) -> None:
    found = filled.decoder_probe(options(version))
    assert found["seconds"] == pytest.approx(1.0, abs=0.02)
    assert found["sound_per_second"] > 0
    assert found["steps"] == steps


def test_the_report(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {"first_token_seconds": 0.25, "tokens_per_second": 70.25,
             "batch_tokens_per_second": 120.0, "times_plain": 2.346}
    answers = {
        "filled_gpt": {"device": "cpu", "ways": {"float32": rates}, "peak_mebibytes": 900.0},
        "filled_decoder": {"device": "cpu", "seconds": 10.0, "sound_per_second": 4.5, "steps": 32,
                           "peak_mebibytes": 1500.0},
    }
    monkeypatch.setattr(benchmark, "probe", lambda name, asked: answers[name])
    steps: list[str] = []
    report = filled.run_filled(filled.FilledOptions("v3", "cpu", 2), steps.append)
    assert steps == ["gpt", "decoder"]
    assert report["peak_mebibytes"] == 1500
    assert report["gpt"]["ways"]["float32"]["tokens_per_second"] == 70.25
    lines = filled.filled_table(json.loads(json.dumps(report)))
    assert len(lines) == 4
    assert "70.2 tokens/s (120.0 in a batch of 4), first after 0.250 s, 2.35 x" in lines[1]
    assert "decoder 10 s, 32 steps" in lines[2] and "4.50 s of sound a second" in lines[2]


def test_one_part_is_measured_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def probe(name: str, options: ProbeOptions) -> dict[str, object]:
        asked.append(f"{options.model} {name}")
        return {"device": "cpu", "seconds": 10.0, "sound_per_second": 4.5, "steps": 0,
                "peak_mebibytes": 1500.0}

    monkeypatch.setattr(benchmark, "probe", probe)
    command = ["benchmark", "--filled", "--model", "v2Pro", "--part", "decoder"]
    assert run(command, Environment(tmp_path)) == 0
    assert asked == ["v2Pro filled_decoder"]
    shown = capsys.readouterr().out
    assert "4.50 s of sound a second" in shown and "tokens/s" not in shown


def test_wrong_requests_are_named() -> None:
    with pytest.raises(OptionError, match="no official version 'v9'"):
        filled.run_filled(filled.FilledOptions("v9"), str)
    with pytest.raises(OptionError, match="tokens from 2 to 1500"):
        filled.FilledOptions("v2", tokens=1)
