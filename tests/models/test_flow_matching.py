"""The decoder by flow matching: rows, seeds, steps, long sentences, and what it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from tests.tiny_model import CODES
from tests.tiny_official import official_spec
from voice.errors import ModelFileError, OptionError
from voice.models.flow_matching import AcousticPrompt, FlowMatchingDecoder
from voice.models.vits import DecodeSettings
from voice.spec.flow_matching import FlowMatchingSpec

SPEC = official_spec("v4").decoder
assert isinstance(SPEC, FlowMatchingSpec)
FRAMES = 4  # mel frames a code of this version
PROMPT_FRAMES = 40


class Toy(nn.Module):
    """A vocoder that repeats the mean of the bands."""

    def forward(self, mel: Tensor) -> Tensor:
        return mel.mean(1).repeat_interleave(SPEC.frame_samples, 1)


@pytest.fixture(scope="module")
def decoder() -> FlowMatchingDecoder:
    torch.manual_seed(0)
    net = FlowMatchingDecoder(SPEC).eval().requires_grad_(False)
    net.vocoder = Toy
    return net


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def said(seed: int, codes: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return (torch.randint(CODES, (1, codes), generator=generator),
            torch.randint(SPEC.phonemes, (1, 5), generator=generator))


@pytest.fixture(scope="module")
def prompt() -> AcousticPrompt:
    codes, phonemes = said(9, PROMPT_FRAMES // FRAMES)
    return AcousticPrompt(drawn(8, 100, PROMPT_FRAMES) - 5, codes[0], phonemes[0])


def settings(*seeds: int, steps: int = 0, speed: float = 1.0) -> DecodeSettings:
    return DecodeSettings(0.5, speed, [torch.Generator().manual_seed(s) for s in seeds], steps)


def speak(
    net: FlowMatchingDecoder, what: tuple[Tensor, Tensor], how: DecodeSettings,
    prompt: AcousticPrompt | None,
) -> Tensor:
    lengths = [torch.tensor([x.shape[1]]) for x in what]
    timbre = drawn(1, 1, SPEC.timbre.width)
    return net.decode(what[0], lengths[0], what[1], lengths[1], timbre, how, prompt)[0]


def test_rows_do_not_depend_on_each_other(
    decoder: FlowMatchingDecoder, prompt: AcousticPrompt
) -> None:
    first, second = said(1, 12), said(2, 7)
    codes = torch.zeros(2, 12, dtype=torch.int64)
    codes[0], codes[1, :7] = first[0][0], second[0][0]
    phonemes, counts = torch.cat([first[1], second[1]]), torch.tensor([5, 5])
    timbre = drawn(1, 1, SPEC.timbre.width).expand(2, -1)
    both = decoder.decode(
        codes, torch.tensor([12, 7]), phonemes, counts, timbre, settings(3, 4), prompt
    )
    for row, what, seed in ((0, first, 3), (1, second, 4)):
        alone = speak(decoder, what, settings(seed), prompt)
        assert len(alone) == what[0].shape[1] * SPEC.code_samples
        torch.testing.assert_close(both[row, : len(alone)], alone)
        assert not both[row, len(alone) :].any()


def test_seed_steps_and_prompt_count(decoder: FlowMatchingDecoder, prompt: AcousticPrompt) -> None:
    what = said(1, 6)
    usual = speak(decoder, what, settings(3), prompt)
    assert torch.equal(speak(decoder, what, settings(3, steps=SPEC.steps), prompt), usual)
    others = (
        speak(decoder, what, settings(4), prompt),
        speak(decoder, what, settings(3, steps=5), prompt),
        speak(decoder, what, settings(3), replace(prompt, mel=prompt.mel + 1)),
    )
    assert not any(torch.allclose(other, usual) for other in others)
    fast = speak(decoder, what, settings(3, speed=2.0), prompt)
    assert len(fast) == int((6 * 2 / 2 + 1) * SPEC.feature_stretch) * SPEC.frame_samples


def test_a_sentence_longer_than_a_chunk(
    decoder: FlowMatchingDecoder, prompt: AcousticPrompt
) -> None:
    chunk = (SPEC.chunk_frames - PROMPT_FRAMES) // FRAMES  # codes
    longer = said(1, 2 * chunk + 3)
    calls: list[int] = []
    hook = decoder.estimator.register_forward_hook(
        lambda _m, args, _out: calls.append(args[0].shape[2])
    )
    sound = speak(decoder, longer, settings(3, steps=1), prompt)
    hook.remove()
    assert calls == [SPEC.chunk_frames] * 2 + [PROMPT_FRAMES + 3 * FRAMES]
    assert len(sound) == (2 * chunk + 3) * SPEC.code_samples


def test_many_sentences_at_once(decoder: FlowMatchingDecoder, prompt: AcousticPrompt) -> None:
    sentences = [said(1, 12), said(2, 60), said(3, 5)]
    timbre = drawn(1, 1, SPEC.timbre.width)
    sound = decoder.decode_many(sentences, timbre, prompt, settings(3))
    lengths = [len(s) - codes.shape[1] * SPEC.code_samples
               for s, (codes, _) in zip(sound, sentences, strict=True)]
    assert lengths[:2] == [0, 0] and -2 * 320 <= lengths[2] <= 0  # joints may be shifted
    assert all(s.isfinite().all() for s in sound)


def test_what_is_refused(decoder: FlowMatchingDecoder, prompt: AcousticPrompt) -> None:
    empty = replace(prompt, codes=prompt.codes[:0])
    for nothing in (None, empty):
        with pytest.raises(OptionError, match="continues a recording and needs its words"):
            speak(decoder, said(1, 4), settings(3), nothing)
    mute = FlowMatchingDecoder(SPEC).eval()
    with pytest.raises(OptionError, match="no vocoder"):
        speak(mute, said(1, 4), settings(3), prompt)
    with pytest.raises(ModelFileError, match="overlap_frames, prompt_frames, chunk_frames"):
        replace(SPEC, chunk_frames=100)
    with pytest.raises(ModelFileError, match="feature_stretch, steps"):
        replace(SPEC, steps=0)
