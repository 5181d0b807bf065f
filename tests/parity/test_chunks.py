"""Long speech of v3 and v4 in chunks, joints of sound, and LoRA: as the published program does it.

The chunk loops were recorded with toys in place of flow and vocoder: only the bookkeeping counts.
"""

from __future__ import annotations

import json
import zlib
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from tests.parity.records import DATA
from voice.audio.mel import normalize_mel, restore_mel, spectrum
from voice.checkpoints.official_flow_matching import merge_lora
from voice.errors import ModelFileError
from voice.models.chunks import (
    ChunkSizes,
    Continued,
    join_overlapping,
    mel_in_turn,
    sound_side_by_side,
)
from voice.spec.flow_matching import FlowMatchingSpec
from voice.spec.model import preset

FLAT = 16
"""Samples: the toy's sound is so smooth that any shift up to this fits alike, up to rounding."""
CASES: dict[str, dict[str, Any]] = json.loads((DATA / "v34_chunking.json").read_text())


class Toys:
    """A case's inputs, and stand-ins that write down what they are asked."""

    def __init__(self, name: str) -> None:
        case = CASES[name]
        found = preset(case["version"]).decoder
        assert isinstance(found, FlowMatchingSpec)
        self.sizes = ChunkSizes(found.prompt_frames, found.chunk_frames, found.overlap_frames)
        self.hop, self.calls, self.mels = found.frame_samples, [], []
        lengths = case["feat_lens"]
        seed = f"chunks_{case['version']}_{case['feat_ref_len']}_{'_'.join(map(str, lengths))}"
        rng = np.random.Generator(np.random.PCG64(zlib.crc32(seed.encode())))
        shape = (1, int(found.mel.sample_rate * case["seconds"]))
        wave = np.round(rng.standard_normal(shape) * 0.1 * 32768) / 32768
        features = [
            torch.from_numpy(rng.standard_normal((1, 512, n)).astype(np.float32))
            for n in (case["feat_ref_len"], *lengths)
        ]
        mel = normalize_mel(spectrum(torch.from_numpy(wave.astype(np.float32)), found.mel))
        self.prompt, self.sentences = Continued(mel, features[0]), features[1:]

    def flow(self, features: Tensor, prompt: Tensor) -> Tensor:
        self.calls.append([list(features.shape), features.shape[1], list(prompt.shape), 8])
        made = 0.3 * torch.tanh(features[:, :, :100].mT) + 0.1 * prompt.mean(2, keepdim=True)
        made[..., : prompt.shape[2]] = 0
        return made

    def vocode(self, mel: Tensor) -> Tensor:
        mel = restore_mel(mel)
        self.mels.append(mel)
        mean = mel.mean(1, keepdim=True) * 0.02
        size = mel.shape[2] * self.hop
        return functional.interpolate(mean, size=size, mode="linear")[:, 0]


@pytest.fixture(scope="module")
def recorded() -> dict[str, np.ndarray]:
    return dict(np.load(DATA / "v34_chunking.npz"))


@pytest.mark.parametrize("name", CASES)
def test_one_sentence_in_turn(name: str, recorded: dict[str, np.ndarray]) -> None:
    toys = Toys(name)
    lengths = []
    for number, sentence in enumerate(toys.sentences):
        mel = mel_in_turn(toys.flow, toys.prompt, sentence, toys.sizes)
        lengths.append(toys.vocode(mel).shape[1])
        for row in (0, 57):
            theirs = recorded[f"{name}_seq_mel{number}_row{row}_every2"]
            np.testing.assert_allclose(toys.mels[-1][0, row, ::2], theirs, atol=2e-4)
    assert toys.calls == CASES[name]["seq_calls_mu_shape_xlen_promptshape_steps"]
    assert lengths == CASES[name]["seq_audio_len"]


@pytest.mark.parametrize("name", CASES)
def test_sentences_side_by_side(name: str, recorded: dict[str, np.ndarray]) -> None:
    toys = Toys(name)
    sound = sound_side_by_side(toys.flow, toys.vocode, toys.prompt, toys.sentences, toys.sizes)
    assert toys.calls == CASES[name]["batched_calls"]
    theirs = recorded[f"{name}_bat_mel_row0_every2"]
    np.testing.assert_allclose(toys.mels[0][0, 0, ::2], theirs, atol=2e-4)
    lengths = CASES[name]["batched_audio_len"]
    for number, (samples, length) in enumerate(zip(sound, lengths, strict=True)):
        assert abs(len(samples) - length) <= FLAT
        theirs, ours = recorded[f"{name}_bat_audio{number}_every64"], samples.numpy()
        np.testing.assert_allclose(ours[: 64 * 300 : 64], theirs[:300], atol=1e-5)
        end = 64 * (len(theirs) - 300)
        ends = [ours[end + k : end + k + 64 * 250 : 64] for k in range(-FLAT, FLAT + 1)]
        assert min(np.abs(e - theirs[-300:-50]).max() for e in ends) < 1e-4


def test_a_joint_goes_where_the_sound_fits() -> None:
    with np.load(DATA / "sola.npz") as arrays:
        pieces = [torch.from_numpy(arrays[name]) for name in ("first", "second")]
        joined = join_overlapping(pieces, int(arrays["overlap"]))
        np.testing.assert_allclose(joined, arrays["joined"], atol=1e-6)


class Lora:
    """A base model's weights, a fine-tune's, and both merged."""

    def __init__(self) -> None:
        with np.load(DATA / "lora_merge.npz") as arrays:
            self.base, self.tuned, self.merged = (
                {k.removeprefix(f"{part}."): torch.from_numpy(arrays[k])
                 for k in arrays if k.startswith(f"{part}.")}
                for part in ("base", "lora", "merged")
            )


def test_lora_is_merged() -> None:
    lora = Lora()
    merged = merge_lora(lora.base, lora.tuned, "file")
    assert set(merged) == set(lora.merged)
    for name, theirs in lora.merged.items():
        torch.testing.assert_close(merged[name], theirs, atol=1e-6, rtol=0)


def test_weights_of_a_fine_tune_replace_the_base() -> None:
    lora = Lora()
    name = "cfm.estimator.transformer_blocks.0.attn.to_q.bias"
    whole = torch.full((32,), 0.5, dtype=torch.float16)
    merged = merge_lora(lora.base, {name: whole}, "file")
    assert torch.equal(merged[name], whole)


def test_a_fine_tune_that_does_not_fit_is_refused() -> None:
    lora = Lora()
    first = next(iter(lora.tuned))
    alone = {first: lora.tuned[first]}
    with pytest.raises(ModelFileError, match="file: the low-rank matrices of .*not a pair"):
        merge_lora(lora.base, alone, "file")
    with pytest.raises(ModelFileError, match="surprise belongs to no weight"):
        merge_lora(lora.base, {"surprise": torch.zeros(1)}, "file")
    narrow = {k: v[:, :16] if "lora_A" in k else v for k, v in lora.tuned.items()}
    with pytest.raises(ModelFileError, match=r"\(32, 4\) and \(4, 16\), for a weight \(32, 32\)"):
        merge_lora(lora.base, narrow, "file")
