"""Verdicts on recordings: in figures, and in sentences that say what to do."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.audio.sounds import silence, speechlike
from voice.audio import quality
from voice.audio.resample import resample
from voice.values import Audio

RATE = 24000


def _sentences(samples: np.ndarray, rate: int = RATE) -> str:
    measured = quality.measure(Audio(samples.astype(np.float32), rate))
    return " ".join(quality.warnings(measured, "a.wav", rate))


def test_good_recording_has_no_warnings() -> None:
    assert _sentences(speechlike(6.0)) == ""


def test_short() -> None:
    assert "with 3 to 12 s the voice would be closer" in _sentences(speechlike(2.0))


def test_telephone_by_rate_and_by_content() -> None:
    low = resample(speechlike(6.0), RATE, 8000)
    assert "nothing above 4 kHz" in _sentences(low, 8000)
    assert "nothing above 4 kHz" in _sentences(resample(low, 8000, 48000), 48000)


@pytest.mark.parametrize("gain", [2.0, 4.0, 10.0])
def test_clipping_is_seen_and_grows(gain: float) -> None:
    speech = speechlike(6.0)
    speech = speech / np.abs(speech).max()
    cut = np.clip(gain * speech, -1, 1)
    share = float((np.abs(cut) == 1).mean())
    assert quality.clipped_share(cut) == pytest.approx(share, abs=0.01)
    assert quality.clipped_share(0.3 * cut) == pytest.approx(share, abs=0.01)  # turned down after
    assert quality.clipped_share(speech) < 0.0005
    assert "is clipped" in _sentences(cut)


@pytest.mark.parametrize(("snr_db", "word"), [(5.0, "very noisy"), (11.0, "is noisy")])
def test_noise(snr_db: float, word: str) -> None:
    speech = speechlike(6.0)
    rng = np.random.default_rng(0)
    active = np.sqrt(np.square(speech).mean() / 0.6)
    noise = rng.standard_normal(len(speech)) * active * 10 ** (-snr_db / 20)
    got = quality.measure(Audio((speech + noise).astype(np.float32), RATE))
    assert got.snr_db == pytest.approx(snr_db, abs=4.0)
    assert word in _sentences(speech + noise)


def test_noise_alone_and_quiet() -> None:
    noise = 0.1 * np.random.default_rng(0).standard_normal(6 * RATE)
    assert "may be noise or music" in _sentences(noise)
    assert "very quiet" in _sentences(0.003 * speechlike(6.0))


@pytest.mark.parametrize("pitch", [90.0, 140.0, 220.0, 330.0])
def test_pitch(pitch: float) -> None:
    found = quality.pitch_track(Audio(speechlike(4.0, pitch_hz=pitch), RATE))
    assert len(found) > 50
    assert float(np.median(found)) == pytest.approx(pitch, rel=0.12)


def test_two_speakers() -> None:
    low, high = speechlike(4.0, pitch_hz=100), speechlike(4.0, pitch_hz=230)
    assert "two people" in _sentences(np.concatenate([low, high]))
    assert "two people" not in _sentences(np.concatenate([low, low]))


def test_silence_and_single_samples_are_measured_without_fault() -> None:
    for samples in (silence(1.0), silence(0.0)[:0].tolist() or np.ones(1, np.float32)):
        got = quality.measure(Audio(np.asarray(samples, np.float32), RATE))
        assert np.isfinite([got.level_db, got.snr_db, got.clipped_share, got.range_db]).all()


def test_people_are_seldom_taken_for_two(shared: Path) -> None:
    lines = (shared / "speech" / "eval.jsonl").read_text("utf8").splitlines()[::4]
    taken = 0
    with tarfile.open(shared / "speech" / "eval-00.tar") as archive:
        for row in map(json.loads, lines):
            member = archive.extractfile(row["key"])
            assert member is not None
            samples, rate = soundfile.read(io.BytesIO(member.read()), dtype="float32")
            got = quality.measure(Audio(samples, rate))
            taken += got.pitch_groups_hz is not None
            assert got.clipped_share < 0.001
            assert got.speech_seconds > 1.0
    assert taken <= 2
