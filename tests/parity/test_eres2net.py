"""The speaker network of v2Pro and v2ProPlus: the published numbers, from weights made by rule."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.parity.records import DATA, Records, rule_weights
from voice.audio.kaldi import kaldi_filterbank
from voice.checkpoints.official_parts import load_part
from voice.models.eres2net import ERes2Net
from voice.spec.speaker import SpeakerSpec


@pytest.fixture(scope="module")
def model() -> ERes2Net:
    net = ERes2Net(SpeakerSpec()).eval().requires_grad_(False)
    load_part(net, rule_weights("eres2netv2"), "eres2net", "speaker network")
    return net


@pytest.fixture(scope="module")
def records() -> Records:
    return Records("eres2netv2")


def samples(name: str) -> Tensor:
    return torch.from_numpy(np.load(DATA / f"signals_{name}.npz")["samples"])


@pytest.mark.parametrize(("name", "frames"), [("a", 318), ("b", 208)])
def test_filter_bank(records: Records, name: str, frames: int) -> None:
    bands = kaldi_filterbank(samples(name), 16000, 80)
    assert bands.shape == (frames, 80)
    records.check(f"fbank_{name}", bands[None])


def test_speaker_vectors(model: ERes2Net, records: Records) -> None:
    bands = kaldi_filterbank(samples("b"), 16000, 80)
    seen: dict[int, Tensor] = {}
    hooks = [
        model.stages[i].register_forward_hook(lambda _m, _i, out, i=i: seen.__setitem__(i, out))
        for i in (0, 3)
    ]
    vector = model.vector(samples("b"))
    for hook in hooks:
        hook.remove()
    assert vector.shape == (model.spec.vector_width,) == (20480,)
    records.check("sv_emb_b", vector[None])
    records.check("layer1_b_first4ch", seen[0][:, :4])
    records.check("layer4_b_first8ch", seen[3][:, :8])
    records.check("sv_emb_b_input_x16", model(bands[None] * 16))


def test_another_recording(model: ERes2Net, records: Records) -> None:
    records.check("sv_emb_a", model.vector(samples("a"))[None])
