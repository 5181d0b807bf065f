"""Predicted pitch: what the waveform decoder is told; padding and batches change nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from tests.tiny_model import tiny_spec
from voice.models.vits import DecodeSettings, Vits
from voice.nn.pitch import PitchModel
from voice.nn.source import Source, told
from voice.spec.vits import PitchSpec

SPEC = PitchSpec(width=8, layers=2, kernel=3, points=2)


@pytest.fixture(scope="module")
def model() -> PitchModel:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        made = PitchModel(SPEC, 6, 4, 10, 0.01)
        torch.nn.init.normal_(made.embed.weight, std=0.3)
        return made.eval().requires_grad_(False)


def test_pulses_have_every_harmonic_of_the_pitch_equally_and_rest_where_it_is_unvoiced() -> None:
    source = Source(24000, 960, 240)
    hz = torch.full((1, 200), 150.0)
    hz[0, 100:] = 0
    samples = source.pulses(*told(hz, 0.01)[..., :2].unbind(-1))[0]
    assert (samples[24000:] == 0).all()
    voiced = samples[:24000]
    assert float(voiced.square().mean()) == pytest.approx(1, abs=0.02)
    spectrum = torch.fft.rfft(voiced).abs()
    harmonics = spectrum[150:11900:150]
    assert float(harmonics.min() / harmonics.max()) > 0.95
    between = spectrum.clone()
    for offset in (-1, 0, 1):
        between[150 + offset:12000:150] = 0
    assert float(between[:11900].max() / harmonics.max()) < 0.02


def test_a_piece_of_a_contour_gives_that_piece_of_the_excitation() -> None:
    source = Source(24000, 960, 240)
    hz = torch.linspace(80, 300, 700)[None] * (torch.arange(700) % 50 > 10)
    values = told(hz, 0.01)
    whole, piece = source(values), source(values[:, 500:600])
    for all_of_it, part in zip(whole.pulses + whole.noise, piece.pulses + piece.noise, strict=True):
        assert torch.allclose(all_of_it[:, 503:597], part[:, 3:-3], atol=1e-5)
    for real, imaginary in (whole.pulses, whole.noise):
        loud = hz[0] > 0
        power = (real.square() + imaginary.square())[0, loud].mean()
        assert 0.7 < float(power) < 1.3


def test_a_row_is_the_same_alone_and_beside_a_longer_one(model: PitchModel) -> None:
    rng = torch.Generator().manual_seed(1)
    state, timbre = torch.randn(2, 6, 9, generator=rng), torch.randn(2, 4, generator=rng)
    mask = torch.ones(2, 1, 9)
    mask[1, :, 5:] = 0
    both = model.contour(state, mask, timbre)
    alone = model.contour(state[1:, :, :5], mask[1:, :, :5], timbre[1:])
    assert torch.allclose(both.octaves[1:, :10], alone.octaves, atol=1e-5)
    assert torch.equal(both.voiced[1:, :10], alone.voiced)
    assert (both.voiced[1, 10:] == 0).all()
    assert torch.allclose(model(both)[1:, :, :5], model(alone), atol=1e-5)
    assert torch.allclose(model.excitation(both)[1:, :, :5], model.excitation(alone), atol=1e-5)


def test_a_contour_is_moved_to_the_voice_where_its_pitch_is_known(model: PitchModel) -> None:
    rng = torch.Generator().manual_seed(4)
    state, timbre = torch.randn(3, 6, 40, generator=rng), torch.randn(3, 4, generator=rng)
    mask = torch.ones(3, 1, 40)
    mask[1, :, 30:] = 0
    plain = model.contour(state, mask, timbre)
    moved = model.contour(state, mask, timbre, torch.tensor([100.0, 330.0, 0.0]))
    assert torch.equal(moved.voiced, plain.voiced)
    for row, hz in enumerate((100.0, 330.0)):
        voiced = plain.voiced[row] > 0
        assert voiced.sum() > 5
        middle = 200 * 2 ** float(moved.octaves[row, voiced].mean())
        assert middle == pytest.approx(hz, rel=1e-4)
        step = (moved.octaves - plain.octaves)[row]
        assert torch.allclose(step, step[:1].expand_as(step), atol=1e-5)
    assert torch.equal(moved.octaves[2], plain.octaves[2])
    silent = model.contour(state, mask * 0, timbre, torch.tensor([100.0] * 3))
    assert silent.octaves.isfinite().all()


def test_a_contour_is_spread_around_its_middle(model: PitchModel) -> None:
    rng = torch.Generator().manual_seed(4)
    state, timbre = torch.randn(2, 6, 40, generator=rng), torch.randn(2, 4, generator=rng)
    mask = torch.ones(2, 1, 40)
    mask[1, :, 1:] = 0  # two values have no middle worth spreading around
    lively = PitchModel(replace(SPEC, spread=1.5), 6, 4, 10, 0.01).eval().requires_grad_(False)
    lively.load_state_dict(model.state_dict())
    for hz in (None, torch.tensor([150.0, 150.0])):
        plain, found = (m.contour(state, mask, timbre, hz) for m in (model, lively))
        voiced = plain.voiced[0] > 0
        assert torch.equal(plain.voiced, found.voiced) and voiced.sum() > 10
        before, after = plain.octaves[0, voiced], found.octaves[0, voiced]
        assert float(after.mean()) == pytest.approx(float(before.mean()), abs=1e-5)
        assert torch.allclose(after - after.mean(), 1.5 * (before - before.mean()), atol=1e-5)
        assert torch.equal(found.octaves[1], plain.octaves[1])


def test_a_decoder_with_pitch_decodes_piece_by_piece_as_at_once() -> None:
    spec = tiny_spec().decoder
    assert spec.pitch is not None
    with torch.random.fork_rng():
        torch.manual_seed(2)
        vits = Vits(spec).eval().requires_grad_(False)
        assert vits.pitch is not None
        torch.nn.init.normal_(vits.pitch.embed.weight, std=0.5)
        torch.nn.init.normal_(vits.pitch.output.weight, std=0.5)
        vits.pitch.output.bias[spec.pitch.points :] = 2.0  # most frames are voiced
    codes, ids = torch.arange(12)[None], torch.arange(5)[None]
    timbre = torch.randn(1, spec.timbre.width, generator=torch.Generator().manual_seed(3))
    given = (codes, torch.tensor([12]), ids, torch.tensor([5]), timbre)
    settings = DecodeSettings(noise_scale=0)
    whole = vits.decode(*given, settings)
    latent = vits.latent(*given, settings)
    pieces = torch.cat(list(vits.waveform_chunks(latent.z, timbre, 7)), 1)
    assert torch.allclose(pieces, whole, atol=1e-4)
    torch.nn.init.zeros_(vits.pitch.embed.weight)
    assert (vits.decode(*given, settings) - whole).abs().max() > 1e-3
