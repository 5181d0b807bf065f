"""Reading recordings: every format of the contract, and every kind of bad file."""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile

from voice.audio import files
from voice.errors import AudioFileError, DependencyError

DATA = Path(__file__).parents[1] / "data" / "audio"


def _tone(rate: int, seconds: float = 1.5, hz: float = 440.0) -> np.ndarray:
    return (0.5 * np.sin(2 * np.pi * hz * np.arange(int(rate * seconds)) / rate)).astype(np.float32)


def _main_frequency(audio: files.Audio) -> float:
    spectrum = np.abs(np.fft.rfft(audio.samples * np.hanning(len(audio.samples))))
    return float(spectrum.argmax() * audio.sample_rate / len(audio.samples))


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE"])
@pytest.mark.parametrize("rate", [8000, 44100, 192000])
def test_wav_of_all_depths_and_rates(tmp_path: Path, subtype: str, rate: int) -> None:
    tone = _tone(rate)
    soundfile.write(tmp_path / "a.wav", tone, rate, subtype=subtype)
    got = files.read(tmp_path / "a.wav")
    assert got.sample_rate == rate
    assert got.samples.dtype == np.float32
    step = {"PCM_U8": 1 / 128, "PCM_16": 1 / 32768}.get(subtype, 1e-6)
    np.testing.assert_allclose(got.samples, tone, atol=step)


@pytest.mark.parametrize("channels", [1, 2, 3, 6, 8])
def test_channels_are_averaged(tmp_path: Path, channels: int) -> None:
    tone = _tone(16000)
    gains = np.linspace(1.0, 0.5, channels, dtype=np.float32)
    soundfile.write(tmp_path / "a.wav", tone[:, None] * gains, 16000, subtype="FLOAT")
    got = files.read_recording(tmp_path / "a.wav")
    assert got.channels == channels
    np.testing.assert_allclose(got.audio.samples, tone * gains.mean(), atol=1e-6)


def test_opposite_channels_do_not_cancel(tmp_path: Path) -> None:
    tone = _tone(16000)
    soundfile.write(tmp_path / "a.wav", np.stack([0.5 * tone, -tone], 1), 16000, subtype="FLOAT")
    got = files.read(tmp_path / "a.wav")
    np.testing.assert_allclose(got.samples, -tone, atol=1e-6)


def test_one_live_channel_of_eight_is_taken(tmp_path: Path) -> None:
    data = np.zeros((24000, 8), np.float32)
    data[:, 5] = _tone(16000)
    soundfile.write(tmp_path / "a.wav", data, 16000, subtype="FLOAT")
    np.testing.assert_allclose(files.read(tmp_path / "a.wav").samples, data[:, 5], atol=1e-6)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("a.flac", {}), ("a.mp3", {}), ("a.ogg", {}),
        ("a.opus", {"format": "OGG", "subtype": "OPUS"}), ("a.aiff", {}), ("a.w64", {}),
    ],
)
def test_soundfile_formats(tmp_path: Path, name: str, options: dict[str, str]) -> None:
    soundfile.write(tmp_path / name, _tone(24000), 24000, **options)
    got = files.read(tmp_path / name)
    assert got.seconds == pytest.approx(1.5, abs=0.1)
    assert _main_frequency(got) == pytest.approx(440, abs=2)


@pytest.mark.parametrize(
    ("name", "rate"),
    [("tone.m4a", 24000), ("tone.aac", 44100), ("tone.webm", 48000), ("tone.mp4", 8000),
     ("tone.amr", 8000)],
)
def test_container_formats(name: str, rate: int) -> None:
    got = files.read(DATA / name)
    assert got.sample_rate == rate
    assert got.seconds == pytest.approx(1.5, abs=0.2)  # the encoder pads to its frames
    assert _main_frequency(got) == pytest.approx(440, abs=2)
    middle = got.samples[rate // 2 : rate]
    slack = 0.2 if name == "tone.amr" else 0.05
    assert float(middle.std()) == pytest.approx(0.5 / 2**0.5, rel=slack)


def test_two_channels_and_lossless_in_m4a(tmp_path: Path) -> None:
    import codecpod

    tone = _tone(44100)
    both = np.stack([tone, np.zeros_like(tone)])
    codecpod.save(str(tmp_path / "a.m4a"), both, 44100, codecpod.Alac())
    got = files.read_recording(tmp_path / "a.m4a")
    assert (got.channels, got.audio.sample_rate) == (2, 44100)
    np.testing.assert_allclose(got.audio.samples, tone / 2, atol=1e-4)


def test_without_the_decoder_the_message_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "codecpod", None)
    with pytest.raises(DependencyError, match="m4a.*codecpod.*wav"):
        files.read(DATA / "tone.m4a")
    (tmp_path / "a.m4a").write_bytes(b"hello, this is no sound")
    _refused(tmp_path / "a.m4a", "not a recording")


def test_damaged_stream_is_read_up_to_the_damage(tmp_path: Path) -> None:
    data = (DATA / "tone.aac").read_bytes()
    (tmp_path / "a.aac").write_bytes(data[: len(data) // 2])
    got = files.read_recording(tmp_path / "a.aac")
    assert 0.4 < got.audio.seconds < 1.0
    assert "damaged" in got.warnings[0]


def test_content_decides_not_the_name(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", _tone(16000), 16000)
    for name in ("b.mp3", "b.raw", "b", "b.m4a"):
        (tmp_path / name).write_bytes((tmp_path / "a.wav").read_bytes())
        assert files.read(tmp_path / name).seconds == 1.5


def test_names_with_other_scripts(tmp_path: Path) -> None:
    path = tmp_path / "我的 声音'\"$.wav"
    soundfile.write(path, _tone(16000), 16000)
    assert files.read(path).seconds == 1.5


def test_hot_float_is_scaled_down_to_one(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", 8 * _tone(16000), 16000, subtype="FLOAT")
    got = files.read(tmp_path / "a.wav")
    np.testing.assert_allclose(got.samples, 2 * _tone(16000), atol=1e-4)


def _refused(path: Path, match: str, **options: float) -> None:
    with pytest.raises(AudioFileError, match=match) as caught:
        files.read(path, **options)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_empty_and_folder(tmp_path: Path) -> None:
    _refused(tmp_path / "none.wav", "does not exist")
    (tmp_path / "empty.wav").touch()
    _refused(tmp_path / "empty.wav", "empty")
    _refused(tmp_path, "is a folder")
    _refused(tmp_path / ("x" * 300), "cannot be opened")
    with pytest.raises(AudioFileError):
        files.read("nul\0byte.wav")


@pytest.mark.skipif(os.name != "posix", reason="no named pipes here")
def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    _refused(tmp_path / "pipe.wav", "not a regular file")


@pytest.mark.parametrize(
    "content",
    [
        b"hello, this is no sound", b"RIFF", b"\x00" * 5000, b"\x80\x04K\x01.",
        b"RIFF\xff\xff\xff\xffWAVEfmt \xff\xff\xff\xff", b"fLaC" + b"\xff" * 400,
        b"OggS" + bytes(range(256)) * 4, b"<html><body></body></html>", bytes(range(256)) * 40,
    ],
)
def test_not_audio(tmp_path: Path, content: bytes) -> None:
    for name in ("a.wav", "a.mp3", "a.m4a"):
        (tmp_path / name).write_bytes(content)
        _refused(tmp_path / name, "not a recording|no sound|sample rate|channels|damaged|longer")


def test_playlists_cannot_name_other_files(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "secret.ogg", _tone(16000), 16000)
    inner = tmp_path / "secret.ogg"
    hls = f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.5,\n{inner}\n#EXT-X-ENDLIST\n"
    for name, text in (("a.m3u8", hls), ("a.ffconcat", f"ffconcat version 1.0\nfile '{inner}'\n"),
                       ("a.wav", hls)):
        (tmp_path / name).write_text(text)
        _refused(tmp_path / name, "not a recording")


def test_picture_without_sound() -> None:
    _refused(DATA / "picture.mp4", "no sound")


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_not_finite(tmp_path: Path, value: float) -> None:
    tone = _tone(16000)
    tone[9000] = value
    soundfile.write(tmp_path / "a.wav", tone, 16000, subtype="FLOAT")
    _refused(tmp_path / "a.wav", "not finite")


@pytest.mark.parametrize("rate", [100, 4000, 384000])
def test_rates_outside_the_range(tmp_path: Path, rate: int) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(2000), rate)
    _refused(tmp_path / "a.wav", f"sample rate of {rate} Hz")


def test_too_many_channels(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros((2000, 9)), 16000)
    _refused(tmp_path / "a.wav", "9 channels")


def test_decoding_stops_at_the_limit(tmp_path: Path) -> None:
    # an hour of silence is a small flac file; it must not be unpacked
    with soundfile.SoundFile(tmp_path / "a.flac", "w", 48000, 2) as file:
        silence = np.zeros((480000, 2), np.int16)
        for _ in range(90):
            file.write(silence)
    assert (tmp_path / "a.flac").stat().st_size < 2_000_000
    _refused(tmp_path / "a.flac", "longer than 600 s")
    _refused(tmp_path / "a.flac", "longer than 60 s", max_seconds=60)


def test_header_that_promises_gigabytes(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", _tone(16000), 16000)
    data = bytearray((tmp_path / "a.wav").read_bytes())
    struct.pack_into("<I", data, data.find(b"data") + 4, 0xFFFFFFF0)
    (tmp_path / "a.wav").write_bytes(data)
    got = files.read_recording(tmp_path / "a.wav")
    assert got.audio.seconds == pytest.approx(1.5, abs=0.01)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3", "a.ogg", "a.m4a"])
def test_truncated_files(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    rng = np.random.default_rng(0)
    noise = (0.1 * rng.standard_normal(16000 * 6)).astype(np.float32)
    if name.endswith("m4a"):
        import codecpod

        codecpod.save(str(path), noise, 16000, codecpod.Aac())
    else:
        soundfile.write(path, noise, 16000)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    if name.endswith("m4a"):  # its index is at the end
        _refused(path, "not a recording")
        return
    got = files.read_recording(path)
    assert 1.0 < got.audio.seconds < 4.5
    if name in ("a.wav", "a.flac"):  # the others do not say how long they ought to be
        assert "cut off" in got.warnings[0]
    path.write_bytes(data[:40])
    _refused(path, "no sound|not a recording")


def test_whole_files_have_no_warnings(tmp_path: Path) -> None:
    for name in ("a.wav", "a.flac", "a.mp3", "a.ogg"):
        soundfile.write(tmp_path / name, _tone(16000), 16000)
        assert files.read_recording(tmp_path / name).warnings == ()


def test_no_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    soundfile.write(tmp_path / "a.wav", _tone(16000), 16000)

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", refuse)
    _refused(tmp_path / "a.wav", "no permission")
