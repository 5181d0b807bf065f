"""A voice's equaliser brings the average spectrum of its speech to its recording's."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.tiny_model import write_tiny_model
from tests.tiny_official import official_spec
from voice import Synthesizer, VoiceFileError
from voice.audio.equalizer import BANDS, bin_weights
from voice.errors import ModelFileError
from voice.synth.blend import blend_voices
from voice.synth.colour import MOST_DB, average_spectrum, matching_gains
from voice.synth.voicefile import from_bytes, to_bytes


@pytest.fixture(scope="module")
def speech(root: Path) -> tuple[np.ndarray, int]:
    """Somebody speaking, 5 s."""
    return soundfile.read(root / "tests" / "data" / "reference_en.wav", dtype="float32")


def distance_db(a: np.ndarray, b: np.ndarray, rate: int) -> float:
    """Between average spectra, whatever their levels."""
    difference = average_spectrum(a, rate) - average_spectrum(b, rate)
    return float(np.std(difference))


def equalize(samples: np.ndarray, gains: np.ndarray, rate: int) -> np.ndarray:
    """The whole sound filtered at once."""
    spectrum = np.fft.rfft(samples)
    size = 2048
    bins = bin_weights(size, rate) @ gains
    hz = np.fft.rfftfreq(len(samples), 1 / rate)
    whole = np.interp(hz, np.fft.rfftfreq(size, 1 / rate), bins)
    return np.fft.irfft(spectrum * 10 ** (whole / 20), len(samples)).astype(np.float32)


def test_a_known_colour_is_found(speech: tuple[np.ndarray, int]) -> None:
    samples, rate = speech
    known = 5 * np.cos(np.linspace(0, 9, BANDS))
    found = matching_gains(samples, equalize(samples, known, rate), rate)
    assert found is not None
    assert np.std(found - known) < 0.8, "up to the level, which stays that of the made sound"
    made = equalize(samples, found, rate)
    assert np.square(made).mean() == pytest.approx(np.square(samples).mean(), rel=0.35)


def test_gains_have_a_limit(speech: tuple[np.ndarray, int]) -> None:
    samples, rate = speech
    dull = equalize(samples, -40.0 * (np.arange(BANDS) > BANDS // 2), rate)
    found = matching_gains(samples, dull, rate)
    assert found is not None and np.ptp(found) <= 2 * MOST_DB + 1e-3


@pytest.mark.parametrize("made", [0.0, 0.1])
def test_too_little_speech_has_no_colour(speech: tuple[np.ndarray, int], made: float) -> None:
    samples, rate = speech
    assert matching_gains(samples[: round(made * rate)], samples, rate) is None


@pytest.fixture(scope="module")
def coloured(tmp_path_factory: pytest.TempPathFactory) -> Synthesizer:
    """A tiny model whose specification asks for equalisers."""
    folder = write_tiny_model(tmp_path_factory.mktemp("model") / "tiny")
    return Synthesizer.load(folder, device="cpu")


def test_a_voice_speaks_in_the_colour_of_its_recording(
    coloured: Synthesizer, root: Path, speech: tuple[np.ndarray, int]
) -> None:
    voice = coloured.enroll([root / "tests" / "data" / "reference_en.wav"])
    assert voice.equalizer is not None and voice.equalizer.shape == (BANDS,)
    from voice.audio.resample import resample

    rate = coloured.sample_rate
    real = resample(*speech, rate)
    plain, made = (
        coloured.speak_tokens(voice.prompt_codes, one, seed=1, watermark=False).samples
        for one in (replace(voice, equalizer=None), voice)
    )
    assert distance_db(made, real, rate) < 0.8 * distance_db(plain, real, rate)
    said = coloured.say("Hello there.", voice, seed=1, check=False, watermark=False).samples
    bare = coloured.say("Hello there.", replace(voice, equalizer=None), seed=1, check=False,
                        watermark=False).samples
    assert said.shape and np.abs(said[: len(bare)] - bare[: len(said)]).max() > 1e-3


def test_a_model_that_does_not_ask_has_none(tmp_path: Path, root: Path) -> None:
    folder = write_tiny_model(tmp_path / "tiny")
    spec = json.loads((folder / "spec.json").read_text("utf8"))
    (folder / "spec.json").write_text(json.dumps(spec | {"equalized": False}), "utf8")
    plain = Synthesizer.load(folder, device="cpu")
    assert plain.enroll([root / "tests" / "data" / "reference_en.wav"]).equalizer is None


def test_a_blend_has_the_mean_and_a_file_keeps_it(coloured: Synthesizer, root: Path) -> None:
    one = coloured.enroll([root / "tests" / "data" / "reference_en.wav"], name="One",
                          consent="Synthetic.")
    other = replace(one, name="Two", equalizer=np.linspace(-3, 3, BANDS).astype(np.float32))
    bare = replace(one, name="Bare", equalizer=None)
    mixed = blend_voices({one: 3.0, other: 1.0}, "Mix")
    assert np.allclose(mixed.equalizer, 0.75 * one.equalizer + 0.25 * other.equalizer, atol=1e-5)
    assert np.allclose(blend_voices({other: 1.0, bare: 1.0}).equalizer, other.equalizer / 2)
    assert blend_voices({bare: 1.0, replace(bare, name="B"): 1.0}).equalizer is None
    assert np.array_equal(from_bytes(to_bytes(mixed)).equalizer, mixed.equalizer)
    assert from_bytes(to_bytes(bare)).equalizer is None


@pytest.mark.parametrize("gains", [
    np.zeros(BANDS - 1), np.full(BANDS, np.nan), np.full(BANDS, 1e4), np.zeros(0),
])
def test_unusable_gains_in_a_file_are_refused(
    coloured: Synthesizer, root: Path, gains: np.ndarray
) -> None:
    voice = coloured.enroll([root / "tests" / "data" / "reference_en.wav"])
    with pytest.raises(VoiceFileError, match="equalizer"):
        to_bytes(replace(voice, equalizer=gains.astype(np.float32)))


def test_only_a_model_that_can_may_ask() -> None:
    with pytest.raises(ModelFileError, match="equalized"):
        replace(official_spec("v2"), equalized=True)
