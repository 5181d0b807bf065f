"""The inaudible mark: found after what recordings go through, and only where it was put."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.audio.sounds import speechlike
from voice.audio import watermark
from voice.audio.inspect import THRESHOLD, inspect
from voice.audio.note import Note
from voice.audio.resample import resample
from voice.audio.wav import write_wav
from voice.errors import AudioFileError, DependencyError, OptionError

RATE = 24000


def _through(samples: np.ndarray, rate: int, **kind: object) -> tuple[np.ndarray, int]:
    """Encoded and decoded again."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, **kind)
    buffer.seek(0)
    return soundfile.read(buffer, dtype="float32")


@pytest.fixture(scope="module")
def marked() -> np.ndarray:
    return watermark.embed(speechlike(), RATE)


def test_mark_is_found_and_silence_before_it_is_not(marked: np.ndarray) -> None:
    assert watermark.detect(marked, RATE) > 0.9
    assert watermark.detect(speechlike(), RATE) < 0.1


def test_sound_stays_the_same_but_for_the_mark(marked: np.ndarray) -> None:
    plain = speechlike()
    assert marked.dtype == np.float32
    assert marked.shape == plain.shape
    assert float(np.abs(marked - plain).max()) < 0.1
    # only what lies below 2 kHz is touched
    change = np.abs(np.fft.rfft(marked - plain))
    hz = np.fft.rfftfreq(len(plain), 1 / RATE)
    assert change[hz > 2200].max() < 0.01 * change[hz < 2000].max()


def test_same_samples_every_time(marked: np.ndarray) -> None:
    assert np.array_equal(marked, watermark.embed(speechlike(), RATE))


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 24000, 32000, 44100, 48000])
def test_any_rate(rate: int) -> None:
    sound = watermark.embed(speechlike(rate=rate), rate)
    assert len(sound) == 4 * rate
    assert watermark.detect(sound, rate) > 0.9


@pytest.mark.parametrize("gain", [0.05, 0.3, 2.0])
def test_survives_other_levels(marked: np.ndarray, gain: float) -> None:
    assert watermark.detect(np.clip(gain * marked, -1, 1), RATE) > 0.9


def test_survives_resampling_and_coding(marked: np.ndarray) -> None:
    assert watermark.detect(resample(marked, RATE, 16000), 16000) > 0.9
    assert watermark.detect(resample(marked, RATE, 8000), 8000) > 0.9
    assert watermark.detect(marked[1234:], RATE) > 0.9
    for kind in (
        {"format": "MP3", "bitrate_mode": "CONSTANT", "compression_level": 0.75},
        {"format": "OGG", "subtype": "OPUS"}, {"format": "OGG", "subtype": "VORBIS"},
    ):
        assert watermark.detect(*_through(marked, RATE, **kind)) > THRESHOLD, kind
    rough = _through(marked, RATE, format="WAV", subtype="PCM_U8")
    assert watermark.detect(*rough) > 0.5  # less sure, but far from that of unmarked sound


def test_pieces_marked_one_by_one() -> None:
    whole = speechlike(8.0)
    pieces = [whole[at : at + RATE] for at in range(0, len(whole), RATE)]  # of one second
    streamed = np.concatenate([watermark.embed(piece, RATE) for piece in pieces])
    assert len(streamed) == len(whole)
    assert watermark.detect(streamed, RATE) > 0.9
    # no steps where pieces meet: both sides fade to the sound as it was
    seams = np.arange(RATE, len(whole), RATE)
    assert np.abs(streamed - whole)[seams].max() < 1e-5
    assert np.abs(streamed - whole)[seams - 1].max() < 1e-5


@pytest.mark.parametrize("samples", [0, 1, 7, 100, 2400])
def test_very_short_pieces(samples: int) -> None:
    sound = speechlike(1.0)[:samples]
    got = watermark.embed(sound, RATE)
    assert got.shape == sound.shape
    assert np.isfinite(got).all()
    assert 0.0 <= watermark.detect(got, RATE) <= 1.0


def test_silence_stays_silence() -> None:
    assert not watermark.embed(np.zeros(RATE, np.float32), RATE).any()
    assert watermark.detect(np.zeros(RATE, np.float32), RATE) == 0.0
    with_pause = np.concatenate([speechlike(2.0), np.zeros(RATE, np.float32)])
    assert float(np.abs(watermark.embed(with_pause, RATE)[-RATE // 2 :]).max()) < 1e-6


def test_never_louder_than_full_scale() -> None:
    loud = np.clip(5 * speechlike(), -1, 1)
    assert float(np.abs(watermark.embed(loud, RATE)).max()) <= 1.0


def test_rate_too_low() -> None:
    with pytest.raises(OptionError, match="too low"):
        watermark.embed(np.ones(100, np.float32), 4000)


def test_long_recordings_keep_a_marked_part(marked: np.ndarray) -> None:
    long = np.concatenate([speechlike(40.0, 3), np.tile(marked, 5), speechlike(20.0, 4)])
    assert watermark.detect(long, RATE) > THRESHOLD
    assert watermark.detect(speechlike(60.0, 3), RATE) < THRESHOLD


@pytest.mark.slow  # the package imports librosa and more
def test_weights_are_the_packages_own() -> None:
    pytest.importorskip("perth.perth_net", reason="needs setuptools<81")
    theirs = __import__("perth").PerthImplicitWatermarker()
    plain = speechlike()
    ours = watermark.embed(plain, RATE)
    assert float(theirs.get_watermark(ours, RATE, round=False)) > 0.95
    other = theirs.apply_watermark(plain, sample_rate=RATE)
    assert watermark.detect(other, RATE) > 0.95
    # the same mark, computed at 8 kHz instead of 32
    inner = slice(RATE // 2, -RATE // 2)
    rest = np.square(ours - other)[inner].sum() / np.square(ours - plain)[inner].sum()
    assert rest < 0.05


def test_missing_weights_are_an_error_not_silence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(watermark.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DependencyError, match="resemble-perth.*pip install"):
        watermark._weights_file()
    (tmp_path / "bad.pth.tar").write_bytes(b"PK\x03\x04 no archive")
    with pytest.raises(DependencyError, match="damaged"):
        watermark.read_weights(tmp_path / "bad.pth.tar")


def test_other_weights_do_not_pass() -> None:
    weights = dict(watermark.read_weights(watermark._weights_file()))
    del weights["encoder.layers.3.conv.bias"]
    with pytest.raises(DependencyError, match="other weights"):
        watermark.Watermarker(weights)


def test_a_watermarker_that_does_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watermark.Watermarker, "embed", lambda self, x, rate: x)
    watermark.watermarker.cache_clear()
    try:
        with pytest.raises(DependencyError, match="does not find its own mark"):
            watermark.watermarker()
    finally:
        monkeypatch.undo()
        watermark.watermarker.cache_clear()


def test_nothing_heavy_is_imported() -> None:
    code = (
        "import sys, numpy as np; from voice.audio import watermark; "
        "watermark.embed(np.ones(24000, np.float32), 24000); "
        "heavy = {'perth', 'librosa', 'torchaudio', 'pkg_resources', 'numba'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True,
        check=False, timeout=200,
    )
    assert done.returncode == 0, done.stderr


def test_inspect_of_our_own(tmp_path: Path, marked: np.ndarray) -> None:
    write_wav(tmp_path / "a.wav", marked, RATE, Note("mini", seed=3))
    found = inspect(tmp_path / "a.wav")
    assert found.made_here
    assert found.watermark > 0.9
    assert found.note is not None
    assert found.note["seed"] == 3


def test_inspect_by_the_mark_alone(tmp_path: Path, marked: np.ndarray) -> None:
    soundfile.write(tmp_path / "a.mp3", marked, RATE, bitrate_mode="CONSTANT",
                    compression_level=0.75)
    found = inspect(tmp_path / "a.mp3")
    assert (found.made_here, found.note) == (True, None)


def test_inspect_by_the_note_alone(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", speechlike(), RATE, Note("mini"))
    found = inspect(tmp_path / "a.wav")
    assert found.made_here
    assert found.watermark < THRESHOLD


def test_inspect_of_others(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", speechlike(), RATE)
    found = inspect(tmp_path / "a.wav")
    assert (found.made_here, found.note) == (False, None)
    with pytest.raises(AudioFileError):
        inspect(tmp_path / "none.wav")


def test_people_are_not_ours_and_their_marked_speech_is(shared: Path, tmp_path: Path) -> None:
    lines = (shared / "speech" / "eval.jsonl").read_text("utf8").splitlines()[:40:8]
    with tarfile.open(shared / "speech" / "eval-00.tar") as archive:
        for line in lines:
            member = archive.extractfile(json.loads(line)["key"])
            assert member is not None
            (tmp_path / "a.opus").write_bytes(member.read())
            assert not inspect(tmp_path / "a.opus").made_here, line
            samples, rate = soundfile.read(tmp_path / "a.opus", dtype="float32")
            sound, decoded = _through(
                watermark.embed(samples, rate), rate, format="MP3", bitrate_mode="CONSTANT",
                compression_level=0.75,
            )
            assert watermark.detect(sound, decoded) > THRESHOLD, line
