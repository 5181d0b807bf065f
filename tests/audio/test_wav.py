"""Writing WAV files: exact samples, whole files or none, and the note inside."""

from __future__ import annotations

import builtins
import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from voice.audio.files import open_wav, read, write_wav
from voice.audio.note import Note, info_chunk, parse_note, read_note, read_tags
from voice.audio.wav import to_int16
from voice.errors import OptionError, OutputError

DATA = Path(__file__).parents[1] / "data" / "audio"
NOTE = Note("mini", "0.1", 7, "Zoë 声", {"speed": 1.0, "text": "日本 \"quoted\"\n"})


def test_clipping_never_wraps() -> None:
    values = np.array([0, 1, -1, 1.5, -1.5, 1e9, -1e9, 0.99999, 32766.6 / 32768], np.float32)
    expected = [0, 32767, -32768, 32767, -32768, 32767, -32768, 32767, 32767]
    assert to_int16(values).tolist() == expected


def test_every_16_bit_value_survives(tmp_path: Path) -> None:
    every = np.arange(-32768, 32768).astype(np.float32) / 32768
    write_wav(tmp_path / "a.wav", every, 24000)
    got = read(tmp_path / "a.wav")
    assert got.sample_rate == 24000
    assert np.array_equal(got.samples, every)


def test_float_file_is_exact(tmp_path: Path) -> None:
    values = np.random.default_rng(0).uniform(-1, 1, 5001).astype(np.float32)
    write_wav(tmp_path / "a.wav", values, 32000, subtype="float32")
    assert np.array_equal(read(tmp_path / "a.wav").samples, values)
    assert soundfile.info(tmp_path / "a.wav").subtype == "FLOAT"


def test_written_in_pieces_is_the_same_file(tmp_path: Path) -> None:
    values = np.random.default_rng(0).uniform(-1, 1, 50000).astype(np.float32)
    write_wav(tmp_path / "a.wav", values, 24000, Note("mini", created="x"))
    with open_wav(tmp_path / "b.wav", 24000, Note("mini", created="x")) as writer:
        for at in range(0, 50000, 7001):
            writer.write(values[at : at + 7001])
        assert not (tmp_path / "b.wav").exists()
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "b.wav").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.wav", "b.wav"]


@pytest.mark.parametrize("samples", [[np.nan, 0], [np.inf], [[0.0, 0.0]]])
def test_samples_that_cannot_be_written(tmp_path: Path, samples: list[Any]) -> None:
    with pytest.raises(OptionError, match="samples"):
        write_wav(tmp_path / "a.wav", np.array(samples, np.float32), 24000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("rate", "subtype"), [(0, "pcm16"), (-1, "pcm16"), (24000, "mp3")])
def test_options_are_checked(tmp_path: Path, rate: int, subtype: str) -> None:
    with pytest.raises(OptionError):
        write_wav(tmp_path / "a.wav", np.zeros(5), rate, subtype=subtype)


def test_missing_folder_and_folder_as_target(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"none/a\.wav.* does not exist"):
        write_wav(tmp_path / "none" / "a.wav", np.zeros(5), 24000)
    with pytest.raises(OutputError, match="is a folder"):
        write_wav(tmp_path, np.zeros(5), 24000)
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="is not a folder"):
        write_wav(tmp_path / "file" / "a.wav", np.zeros(5), 24000)


def test_name_too_long_for_the_disk(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="too long"):
        write_wav(tmp_path / ("a" * 300), np.zeros(5), 24000)
    assert list(tmp_path.iterdir()) == []


def _failing_open(code: int, when: str) -> Any:
    """``open`` whose new files fail with an error code on opening or on their second write."""
    real = builtins.open

    def fake(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        if "x" not in mode:
            return real(file, mode, *args, **kwargs)
        if when == "open":
            raise OSError(code, os.strerror(code))
        handle = real(file, mode, *args, buffering=0, **kwargs)

        class Full:
            writes = 0

            def __enter__(self) -> Full:
                return self

            def __exit__(self, *error: object) -> None:
                handle.close()

            def __getattr__(self, name: str) -> Any:
                return getattr(handle, name)

            def write(self, data: bytes) -> int:
                self.writes += 1
                if self.writes > 1:
                    raise OSError(code, os.strerror(code))
                return handle.write(data)

        return Full()

    return fake


@pytest.mark.parametrize(
    ("code", "when", "match"),
    [
        (errno.ENOSPC, "write", "disk is full"), (errno.EDQUOT, "write", "quota"),
        (errno.EACCES, "open", "no permission"), (errno.EROFS, "open", "read-only"),
        (errno.EIO, "write", "cannot be written"),
    ],
)
def test_nothing_half_written_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, when: str, match: str
) -> None:
    write_wav(tmp_path / "a.wav", np.full(100, 0.5), 24000)
    before = (tmp_path / "a.wav").read_bytes()
    monkeypatch.setattr(builtins, "open", _failing_open(code, when))
    with pytest.raises(OutputError, match=match) as caught:
        write_wav(tmp_path / "a.wav", np.zeros(100), 24000)
    monkeypatch.undo()
    assert str(tmp_path / "a.wav") in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == ["a.wav"]
    assert (tmp_path / "a.wav").read_bytes() == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full here")
def test_a_disk_that_is_really_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.open

    def onto_full(file: Any, mode: str = "r", *args: Any, **kwargs: Any) -> Any:
        return real("/dev/full", "wb") if "x" in mode else real(file, mode, *args, **kwargs)

    monkeypatch.setattr(builtins, "open", onto_full)
    with pytest.raises(OutputError, match="disk is full"):
        write_wav(tmp_path / "a.wav", np.zeros(100000), 24000)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser may write")
def test_folder_without_permission(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    with pytest.raises(OutputError, match="no permission"):
        write_wav(folder / "a.wav", np.zeros(5), 24000)


def test_interruption_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), open_wav(tmp_path / "a.wav", 24000) as writer:
        writer.write(np.zeros(100))
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_overwrite_only_when_allowed(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.zeros(5), 24000, overwrite=False)
    with pytest.raises(OutputError, match="exists already"):
        write_wav(tmp_path / "a.wav", np.ones(9), 24000, overwrite=False)
    assert len(read(tmp_path / "a.wav").samples) == 5
    write_wav(tmp_path / "a.wav", np.zeros(9), 24000)
    assert len(read(tmp_path / "a.wav").samples) == 9


def test_note_comes_back(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.full(101, 0.25), 24000, NOTE)
    note = read_note(tmp_path / "a.wav")
    assert note is not None
    assert note["ai_generated"] is True
    assert (note["program"], note["model"], note["seed"]) == ("voice", "mini", 7)
    assert note["voice"] == "Zoë 声"
    assert note["settings"] == NOTE.settings
    assert note["created"].endswith("Z")
    assert read_tags(tmp_path / "a.wav")["software"] == "voice 0.1"
    assert np.array_equal(read(tmp_path / "a.wav").samples, np.full(101, 0.25, np.float32))


def test_other_programs_read_the_file(tmp_path: Path) -> None:
    import wave

    write_wav(tmp_path / "a.wav", np.zeros(1000), 24000, NOTE)
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, 24000)
        assert file.getnframes() == 1000
    with soundfile.SoundFile(tmp_path / "a.wav") as file:
        assert file.frames == 1000
        assert file.copy_metadata()["software"].startswith("voice 0.1")


@pytest.mark.parametrize("name", ["note.mp3", "note.flac", "note.opus", "note.m4a"])
def test_note_survives_conversion(name: str) -> None:
    # made of a WAV file with NOTE by a usual converter
    note = read_note(DATA / name)
    assert note is not None
    assert note["settings"] == NOTE.settings


def test_foreign_comments_are_not_notes(tmp_path: Path) -> None:
    for text in ("", "a comment", "{", "[1]", "{}", '{"program": "voice"}', "[" * 100000,
                 '{"program": "other", "ai_generated": true}', "{" * 70000):
        assert parse_note(text) is None
    soundfile.write(tmp_path / "a.wav", np.zeros(100), 24000)
    assert read_note(tmp_path / "a.wav") is None
    assert read_note(tmp_path / "none.wav") is None


def test_broken_chunks_are_survived(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.zeros(10), 24000, NOTE)
    data = (tmp_path / "a.wav").read_bytes()
    for cut in range(12, 80, 5):
        (tmp_path / "b.wav").write_bytes(data[:cut])
        assert read_note(tmp_path / "b.wav") is None
    for value in (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff\xff\xff\x7f"):
        at = data.find(b"LIST") + 4
        (tmp_path / "b.wav").write_bytes(data[:at] + value + data[at + 4 :])
        read_tags(tmp_path / "b.wav")
    assert len(info_chunk(NOTE)) % 2 == 0
