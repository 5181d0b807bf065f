"""The colour of a voice: how its long-term average spectrum differs from what the decoder makes.

A decoder trained by distances says the middle of what it has heard: the average spectrum of a voice
never heard (and of its room) comes out flattened. The recording says what is lacking: its semantic
tokens are spoken again with its own timbre, so that the same words meet, and the difference of the
two average spectra, smoothed, becomes an equaliser that belongs to the voice. It is the mean that
cepstral mean subtraction takes off (Atal 1974), put on.
Axes: N samples, K bands, F frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voice.audio.equalizer import BANDS, band_edges, band_filters
from voice.synth.render import Utterance, decode

if TYPE_CHECKING:
    from voice.audio.prepare import Prepared
    from voice.checkpoints.store import Model

COEFFICIENTS = 20
"""Of the cosine transform over the bands: finer detail is of single harmonics, not of the voice."""
MOST_DB = 9.0
_SPEECH_DB = 30.0  # frames so far below the loudest are no speech
_FRAME_SECONDS, _FLOOR = 0.04, 1e-9
_LEAST_FRAMES = 20


def average_spectrum(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """The mean over speech of the level in each band.

    Args:
        samples: (N,) speech.
        sample_rate: in Hz.

    Returns:
        (K,) dB; empty where there is too little speech to tell.
    """
    size = 2 * round(sample_rate * _FRAME_SECONDS / 2)
    starts = np.arange(0, len(samples) - size + 1, size // 4)
    if len(starts) < _LEAST_FRAMES:
        return np.zeros(0)
    frames = np.stack([samples[s : s + size] for s in starts]) * np.hanning(size)
    power = np.square(np.abs(np.fft.rfft(frames, axis=1)))
    levels = 10 * np.log10(power @ band_filters(size, sample_rate).T + _FLOOR)  # (F, K)
    loudness = levels.mean(1)
    spoken = loudness > loudness.max() - _SPEECH_DB
    return levels[spoken].mean(0) if spoken.sum() >= _LEAST_FRAMES else np.zeros(0)


def matching_gains(made: np.ndarray, real: np.ndarray, sample_rate: int) -> np.ndarray | None:
    """The equaliser that gives made speech the average spectrum of real speech.

    Args:
        made, real: (N,) of about the same words.
        sample_rate: of both, in Hz.

    Returns:
        (K,) float32 dB, at most 9 to either side, that leave the level of ``made`` about as it was;
        None where there is too little speech to tell.
    """
    wanted, given = (average_spectrum(sound, sample_rate) for sound in (real, made))
    if not len(wanted) or not len(given):
        return None
    cosines = np.cos(np.pi / BANDS * np.outer(np.arange(1, COEFFICIENTS), np.arange(BANDS) + 0.5))
    smooth = (2 / BANDS) * cosines.T @ (cosines @ (wanted - given))
    gains = np.clip(smooth, -MOST_DB, MOST_DB)
    edges = band_edges()
    power = 10 ** (given / 10) * (edges[2:] - edges[:-2])
    louder = (power * 10 ** (gains / 10)).sum() / power.sum()
    return (gains - 10 * np.log10(louder)).astype(np.float32)


def colour_of(
    model: Model, recording: Prepared, prompt: tuple[np.ndarray, np.ndarray], timbre: np.ndarray,
    voice_hz: float,
) -> np.ndarray | None:
    """The equaliser of a voice.

    Args:
        model: that will speak.
        recording: whose prompt is spoken again.
        prompt: its (T,) int64 semantic tokens, and the (P,) int64 phonemes that they carry.
        timbre: (D,) of the voice.
        voice_hz: its middle pitch, 0 where unknown.

    Returns:
        (K,) float32 dB; None for a model whose specification does not ask for it, or too little
        speech.
    """
    codes, ids = prompt
    if not model.spec.equalized or not len(codes):
        return None
    rate = model.spec.decoder.sample_rate
    made = decode(model, Utterance(codes, ids, timbre, 0.0, 1.0, 0, voice_hz=voice_hz))
    return matching_gains(made, recording.prompt_at(rate), rate)
