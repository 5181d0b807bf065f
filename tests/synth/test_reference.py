"""Recordings to voices, with the tiny model."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from tests.audio.sounds import silence, speechlike
from tests.tiny_model import write_tiny_model
from voice.checkpoints.store import Model, load_model
from voice.errors import AudioFileError, ConsentError, OptionError, UnknownTextError
from voice.synth import reference
from voice.synth.reference import enroll, make_voice, timbre_of
from voice.synth.voicefile import from_bytes, to_bytes
from voice.values import Audio

RATE = 24000


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_model(write_tiny_model(tmp_path_factory.mktemp("models") / "tiny"), "cpu")


def _audio(seconds: float = 4.0, seed: int = 0, **options: float) -> Audio:
    return Audio(speechlike(seconds, seed, **options), RATE)  # pyright: ignore[reportArgumentType]


def test_a_voice_of_one_recording(model: Model) -> None:
    made = enroll(model, [_audio()], name="Ada", consent="I am Ada.")
    voice = made.voice
    assert (voice.name, voice.model, voice.revision) == ("Ada", "tiny", model.revision)
    assert voice.timbre.shape == (model.spec.decoder.timbre.width,)
    assert voice.timbre.dtype == np.float32
    seconds = len(made.recordings[0].prompt) / RATE
    assert len(voice.prompt_codes) == pytest.approx(25 * seconds, abs=1)
    assert voice.consent == "I am Ada."
    assert voice.consent_date.startswith("20")
    assert len(voice.source_hash) == 64
    assert voice.preview is not None
    assert voice.preview.dtype == np.int16
    assert len(voice.preview) == pytest.approx(16000 * seconds, abs=2)
    assert from_bytes(to_bytes(voice)).name == "Ada"


def test_the_same_recording_gives_the_same_voice(model: Model) -> None:
    one, two = (make_voice(model, [_audio()]) for _ in range(2))
    assert np.array_equal(one.timbre, two.timbre)
    assert np.array_equal(one.prompt_codes, two.prompt_codes)
    assert one.source_hash == two.source_hash


def test_level_and_silence_do_not_change_the_timbre(model: Model) -> None:
    plain = make_voice(model, [_audio()])
    padded = np.concatenate([silence(1.0), 0.2 * speechlike(4.0), silence(1.0)])
    quiet = make_voice(model, [Audio(padded.astype(np.float32), RATE)])
    lengths = np.linalg.norm(plain.timbre) * np.linalg.norm(quiet.timbre)
    assert plain.timbre @ quiet.timbre / lengths > 0.99


def test_with_a_transcript_twelve_seconds_are_continued(model: Model) -> None:
    sound = Audio(np.concatenate([speechlike(5.5, 1), speechlike(5.5, 2)]), RATE)
    text = "Hello there, how are you today? " * 4
    assert enroll(model, [sound], text, "en").voice.prompt_text == text.strip()
    assert not enroll(model, [sound]).recordings[0].prompt_is_whole


def test_several_recordings_are_averaged_by_length(model: Model) -> None:
    recordings = [_audio(4.0, 0), _audio(8.0, 1, pitch_hz=170.0)]
    together = enroll(model, recordings)
    alone = [enroll(model, [r]) for r in recordings]
    lengths = [len(e.recordings[0].at(RATE)) for e in alone]
    expected = np.average([e.voice.timbre for e in alone], axis=0, weights=lengths)
    np.testing.assert_allclose(together.voice.timbre, expected, atol=1e-4)
    assert np.array_equal(together.voice.prompt_codes, alone[0].voice.prompt_codes)


def test_weights_are_shares_of_the_timbre(model: Model) -> None:
    recordings = [_audio(4.0, 0), _audio(8.0, 1, pitch_hz=170.0)]
    alone = [enroll(model, [r]).voice.timbre for r in recordings]
    made = enroll(model, dict(zip(recordings, (3, 1), strict=True))).voice
    middles = [p.quality.pitch_hz for p in enroll(model, recordings).recordings]
    assert middles[0] < middles[1]
    assert made.pitch_hz == pytest.approx(middles[0] ** 0.75 * middles[1] ** 0.25)
    np.testing.assert_allclose(made.timbre, 0.75 * alone[0] + 0.25 * alone[1], atol=1e-4)
    assert made.continued is not None
    assert made.continued.weights == (0.75, 0.25)
    for bad in (0, -1.0, float("nan"), float("inf"), True, "1"):
        with pytest.raises(OptionError, match="weight of a recording"):
            enroll(model, {recordings[0]: bad})  # pyright: ignore[reportArgumentType]


def test_which_part_is_continued_is_said(
    model: Model, caplog: pytest.LogCaptureFixture
) -> None:
    sound = np.concatenate([silence(2.0), speechlike(7.0), silence(1.0), speechlike(7.0, 1)])
    with caplog.at_level(logging.INFO):
        voice = make_voice(model, [Audio(sound, RATE)])
    part = voice.continued
    assert part is not None
    assert part.seconds == pytest.approx(17.0, abs=0.01)
    assert 3.0 <= part.stop - part.start <= 10.0
    assert part.start >= 1.8
    assert f"{part.start:.2f} to {part.stop:.2f} s (of 17.00 s) are continued" in caplog.text
    assert from_bytes(to_bytes(voice.with_name("Ada"))).continued is None


def test_long_recordings_are_taken_in_windows(model: Model) -> None:
    parts = [speechlike(6.0, i) for i in range(5)]
    made = enroll(model, [Audio(np.concatenate(parts), RATE)])
    assert len(reference._windows(made.recordings[0].at(RATE), RATE)) == 3
    assert np.isfinite(timbre_of(model, made.recordings)).all()
    assert len(made.voice.prompt_codes) <= 250


def test_transcript_that_fits_is_used(model: Model) -> None:
    from voice.text.frontend import phonemize

    text = "Hello there, how are you today?"
    made = enroll(model, [_audio()], text, "en")
    assert made.voice.prompt_text == text
    assert made.voice.languages == ("en",)
    expected = phonemize(text, "en").ids
    assert np.array_equal(made.voice.prompt_phonemes, expected)
    assert made.warnings == ()


@pytest.mark.parametrize(("text", "word"), [("I.", "short"), ("Hello there, you. " * 20, "long")])
def test_transcript_that_cannot_be_is_not_used(model: Model, text: str, word: str) -> None:
    made = enroll(model, [_audio()], text, "en")
    assert made.voice.prompt_text == ""
    assert f"too {word} for" in made.warnings[-1]


def test_transcript_of_a_long_recording_is_not_used(model: Model) -> None:
    sound = np.concatenate([speechlike(7.0), silence(1.0), speechlike(7.0, 1)])
    made = enroll(model, [Audio(sound, RATE)], "Hello there.", "en")
    assert made.voice.prompt_text == ""
    assert "is long: only" in made.warnings[-1]


@pytest.mark.parametrize("transcript", [None, "", "  ", "..."])
def test_no_transcript(model: Model, transcript: str | None) -> None:
    made = enroll(model, [_audio()], transcript)
    assert made.voice.prompt_text == ""
    assert made.warnings == ()


def test_what_is_wrong_is_said_before_anything_is_read(model: Model, tmp_path: Path) -> None:
    missing = tmp_path / "none.wav"
    with pytest.raises(OptionError, match="slash"):
        enroll(model, [missing], name="a/b")
    with pytest.raises(ConsentError):
        enroll(model, [missing], name="a", consent="...")
    with pytest.raises(UnknownTextError):
        enroll(model, [missing], "Привет")
    with pytest.raises(AudioFileError, match="does not exist"):
        enroll(model, [missing], "Hello.")
    with pytest.raises(OptionError, match="list of recordings"):
        enroll(model, [])


def test_warnings_are_logged(model: Model, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        make_voice(model, [_audio(2.0)])
    assert "would be closer" in caplog.text
