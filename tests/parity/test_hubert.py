"""HuBERT base: the published program's features, from weights made by rule."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional

from tests.parity.records import DATA, Records, rule_weights
from voice.checkpoints.official_parts import load_part
from voice.errors import ModelFileError
from voice.models.hubert import Hubert
from voice.spec.hubert import HubertSpec

PADDING = 9600  # samples of silence that upstream puts behind every prompt


@pytest.fixture(scope="module")
def model() -> Hubert:
    net = Hubert(HubertSpec()).eval().requires_grad_(False)
    load_part(net, rule_weights("hubert_base"), "hubert", "hubert")
    return net


@pytest.fixture(scope="module")
def records() -> Records:
    return Records("hubert_base")


def test_features(model: Hubert, records: Records) -> None:
    front = model.front(records.tensor("wav_16k"))
    first = model.embed(front)
    records.check("cnn_features", front)
    records.check("hidden_state_0", first)
    records.check("hidden_state_1", model.layers[0](first, None))
    features = model(records.tensor("wav_16k"))
    assert features.shape == (1, 99, 768)
    records.check("last_hidden_state", features)


def test_a_padded_recording(model: Hubert, records: Records) -> None:
    samples = torch.from_numpy(np.load(DATA / "signals_a.npz")["samples"])[None]
    padded = functional.pad(samples, (0, PADDING))
    assert padded.shape[1] == records.array("padded_len")
    features = model(padded)
    assert features.shape[1] == records.array("padded_frames")
    records.check("padded_last_hidden_state_first10", features[:, :10])
    records.check("padded_last_hidden_state_last10", features[:, -10:])


def test_a_file_must_fit() -> None:
    sizes = {"front_width": 4, "width": 8, "heads": 2, "hidden": 8, "layers": 1}
    net = Hubert(HubertSpec(**sizes, position_kernel=4, position_groups=2))
    weights = {"encoder.layers.1.final_layer_norm.bias": torch.zeros(8), "surprise": torch.zeros(1)}
    with pytest.raises(ModelFileError, match=r"file: no place for encoder\.layers\.1.*, surprise"):
        load_part(net, weights, "hubert", "file")
    with pytest.raises(ModelFileError, match=r"file: weights missing for front\.convs\.0\.weight"):
        load_part(net, {"masked_spec_embed": torch.zeros(8)}, "hubert", "file")
