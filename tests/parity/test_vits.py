"""The official decoders: same outputs as the published program's, from weights made by rule.

``tests/data/parity`` holds the recorded outputs, the larger ones thinned out (``__every8``
channels, ``__first`` samples); all of them are compared where the folder of recordings is at hand.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from tests.parity.fill import fill
from voice.checkpoints.official_vits import fold_weight_norm, load_official_vits
from voice.errors import ModelFileError
from voice.models.vits import DecodeSettings, Vits, mean_timbre
from voice.spec.model import preset as model_preset
from voice.spec.vits import VitsSpec

ROOT = Path(__file__).parents[2]
DATA = ROOT / "tests/data/parity"
ALL = ROOT.parent / "shared/parity"
VERSIONS = ("v1", "v2", "v2Pro", "v2ProPlus")
HIDDEN, AUDIO = 1e-4, 5e-4  # largest difference over the root mean square
CALM = DecodeSettings(noise_scale=0.0)


def preset(version: str) -> VitsSpec:
    return model_preset(version).decoder


@cache
def weights(version: str) -> dict[str, Tensor]:
    """All weights of a version by official names."""
    shapes = json.loads((DATA / f"vits_{version}.shapes.json").read_text())
    return {k: torch.from_numpy(fill(k, tuple(s))) for k, s in shapes.items()}


class Case:
    """A version's model beside what was recorded of it."""

    def __init__(self, version: str) -> None:
        self.version = version
        self.model = Vits(preset(version)).eval().requires_grad_(False)
        load_official_vits(self.model, weights(version), version)
        weights.cache_clear()
        self.recorded = dict(np.load(DATA / f"vits_{version}.npz"))
        whole = ALL / f"vits_{version}.npz"
        self.whole = dict(np.load(whole)) if whole.is_file() else {}
        spectra = np.load(DATA / "refspec.npz")
        self.spectra = [torch.from_numpy(spectra[f"spec_{x}"]) for x in "ab"]
        self.codes, self.text = self.tensor("codes")[0], self.tensor("text")
        self.lengths = torch.tensor([self.codes.shape[1]]), torch.tensor([self.text.shape[1]])

    def tensor(self, name: str) -> Tensor:
        return torch.from_numpy(self.recorded[name])

    def timbre(self, i: int) -> Tensor:
        name = f"sv_emb_{'ab'[i]}"
        speaker = self.tensor(name) if name in self.recorded else None
        return self.model.timbre(self.spectra[i], speaker=speaker)

    def inputs(self, timbre: Tensor) -> tuple[Tensor, ...]:
        return self.codes, self.lengths[0], self.text, self.lengths[1], timbre

    def check(self, name: str, ours: Tensor, limit: float = HIDDEN) -> None:
        """Compares with every record of this name there is."""
        values = ours.numpy()
        pairs = [
            (self.recorded.get(name), values),
            (self.recorded.get(f"{name}__every8"), values[:1, ::8] if values.ndim > 1 else None),
            (self.recorded.get(f"{name}__first"), values[..., :12800]),
            (self.whole.get(name), values),
        ]
        pairs = [(a, b) for a, b in pairs if a is not None]
        assert pairs, name
        if name.startswith("audio_speed"):  # only their beginnings are recorded
            pairs = [(a, b[: len(a)]) for a, b in pairs]
        for theirs, value in pairs:
            assert value.shape == theirs.shape, name
            error = np.abs(value - theirs).max() / np.sqrt(np.square(theirs).mean())
            assert error < limit, f"{name}: {error:.2e}"


@pytest.fixture(scope="module", params=VERSIONS)
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


def test_timbre(case: Case) -> None:
    model = case.model
    style = model.style(case.spectra[0][:, : model.spec.timbre.bins], torch.ones(1, 160, 1))
    if model.speaker is None:
        case.check("ref_enc_out", style[..., None])
    else:  # recorded after the speaker vector was added to it in place
        added = style + model.speaker(case.tensor("sv_emb_a"))
        case.check("ref_enc_out", added[..., None])
        case.check("ge_after_prelu", case.timbre(0)[..., None])
        case.check("ge512", model.content_timbre(case.timbre(0))[..., None])


def test_prior_encoder(case: Case) -> None:
    encoder, seen = case.model.encoder, {}
    hooks = [
        part.register_forward_hook(lambda _m, _i, out, name=name: seen.__setitem__(name, out))
        for name, part in (
            ("encoder_ssl_out", encoder.content), ("encoder_text_out", encoder.text),
            ("mrte_out", encoder.cross),
        )
    ]
    prior = case.model.prior(*case.inputs(case.timbre(0)))
    for hook in hooks:
        hook.remove()
    for name, value in seen.items():
        case.check(name, value.transpose(1, 2))
    assert len(seen) == 3
    case.check("enc_p_x", prior.hidden)
    case.check("enc_p_m", prior.mean)
    case.check("enc_p_logs", prior.log_scale)


def test_decode_without_noise(case: Case) -> None:
    timbre = case.timbre(0)
    case.check("flow_out_ns0", case.model.latent(*case.inputs(timbre), CALM).z)
    audio = case.model.decode(*case.inputs(timbre), CALM)
    assert audio.shape == (1, 2 * 640 * 40)
    case.check("audio_ns0", audio[0], AUDIO)


def test_decode_with_the_recorded_noise(case: Case) -> None:
    timbre, model = case.timbre(0), case.model
    prior = model.prior(*case.inputs(timbre))
    z = prior.mean + case.tensor("noise") * prior.log_scale.exp() * 0.5
    z = model.flow(z, prior.mask, timbre, reverse=True)
    case.check("flow_out_ns05", z)
    case.check("audio_ns05", model.waveform(z, timbre)[0], AUDIO)


@pytest.mark.slow
def test_decode_with_two_references(case: Case) -> None:
    both = torch.cat([case.timbre(0), case.timbre(1)])
    audio = case.model.decode(*case.inputs(mean_timbre(both)[None]), CALM)
    case.check("audio_multiref_ns0", audio[0], AUDIO)
    weighted = mean_timbre(both, torch.tensor([1.0, 0.0]))[None]
    case.check("audio_ns0", case.model.decode(*case.inputs(weighted), CALM)[0], AUDIO)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "speed"), [("125", 1.25), ("080", 0.8)])
def test_decode_at_another_speed(case: Case, name: str, speed: float) -> None:
    timbre = case.timbre(0)
    prior = case.model.prior(*case.inputs(timbre), speed=speed)
    case.check(f"enc_p_m_speed{name}", prior.mean)
    audio = case.model.decode(*case.inputs(timbre), DecodeSettings(0.0, speed))
    assert audio.shape[1] == case.recorded[f"audio_speed{name}_len"]
    case.check(f"audio_speed{name}_ns0", audio[0], AUDIO)


def test_prompt_tokens(case: Case) -> None:
    others = np.load(DATA / "vits_more.npz")
    features, codes = (
        torch.from_numpy(case.recorded[key] if key in case.recorded
                         else others[f"{key}_{case.version}"])
        for key in ("ssl", "codes_from_ssl")
    )
    if "ssl_proj_out" in case.recorded or case.whole:
        case.check("ssl_proj_out", case.model.content_projection(features))
    assert torch.equal(case.model.tokens(features.mT), codes[0])


def test_states_of_a_growing_text(case: Case) -> None:
    """What streaming upstream starts from; its blending of the joint's four frames is not ours."""
    others = np.load(DATA / "vits_more.npz")
    if f"stream_latent1_{case.version}" not in others:
        pytest.skip("recorded for v2 and v2Pro")
    timbre = case.timbre(0)
    for number, codes, frames in (1, 24, 48), (2, 40, 32):
        count = torch.tensor([codes])
        prior = case.model.prior(case.codes[:, :codes], count, *case.inputs(timbre)[2:])
        wanted = others[f"stream_latent{number}_{case.version}"]
        error = np.abs(prior.hidden[:, :, -frames:].numpy() - wanted).max()
        assert error < HIDDEN * np.sqrt(np.square(wanted).mean())


def test_a_long_decode_in_chunks_is_the_whole() -> None:
    case = Case("v2")
    timbre = case.timbre(0)
    z = case.model.latent(*case.inputs(timbre), CALM).z
    whole = case.model.waveform(z, timbre)
    joined = torch.cat(list(case.model.waveform_chunks(z, timbre, 27)), 1)
    torch.testing.assert_close(joined, whole, atol=1e-5, rtol=0)


def test_a_file_must_fit_its_preset() -> None:
    model = Vits(preset("v2"))
    speaking = {k: v for k, v in weights("v2").items() if not k.startswith("enc_q.")}
    load_official_vits(model, speaking, "fine-tuned")
    with pytest.raises(ModelFileError, match="extra: no place for dec.surprise"):
        load_official_vits(model, {**speaking, "dec.surprise": torch.zeros(1)}, "extra")
    short = {k: v for k, v in speaking.items() if k != "enc_p.proj.bias"}
    with pytest.raises(ModelFileError, match=r"short: weights missing for encoder\.output\.bias"):
        load_official_vits(model, short, "short")
    with pytest.raises(ModelFileError, match=r"style\.spectral\.0\.weight is \(128, 704\)"):
        load_official_vits(Vits(preset("v1")), speaking, "other version")
    half = {k: v for k, v in speaking.items() if k != "dec.ups.0.weight_v"}
    with pytest.raises(ModelFileError, match=r"dec\.ups\.0\.weight_g has no weight_v"):
        load_official_vits(model, half, "half")


def test_training_files_fill_the_posterior_encoder() -> None:
    model = Vits(preset("v2"), posterior=True)
    load_official_vits(model, weights("v2"), "base")
    theirs = torch.from_numpy(fill("enc_q.proj.weight", (384, 192, 1)))
    assert torch.equal(model.posterior.output.weight, theirs)


def test_folding_weight_norm_is_what_torch_computes() -> None:
    conv = torch.nn.utils.parametrizations.weight_norm(torch.nn.ConvTranspose1d(4, 3, 5))
    pair = conv.parametrizations.weight
    gain, direction = pair.original0, pair.original1
    with torch.no_grad():
        gain.mul_(torch.rand(4, 1, 1) + 0.5)
    folded = fold_weight_norm({"a.weight_g": gain, "a.weight_v": direction, "a.bias": conv.bias})
    torch.testing.assert_close(folded["a.weight"], conv.weight)
    assert sorted(folded) == ["a.bias", "a.weight"]
