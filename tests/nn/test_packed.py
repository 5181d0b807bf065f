"""Packed linear layers: what callers may still ask of them."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from voice.models.text2semantic import Text2Semantic
from voice.nn.packed import PackedLinear, can_pack
from voice.spec.text2semantic import Text2SemanticSpec

pytestmark = pytest.mark.skipif(not can_pack(), reason="this processor has no packed kernels")


def test_a_packed_layer_computes_the_same_and_keeps_its_bias() -> None:
    layer = nn.Linear(16, 8).requires_grad_(False)
    layer.weight.copy_(layer.weight.half())  # as a file in half precision has it
    pack, x = PackedLinear(layer), torch.randn(3, 16, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(pack(x), layer(x), atol=1e-5, rtol=1e-5)
    assert pack.bias is layer.bias
    assert PackedLinear(nn.Linear(16, 8, bias=False)).bias is None


def test_a_quick_model_with_bert_needs_no_features() -> None:
    spec = Text2SemanticSpec(layers=1, width=16, heads=2, hidden=32, phonemes=9, bert_width=8)
    net = Text2Semantic(spec).eval().requires_grad_(False)
    ids, lengths = torch.tensor([[1, 2, 3]]), torch.tensor([3])
    usual, _ = net.embed_text(ids, lengths)
    quick, _ = net.quick().embed_text(ids, lengths)
    torch.testing.assert_close(quick, usual)
    zeros, _ = net.embed_text(ids, lengths, torch.zeros(1, 3, 8))
    torch.testing.assert_close(zeros, usual)
