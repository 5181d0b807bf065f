"""Recordings to a voice: the prompt's tokens and phonemes, and the timbre of all speech.

The recordings themselves are prepared by :mod:`voice.audio.prepare`. Timbre is the mean of the
embeddings of windows of up to 10 s, each weighted by its length and, where the recordings have
weights, by those.

Axes: N samples, T tokens, P phonemes, W windows, D width.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from voice.audio.mel import spectrum
from voice.audio.note import now
from voice.audio.prepare import Prepared, PrepareSettings, Source, prepare_all, source_hash
from voice.audio.resample import resample
from voice.errors import OptionError
from voice.spec.official import content_rate
from voice.synth import selfcheck, speakers
from voice.synth.blend import mean_pitch
from voice.synth.colour import colour_of
from voice.synth.draw import read_back
from voice.synth.labels import check_consent, check_name
from voice.synth.prompt import mel_of
from voice.synth.transcript import misfit, transcript_phonemes
from voice.synth.voicefile import Continued, Voice
from voice.text import symbols as tables
from voice.values import Audio, Phonemes

if TYPE_CHECKING:
    from voice.checkpoints.store import Model

_log = logging.getLogger(__name__)
References = Sequence[Source] | Mapping[Any, float]
WINDOW_SECONDS = 10.0
WHOLE_SECONDS = 12.0
"""Longest speech that is continued whole, so that its transcript can be used."""
_MIN_WINDOW_SECONDS = 1.0
_PREVIEW_RATE, _PREVIEW_SECONDS = 16000, 6.0


@dataclass(frozen=True, eq=False)
class Enrolment:
    """A voice and how it came about.

    Attributes:
        voice: ready to speak.
        warnings: sentences on what will make it worse, and what to do.
        recordings: as they were prepared; the first holds the prompt.
    """

    voice: Voice
    warnings: tuple[str, ...]
    recordings: tuple[Prepared, ...]


def make_voice(
    model: Model, references: References, transcript: str | None = None,
    language: str = "auto", name: str = "", consent: str = "",
) -> Voice:
    """As :func:`enroll`; the warnings are logged."""
    made = enroll(model, references, transcript, language, name, consent)
    for warning in made.warnings:
        _log.warning("%s", warning)
    return made.voice


def enroll(
    model: Model, references: References, transcript: str | None = None,
    language: str = "auto", name: str = "", consent: str = "",
) -> Enrolment:
    """Makes a voice of recordings of one speaker.

    Args:
        model: a loaded model.
        references: 1 to 32 recordings, 1 to 60 s each; the first is continued (its best part,
            if it is long), all of them lend their timbre: by their length, or by the weights
            of a dict ``{recording: weight}``.
        transcript: what the first one says; read from the recording if not given, and also where
            only a part of the recording is continued or the transcript cannot be what it says.
        language: of the transcript.
        name: of the voice; may be empty if it is not kept.
        consent: the speaker's statement; needed to keep the voice.

    Raises:
        AudioFileError: a recording is missing or unusable.
        UnknownTextError: the transcript has characters without sounds.
        OptionError: the name is not allowed, there are no recordings, or a weight is not a
            number over 0.
    """
    name = check_name(name) if name else ""
    consent = check_consent(consent) if consent else ""
    spoken = transcript_phonemes(model, transcript, language)
    prompt = PrepareSettings(prompt_s=WHOLE_SECONDS) if spoken else None
    sources, weights = _weighted(references)
    recordings, warnings = prepare_all(sources, prompt)
    first = recordings[0]
    continued = _continued(first, weights or ())
    codes = _tokens(model, first)
    # A model that cannot read back continues nothing where the transcript is of no use.
    read = read_back(model, [codes])[0] if model.reads else np.zeros(0, np.int64)
    phonemes, text, doubts = _prompt_phonemes(model, first, spoken, (codes, read))
    timbre, pitch = timbre_of(model, recordings, weights), pitch_of(recordings, weights)
    voice = Voice(
        name=name, model=model.name, revision=model.revision, timbre=timbre, pitch_hz=pitch,
        equalizer=colour_of(model, first, (codes, read), timbre, pitch),
        prompt_codes=codes, prompt_phonemes=phonemes, prompt_text=text,
        prompt_mel=mel_of(model, first),
        languages=_languages(spoken, language), consent=consent,
        consent_date=now() if consent else "", source_hash=source_hash(recordings),
        preview=_preview(first), preview_rate=_PREVIEW_RATE, created=now(),
        continued=continued,
    )
    doubts += speakers.doubts(model, recordings)
    return Enrolment(voice, (*warnings, *doubts), tuple(recordings))


def _weighted(references: References) -> tuple[Sequence[Source], tuple[float, ...] | None]:
    """The recordings, and their weights that add up to 1; None where they have none.

    Raises:
        OptionError: a weight is not a number over 0.
    """
    if not isinstance(references, Mapping):
        return references, None
    for source, weight in references.items():
        number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not number or not math.isfinite(weight) or weight <= 0:
            name = "a recording" if isinstance(source, Audio) else source
            raise OptionError(f"the weight of {name} is {weight!r}", "It must be over 0.")
    total = math.fsum(references.values())
    return list(references), tuple(float(w) / total for w in references.values())


def _continued(recording: Prepared, weights: tuple[float, ...]) -> Continued:
    """Which part of the first recording is continued; said in the log."""
    start, stop = recording.prompt_times()
    _log.info("%s: %.2f to %.2f s (of %.2f s) are continued", recording.name, start, stop,
              recording.quality.seconds)
    return Continued(
        recording.name, round(start, 3), round(stop, 3), round(recording.quality.seconds, 3),
        tuple(round(w, 6) for w in weights),
    )


def _languages(spoken: Phonemes | None, language: str) -> tuple[str, ...]:
    if spoken is None:
        return () if language == "auto" else (language,)
    lengths: dict[str, int] = {}
    for span in spoken.spans:
        lengths[span.language] = lengths.get(span.language, 0) + len(span.text)
    return tuple(sorted(lengths, key=lambda key: -lengths[key]))


def _tokens(model: Model, recording: Prepared) -> np.ndarray:
    """(T,) int64 semantic tokens of the prompt."""
    rate = content_rate(model.spec.tokenizer)
    samples = torch.from_numpy(recording.prompt_at(rate).copy())[None].to(model.device)
    if not model.reads:
        return model.tokenizer.prompt(samples[0]).cpu().numpy().astype(np.int64)
    found = model.tokenizer.encode(samples)
    return found.codes[0, : int(found.lengths[0])].cpu().numpy().astype(np.int64)


def _prompt_phonemes(
    model: Model, recording: Prepared, spoken: Phonemes | None,
    prompt: tuple[np.ndarray, np.ndarray],
) -> tuple[np.ndarray, str, list[str]]:
    """The phonemes and text of a prompt, (T,) tokens and (P,) phonemes that they carry, and
    sentences where the transcript is of no use."""
    tokens, read = len(prompt[0]), prompt[1]
    if spoken is None:
        return read, "", []
    if not recording.prompt_is_whole:
        start, stop = recording.prompt_times()
        return read, "", [
            f"{recording.name} is long: only {start:.1f} to {stop:.1f} s are continued, without "
            f"the transcript. Give a recording of up to {WHOLE_SECONDS:g} s with its transcript "
            "for the closest prosody."
        ]
    wanted = selfcheck.wanted_classes(spoken.ids, tables.table(model.spec.symbols))
    if length := misfit(tokens / model.tokenizer.rate, len(wanted)):
        return read, "", [
            f"The transcript is too {length} for what {recording.name} can say in "
            f"{tokens / model.tokenizer.rate:.1f} s, and is not used. Correct it, or leave it out."
        ]
    return np.asarray(spoken.ids, np.int64), spoken.text.strip(), []


def timbre_of(
    model: Model, recordings: Sequence[Prepared], shares: Sequence[float] | None = None
) -> np.ndarray:
    """The timbre of all speech in recordings.

    Args:
        model: a loaded model.
        recordings: of one speaker.
        shares: of each recording in the result, adding up to 1; by their length if None.

    Returns:
        (D,) float32.
    """
    settings = model.spec.decoder.timbre.spectrum
    rate = settings.sample_rate
    parts = [_windows(r.at(rate), rate) for r in recordings]
    rows = [window for windows in parts for window in windows]
    lengths = torch.tensor([len(row) for row in rows])
    waves = torch.zeros(len(rows), int(lengths.max()))
    for target, row in zip(waves, rows, strict=True):
        target[: len(row)] = torch.from_numpy(row)
    with torch.inference_mode():
        found = spectrum(waves.to(model.device), settings, lengths.to(model.device))
        frames = (lengths // settings.hop_samples).to(model.device)
        speakers = _speakers(model, recordings)
        rows_out = model.decoder.timbre(found, frames, speakers).float().cpu()  # (W, D)
    weights = lengths.float() / lengths.sum()
    if shares is not None:
        of = np.repeat(np.arange(len(parts)), [len(windows) for windows in parts])
        whole = np.bincount(of, weights.numpy())
        weights = weights * torch.tensor(np.asarray(shares) / whole, dtype=torch.float32)[of]
    return (weights[:, None] * rows_out).sum(0).numpy().astype(np.float32)


def pitch_of(recordings: Sequence[Prepared], shares: Sequence[float] | None = None) -> float:
    """The middle pitch of recordings in Hz: the geometric mean of their medians; 0 if unvoiced.

    Args:
        recordings: of one speaker.
        shares: as for :func:`timbre_of`.
    """
    weights = [r.audio.seconds for r in recordings] if shares is None else shares
    known = [(w, r.quality.pitch_hz) for w, r in zip(weights, recordings, strict=True)
             if r.quality.pitch_hz > 0]
    return mean_pitch([hz for _, hz in known], [w for w, _ in known])


def _speakers(model: Model, recordings: Sequence[Prepared]) -> torch.Tensor | None:
    """(W, S) speaker vectors of the same windows; None for a model that takes none."""
    if not model.spec.speaker or model.shared is None:
        return None
    net: Any = model.shared.get(model.spec.speaker)
    rate = net.spec.sample_rate
    rows = [window for r in recordings for window in _windows(r.at(rate), rate)]
    return torch.stack([net.vector(torch.from_numpy(row).to(model.device)) for row in rows])


def _windows(samples: np.ndarray, sample_rate: int) -> list[np.ndarray]:
    """Equal parts of up to 10 s; none is shorter than a second unless all there is."""
    count = max(1, -(-len(samples) // round(WINDOW_SECONDS * sample_rate)))
    shortest = round(_MIN_WINDOW_SECONDS * sample_rate)
    if count == 1 and len(samples) < shortest:
        samples = np.pad(samples, (0, shortest - len(samples)), mode="wrap")
    return [part.astype(np.float32) for part in np.array_split(samples, count)]


def _preview(recording: Prepared) -> np.ndarray:
    """(N,) int16 of the first seconds of the prompt."""
    from voice.audio.wav import to_int16

    samples = recording.prompt_at(recording.audio.sample_rate)
    samples = samples[: round(_PREVIEW_SECONDS * recording.audio.sample_rate)]
    return to_int16(resample(samples, recording.audio.sample_rate, _PREVIEW_RATE))
