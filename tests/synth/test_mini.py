"""The embedded model itself: batches, streams, seeds and its cache. Weights may change, this not.

Tokens are compared in full precision: the copy that decodes faster rounds, and says so.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from voice import SynthesisSettings, Synthesizer, Voice
from voice.checkpoints.store import load_model
from voice.decode.loop import GenerateRequest, generate
from voice.decode.sampling import SamplingSettings
from voice.decode.stepper import EagerStepper, Prefix
from voice.models.text2semantic import Text2Semantic
from voice.nn.cache import StaticCache
from voice.text.frontend import phonemize

TEXTS = ("Yes.", "The weather is fine today.", "你好，世界。")
GREEDY = SamplingSettings(top_k=1, max_tokens=24)


@pytest.fixture(scope="module")
def model(mini: Path) -> Text2Semantic:
    return load_model(mini, "cpu").text2semantic


@pytest.fixture(scope="module")
def speaker(mini: Path) -> Synthesizer:
    return Synthesizer.load(mini, "cpu")


@pytest.fixture(scope="module")
def voice(speaker: Synthesizer) -> Voice:
    spec, rng = speaker.model.spec, np.random.default_rng(3)
    return Voice(
        name="made up", model=speaker.name,
        timbre=rng.standard_normal(spec.decoder.timbre.width).astype(np.float32),
        prompt_codes=rng.integers(0, spec.text2semantic.codes, 20),
        prompt_phonemes=phonemize("Good morning.").ids,
    )


def requests(model: Text2Semantic) -> list[GenerateRequest]:
    rng, prompt = np.random.default_rng(7), phonemize("Good morning.").ids
    return [
        GenerateRequest(
            np.concatenate([prompt, phonemize(text).ids]), (0,),
            rng.integers(0, model.spec.codes, 10 + 6 * i), len(prompt),
            prompt_spoken=np.linspace(0, len(prompt) - 1, 10 + 6 * i).astype(np.int64),
        )
        for i, text in enumerate(TEXTS)
    ]


def test_a_greedy_batch_is_as_many_singles(model: Text2Semantic) -> None:
    asked = requests(model)
    together = generate(model, asked, GREEDY)
    for row in together:
        alone = generate(model, [replace(asked[row.request])], GREEDY)[0]
        assert row.codes.tolist() == alone.codes.tolist()
        assert row.finish == alone.finish
    assert min(len(row.codes) for row in together) > 3
    assert len({tuple(row.codes.tolist()) for row in together}) == len(TEXTS)


def _logits(
    model: Text2Semantic, monkeypatch: pytest.MonkeyPatch, poison: float, reach: int = 0
) -> Tensor:
    """Logits of a padded batch whose memory holds poison; ``reach`` slots of it are attended."""
    made = StaticCache.__init__
    begin = StaticCache.begin

    def poisoned(self: StaticCache, *args: int, like: Tensor) -> None:
        made(self, *args, like=like)
        self.store.fill_(poison)

    def reaching(self: StaticCache, positions: int) -> None:
        begin(self, positions)
        stop = self.length + reach
        self._all = self.store[:, :, :, :, :stop].unbind(0)
        if self.visible is not None:
            self._mask = self.visible[:, None, None, :stop]

    with monkeypatch.context() as patch:
        patch.setattr(StaticCache, "__init__", poisoned)
        stepper = EagerStepper(model)
        prefixes = [
            Prefix(torch.as_tensor(r.phoneme_ids), torch.as_tensor(r.prompt_codes),
                   prompt_spoken=torch.as_tensor(r.prompt_spoken))
            for r in requests(model)
        ]
        out = [stepper.prefill(prefixes, [0, 1, 2], 12)]
        if reach:
            patch.setattr(StaticCache, "begin", reaching)
        out += [stepper.step(torch.tensor([j, 5 + j, 9 + j])) for j in range(3)]
        stepper.keep(torch.tensor([0, 2]))
        with torch.inference_mode():
            stepper._cache.store[:, :, :, :, stepper._cache.length :] = poison
        out.append(stepper.step(torch.tensor([1, 2])))
    return torch.cat(out)


def test_unwritten_slots_are_never_attended(
    model: Text2Semantic, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = _logits(model, monkeypatch, 0.0)
    assert torch.isfinite(clean).all()
    for poison in (1e4, float("nan")):
        assert torch.equal(_logits(model, monkeypatch, poison), clean)


def test_a_slot_too_many_would_be_noticed(
    model: Text2Semantic, monkeypatch: pytest.MonkeyPatch
) -> None:
    clean = _logits(model, monkeypatch, 0.0)
    spoiled = _logits(model, monkeypatch, 1e4, reach=1)
    assert not torch.allclose(clean, spoiled, atol=1e-2, equal_nan=True)


def test_a_stream_is_the_whole_and_a_seed_repeats(speaker: Synthesizer, voice: Voice) -> None:
    text = "Good morning, my friend. How are you?"
    settings = SynthesisSettings(seed=11, check=False, split="cut5")
    whole = speaker.say(text, voice, settings)
    chunks = list(speaker.stream(text, voice, settings))
    assert len(chunks) > 1
    assert np.array_equal(np.concatenate([c.samples for c in chunks]), whole.samples)
    other = speaker.say(text, voice, settings, seed=12)
    assert len(other.samples) != len(whole.samples) or not np.array_equal(
        other.samples, whole.samples)


def test_conversion_repeats_bit_for_bit(speaker: Synthesizer, voice: Voice) -> None:
    from voice.values import Audio

    time = np.arange(16000 * 2) / 16000
    rng = np.random.default_rng(0)
    source = Audio(
        (0.3 * np.sin(2 * np.pi * 140 * time) * (np.sin(2 * np.pi * 3 * time) > 0)
         + 0.01 * rng.standard_normal(len(time))).astype(np.float32), 16000)
    one, two = (speaker.convert(source, voice, seed=4).samples for _ in range(2))
    assert np.array_equal(one, two) and np.abs(one).max() > 1e-3
