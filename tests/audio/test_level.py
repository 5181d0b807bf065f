"""Where speech is, and how loud."""

from __future__ import annotations

import numpy as np
import pytest

from tests.audio.sounds import silence, speechlike
from voice.audio import level
from voice.audio.resample import resample, to_rate
from voice.errors import OptionError
from voice.values import Audio

RATE = 24000


def test_frame_levels_of_a_known_tone() -> None:
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(RATE) / RATE)
    got = level.frame_levels_db(tone.astype(np.float32), RATE)
    assert got.shape == (100,)
    np.testing.assert_allclose(got, 20 * np.log10(0.5) - 3.01, atol=0.01)
    assert level.frame_levels_db(silence(0.05), RATE).tolist() == [-120.0] * 5
    assert len(level.frame_levels_db(silence(0.055), RATE)) == 6


@pytest.mark.parametrize("target", [-30.0, -23.0, -18.0])
@pytest.mark.parametrize("gain", [0.001, 0.1, 1.0])
def test_level_is_reached_whatever_it_was(target: float, gain: float) -> None:
    got = level.to_level(gain * speechlike(noise=0.0), RATE, target)
    peak = float(np.abs(got).max())
    reached = level.active_level_db(got, RATE)
    assert reached == pytest.approx(target, abs=0.1) or peak == pytest.approx(0.97, abs=0.001)
    assert peak <= 0.9701


def test_pauses_do_not_change_the_level() -> None:
    speech = speechlike()
    padded = np.concatenate([silence(5), speech, silence(5)])
    assert level.active_level_db(padded, RATE) == pytest.approx(
        level.active_level_db(speech, RATE), abs=1.5
    )


def test_silence_is_left_alone() -> None:
    assert not level.to_level(silence(1), RATE).any()
    assert level.active_level_db(silence(0), RATE) == -120.0


@pytest.mark.parametrize("noise", [0.0, 0.001, 0.003])
def test_trim_finds_the_speech(noise: float) -> None:
    sound = np.concatenate([silence(1.5), speechlike(3.0, noise=0.0), silence(2.0)])
    sound += (noise * np.random.default_rng(0).standard_normal(len(sound))).astype(np.float32)
    span = level.trim_span(sound, RATE, 0.1)
    assert span.start / RATE == pytest.approx(1.4, abs=0.1)
    assert 4.2 < span.stop / RATE < 4.75  # the last burst ends at 4.4 s


def test_margin_never_leaves_the_recording() -> None:
    span = level.trim_span(speechlike(2.0), RATE, 1.0)
    assert (span.start, span.stop) == (0, 2 * RATE)


def test_spans_are_split_at_pauses() -> None:
    sound = np.concatenate([speechlike(2.0), silence(1.0), speechlike(2.0), silence(1.0)])
    spans = level.speech_spans(sound, RATE, 0.05)
    gap = [(a.stop / RATE, b.start / RATE) for a, b in zip(spans, spans[1:], strict=False)]
    assert any(stop < 2.2 and start > 2.9 for stop, start in gap)


def test_clicks_are_not_speech() -> None:
    sound = np.concatenate([silence(2.0), speechlike(2.0), silence(2.0)])
    sound[RATE // 2 : RATE // 2 + 200] = 0.9
    assert level.trim_span(sound, RATE, 0.0).start / RATE > 1.5


def test_offset_is_removed() -> None:
    got = level.remove_offset(speechlike() + np.float32(0.25))
    assert abs(float(got.mean())) < 1e-6
    assert got.dtype == np.float32


@pytest.mark.parametrize("rates", [(8000, 24000), (44100, 16000), (192000, 24000), (24000, 16000)])
def test_resampling_keeps_tone_and_length(rates: tuple[int, int]) -> None:
    rate_in, rate_out = rates
    tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(rate_in) / rate_in)
    got = to_rate(Audio(tone.astype(np.float32), rate_in), rate_out)
    assert len(got.samples) == rate_out
    expected = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(rate_out) / rate_out)
    inner = slice(rate_out // 10, -rate_out // 10)
    np.testing.assert_allclose(got.samples[inner], expected[inner], atol=1e-3)


def test_resampling_edge_cases() -> None:
    same = np.ones(10, np.float32)
    assert resample(same, 16000, 16000) is same
    assert len(resample(np.zeros(0, np.float32), 8000, 16000)) == 0
    assert len(resample(np.ones(1, np.float32), 8000, 16000)) == 2
    with pytest.raises(OptionError, match="not positive"):
        resample(same, 0, 16000)
