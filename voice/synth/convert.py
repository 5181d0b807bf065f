"""A recording re-spoken in another voice: its semantic tokens, another timbre.

Long recordings are worked through in windows that overlap; the overlap is cross-faded, so that
memory does not grow with the length.
Axes: N samples, T tokens.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from voice.audio.resample import resample
from voice.decode.alignment import align_codes
from voice.errors import AudioFileError, OptionError
from voice.spec.official import content_rate
from voice.synth.draw import read_back, row_seed
from voice.synth.render import PEAK, Utterance, decode
from voice.synth.speech import Origin, PieceReport, Speech
from voice.synth.stream import mark
from voice.synth.transcript import misfit
from voice.values import Audio

if TYPE_CHECKING:
    from voice.checkpoints.store import Model

Source = str | os.PathLike[str] | Audio
MAX_SOURCE_SECONDS = 4 * 3600.0
WINDOW_SECONDS = 12.0
OVERLAP_SECONDS = 0.96
_FADE_SECONDS = 0.04
_QUIET = 1e-4
TRANSCRIPT_SECONDS = 120.0  # of a recording whose transcript is laid along its tokens


@dataclass(frozen=True, eq=False)
class TokenReport:
    """What a recording says, in the model's terms.

    Attributes:
        codes: (T,) int64 semantic tokens.
        rate: tokens a second.
        features: (F, D) float32 content features, 2 a token.
        phonemes: symbols that the tokens carry.
        phoneme_ids: (Q,) int64, their rows of the symbol table.
    """

    codes: np.ndarray
    rate: float
    features: np.ndarray
    phonemes: tuple[str, ...]
    phoneme_ids: np.ndarray


@dataclass(frozen=True)
class _Window:
    """Tokens ``start`` to ``stop`` are kept of those from ``left`` to ``right``."""

    left: int
    start: int
    stop: int
    right: int


def windows(tokens: int, rate: float) -> list[_Window]:
    """Cuts ``tokens`` into windows with context on both sides."""
    size, context = round(WINDOW_SECONDS * rate), round(OVERLAP_SECONDS * rate)
    if tokens <= size + 2 * context:
        return [_Window(0, 0, tokens, tokens)]
    edges = [*range(0, tokens - size // 2, size), tokens]
    return [
        _Window(max(0, a - context), a, b, min(tokens, b + context))
        for a, b in zip(edges[:-1], edges[1:], strict=True)
    ]


def encode(model: Model, source: Audio) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Semantic tokens and content features of a recording of any length, window by window.

    Yields:
        (T,) int64 and (F, D) float32.
    """
    rate = content_rate(model.spec.tokenizer)
    samples = resample(source.samples, source.sample_rate, rate)
    token = round(rate / model.tokenizer.rate)
    stride = model.spec.tokenizer.stride
    for w in windows(-(-len(samples) // token), model.tokenizer.rate):
        part = torch.from_numpy(samples[w.left * token : w.right * token].copy())[None]
        found = model.tokenizer.encode(part.to(model.device))
        first, last = w.start - w.left, w.stop - w.left
        features = found.features[0, first * stride : last * stride].float().cpu().numpy()
        yield found.codes[0, first:last].cpu().numpy(), features


def tokens_of(model: Model, source: Audio, symbols: tuple[str, ...]) -> TokenReport:
    """What a recording says.

    Raises:
        AudioFileError: it is empty or silent.
    """
    parts = list(encode(model, source))
    codes = np.concatenate([codes for codes, _ in parts])
    ids = np.concatenate([
        read_back(model, [codes[w.start : w.stop]])[0]
        for w in windows(len(codes), model.tokenizer.rate)
    ])
    return TokenReport(
        codes, model.tokenizer.rate, np.concatenate([f for _, f in parts]),
        tuple(symbols[i] for i in ids), ids
    )


def sound_of(source: Source) -> Audio:
    """The sound of a recording, with something in it.

    Raises:
        AudioFileError: it is missing, unusable, or longer than ``MAX_SOURCE_SECONDS``; and as
            :func:`check_source`.
    """
    if isinstance(source, Audio):
        check_source(source)
        return source
    from voice.audio.files import read

    audio = read(source, MAX_SOURCE_SECONDS)
    check_source(audio, os.fspath(source))
    return audio


def check_codes(codes: np.ndarray, most: int) -> np.ndarray:
    """(T,) int64 semantic tokens.

    Args:
        codes: what should be that.
        most: rows of the codebook.

    Raises:
        OptionError: there are none, or some are not in the codebook.
    """
    whole = codes.ndim == 1 and len(codes) > 0 and np.issubdtype(codes.dtype, np.integer)
    if not whole or codes.min() < 0 or codes.max() >= most:
        raise OptionError("tokens: not a list of codes",
                          f"They must be whole numbers from 0 to {most - 1}, at least one.")
    return codes.astype(np.int64)


def check_source(source: Audio, name: str = "the recording") -> None:
    """Refuses a recording with nothing in it.

    Args:
        source: the sound.
        name: what to call it in messages.

    Raises:
        AudioFileError: it is shorter than a tenth of a second, or silent.
    """
    if source.seconds < 0.1:  # noqa: PLR2004 - of a second
        raise AudioFileError(f"{name} is {source.seconds:.2f} s long", "Give 0.1 s or more.")
    if float(np.abs(source.samples).max()) < _QUIET:
        raise AudioFileError(f"{name} is silent", "Give a recording of speech.")


@dataclass(frozen=True, eq=False)
class Respeaking:
    """How tokens become sound again.

    Attributes:
        timbre: (D,) float32.
        noise_scale, speed: see the settings.
        seed: of the noise.
        cancelled: asked before every window.
        voice_hz: middle pitch of the voice, 0 where unknown.
        phoneme_ids: (P,) int64, what the tokens say; None reads it from them.
        equalizer: (K,) dB of the voice, or None.
    """

    timbre: np.ndarray
    noise_scale: float = 0.5
    speed: float = 1.0
    seed: int = 0
    cancelled: Callable[[], bool] | None = None
    voice_hz: float = 0.0
    phoneme_ids: np.ndarray | None = None
    equalizer: np.ndarray | None = None


def check_transcript(codes: np.ndarray, ids: np.ndarray, rate: float) -> None:
    """Refuses a transcript that (T,) tokens cannot say.

    Args:
        codes: of the recording.
        ids: (P,) phonemes of the transcript.
        rate: tokens a second.

    Raises:
        OptionError: it is too long or too short for the recording, or the recording too long.
    """
    seconds = len(codes) / rate
    if seconds > TRANSCRIPT_SECONDS:
        raise OptionError(
            f"the transcript is of a recording of {seconds:.0f} s",
            f"It helps up to {TRANSCRIPT_SECONDS:.0f} s: leave it out, or cut the recording.",
        )
    if length := misfit(seconds, len(ids)):
        raise OptionError(
            f"the transcript is too {length} for {seconds:.1f} s of sound",
            "Correct it, or leave it out.",
        )


def respeak(model: Model, codes: np.ndarray, how: Respeaking) -> Iterator[np.ndarray]:
    """Sound of (T,) tokens with another timbre, window by window.

    The phonemes that the decoder also takes are read from the tokens themselves where they are
    not given.

    Yields:
        (N,) float32; joined, ``T * code_samples / speed`` samples, give or take one a window.
    """
    places = _places(model, codes, how.phoneme_ids)
    spec = model.spec.decoder
    size = spec.code_samples / how.speed
    fade = round(_FADE_SECONDS * spec.sample_rate)
    tail = np.zeros(0, np.float32)
    for number, w in enumerate(windows(len(codes), model.tokenizer.rate)):
        if how.cancelled is not None and how.cancelled():
            return
        part = codes[w.left : w.right]
        if how.phoneme_ids is None or places is None:
            ids = read_back(model, [part])[0]
        else:
            ids = how.phoneme_ids[places[w.left] : places[w.right - 1] + 1]
        sound = decode(model, Utterance(
            part, ids, how.timbre, how.noise_scale, how.speed,
            row_seed(how.seed, number, "convert"), voice_hz=how.voice_hz,
            equalizer=how.equalizer,
        ))
        start, stop = round((w.start - w.left) * size), round((w.stop - w.left) * size)
        kept = sound[start : stop + (fade if w.right > w.stop else 0)].copy()
        if len(tail):
            ramp = np.linspace(0, 1, len(tail), dtype=np.float32)
            kept[: len(tail)] = kept[: len(tail)] * ramp + tail * (1 - ramp)
        tail = kept[stop - start :]
        kept = kept[: stop - start]
        yield np.clip(kept, -PEAK, PEAK)


def respoken(  # noqa: PLR0913 - what a stream of speech needs
    model: Model, codes: np.ndarray, how: Respeaking, origin: Origin,
    lock: AbstractContextManager[Any], watermark: bool,
) -> Iterator[Speech]:
    """Speech of (T,) tokens, window by window; see :func:`respeak`.

    Args:
        model, codes, how: as for :func:`respeak`.
        origin: what the speech says of itself.
        lock: held while the model works.
        watermark: whether the inaudible mark is put in.
    """
    parts, sample_rate = respeak(model, codes, how), model.spec.decoder.sample_rate
    while True:
        with lock:
            samples = next(parts, None)
            if samples is not None and watermark:
                samples = mark(samples, sample_rate)
        if samples is None:
            return
        seconds = len(samples) / sample_rate
        tokens = round(seconds * how.speed * model.tokenizer.rate)
        yield Speech(samples, sample_rate, origin, (PieceReport("", seconds, tokens),))


def _places(model: Model, codes: np.ndarray, ids: np.ndarray | None) -> np.ndarray | None:
    """(T,) which of (P,) phonemes each code says; None where there are none or no path."""
    if ids is None:
        return None
    found = align_codes(model.tokenizer, codes, ids)
    return found if len(found) else None
