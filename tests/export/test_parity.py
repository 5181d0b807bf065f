"""fp32 bundles equal the PyTorch model: the same tokens, the same sound to a thousandth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.export.conftest import Case
from voice.audio.equalizer import BANDS
from voice.decode.alignment import align_codes
from voice.decode.loop import GenerateRequest
from voice.decode.loop import generate as generate_in_torch
from voice.decode.sampling import SamplingSettings
from voice.export.decoding import Request, generate
from voice.export.fixtures import sentences
from voice.export.run import row_seed
from voice.export.sampling import Sampling
from voice.models.vits import Latent
from voice.synth import draw
from voice.text.frontend import phonemize

TOLERANCE = 1e-3
GREEDY = {"top_k": 1, "top_p": 1.0, "temperature": 1.0, "repetition_penalty": 1.35}
WIDE = {"top_k": 20, "top_p": 0.9, "temperature": 1.1, "repetition_penalty": 1.2}


def requests(case: Case, text: str, language: str, voice: int) -> tuple[GenerateRequest, Request]:
    """The same text for both loops."""
    ids = phonemize(text, language).ids
    who, model = case.voices[voice], case.model
    spoken = None
    if model.spec.text2semantic.reads and len(who.prompt_codes):
        found = align_codes(model.tokenizer, who.prompt_codes, who.prompt_phonemes)
        spoken = found.astype(np.int64) if len(found) else None
    prompt = who.prompt_phonemes if len(who.prompt_codes) else np.zeros(0, np.int64)
    both, seeds = np.concatenate([prompt, ids]), (7, 8)
    return (
        GenerateRequest(both, seeds, who.prompt_codes, len(prompt), prompt_spoken=spoken),
        Request(both, seeds, who.prompt_codes, len(prompt), spoken),
    )


@pytest.mark.parametrize("settings", [GREEDY, WIDE], ids=["greedy", "wide"])
@pytest.mark.parametrize("voice", [0, 1], ids=["prompt", "no prompt"])
def test_tokens_are_the_same(case: Case, settings: dict[str, float], voice: int) -> None:
    sessions = case.open().sessions
    for row in sentences(["en", "zh"])[:40:13]:
        ours, theirs = requests(case, row["text"], row["language"], voice)
        limits = {"min_tokens": 11, "max_tokens": 1500}
        wanted = generate_in_torch(
            case.model.text2semantic, [ours], SamplingSettings(**settings, **limits))  # pyright: ignore
        found = generate(sessions, [theirs], Sampling(**settings, min_tokens=11))  # pyright: ignore
        assert [c.finish for c in found] == [c.finish for c in wanted]
        for a, b in zip(found, wanted, strict=True):
            assert a.codes.tolist() == b.codes.tolist()


def test_rows_of_one_text_may_have_a_prompt_or_none(case: Case) -> None:
    """Rows of different lengths in one step are what each is alone."""
    row = sentences(["en"])[3]
    (ours, theirs), (bare, alone) = (requests(case, row["text"], "en", v) for v in (0, 1))
    alone = replace(alone, seeds=(9, 10))
    wanted = generate_in_torch(
        case.model.text2semantic, [ours, replace(bare, seeds=(9, 10))],
        SamplingSettings(**WIDE, min_tokens=11))  # pyright: ignore
    sessions, sampling = case.open().sessions, Sampling(**WIDE, min_tokens=11)  # pyright: ignore
    for order, rows in (([theirs, alone], wanted), ([alone, theirs], wanted[2:] + wanted[:2])):
        found = generate(sessions, order, sampling)
        assert [(c.finish, c.codes.tolist()) for c in found] == [
            (c.finish, c.codes.tolist()) for c in rows]
    assert wanted[0].codes.tolist() != wanted[2].codes.tolist()


def test_growing_and_fixed_caches_agree(case: Case) -> None:
    sessions = case.open().sessions
    numbers = case.model.spec.text2semantic
    rng = np.random.default_rng(0)
    shape = (2, numbers.heads, 6, numbers.width // numbers.heads)
    past = {f"past_{kind}_{i}": rng.standard_normal(shape).astype(np.float32)
            for i in range(numbers.layers) for kind in ("key", "value")}
    inputs = {"codes": np.array([3, 4]), "position": np.array([2, 2])}
    if numbers.reads:
        inputs["seen"] = rng.standard_normal((2, numbers.width)).astype(np.float32)
    grown = sessions.run("step", {**inputs, **past})
    # Slots that were never written may hold anything.
    wide = {k: np.concatenate([v, np.full((*shape[:2], 5, shape[3]), 1e4, np.float32)], 2)
            for k, v in past.items()}
    fixed = sessions.run("step_fixed", {**inputs, **wide, "length": np.array([6, 6])})
    np.testing.assert_allclose(fixed[0], grown[0], atol=1e-5)
    for whole, new in zip(grown[1:], fixed[1:], strict=True):
        np.testing.assert_allclose(whole[:, :, -1:], new, atol=1e-5)


@pytest.mark.parametrize("speed", [1.0, 1.3, 0.7])
def test_sound_is_the_same_whole_and_in_chunks(case: Case, speed: float) -> None:
    bundle, decoder = case.open(), case.model.decoder
    rng = np.random.default_rng(1)
    codes, ids = rng.integers(0, 32, 40), rng.integers(1, 90, 25)
    voice = case.voices[0]
    timbre = voice.timbre
    frames = 80 if speed == 1 else int(80 / speed) + 1
    noise = rng.standard_normal((1, decoder.spec.latent, frames)).astype(np.float32) * 0.5
    lengths = torch.tensor([40]), torch.tensor([25])
    spoken = align_codes(case.model.tokenizer, codes, ids).astype(np.int64)
    assert bundle.spoken(codes, ids).tolist() == spoken.tolist()
    with torch.inference_mode():
        own = torch.from_numpy(timbre)[None]
        prior = decoder.prior(torch.from_numpy(codes)[None], lengths[0],
                              torch.from_numpy(ids)[None], lengths[1], own, speed,
                              spoken=torch.from_numpy(spoken)[None])
        z = prior.mean + torch.from_numpy(noise) * prior.log_scale.exp()
        shaped = decoder.shaped(prior, z, own, torch.tensor([voice.pitch_hz]))
        wanted = Latent(shaped, prior.lengths)
        gains = np.linspace(-6, 4, BANDS, dtype=np.float32)
        voice = replace(voice, equalizer=gains)
        more = {"equalizer": torch.from_numpy(gains)[None]} if case.model.spec.equalized else {}
        audio = decoder.waveform(wanted.z, own, **more)[0].numpy()
    latent = bundle.latent(codes, ids, voice, noise)
    # Behind the channels of the latent: Hz up to thousands, cycles before a frame, its place.
    np.testing.assert_allclose(latent, wanted.z.numpy(), rtol=1e-5, atol=1e-4)
    whole = np.concatenate(list(bundle.waveform_chunks(latent, voice, 10_000)))
    parts = np.concatenate(list(bundle.waveform_chunks(latent, voice, 11)))
    inputs = {"codes": codes[None], "phoneme_ids": ids[None], "timbre": timbre[None],
              "noise": noise}
    if decoder.spec.pitch:
        inputs["voice_hz"] = np.array([voice.pitch_hz], np.float32)
    if decoder.spec.prior.reads:
        inputs["spoken"] = spoken[None]
    if case.model.spec.equalized:
        inputs["equalizer"] = gains[None]
    once = bundle.sessions.run("decode", inputs)[0][0]
    assert len(audio) == frames * decoder.spec.frame_samples
    for found in (whole, parts, once):
        np.testing.assert_allclose(found, audio, atol=TOLERANCE)


def test_reader_and_enrolment_are_the_same(case: Case) -> None:
    bundle, model = case.open(), case.model
    codes = np.random.default_rng(2).integers(0, 32, 37)
    (wanted,) = draw.read_back(model, [codes])
    assert bundle.read(codes).tolist() == wanted.tolist()
    rng = np.random.default_rng(3)
    sound = (0.1 * rng.standard_normal(16000 * 2 + 123)).astype(np.float32)
    tokens = model.tokenizer.encode(torch.from_numpy(sound)[None]).codes[0].numpy()
    assert (bundle.tokenize(sound) == tokens).mean() > 0.97  # ties of a random codebook
    from voice.audio.mel import spectrum

    with torch.inference_mode():
        found = spectrum(torch.from_numpy(sound)[None], model.spec.decoder.timbre.spectrum)
        timbre = model.decoder.timbre(found)[0].numpy()
    np.testing.assert_allclose(bundle.timbre(sound), timbre, atol=TOLERANCE)


def test_seeds_are_those_of_the_torch_program() -> None:
    assert [row_seed(5, 2, x) for x in (0, 1, "noise")] == [
        draw.row_seed(5, 2, x) for x in (0, 1, "noise")]


def test_the_recipe_finds_bundle_and_program_equal(case: Case) -> None:
    from recipes.export.parity import compare

    found = compare(case.model, case.open(), rows=3)
    assert (found.sentences, found.same_tokens, found.same_reading) == (3, 3, 3)
    assert found.tokens > 0 and 0 < found.audio_error < TOLERANCE and not found.different
