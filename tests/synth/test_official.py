"""Models laid out as the official ones, end to end: enrolled, kept, spoken with."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import nn

from tests.tiny_official import official_spec, write_tiny_official
from voice.errors import OptionError, VoiceFileError
from voice.synth.pipeline import Synthesizer
from voice.synth.voicefile import Voice

TEXT = "Seven small boats."
WORDS = "The sun rose over the quiet harbour that morning."
RATES = {"v2": 32000, "v2Pro": 32000, "v3": 24000, "v4": 48000}


@pytest.fixture(scope="module", params=list(RATES))
def synthesizer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
                ) -> Synthesizer:
    folder = write_tiny_official(tmp_path_factory.mktemp("models") / request.param, request.param)
    return Synthesizer.load(folder, device="cpu")


@pytest.fixture(scope="module")
def voice(synthesizer: Synthesizer, root: Path) -> Voice:
    recording = root / "tests/data/reference_en.wav"
    return synthesizer.enroll([recording], transcript=WORDS, language="en")


def test_speaking(synthesizer: Synthesizer, voice: Voice) -> None:
    speech = synthesizer.say(TEXT, voice, seed=3, language="en", watermark=False)
    assert speech.sample_rate == RATES[synthesizer.model.spec.version]
    assert np.isfinite(speech.samples).all() and speech.samples.std() > 1e-3
    again = synthesizer.say(TEXT, voice, seed=3, language="en", watermark=False)
    assert np.array_equal(again.samples, speech.samples)
    assert not speech.info["checked"]  # there is nothing to read tokens back with


def test_a_kept_voice_speaks_the_same(
    synthesizer: Synthesizer, voice: Voice, tmp_path: Path
) -> None:
    voice.save(tmp_path / "a.voice")
    kept = Voice.load(tmp_path / "a.voice")
    first, second = (
        synthesizer.say(TEXT, v, seed=3, language="en", watermark=False).samples
        for v in (voice, kept)
    )
    assert np.array_equal(first, second)


def test_what_a_decoder_by_flow_matching_needs(synthesizer: Synthesizer, root: Path) -> None:
    recording = root / "tests/data/reference_en.wav"
    untold = synthesizer.enroll([recording])
    assert not len(untold.prompt_phonemes)
    if synthesizer.model.spec.version in ("v3", "v4"):
        with pytest.raises(VoiceFileError, match="no transcript of its recording"):
            synthesizer.say(TEXT, untold, language="en")
    else:
        assert synthesizer.say(TEXT, untold, language="en", seed=1).seconds > 0


def test_steps_of_the_flow_change_the_sound(synthesizer: Synthesizer, voice: Voice) -> None:
    two, four = (
        synthesizer.say(TEXT, voice, seed=3, language="en", watermark=False, sample_steps=n).samples
        for n in (2, 4)
    )
    by_flow = synthesizer.model.spec.version in ("v3", "v4")
    assert np.array_equal(two, four) != by_flow
    default = synthesizer.say(TEXT, voice, seed=3, language="en", watermark=False)
    assert np.array_equal(default.samples, two)  # two are what the tiny models say
    with pytest.raises(OptionError, match="sample_steps is -1"):
        synthesizer.say(TEXT, voice, sample_steps=-1)


def test_the_speaker_vector_is_part_of_the_timbre(
    synthesizer: Synthesizer, voice: Voice, root: Path
) -> None:
    if not synthesizer.model.spec.speaker:
        pytest.skip("a model without a speaker network")
    norm = synthesizer.model.shared.get("speaker").fusion.restore_norm
    usual = norm.bias
    norm.bias = nn.Parameter(usual + 1, requires_grad=False)
    other = synthesizer.enroll([root / "tests/data/reference_en.wav"], transcript=WORDS)
    norm.bias = usual
    assert not np.allclose(other.timbre, voice.timbre)


def test_a_voice_whose_spectrum_is_spoiled_is_refused(
    synthesizer: Synthesizer, voice: Voice
) -> None:
    if voice.prompt_mel is None:
        assert synthesizer.model.spec.version not in ("v3", "v4")
        return
    short = replace(voice, prompt_mel=voice.prompt_mel[:-1])
    with pytest.raises(VoiceFileError, match="spectrum is unusable"):
        synthesizer.say(TEXT, short, language="en")


def test_tiny_specifications_are_of_their_kind() -> None:
    assert official_spec("v2Pro").decoder.timbre.speaker_width == 4 * 8 * 10
