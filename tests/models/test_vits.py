"""The decoder on a small random model: masks, lengths, chunks, seeds, training pass."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from voice.errors import ModelFileError, OptionError
from voice.models.vits import DecodeSettings, TrainingBatch, Vits, mean_timbre, slice_rows
from voice.spec.load import from_dict, to_dict
from voice.spec.vits import (
    FlowSpec,
    HifiganSpec,
    PosteriorSpec,
    PriorSpec,
    TimbreSpec,
    VitsSpec,
    VocosSpec,
)

SMALL = VitsSpec(
    codes=32, code_width=24, phonemes=40, latent=16,
    prior=PriorSpec(32, 2, 48, 3, 4, 1, 2, 1, 48, 4, 0.1),
    timbre=TimbreSpec(hidden=32, width=32, content_width=32),
    flow=FlowSpec(3, 2, 24, 3),
    posterior=PosteriorSpec(layers=2, width=24),
    vocoder=VocosSpec(width=48, blocks=3, block_hidden=96, condition_width=16),
)
HIFIGAN = dataclasses.replace(
    SMALL,
    vocoder=HifiganSpec(32, (10, 8, 6), (16, 16, 8)),
    timbre=TimbreSpec(hidden=32, width=32, content_width=24),
)
CODE_LENGTHS, PHONEME_LENGTHS = [30, 11, 23], [9, 17, 4]


def model(spec: VitsSpec, posterior: bool = False) -> Vits:
    """Random weights in which every part matters (the flow's last layers start at zero)."""
    torch.manual_seed(3)
    vits = Vits(spec, posterior).eval()
    with torch.no_grad():
        for coupling in vits.flow.couplings:
            coupling.output.weight.normal_(std=0.3)
            coupling.output.bias.normal_(std=0.3)
    return vits


@pytest.fixture(scope="module", params=[SMALL, HIFIGAN], ids=["vocos", "hifigan"])
def vits(request: pytest.FixtureRequest) -> Vits:
    return model(request.param)


def inputs() -> tuple[torch.Tensor, ...]:
    """Three rows of unequal lengths with poison behind them, and their timbres."""
    generator = torch.Generator().manual_seed(5)
    codes = torch.randint(0, 32, (3, max(CODE_LENGTHS)), generator=generator)
    ids = torch.randint(0, 40, (3, max(PHONEME_LENGTHS)), generator=generator)
    timbre = torch.randn(3, 32, generator=generator)
    return codes, torch.tensor(CODE_LENGTHS), ids, torch.tensor(PHONEME_LENGTHS), timbre


def row(i: int) -> tuple[torch.Tensor, ...]:
    codes, code_lengths, ids, lengths, timbre = inputs()
    pick = slice(i, i + 1)
    return (
        codes[pick, : CODE_LENGTHS[i]], code_lengths[pick],
        ids[pick, : PHONEME_LENGTHS[i]], lengths[pick], timbre[pick],
    )


def seeds(*values: int) -> tuple[torch.Generator, ...]:
    return tuple(torch.Generator().manual_seed(v) for v in values)


@pytest.mark.parametrize("speed", [1.0, 1.3, 0.8])
def test_a_batch_is_its_rows_alone(vits: Vits, speed: float) -> None:
    together = vits.decode(*inputs(), DecodeSettings(0.7, speed, seeds(1, 2, 3)))
    for i in range(3):
        alone = vits.decode(*row(i), DecodeSettings(0.7, speed, seeds(i + 1)))
        frames = 2 * CODE_LENGTHS[i] if speed == 1 else int(2 * CODE_LENGTHS[i] / speed) + 1
        assert alone.shape == (1, frames * 480)
        torch.testing.assert_close(together[i, : alone.shape[1]], alone[0], atol=2e-5, rtol=0)
        assert together[i, alone.shape[1] :].abs().sum() == 0


def test_a_seed_gives_the_same_samples_and_another_gives_others(vits: Vits) -> None:
    first, again, other = (
        vits.decode(*row(0), DecodeSettings(0.7, 1.0, seeds(s))) for s in (4, 4, 5)
    )
    assert torch.equal(first, again)
    assert (first - other).abs().max() > 1e-3
    calm = [vits.decode(*row(0), DecodeSettings(0.0, 1.0, seeds(s))) for s in (4, 5)]
    assert torch.equal(*calm)


@pytest.mark.parametrize("frames", [1, 7, 16, 100])
def test_chunks_joined_are_the_whole(vits: Vits, frames: int) -> None:
    timbre = torch.randn(2, 32)
    z = torch.randn(2, 16, 61)
    whole = vits.waveform(z, timbre)
    pieces = list(vits.waveform_chunks(z, timbre, frames))
    assert [p.shape[1] for p in pieces[:-1]] == [480 * frames] * (len(pieces) - 1)
    torch.testing.assert_close(torch.cat(pieces, 1), whole, atol=1e-5, rtol=0)


def test_a_long_row_is_decoded_in_parts(vits: Vits, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = vits.decode(*row(0), DecodeSettings(0.0))
    rows: list[int] = []
    decode = vits.waveform.forward
    monkeypatch.setattr(
        vits.waveform, "forward", lambda z, *rest: rows.append(z.shape[2]) or decode(z, *rest))
    monkeypatch.setattr("voice.models.vits.MOST_FRAMES", 7)
    parts = vits.decode(*row(0), DecodeSettings(0.0))
    assert len(rows) > 1
    torch.testing.assert_close(parts, whole, atol=1e-5, rtol=1e-4)


def test_the_context_of_a_sample_is_what_the_vocoder_says(vits: Vits) -> None:
    """A change further away changes nothing; one at the edge of the context may."""
    timbre, z = torch.randn(1, 32), torch.randn(1, 16, 80)
    context = vits.waveform.context_frames
    changed = z.clone()
    changed[:, :, 40] += 5
    difference = (vits.waveform(changed, timbre) - vits.waveform(z, timbre)).abs()[0]
    assert difference[: (40 - context) * 480].max() <= 1e-6
    assert difference[(41 + context) * 480 :].max() <= 1e-6
    assert difference[40 * 480 : 41 * 480].max() > 1e-4


def test_the_flow_undoes_itself(vits: Vits) -> None:
    z, timbre = torch.randn(2, 16, 20), torch.randn(2, 32)
    mask = (torch.arange(20) < torch.tensor([20, 13])[:, None])[:, None].float()
    there = vits.flow(z * mask, mask, timbre)
    back = vits.flow(there, mask, timbre, reverse=True)
    assert (there - z * mask).abs().max() > 0.1
    torch.testing.assert_close(back, z * mask, atol=1e-5, rtol=0)


def test_timbre_ignores_what_is_behind_a_reference(vits: Vits) -> None:
    mel = torch.randn(2, 100, 50) - 6
    padded = torch.nn.functional.pad(mel, (0, 9), value=77.0)
    one = vits.timbre(padded, torch.tensor([50, 31]))
    torch.testing.assert_close(one[0], vits.timbre(mel[:1])[0], atol=1e-5, rtol=0)
    torch.testing.assert_close(one[1], vits.timbre(mel[1:, :, :31])[0], atol=1e-5, rtol=0)


def test_several_references_are_averaged_by_weight() -> None:
    timbres = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
    assert mean_timbre(timbres).tolist() == [0.5, 1.0]
    assert mean_timbre(timbres, torch.tensor([3.0, 1.0])).tolist() == [0.75, 0.5]


def batch() -> TrainingBatch:
    codes, code_lengths, ids, lengths, _ = inputs()
    return TrainingBatch(
        codes, code_lengths, ids, lengths, torch.randn(3, 513, 58) - 5, torch.tensor([58, 22, 46]),
        torch.randn(3, 100, 70) - 6, torch.tensor([70, 30, 51]),
    )


def test_a_training_pass_reaches_every_weight_and_repeats_with_its_seed() -> None:
    vits = model(SMALL, posterior=True).train()
    data = batch()
    torch.manual_seed(0)
    out = vits(data, 20, torch.Generator().manual_seed(1))
    assert out.audio.shape == (3, 20 * 480)
    assert out.segment_lengths.tolist() == [20, 20, 20]
    ends = out.starts + out.segment_lengths
    assert (ends <= torch.tensor([58, 22, 46])).all()
    gap = (out.flowed - out.prior.mean).square() * (-2 * out.prior.log_scale).exp()
    loss = out.audio.abs().mean() + (gap * out.posterior.mask).mean()
    (loss + out.posterior.log_scale.mean()).backward()
    assert [n for n, p in vits.named_parameters() if p.grad is None] == []
    torch.manual_seed(0)
    again = vits(data, 20, torch.Generator().manual_seed(1))
    assert torch.equal(out.audio, again.audio)
    assert torch.equal(out.starts, again.starts)


def test_a_training_row_does_not_see_its_padding() -> None:
    vits = model(SMALL, posterior=True)
    data = batch()
    spoiled = dataclasses.replace(
        data, spectrum=data.spectrum.clone(), reference=data.reference.clone()
    )
    spoiled.spectrum[1, :, 22:] = 99.0
    spoiled.reference[1, :, 30:] = 99.0
    pair = [vits(d, 20, torch.Generator().manual_seed(1)) for d in (data, spoiled)]
    torch.testing.assert_close(pair[0].audio, pair[1].audio, atol=1e-5, rtol=0)
    torch.testing.assert_close(pair[0].flowed, pair[1].flowed, atol=1e-5, rtol=0)


def test_segments_of_rows() -> None:
    x = torch.arange(12).reshape(2, 6)
    assert slice_rows(x, torch.tensor([1, 4]), 3).tolist() == [[1, 2, 3], [10, 11, 0]]


def test_the_specification_survives_json() -> None:
    for spec in (VitsSpec(), HIFIGAN):
        assert from_dict(VitsSpec, to_dict(spec)) == spec


def test_wrong_requests_are_refused() -> None:
    with pytest.raises(ModelFileError, match="hop of 480 samples is not the vocoder's 640"):
        dataclasses.replace(SMALL, vocoder=HifiganSpec(32, (10, 8, 8), (16, 16, 8)))
    with pytest.raises(OptionError, match="noise scale nan"):
        DecodeSettings(noise_scale=float("nan"))
    with pytest.raises(OptionError, match=r"speed 9 is outside 0\.25 to 4"):
        DecodeSettings(speed=9)
    vits = model(SMALL)
    with pytest.raises(OptionError, match="posterior"):
        vits(batch(), 20)
    with pytest.raises(OptionError, match="no tokenizer head"):
        vits.tokens(torch.zeros(1, 4, 8))
    with pytest.raises(OptionError, match="2 generators for 3 rows"):
        vits.decode(*inputs(), DecodeSettings(generators=seeds(1, 2)))


def reading() -> Vits:
    vits = model(dataclasses.replace(SMALL, prior=dataclasses.replace(SMALL.prior, reads=True)))
    assert vits.encoder.window is not None
    torch.nn.init.normal_(vits.encoder.window.mix.weight, std=0.3)
    return vits


def test_a_code_hears_which_phoneme_it_says() -> None:
    vits = reading()
    given = row(0)
    calm = DecodeSettings(0.0)
    spoken = torch.arange(30)[None] * 9 // 30
    told = vits.decode(*given, dataclasses.replace(calm, spoken=spoken))
    later = spoken.clone()
    later[0, 20] += 1
    other = vits.decode(*given, dataclasses.replace(calm, spoken=later))
    assert (told - other).abs().max() > 1e-3
    unknown = vits.decode(*given, dataclasses.replace(calm, spoken=torch.full((1, 30), -1)))
    assert torch.equal(unknown, vits.decode(*given, calm))
    assert (told - unknown).abs().max() > 1e-3


def test_a_batch_of_codes_that_know_their_phonemes_is_its_rows_alone() -> None:
    vits = reading()
    spoken = torch.full((3, max(CODE_LENGTHS)), -1)
    for i, (codes, phonemes) in enumerate(zip(CODE_LENGTHS, PHONEME_LENGTHS, strict=True)):
        spoken[i, :codes] = torch.arange(codes) * phonemes // codes
    together = vits.decode(*inputs(), DecodeSettings(0.0, spoken=spoken))
    for i, codes in enumerate(CODE_LENGTHS):
        alone = vits.decode(*row(i), DecodeSettings(0.0, spoken=spoken[i : i + 1, :codes]))
        torch.testing.assert_close(together[i : i + 1, : alone.shape[1]], alone, atol=1e-4, rtol=0)
