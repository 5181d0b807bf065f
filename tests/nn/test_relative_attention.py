"""Windowed relative attention against its definition, written out with loops."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from voice.nn.relative_attention import Attention, RelativeEncoder
from voice.spec.vits import PriorSpec


def by_definition(layer: Attention, x: Tensor, length: int) -> Tensor:
    """One row (F, D), its first ``length`` frames real: every score and value one by one."""
    frames, width = x.shape
    inner = width // layer.heads
    query, key, value = (p(x).reshape(frames, layer.heads, inner) for p in
                         (layer.query, layer.key, layer.value))
    out = torch.zeros(frames, layer.heads, inner)
    for head in range(layer.heads):
        for i in range(frames):
            scores, values = [], []
            for j in range(length):
                k, v = key[j, head], value[j, head]
                if abs(j - i) <= layer.window:
                    k = k + layer.relative_keys[0, j - i + layer.window]
                    v = v + layer.relative_values[0, j - i + layer.window]
                scores.append(query[i, head] @ k / inner**0.5)
                values.append(v)
            out[i, head] = torch.stack(scores).softmax(0) @ torch.stack(values)
    return layer.out(out.flatten(1))


@pytest.mark.parametrize("frames", [1, 3, 9, 14])
@torch.no_grad()
def test_attention_is_its_definition(frames: int) -> None:
    torch.manual_seed(0)
    layer = Attention(12, 2, window=4)
    x, length = torch.randn(2, frames, 12), max(1, frames - 2)
    mask = (torch.arange(frames) < torch.tensor([frames, length])[:, None])[..., None].float()
    ours = layer(x, x, mask)
    torch.testing.assert_close(ours[0], by_definition(layer, x[0], frames), atol=1e-5, rtol=0)
    theirs = by_definition(layer, x[1], length)
    torch.testing.assert_close(ours[1, :length], theirs[:length], atol=1e-5, rtol=0)


@torch.no_grad()
def test_the_encoder_does_not_see_padding() -> None:
    torch.manual_seed(0)
    encoder = RelativeEncoder(PriorSpec(width=16, heads=2, hidden=24), 2).eval()
    x = torch.randn(1, 9, 16)
    mask = torch.ones(1, 9, 1)
    alone = encoder(x, mask)
    padded = torch.nn.functional.pad(x, (0, 0, 0, 5), value=1e3)
    longer = encoder(padded, torch.nn.functional.pad(mask, (0, 0, 0, 5)))
    torch.testing.assert_close(longer[:, :9], alone, atol=1e-5, rtol=0)
    assert longer[:, 9:].abs().max() == 0
