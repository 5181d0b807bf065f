"""Packed linear layers: what callers may still ask of them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from voice.models.text2semantic import Text2Semantic
from voice.nn.packed import FEW_ROWS, EightBitLinear, can_pack, packed
from voice.spec.text2semantic import Text2SemanticSpec

pytestmark = pytest.mark.skipif(not can_pack(), reason="this processor has no packed kernels")


def test_an_eight_bit_layer_computes_nearly_the_same_for_few_and_many_rows() -> None:
    torch.manual_seed(0)
    layer = nn.Linear(320, 64).requires_grad_(False)
    x = torch.randn(2 * FEW_ROWS, 320)
    x[:, 7] = 30.0  # a channel far above the others costs them nothing
    pack, wanted = EightBitLinear(layer), layer(x)
    many = pack(x)
    assert float((many - wanted).norm() / wanted.norm()) < 0.01
    few = torch.cat([pack(x[:FEW_ROWS]), pack(x[FEW_ROWS:])])
    assert float((many - few).norm() / wanted.norm()) < 0.002
    alone = torch.cat([pack(row[None]) for row in x])
    assert torch.equal(alone, few), "a row does not depend on those beside it"
    assert torch.equal(pack(x[None, :3])[0], few[:3])
    assert pack.bias is layer.bias
    plain = nn.Linear(320, 64, bias=False).requires_grad_(False)
    assert EightBitLinear(plain).bias is None
    assert EightBitLinear(plain)(x[:1]).shape == (1, 64)


def test_a_packed_layer_computes_the_same_and_keeps_its_bias() -> None:
    layer = nn.Linear(16, 8).requires_grad_(False)
    layer.weight.copy_(layer.weight.half())  # as a file in half precision has it
    pack = packed(nn.Sequential(layer))[0]
    x = torch.randn(3, 16, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(pack(x), layer(x), atol=1e-5, rtol=1e-5)
    assert torch.equal(pack.bias, layer.bias)
    assert packed(nn.Sequential(nn.Linear(16, 8, bias=False)))[0].bias is None


def test_a_quick_model_with_bert_needs_no_features() -> None:
    spec = Text2SemanticSpec(layers=1, width=16, heads=2, hidden=32, phonemes=9, bert_width=8)
    net = Text2Semantic(spec).eval().requires_grad_(False)
    ids, lengths = torch.tensor([[1, 2, 3]]), torch.tensor([3])
    usual, _ = net.embed_text(ids, lengths)
    quick, _ = net.quick().embed_text(ids, lengths)
    torch.testing.assert_close(quick, usual)
    zeros, _ = net.embed_text(ids, lengths, torch.zeros(1, 3, 8))
    torch.testing.assert_close(zeros, usual)
