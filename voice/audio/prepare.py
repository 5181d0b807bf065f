"""Recordings made ready for cloning: checked, trimmed, levelled, and the best part chosen.

A *prompt* is continued by the text model and should be a few clean seconds between two pauses; the
*timbre* is taken from all speech there is.

Axes: N samples.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from voice.audio import level, quality
from voice.audio.files import read_recording
from voice.audio.level import Span
from voice.audio.quality import Quality
from voice.audio.resample import resample
from voice.errors import AudioFileError, OptionError
from voice.values import Audio

Source = str | os.PathLike[str] | Audio
_ENOUGH_PROMPT_SECONDS = 6.0
_LEAST_PROMPT_SECONDS = 3.0
_CLEAN_DB = 40.0
_FADE_SECONDS = 0.005
_READ_MARGIN_SECONDS = 240.0
MAX_RECORDINGS = 32


@dataclass(frozen=True)
class PrepareSettings:
    """How recordings are prepared.

    Attributes:
        level_db: of the speech, in dB of full scale.
        margin_s: of the pauses kept around the speech, in seconds.
        prompt_s: longest prompt, in seconds.
    """

    level_db: float = level.ACTIVE_LEVEL_DB
    margin_s: float = 0.1
    prompt_s: float = 10.0

    def __post_init__(self) -> None:
        if not -60.0 <= self.level_db <= -6.0 or not 0.0 <= self.margin_s <= 1.0:
            raise OptionError("level_db must be -60 to -6, margin_s 0 to 1")
        if not 1.0 <= self.prompt_s <= quality.MAX_SECONDS:
            raise OptionError(f"prompt_s: {self.prompt_s} is out of range", "Use 1 to 60.")


@dataclass(frozen=True, eq=False)
class Prepared:
    """One recording, ready for cloning.

    Attributes:
        name: what to call it in messages.
        audio: the speech, trimmed and levelled, at the recording's own rate.
        prompt: the part of ``audio`` that is best continued.
        offset: first sample of ``audio`` in the recording.
        quality: figures of the recording as given.
        warnings: sentences on what will make the clone worse.
        digest: SHA-256 of the recording's samples.
    """

    name: str
    audio: Audio
    prompt: Span
    offset: int
    quality: Quality
    warnings: tuple[str, ...]
    digest: str

    @property
    def prompt_is_whole(self) -> bool:
        """Whether all speech of the recording is in the prompt."""
        return len(self.prompt) == len(self.audio.samples)

    def prompt_times(self) -> tuple[float, float]:
        """Start and end of the prompt in the recording, in seconds."""
        rate = self.audio.sample_rate
        return (self.offset + self.prompt.start) / rate, (self.offset + self.prompt.stop) / rate

    def at(self, sample_rate: int) -> np.ndarray:
        """All of the speech, (N,) float32, at a rate."""
        return resample(self.audio.samples, self.audio.sample_rate, sample_rate)

    def prompt_at(self, sample_rate: int) -> np.ndarray:
        """The prompt, (N,) float32, at a rate, faded at both ends."""
        part = self.audio.samples[self.prompt.start : self.prompt.stop].copy()
        size = min(round(_FADE_SECONDS * self.audio.sample_rate), len(part) // 2)
        if size:
            ramp = np.linspace(0.0, 1.0, size, dtype=np.float32)
            part[:size] *= ramp
            part[-size:] *= ramp[::-1]
        return resample(part, self.audio.sample_rate, sample_rate)


def prepare(source: Source, name: str = "", settings: PrepareSettings | None = None) -> Prepared:
    """Makes one recording ready.

    Args:
        source: a file of any common format, or sound.
        name: what to call it; by default its path.
        settings: how.

    Raises:
        AudioFileError: it is missing, not audio, corrupt, silent, clipped throughout, under 1 s
            or over 60 s, or has no speech.
    """
    chosen = settings or PrepareSettings()
    audio, name, damage = _opened(source, name)
    samples = level.remove_offset(audio.samples)
    audio = Audio(samples, audio.sample_rate)
    figures = quality.measure(audio)
    quality.check(figures, name, float(np.abs(samples).max()))
    span = level.trim_span(samples, audio.sample_rate, chosen.margin_s)
    kept = level.to_level(samples[span.start : span.stop], audio.sample_rate, chosen.level_db)
    speech = Audio(kept, audio.sample_rate)
    return Prepared(
        name, speech, best_span(speech, chosen), span.start, figures,
        (*damage, *quality.warnings(figures, name, audio.sample_rate)),
        hashlib.sha256(samples.tobytes()).hexdigest(),
    )


def _opened(source: Source, name: str) -> tuple[Audio, str, tuple[str, ...]]:
    """Sound, its name, and what was wrong with its file."""
    if not isinstance(source, Audio):
        longest = quality.MAX_SECONDS + _READ_MARGIN_SECONDS  # so that the message can say how long
        found = read_recording(source, longest)
        return found.audio, name or os.fspath(source), found.warnings
    name = name or "The recording"
    samples = np.asarray(source.samples, np.float32)
    if samples.ndim != 1 or not len(samples):
        raise AudioFileError(f"{name} holds no sound", "Give one channel of samples.")
    if not np.isfinite(samples).all():
        raise AudioFileError(f"{name} holds samples that are not finite numbers (NaN or infinity)")
    if not 8000 <= source.sample_rate <= 192000:
        raise AudioFileError(f"{name} has a sample rate of {source.sample_rate} Hz",
                             "It must be 8000 to 192000 Hz.")
    peak = max(1.0, float(np.abs(samples).max()))
    return Audio(samples / np.float32(peak), source.sample_rate), name, ()


def best_span(speech: Audio, settings: PrepareSettings) -> Span:
    """The part that is best continued: all of it if short enough, else between two pauses.

    Of all stretches of whole phrases (from the start of some speech to the end of some) that are
    3 s or longer and short enough, the one that is nearest to 6 s or longer, least noisy and
    clipped, and whose level is most like the whole's.
    """
    samples, rate = speech.samples, speech.sample_rate
    longest = round(settings.prompt_s * rate)
    if len(samples) <= longest:
        return Span(0, len(samples))
    spans = level.speech_spans(samples, rate, settings.margin_s)
    whole_db = level.active_level_db(samples, rate)
    levels, size = level.frame_levels_db(samples, rate), level.frame_samples(rate)
    candidates = [
        Span(first.start, last.stop)
        for i, first in enumerate(spans) for last in spans[i:]
        if last.stop - first.start <= longest
    ]
    enough = [span for span in candidates if len(span) >= _LEAST_PROMPT_SECONDS * rate]
    if not enough:
        return _cut_at_quiet(speech, longest)

    def cost(span: Span) -> float:
        part = samples[span.start : span.stop]
        short = max(0.0, _ENOUGH_PROMPT_SECONDS - len(span) / rate)
        uneven = abs(level.active_level_db(part, rate) - whole_db)
        floor = float(np.percentile(levels[span.start // size : span.stop // size + 1], 5))
        noise = max(0.0, floor - (whole_db - _CLEAN_DB))
        return short + 0.2 * uneven + 0.1 * noise + 200.0 * quality.clipped_share(part)

    return min(enough, key=cost)


def _cut_at_quiet(speech: Audio, longest: int) -> Span:
    """From the start to the quietest place that still leaves a good length."""
    size = level.frame_samples(speech.sample_rate)
    levels = level.frame_levels_db(speech.samples[:longest], speech.sample_rate)
    smooth = np.convolve(levels, np.ones(5) / 5, "same")
    first = int(len(smooth) * 0.6)
    return Span(0, (first + int(smooth[first:-3].argmin())) * size)


def prepare_all(
    sources: Sequence[Source], settings: PrepareSettings | None = None
) -> tuple[list[Prepared], list[str]]:
    """Makes several recordings of one speaker ready.

    Returns:
        The recordings in their order, and all warnings, also on how they fit together.

    Raises:
        OptionError: there are none, or too many.
        AudioFileError: one of them is unusable.
    """
    if isinstance(sources, str | os.PathLike) or not 1 <= len(sources) <= MAX_RECORDINGS:
        raise OptionError(
            "references: give a list of recordings", f"1 to {MAX_RECORDINGS} of one speaker."
        )
    prepared = [
        prepare(s, f"Recording {i}" if isinstance(s, Audio) else "", settings)
        for i, s in enumerate(sources, 1)
    ]
    return prepared, [w for p in prepared for w in p.warnings] + list(_together(prepared))


def _together(prepared: Sequence[Prepared]) -> Iterator[str]:
    pitched = [p for p in prepared if p.quality.pitch_hz]
    if len(pitched) > 1:
        low = min(pitched, key=lambda p: p.quality.pitch_hz)
        high = max(pitched, key=lambda p: p.quality.pitch_hz)
        if high.quality.pitch_hz > quality.PITCH_RATIO * low.quality.pitch_hz:
            yield (f"{low.name} ({low.quality.pitch_hz:.0f} Hz) and {high.name} "
                   f"({high.quality.pitch_hz:.0f} Hz) differ much in pitch: if they are two "
                   "people, blend two voices instead.")
    if len({p.digest for p in prepared}) < len(prepared):
        yield "A recording is given more than once."


def source_hash(prepared: Sequence[Prepared]) -> str:
    """SHA-256 over all recordings, whatever their order."""
    return hashlib.sha256("\n".join(sorted(p.digest for p in prepared)).encode()).hexdigest()
