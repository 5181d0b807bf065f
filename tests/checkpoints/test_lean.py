"""Parts in half the memory: the same numbers, and files that do not fit are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from voice.checkpoints.components import load_component, write_spec
from voice.checkpoints.lean import load_lean
from voice.checkpoints.tensors import write_tensors
from voice.errors import ModelFileError
from voice.models.bert import Bert
from voice.nn.packed import HalfLinear, can_pack
from voice.spec.bert import BertSpec

pytestmark = pytest.mark.skipif(not can_pack(), reason="this processor has no packed kernels")
SPEC = BertSpec(vocabulary=50, width=16, layers=2, heads=2, hidden=32, positions=20)


@pytest.fixture
def bert() -> Bert:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = Bert(SPEC).eval().requires_grad_(False)
    for value in net.state_dict().values():
        value.copy_(value.half())  # as the published file has it
    return net


def read(net: nn.Module) -> Tensor:
    return net(torch.tensor([[1, 7, 3, 9, 2]]))


def test_a_file_in_half_precision_gives_the_same_numbers(bert: Bert, tmp_path: Path) -> None:
    write_tensors(tmp_path / "weights.safetensors", bert.state_dict(), half=True)
    write_spec(tmp_path, "bert", SPEC, "MIT")
    lean = load_component(tmp_path, lean=True)
    assert not any(isinstance(m, nn.Linear) for m in lean.modules())
    assert any(isinstance(m, HalfLinear) for m in lean.modules())
    torch.testing.assert_close(read(lean), read(bert), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(read(load_component(tmp_path)), read(bert))


def test_a_file_in_single_precision_stays_so(bert: Bert, tmp_path: Path) -> None:
    for value in bert.state_dict().values():
        value.mul_(1.0001)
    write_tensors(tmp_path / "w.safetensors", bert.state_dict())
    lean = load_lean(lambda: Bert(SPEC), tmp_path / "w.safetensors")
    assert not any(isinstance(m, HalfLinear) for m in lean.modules())
    assert torch.equal(read(lean), read(bert))


def test_files_that_do_not_fit_are_refused(bert: Bert, tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    state = dict(bert.state_dict())
    gone = next(iter(state))
    write_tensors(path, {k: v for k, v in state.items() if k != gone})
    with pytest.raises(ModelFileError, match=f"missing {gone}"):
        load_lean(lambda: Bert(SPEC), path)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(ModelFileError, match="not a readable"):
        load_lean(lambda: Bert(SPEC), path)
