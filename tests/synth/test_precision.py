"""The language model in fewer bits says what it says in 32, up to their rounding."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.tiny_model import write_tiny_model
from voice import OptionError, Synthesizer
from voice.checkpoints.store import load_model
from voice.decode.loop import GenerateRequest, generate
from voice.decode.sampling import SamplingSettings
from voice.decode.stepper import EagerStepper, Prefix
from voice.models.text2semantic import Text2Semantic
from voice.nn.packed import can_pack
from voice.synth.precision import ON_CPU, at_precision, narrowed


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny")


@pytest.fixture(scope="module")
def net(folder: Path) -> Text2Semantic:
    return load_model(folder, "cpu").text2semantic


def logits(net: Text2Semantic) -> np.ndarray:
    """Of the first four tokens, always the same ones taken."""
    stepper = EagerStepper(net)
    prefix = Prefix(torch.arange(3, 15), torch.arange(6), None, torch.arange(6))
    found = [stepper.prefill([prefix], [0, 0], 8)]
    found += [stepper.step(torch.tensor([code, code])) for code in (3, 1, 4)]
    return torch.stack(found).numpy()


@pytest.mark.parametrize("precision", [p for p in ON_CPU if p != "auto"])
def test_on_a_processor(net: Text2Semantic, precision: str) -> None:
    if precision != "float32" and not can_pack():
        pytest.skip("this processor has no packed kernels")
    made, exact = at_precision(net, precision), logits(net)
    assert (made is net) == (precision == "float32")
    spread = exact.std()
    bound = {"float32": 0.0, "float16": 0.02, "int8": 0.05}[precision]
    assert np.abs(logits(made) - exact).max() <= bound * spread
    assert logits(net).tobytes() == exact.tobytes(), "the model itself stays as it was"


@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_as_a_gpu_computes_it(net: Text2Semantic, precision: str) -> None:
    made, exact = narrowed(net, precision), logits(net)
    assert made.code_embedding.weight.dtype == getattr(torch, precision)
    assert logits(made).dtype == np.float32
    assert np.abs(logits(made) - exact).max() <= 0.06 * exact.std()
    request = GenerateRequest(np.arange(3, 15), (1, 2), np.arange(6), 4)
    rows = generate(made, [request], SamplingSettings(max_tokens=12))
    assert [row.seed for row in rows] == [1, 2] and all(len(row.codes) <= 12 for row in rows)


def test_what_a_device_does_not_have_is_said(net: Text2Semantic, folder: Path) -> None:
    with pytest.raises(OptionError, match=r"bfloat16, which cpu has not.*auto, float32"):
        at_precision(net, "bfloat16")
    with pytest.raises(OptionError, match="int8, which meta has not"):
        at_precision(Text2Semantic(net.spec).to("meta"), "int8")
    with pytest.raises(OptionError, match="precision is 'double'"):
        Synthesizer.load(folder, precision="double")


def test_a_synthesizer_keeps_it(folder: Path) -> None:
    assert Synthesizer.load(folder, device="cpu").precision == "auto"
    exact = Synthesizer.load(folder, device="cpu", precision="float32")
    assert type(exact.model.text2semantic.layers[0].expand) is torch.nn.Linear
