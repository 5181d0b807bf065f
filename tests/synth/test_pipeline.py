"""The synthesizer: loading, voices, conversion, tokens, threads, what a result says of itself."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import voice
from tests.tiny_model import write_tiny_model
from voice import (
    AudioFileError,
    DeviceError,
    ModelFileError,
    OptionError,
    Speech,
    Synthesizer,
    UnknownTextError,
    Voice,
    VoiceError,
    VoiceFileError,
)
from voice.audio.note import read_note
from voice.synth.convert import windows
from voice.synth.speech import join
from voice.values import Audio


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    write_tiny_model(folder / "models" / "tiny")
    return folder


@pytest.fixture(scope="module")
def tiny(home: Path) -> Synthesizer:
    return Synthesizer.load("tiny", "cpu", home)


def _voice(name: str = "ada", seed: int = 0) -> Voice:
    rng = np.random.default_rng(seed)
    return Voice(
        name=name,
        model="tiny",
        timbre=rng.standard_normal(16).astype(np.float32),
        prompt_codes=rng.integers(0, 32, 30),
        prompt_phonemes=rng.integers(5, 100, 15),
        consent="I am the speaker.",
    )


def _sound(seconds: float, rate: int = 16000) -> Audio:
    rng = np.random.default_rng(0)
    t = np.arange(round(seconds * rate)) / rate
    tone = np.sin(2 * np.pi * 150 * t) * (0.2 + np.clip(np.sin(20 * t), 0, 1))
    return Audio((0.2 * tone + 0.01 * rng.standard_normal(len(t))).astype(np.float32), rate)


def test_public_names_are_what_they_say() -> None:
    for name in voice.__all__:
        value = getattr(voice, name)
        assert isinstance(value, tuple) if name.isupper() else value.__name__ == name
    errors = [n for n in voice.__all__ if n.endswith("Error")]
    assert len(errors) == 11 and all(issubclass(getattr(voice, n), VoiceError) for n in errors)
    with pytest.raises(AttributeError, match="nothing_like_this"):
        voice.nothing_like_this  # noqa: B018


def test_models_are_found_by_name_and_folder(tiny: Synthesizer, home: Path) -> None:
    again = Synthesizer.load(home / "models" / "tiny", "cpu", home)
    assert (again.name, again.revision, again.sample_rate) == ("tiny", tiny.revision, 24000)
    assert (
        len(tiny.revision) == 12 and tiny.languages == ("en", "zh", "ja") and tiny.device == "cpu"
    )
    with pytest.raises(ModelFileError, match="tiny"):
        Synthesizer.load("nope", "cpu", home)
    with pytest.raises(DeviceError, match="tpu"):
        Synthesizer.load("tiny", "tpu", home)


def test_voices_by_name_file_and_example(tiny: Synthesizer, home: Path, tmp_path: Path) -> None:
    tiny.library.add(_voice("kept"))
    _voice("filed").save(tmp_path / "f.voice")
    examples = home / "models" / "tiny" / "voices"
    examples.mkdir(exist_ok=True)
    _voice("shown").save(examples / "shown.voice")
    assert tiny.voice("kept").name == "kept" and tiny.voice("shown").name == "shown"
    assert tiny.voice(tmp_path / "f.voice").name == "filed"
    assert [v.name for v in tiny.examples()] == ["shown"]
    with pytest.raises(VoiceFileError, match="nobody"):
        tiny.voice("nobody")
    with pytest.raises(VoiceFileError):
        tiny.voice("../shown")


@pytest.mark.parametrize(
    "changes",
    [
        {"model": "mega"},
        {"timbre": np.ones(17, np.float32)},
        {"prompt_codes": np.array([32])},
        {"prompt_phonemes": np.array([732])},
    ],
)
def test_voices_of_other_models_are_refused(tiny: Synthesizer, changes: dict[str, object]) -> None:
    other = replace(_voice(), **changes)  # type: ignore[arg-type]
    for use in (lambda: tiny.stream("Hi.", other), lambda: tiny.convert(_sound(1), other)):
        with pytest.raises(VoiceFileError, match="tiny"):
            use()


def test_other_weights_are_warned_of(tiny: Synthesizer, caplog: pytest.LogCaptureFixture) -> None:
    tiny.check_voice(replace(_voice(), revision="123456123456"))
    assert "other weights" in caplog.text


def test_enroll_speaks_in_the_readme_way(tiny: Synthesizer, tmp_path: Path) -> None:
    from voice.audio.wav import write_wav

    write_wav(tmp_path / "r.wav", _sound(5).samples, 16000)
    made = tiny.enroll([tmp_path / "r.wav"], transcript="Hello there.", language="en")
    assert made.model == "tiny" and made.revision == tiny.revision and len(made.timbre) == 16
    assert len(made.prompt_codes) > 25 and made.consent == ""
    mixed = tiny.blend({made: 0.6, replace(_voice(), revision=tiny.revision): 0.4})
    assert abs(sum(mixed.parents.values()) - 1) < 1e-9
    speech = tiny.say("Hello.", mixed, seed=1, check=False)
    speech.save(tmp_path / "out.wav")
    note = read_note(tmp_path / "out.wav")
    assert note is not None and note["seed"] == 1 and note["settings"]["check"] is False
    with pytest.raises(AudioFileError, match="gone.wav"):
        tiny.enroll([tmp_path / "gone.wav"])


def test_info_says_how_it_was_made(tiny: Synthesizer) -> None:
    info = tiny.say("Hello there.", _voice(), seed=2, speed=1.5, check=False).info
    assert (info["model"], info["voice"], info["seed"], info["device"]) == ("tiny", "ada", 2, "cpu")
    assert info["settings"]["speed"] == 1.5 and info["watermark"] is True
    assert info["semantic_tokens"] == sum(p["semantic_tokens"] for p in info["pieces"]) > 0


@pytest.mark.parametrize("seconds", [0.5, 6.0, 13.0, 30.0, 61.3])
def test_convert_keeps_the_length(tiny: Synthesizer, seconds: float) -> None:
    made = tiny.convert(_sound(seconds), _voice(), seed=1)
    assert abs(made.seconds - seconds) <= 0.041
    assert np.isfinite(made.samples).all() and made.info["seed"] == 1


def test_convert_is_reproducible_and_faster_is_shorter(tiny: Synthesizer) -> None:
    one, two = (tiny.convert(_sound(3), _voice(), seed=1).samples for _ in range(2))
    assert np.array_equal(one, two)
    assert abs(tiny.convert(_sound(20), _voice(), speed=2.0).seconds - 10) < 0.1


def test_a_transcript_is_heard_in_what_is_converted(tiny: Synthesizer) -> None:
    source, text = _sound(15.7), "One two three four five six seven eight nine ten eleven twelve."
    plain = tiny.convert(source, _voice(), seed=3)
    told = tiny.convert(source, _voice(), seed=3, transcript=text, language="en")
    assert len(told.samples) == len(plain.samples)
    half = len(told.samples) // 2
    for part in (slice(0, half), slice(half, None)):  # two windows
        assert not np.array_equal(told.samples[part], plain.samples[part])
    again = tiny.convert(source, _voice(), seed=3, transcript=text)
    assert np.array_equal(told.samples, again.samples)
    empty = tiny.convert(source, _voice(), seed=3, transcript=" ")
    assert np.array_equal(plain.samples, empty.samples)
    with pytest.raises(OptionError, match="too long for 15.7 s"):
        tiny.convert(source, _voice(), transcript=text * 20)
    with pytest.raises(OptionError, match="too short"):
        tiny.convert(source, _voice(), transcript="Oh.")
    with pytest.raises(UnknownTextError):
        tiny.convert(source, _voice(), transcript="Привет")


@pytest.mark.parametrize("tokens", [1, 100, 347, 348, 349, 600, 1000, 90_000])
def test_windows_cover_every_token_once(tokens: int) -> None:
    found = windows(tokens, 25.0)
    kept = np.concatenate([np.arange(w.start, w.stop) for w in found])
    assert np.array_equal(kept, np.arange(tokens))
    assert all(0 <= w.left <= w.start < w.stop <= w.right <= tokens for w in found)
    assert max(w.right - w.left for w in found) < 520


@pytest.mark.parametrize(
    ("source", "match"),
    [(Audio(np.zeros(16000, np.float32), 16000), "silent"), (_sound(0.05), "long")],
)
def test_recordings_with_nothing_in_them(tiny: Synthesizer, source: Audio, match: str) -> None:
    with pytest.raises(AudioFileError, match=match):
        tiny.convert(source, _voice())
    with pytest.raises(AudioFileError, match=match):
        tiny.tokens(source)


def test_tokens_and_sound_of_tokens(tiny: Synthesizer) -> None:
    report = tiny.tokens(_sound(4))
    assert report.codes.shape == (100,) and report.features.shape == (200, 16) and report.rate == 25
    assert len(report.phonemes) == len(report.phoneme_ids)
    assert tiny.speak_tokens(report.codes, _voice(), seed=1).seconds == 4.0
    for codes in ([], [-1], [32], [0.5], [[1]]):
        with pytest.raises(OptionError, match="0 to 31"):
            tiny.speak_tokens(np.array(codes), _voice())


def test_threads_get_what_they_would_get_alone(tiny: Synthesizer) -> None:
    texts = ["Hello there, my friend.", "How are you today?", "I am very well."]
    alone = [tiny.say(t, _voice(), seed=i, check=False).samples for i, t in enumerate(texts)]
    together: dict[int, np.ndarray] = {}

    def work(i: int) -> None:
        together[i] = tiny.say(texts[i], _voice(), seed=i, check=False).samples

    threads = [threading.Thread(target=work, args=(i,)) for i in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(together[i], alone[i]) for i in range(len(texts)))


def test_an_unfinished_stream_does_not_block_others(tiny: Synthesizer) -> None:
    stream = tiny.stream("One two three. " * 20, _voice(), seed=1, check=False)
    next(stream)
    done: list[Speech] = []
    other = threading.Thread(target=lambda: done.append(tiny.say("Hi.", _voice(), check=False)))
    other.start()
    other.join(30)
    assert len(done) == 1


def test_joining_needs_chunks() -> None:
    with pytest.raises(ValueError, match="no chunks"):
        join([])


def test_the_result_says_with_what_it_was_spoken(tiny: Synthesizer) -> None:
    speech = tiny.say("Hello there.", _voice(), seed=1, check=False, temperature=0.9)
    assert speech.origin is not None
    spec, settings = tiny.model.spec.text2semantic, speech.origin.settings
    assert settings["temperature"] == 0.9
    assert settings["repetition_penalty"] == spec.repetition_penalty
