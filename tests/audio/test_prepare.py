"""References: every row of the bad-input table, and the best part for the prompt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.audio.sounds import silence, speechlike
from voice.audio import level
from voice.audio.prepare import PrepareSettings, Source, prepare, prepare_all, source_hash
from voice.errors import AudioFileError, OptionError
from voice.values import Audio

RATE = 24000


def _audio(*parts: np.ndarray, rate: int = RATE) -> Audio:
    return Audio(np.concatenate(parts).astype(np.float32), rate)


def test_good_recording() -> None:
    got = prepare(_audio(silence(1), speechlike(5.0), silence(1)))
    assert got.warnings == ()
    assert got.audio.seconds == pytest.approx(5.0, abs=0.5)
    assert level.active_level_db(got.audio.samples, RATE) == pytest.approx(-23.0, abs=0.5)
    assert got.prompt_is_whole
    start, stop = got.prompt_times()
    assert 0.85 < start < 1.2
    assert 5.5 < stop < 6.2
    assert got.at(16000).shape == (round(len(got.audio.samples) * 2 / 3),)
    assert got.prompt_at(16000).shape == got.at(16000).shape


@pytest.mark.parametrize("rate", [8000, 22050, 192000])
@pytest.mark.parametrize("name", ["a.wav", "a.flac"])
def test_files_of_any_rate(tmp_path: Path, rate: int, name: str) -> None:
    stereo = np.stack([speechlike(4.0, rate=rate), 0.5 * speechlike(4.0, rate=rate)], 1)
    soundfile.write(tmp_path / name, stereo, rate)
    got = prepare(tmp_path / name)
    assert got.audio.sample_rate == rate
    assert len(got.at(RATE)) == pytest.approx(got.audio.seconds * RATE, abs=1)
    assert any("4 kHz" in w for w in got.warnings) == (rate == 8000)


@pytest.mark.parametrize(
    ("seconds", "match"), [(0.5, "under 1 s"), (0.99, "under 1 s"), (61.0, "over 60 s")]
)
def test_length_limits(seconds: float, match: str) -> None:
    with pytest.raises(AudioFileError, match=match):
        prepare(_audio(np.tile(speechlike(1.0), 61)[: round(seconds * RATE)]))


@pytest.mark.parametrize("seconds", [1.0, 2.9, 60.0])
def test_lengths_that_are_fine(seconds: float) -> None:
    sound = np.tile(speechlike(4.0), 15)[: round(seconds * RATE)]
    got = prepare(_audio(sound))
    assert any("would be closer" in w for w in got.warnings) == (seconds < 3)


def test_over_an_hour_is_not_even_read(tmp_path: Path) -> None:
    with soundfile.SoundFile(tmp_path / "a.flac", "w", 8000, 1) as file:
        for _ in range(60):
            file.write(np.zeros(8000 * 60, np.int16))
    with pytest.raises(AudioFileError, match="longer than"):
        prepare(tmp_path / "a.flac")


@pytest.mark.parametrize(
    ("samples", "match"),
    [
        (silence(3), "is silent"), (silence(3) + 1e-5, "is silent"),
        (silence(3) + 0.5, "is silent"),  # an offset is no sound
        (np.full(3 * RATE, np.nan), "not finite"), (np.full(3 * RATE, np.inf), "not finite"),
        (np.sign(speechlike(3.0, noise=0.0)), "clipped throughout"),
        (np.zeros((3, 2)), "one channel"), (np.zeros(0), "no sound"),
        (np.concatenate([silence(3), speechlike(0.3), silence(3)]), "of speech"),
    ],
)
def test_unusable_sound(samples: np.ndarray, match: str) -> None:
    with pytest.raises(AudioFileError, match=match) as caught:
        prepare(Audio(samples.astype(np.float32), RATE))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("rate", [0, 4000, 400000])
def test_unusable_rate(rate: int) -> None:
    with pytest.raises(AudioFileError, match="8000 to 192000"):
        prepare(Audio(speechlike(2.0), rate))


def test_unusable_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(b"not audio at all")
    for path in (tmp_path / "a.wav", tmp_path / "none.wav", tmp_path):
        with pytest.raises(AudioFileError, match=str(path)):
            prepare(path)


def test_clipped_is_used_with_a_warning() -> None:
    speech = speechlike(5.0)
    got = prepare(_audio(np.clip(4 * speech, -0.5, 0.5)))
    assert any("is clipped" in w for w in got.warnings)


def test_cut_off_file_is_used_with_a_warning(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", speechlike(8.0), RATE)
    data = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "a.wav").write_bytes(data[: len(data) * 3 // 4])
    got = prepare(tmp_path / "a.wav")
    assert "cut off" in got.warnings[0]
    assert got.audio.seconds == pytest.approx(6.0, abs=0.5)


def test_offset_and_level_do_not_matter() -> None:
    speech = speechlike(5.0)
    plain = prepare(_audio(speech))
    moved = prepare(_audio(0.1 * speech + 0.05))
    np.testing.assert_allclose(plain.audio.samples, moved.audio.samples, atol=2e-3)


def test_long_recording_gives_a_prompt_between_pauses() -> None:
    parts = [speechlike(4.0), silence(1.0), speechlike(7.0, 1), silence(1.0), speechlike(5.0, 2)]
    got = prepare(_audio(*parts))
    assert not got.prompt_is_whole
    start, stop = got.prompt_times()
    assert 6.0 <= stop - start <= 10.0
    cuts = [(0.0, 0.1), (3.5, 5.1), (11.2, 13.1), (17.0, 18.1)]
    assert all(any(a - 0.2 <= t <= b + 0.2 for a, b in cuts) for t in (start, stop))
    assert len(got.prompt_at(RATE)) == round((stop - start) * RATE)
    assert abs(float(got.prompt_at(RATE)[0])) < 1e-6  # faded


def test_the_clean_part_is_chosen() -> None:
    clipped = np.clip(8 * speechlike(7.0), -0.4, 0.4)
    got = prepare(_audio(clipped, silence(1.0), speechlike(7.0, 1)))
    assert got.prompt_times()[0] > 7.0


def test_the_part_with_less_noise_is_chosen() -> None:
    noise = 0.02 * np.random.default_rng(0).standard_normal(round(8.2 * RATE))
    noisy = np.concatenate([speechlike(3.5), silence(0.6), speechlike(3.5, 1), silence(0.6)])
    noisy = noisy + noise[: len(noisy)]
    clean = np.concatenate([speechlike(3.5, 2), silence(0.6), speechlike(3.5, 3)])
    got = prepare(_audio(noisy, clean))
    start, stop = got.prompt_times()
    assert start > 8.0
    assert 3.0 <= stop - start <= 8.0
    turned = prepare(_audio(clean, silence(0.6), noisy))
    assert turned.prompt_times()[1] < 8.3


def test_no_pause_is_cut_at_a_quiet_place() -> None:
    steady = np.tile(speechlike(0.4, noise=0.0)[: RATE // 4], 100)
    got = prepare(_audio(steady))
    assert not got.prompt_is_whole
    assert 6.0 <= len(got.prompt) / RATE <= 10.0


@pytest.mark.parametrize("seconds", [3.0, 6.0, 20.0])
def test_prompt_length_is_a_setting(seconds: float) -> None:
    sound = np.concatenate([np.concatenate([speechlike(2.5, i), silence(0.6)]) for i in range(8)])
    got = prepare(_audio(sound), settings=PrepareSettings(prompt_s=seconds))
    assert len(got.prompt) / RATE <= seconds + 1e-6


@pytest.mark.parametrize("bad", [{"level_db": 0.0}, {"margin_s": -1.0}, {"prompt_s": 0.5}])
def test_settings_are_checked(bad: dict[str, float]) -> None:
    with pytest.raises(OptionError):
        PrepareSettings(**bad)


def test_several_recordings() -> None:
    sources: list[Source] = [_audio(speechlike(4.0, i)) for i in range(3)]
    prepared, warnings = prepare_all(sources)
    assert [p.name for p in prepared] == ["Recording 1", "Recording 2", "Recording 3"]
    assert warnings == []
    assert source_hash(prepared) == source_hash(prepared[::-1])
    assert source_hash(prepared) != source_hash(prepared[:2])


def test_two_people_and_doubles_are_noticed() -> None:
    low, high = _audio(speechlike(4.0, pitch_hz=100)), _audio(speechlike(4.0, pitch_hz=230))
    assert "blend two voices" in " ".join(prepare_all([low, high])[1])
    assert "more than once" in " ".join(prepare_all([low, low])[1])


def test_number_of_recordings() -> None:
    with pytest.raises(OptionError, match="list of recordings"):
        prepare_all([])
    with pytest.raises(OptionError, match="1 to 32"):
        prepare_all([_audio(speechlike(2.0))] * 33)
    with pytest.raises(OptionError, match="list"):
        prepare_all("a.wav")
