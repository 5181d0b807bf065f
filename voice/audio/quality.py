"""How good a recording is for cloning, in figures and in sentences with what to do.

Axes: N samples, F frames.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from voice.audio import level
from voice.errors import AudioFileError
from voice.values import Audio

MIN_SECONDS, MAX_SECONDS = 1.0, 60.0
MIN_SPEECH_SECONDS = 0.5
GOOD_SECONDS = 3.0
GOOD_RATE = 16000
NOISY_DB, VERY_NOISY_DB = 15.0, 8.0
QUIET_DB, SILENT_PEAK = -50.0, 3e-4
CLIPPED_SOME, CLIPPED_MOST = 0.001, 0.25
TELEPHONE_HZ = 4000.0
FLAT_DB = 6.0
PITCH_RATIO = 1.5
"""Apart as a man and a woman; one speaker differs by up to 1.3 between recordings."""
_MAX_SNR_DB = 80.0
_TELEPHONE_SHARE = 3e-6
_PITCH_LOW_HZ, _PITCH_HIGH_HZ = 60.0, 450.0
_VOICED = 0.6
_SEPARATION = 3.5


@dataclass(frozen=True)
class Quality:
    """Figures of a recording.

    Attributes:
        seconds: length.
        speech_seconds: from speech, short pauses included.
        level_db: of the speech, in dB of full scale.
        snr_db: of speech over what is heard in the pauses, an estimate up to 80.
        clipped_share: of all samples, those in flat runs at the peak.
        range_db: between the quietest tenth of the frames and the loudest.
        bandwidth_hz: 4000 where nothing is above, else half the sample rate.
        pitch_hz: median of the voiced frames; 0 where there are none.
        pitch_groups_hz: centres of two groups of pitches, where they are far apart.
    """

    seconds: float
    speech_seconds: float
    level_db: float
    snr_db: float
    clipped_share: float
    range_db: float
    bandwidth_hz: float
    pitch_hz: float
    pitch_groups_hz: tuple[float, float] | None = None


def measure(audio: Audio) -> Quality:
    """Measures a recording of (N,) samples, N >= 1."""
    samples, rate = audio.samples, audio.sample_rate
    levels = level.frame_levels_db(samples, rate)
    active = level.speech_frames(levels)
    low, high = level.loudness_range(levels)
    pitches = pitch_track(audio)
    return Quality(
        seconds=audio.seconds,
        speech_seconds=float(active.sum()) * level.FRAME_SECONDS,
        level_db=level.active_level_db(samples, rate),
        snr_db=_snr_db(levels, active),
        clipped_share=clipped_share(samples),
        range_db=high - low,
        bandwidth_hz=_bandwidth(audio),
        pitch_hz=float(np.median(pitches)) if len(pitches) else 0.0,
        pitch_groups_hz=_two_groups(pitches),
    )


def clipped_share(samples: np.ndarray) -> float:
    """Share of samples in runs of three or more that lie at the peak of their side."""
    peak = float(np.abs(samples).max(initial=0.0))
    total = 0
    for side in (samples, -samples):
        top = float(side.max(initial=0.0))
        if top <= 0.5 * peak:
            continue
        flat = side >= 0.999 * top
        edges = np.flatnonzero(np.diff(np.concatenate([[0], flat.astype(np.int8), [0]])))
        runs = edges[1::2] - edges[::2]
        total += int(runs[runs >= 3].sum())
    return total / max(1, len(samples))


def _snr_db(levels: np.ndarray, active: np.ndarray) -> float:
    """Speech over pauses; without pauses, over the quietest twentieth of the frames."""
    power = 10.0 ** (levels / 10.0)
    near = np.convolve(active.astype(float), np.ones(11))[5:-5] > 0.5
    pauses = power[~near]
    noise = pauses.mean() if len(pauses) >= 10 else np.percentile(power, 5)
    speech = power[active].mean() if active.any() else noise
    ratio = max(float(speech - noise), 1e-12) / max(float(noise), 1e-12)
    return float(np.clip(10.0 * np.log10(ratio), 0.0, _MAX_SNR_DB))


def _bandwidth(audio: Audio) -> float:
    """4000 where hardly any energy lies above, else half the sample rate."""
    half = audio.sample_rate / 2
    if half <= TELEPHONE_HZ:
        return half
    size = 1 << 10
    count = len(audio.samples) // size
    if not count:
        return half
    parts = audio.samples[: count * size].reshape(count, size) * np.hanning(size)
    power = np.square(np.abs(np.fft.rfft(parts))).mean(0)
    above = np.linspace(0, half, len(power)) > TELEPHONE_HZ * 1.05
    return half if power[above].sum() > _TELEPHONE_SHARE * power.sum() else TELEPHONE_HZ


def pitch_track(audio: Audio) -> np.ndarray:
    """Pitch of the voiced frames, by the highest peak of the normalised autocorrelation.

    Returns:
        (V,) Hz of the frames (every 20 ms) that are voiced.
    """
    from voice.audio.resample import resample

    rate = 8000
    samples = resample(audio.samples, audio.sample_rate, rate)
    size, hop = 400, 160
    count = (len(samples) - size) // hop + 1
    if count < 1:
        return np.zeros(0)
    index = np.arange(size) + hop * np.arange(count)[:, None]
    frames = samples[index].astype(np.float64)
    frames -= frames.mean(1, keepdims=True)
    energy = np.square(frames).mean(1)
    loud = energy > np.percentile(energy, 95) * 10**-2.5
    frames = frames[loud] * np.hanning(size)
    if not len(frames):
        return np.zeros(0)
    window = _autocorrelation(np.hanning(size)[None])[0]
    found = _autocorrelation(frames)
    found = found / np.maximum(found[:, :1], 1e-12) / (window / window[0])
    shortest, longest = int(rate / _PITCH_HIGH_HZ), int(rate / _PITCH_LOW_HZ)
    part = found[:, shortest:longest]
    best = part.max(1)
    # the first peak that is nearly as high as the highest, so as not to land an octave too low
    lag = (part >= 0.9 * best[:, None]).argmax(1)
    for _ in range(8):  # climb from its flank to its top
        step = np.minimum(lag + 1, part.shape[1] - 1)
        rows = np.arange(len(part))
        lag = np.where(part[rows, step] > part[rows, lag], step, lag)
    return rate / (lag[(best > _VOICED) & (lag > 1)] + shortest)  # at the edge it is no peak


def _autocorrelation(frames: np.ndarray) -> np.ndarray:
    """(F, size / 2) of (F, size)."""
    size = frames.shape[1]
    spectrum = np.fft.rfft(frames, 2 * size)
    return np.fft.irfft(np.square(np.abs(spectrum)))[:, : size // 2]


def _two_groups(pitches: np.ndarray) -> tuple[float, float] | None:
    """Centres of two groups of pitches, where each is large and narrow and they are far apart."""
    if len(pitches) < 100:
        return None
    logs = np.log2(pitches)
    low, high = np.percentile(logs, (10, 90))
    upper = logs > (low + high) / 2
    for _ in range(20):
        upper = logs > (low + high) / 2
        if upper.all() or not upper.any():
            return None
        low, high = logs[~upper].mean(), logs[upper].mean()
    share = upper.mean()
    spread = max(logs[upper].std(), logs[~upper].std())
    apart = high - low > np.log2(PITCH_RATIO) and high - low > _SEPARATION * spread
    return (float(2**low), float(2**high)) if apart and 0.2 < share < 0.8 else None


def check(quality: Quality, name: str, peak: float) -> None:
    """Refuses a recording that nothing can be made of.

    Args:
        quality: of :func:`measure`.
        name: of the recording, for the message.
        peak: highest absolute sample.

    Raises:
        AudioFileError: it is under 1 s or over 60 s, silent, or clipped throughout.
    """
    want = f"Give {GOOD_SECONDS:g} to 12 s of clear speech of one person."
    if quality.seconds > MAX_SECONDS:
        raise AudioFileError(
            f"{name} is {quality.seconds:.0f} s long, over {MAX_SECONDS:g} s", want
        )
    if quality.seconds < MIN_SECONDS:
        raise AudioFileError(f"{name} is {quality.seconds:.2f} s long, under 1 s", want)
    if peak < SILENT_PEAK:
        raise AudioFileError(f"{name} is silent", want)
    if quality.speech_seconds < MIN_SPEECH_SECONDS:
        raise AudioFileError(f"{name} holds only {quality.speech_seconds:.2f} s of speech", want)
    if quality.clipped_share > CLIPPED_MOST:
        raise AudioFileError(
            f"{name} is clipped throughout ({quality.clipped_share:.0%} of it is cut off)",
            "Record it again at a lower level.",
        )


def warnings(quality: Quality, name: str, sample_rate: int) -> Iterator[str]:
    """Sentences on what will make the clone worse, and what to do about it."""
    if quality.speech_seconds < GOOD_SECONDS:
        yield (f"{name} holds {quality.speech_seconds:.1f} s of speech: "
               f"with {GOOD_SECONDS:g} to 12 s the voice would be closer.")
    if sample_rate < GOOD_RATE or quality.bandwidth_hz <= TELEPHONE_HZ:
        yield (f"{name} holds nothing above 4 kHz, as on the telephone (it has {sample_rate} Hz): "
               "the voice will sound dull. Use a recording of 16 kHz or more.")
    if quality.clipped_share > CLIPPED_SOME:
        yield (f"{name} is clipped ({quality.clipped_share:.1%} of it): "
               "the voice will sound harsh. Record it at a lower level.")
    if quality.range_db < FLAT_DB:
        yield f"{name} hardly changes in level: it may be noise or music rather than speech."
    elif quality.snr_db < VERY_NOISY_DB:
        yield (f"{name} is very noisy ({quality.snr_db:.0f} dB): the voice will hardly be "
               "recognised. Record it in a quiet room.")
    elif quality.snr_db < NOISY_DB:
        yield (f"{name} is noisy ({quality.snr_db:.0f} dB): the noise will become part of the "
               "voice. Record it in a quieter room.")
    if quality.level_db < QUIET_DB:
        yield f"{name} is very quiet ({quality.level_db:.0f} dB). Record it at a higher level."
    if quality.pitch_groups_hz:
        low, high = quality.pitch_groups_hz
        yield (f"{name} has two groups of pitches ({low:.0f} and {high:.0f} Hz): if two people "
               "speak in it, cut it to one.")
