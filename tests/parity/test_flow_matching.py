"""The decoders of v3 and v4: the published program's features and flow, from weights made by rule.

The content features are compared with a flow of one layer; the flow has all of them, and takes a
gigabyte and a half.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.parity.records import DATA, Records, rule_weights
from voice.checkpoints.official_flow_matching import load_official_flow_matching
from voice.errors import ModelFileError
from voice.models.estimator import Estimator, integrate
from voice.models.flow_matching import FlowMatchingDecoder
from voice.nn.dit import rotation
from voice.spec.flow_matching import FlowMatchingSpec
from voice.spec.model import preset

FRAMES, PROMPT = 150, 60  # of the recorded flow


def spec(version: str, layers: int) -> FlowMatchingSpec:
    found = preset(version).decoder
    assert isinstance(found, FlowMatchingSpec)
    return replace(found, estimator=replace(found.estimator, layers=layers))


def shortened(names: dict[str, Any]) -> dict[str, Any]:
    """Names of a flow of one layer."""
    blocks = "cfm.estimator.transformer_blocks."
    return {
        k: v for k, v in names.items() if not k.startswith(blocks) or k.startswith(blocks + "0.")
    }


@pytest.fixture(scope="module")
def content_weights() -> dict[str, Tensor]:
    return rule_weights("vits_v3", keep=shortened)


@pytest.mark.parametrize("version", ["v3", "v4"])
def test_content_features(version: str, content_weights: dict[str, Tensor]) -> None:
    net = FlowMatchingDecoder(spec(version, 1)).eval().requires_grad_(False)
    load_official_flow_matching(net, content_weights, version)
    records = Records(f"vits_{version}")
    reference = torch.from_numpy(np.load(DATA / "refspec.npz")["spec_a"])
    timbre = net.timbre(reference)
    records.check("ge", timbre[..., None])
    said = records.tensor("prompt_codes")[0], records.tensor("prompt_text")
    records.check("fea_ref", net.features(*said, timbre))
    said = records.tensor("codes")[0], records.tensor("text")
    records.check("fea", net.features(*said, timbre))
    lengths = torch.tensor([40]), torch.tensor([25])
    state, _ = net.state(said[0], lengths[0], said[1], lengths[1], timbre)
    records.check("enc_p_x", state.mT)
    for name, speed in (("125", 1.25), ("080", 0.8)):
        features = net.features(*said, timbre, speed)
        assert list(features.shape) == records.array(f"fea_speed{name}_shape").tolist()
        records.check(f"fea_speed{name}", features[:, :64])
    if version == "v3":  # the same head in all versions
        codes = net.tokens(records.tensor("ssl").mT)
        assert codes.tolist() == records.array("codes_from_ssl")[0].tolist()


def test_a_file_must_fit(content_weights: dict[str, Tensor]) -> None:
    net = FlowMatchingDecoder(spec("v3", 1))
    training_only = {"enc_q.pre.bias": torch.zeros(1), "dec.conv_pre.bias": torch.zeros(1)}
    load_official_flow_matching(net, content_weights | training_only, "base")
    missing = {k: v for k, v in content_weights.items() if k != "cfm.estimator.proj_out.bias"}
    with pytest.raises(ModelFileError, match=r"weights missing for estimator\.output\.bias"):
        load_official_flow_matching(net, missing, "short")
    with pytest.raises(ModelFileError, match="no place for cfm.surprise"):
        load_official_flow_matching(net, content_weights | {"cfm.surprise": torch.zeros(1)}, "x")


class Flow:
    """The whole flow beside what was recorded of it."""

    def __init__(self) -> None:
        decoder = FlowMatchingDecoder(spec("v3", 22)).eval().requires_grad_(False)
        load_official_flow_matching(decoder, rule_weights("vits_v3"), "v3")
        self.net: Estimator = decoder.estimator
        self.records = Records("cfm")
        self.features = torch.from_numpy(np.load(DATA / "cfm_mu.npz")["mu"])
        self.prompt, self.noise = self.records.tensor("prompt"), self.records.tensor("noise")
        self.start = self.noise.clone()
        self.start[..., :PROMPT] = 0
        self.known = torch.nn.functional.pad(self.prompt, (0, FRAMES - PROMPT))

    @staticmethod
    def times(rows: int = 1) -> Tensor:
        return torch.tensor([[0.3], [0.25]]).expand(2, rows)


@pytest.fixture(scope="module")
def flow() -> Iterator[Flow]:
    with torch.inference_mode():
        yield Flow()


def test_rotation() -> None:
    angles = torch.from_numpy(Records("cfm").array("rotary_freqs_len8"))[0]
    cosine, sine = rotation(8, 64, torch.zeros(1))
    torch.testing.assert_close(cosine, angles.cos())
    torch.testing.assert_close(sine, angles.sin())


@pytest.mark.slow
@torch.inference_mode()
def test_one_velocity(flow: Flow) -> None:
    net, records, seen = flow.net, flow.records, {}
    parts = {"one_input_embed": net.place, "one_block0": net.blocks[0],
             "one_block21": net.blocks[21], "one_time_embed": net.time, "one_d_embed": net.step}
    hooks = [
        part.register_forward_hook(lambda _m, _i, out, name=name: seen.__setitem__(name, out))
        for name, part in parts.items()
    ]
    guide = net.guide(flow.features)
    velocity = net(flow.start, flow.known, flow.times(), guide)
    for hook in hooks:
        hook.remove()
    records.check("one_text_embed", guide)
    for name, value in seen.items():
        records.check(name, value)
    records.check("one_velocity", velocity.mT)
    nothing = net.guide(torch.zeros_like(flow.features))
    alone = net(flow.start, torch.zeros_like(flow.known), flow.times(), nothing)
    records.check("one_velocity_uncond", alone.mT)


@pytest.mark.slow
@torch.inference_mode()
def test_rows_of_different_length(flow: Flow) -> None:
    both = torch.cat([flow.start, flow.start.flip(2)])
    mask = torch.arange(FRAMES) < torch.tensor([[FRAMES], [110]])
    guide = flow.net.guide(flow.features).expand(2, -1, -1)
    known = flow.known.expand(2, -1, -1)
    velocity = flow.net(both, known, flow.times(2), guide, mask)
    flow.records.check("batch2_velocity_item1_first110", velocity[1, :, :110].mT)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "steps", "guidance", "temperature"), [
    ("integrate4", 4, 0.0, 1.0), ("integrate4_cfg05", 4, 0.5, 1.0),
    ("integrate2_temp07", 2, 0.0, 0.7),
])
@torch.inference_mode()
def test_integration(
    flow: Flow, name: str, steps: int, guidance: float, temperature: float
) -> None:
    noise = flow.noise * temperature
    mel = integrate(flow.net, flow.features, flow.prompt, noise, steps, guidance)
    assert not mel[..., :PROMPT].any()
    flow.records.check(name, mel)
