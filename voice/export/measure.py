"""What a precision costs, part by part, against single precision; and the choice made by it.

Each part is compared on the same inputs: sentences of the fixtures, spoken by the fp32 graphs in
voices that are always the same, so that the choice depends on the weights alone and not on whose
voices a bundle is for.
Axes: T codes, P phonemes, N samples, D width.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from voice.audio.resample import resample
from voice.export.decoding import Request, Stepper
from voice.export.fixtures import GREEDY, sentences
from voice.export.manifest import LossEntry
from voice.export.run import BundleSynthesizer
from voice.export.sampling import softmax
from voice.spec.load import read_json
from voice.synth.settings import SynthesisSettings
from voice.synth.voicefile import Voice

if TYPE_CHECKING:
    from voice.checkpoints.store import Model

SPEAKERS = Path(__file__).parent / "data" / "speakers.json"
HOW = "python -m voice export"
CHOICES: dict[str, tuple[str, ...]] = {
    "text2semantic": ("int8-dynamic", "int8", "fp16"),
    "decoder": ("int8-dynamic", "int8", "fp16"), "read": ("int8-dynamic", "int8", "fp16"),
    "timbre": ("int8", "fp16"), "tokenize": ("int8", "fp16"),
    "mark": ("int8", "fp16"),
}
"""Schemes to try for each part at ``--precision int8``, the smallest and fastest first."""


@dataclass(frozen=True)
class Bound:
    """A figure of a part and the most it may be for the scheme to be taken."""

    figure: str
    most: float


BOUNDS = {
    "text2semantic": Bound("divergence of the next token, nats", 0.02),
    "decoder": Bound("mean difference of the log spectrum, dB", 1.0),
    "read": Bound("share of frames read differently", 0.02),
    "timbre": Bound("1 - cosine of timbres", 0.002),
    "tokenize": Bound("share of tokens that differ", 0.05),
    "mark": Bound("mean difference of the marked sound's log spectrum, dB", 1.0),
}


@dataclass(frozen=True, eq=False)
class Material:
    """Inputs that every part is compared on: what the fp32 graphs make of a sentence each.

    Attributes:
        requests: text and prompt, for one row.
        codes: (T,) that were drawn.
        ids: (P,) phonemes.
        voice: whose.
        sound: (N,) at the model's rate.
    """

    requests: list[Request]
    codes: np.ndarray
    ids: np.ndarray
    voice: Voice
    sound: np.ndarray


def speakers(model: Model) -> list[Voice]:
    """The voices to compare with, of recordings in languages that the model speaks."""
    from voice.synth.reference import make_voice

    content = read_json(SPEAKERS)
    return [
        make_voice(model, [SPEAKERS.with_name(row["file"])], row["transcript"], row["language"],
                   row["name"], content["about"])
        for row in content["voices"] if row["language"] in model.spec.languages
    ]


def material(synthesizer: BundleSynthesizer, each: int = 2) -> list[Material]:
    """Sentences spoken by a bundle, some of each language, voices in turns."""
    voices, found = synthesizer.voices(), []
    for language in synthesizer.languages:
        for place, row in enumerate(sentences([language])[:each]):
            voice = synthesizer.voice(voices[place % len(voices)])
            settings = SynthesisSettings(check=False, seed=place, noise_scale=0.0)
            piece = synthesizer.plan(row["text"], settings, language=language,
                                     split="cut0").pieces[0]
            codes = synthesizer.draw(piece, voice, settings)[0]
            if len(codes):
                requests = synthesizer.requests(piece, voice, settings, [0])
                sound = synthesizer.sound(codes, piece.phonemes.ids, voice, GREEDY)
                found.append(Material(requests, codes, piece.phonemes.ids, voice, sound))
    return found


def losses(
    part: str, exact: BundleSynthesizer, other: BundleSynthesizer, rows: list[Material]
) -> float:
    """The figure of :data:`BOUNDS` for a part of another precision; the mean over sentences."""
    compare: dict[str, Callable[..., float]] = {
        "text2semantic": _divergence, "decoder": _decoder, "read": _read, "timbre": _timbre,
        "tokenize": _tokenize, "mark": _mark,
    }
    return float(np.mean([compare[part](exact, other, row) for row in rows])) if rows else 0.0


def entry(part: str, scheme: str, value: float, rows: int) -> LossEntry:
    """What goes into the manifest."""
    return LossEntry(part, scheme, BOUNDS[part].figure, float(f"{value:.3g}"), rows, HOW)


def _divergence(exact: BundleSynthesizer, other: BundleSynthesizer, row: Material) -> float:
    steppers = [Stepper(s.sessions, row.requests, len(row.codes) + 1) for s in (exact, other)]
    found = []
    for code in row.codes:
        a, b = (softmax(s.logits[0].astype(np.float64)) for s in steppers)
        found.append(float((a * (np.log(a + 1e-12) - np.log(b + 1e-12))).sum()))
        for stepper in steppers:
            stepper.step(np.array([code]))
    return float(np.mean(found))


def log_spectrum(samples: np.ndarray) -> np.ndarray:
    """Decibels of frames of 512 samples, hop 256, within 60 dB of the loudest."""
    frames = np.lib.stride_tricks.sliding_window_view(
        np.pad(samples, (0, max(0, 512 - len(samples)))), 512)[::256]
    power = np.abs(np.fft.rfft(frames * np.hanning(512))) ** 2
    return 10 * np.log10(power + power.max() * 1e-6 + 1e-12)


def _spectral(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.abs(log_spectrum(a) - log_spectrum(b)).mean())


def _decoder(exact: BundleSynthesizer, other: BundleSynthesizer, row: Material) -> float:
    return _spectral(row.sound, other.sound(row.codes, row.ids, row.voice, GREEDY))


def _read(exact: BundleSynthesizer, other: BundleSynthesizer, row: Material) -> float:
    a, b = (s.sessions.run("read", {"codes": row.codes[None]}, ["classes"])[0]
            for s in (exact, other))
    return float((a != b).mean())


def _timbre(exact: BundleSynthesizer, other: BundleSynthesizer, row: Material) -> float:
    sound = resample(row.sound, exact.sample_rate, exact.manifest.sound.timbre_rate)
    a, b = (s.timbre(sound).astype(np.float64) for s in (exact, other))
    return float(1 - a @ b / np.sqrt((a @ a) * (b @ b)))


def _tokenize(exact: BundleSynthesizer, other: BundleSynthesizer, row: Material) -> float:
    numbers = exact.manifest.tokenizing
    assert numbers is not None
    sound = resample(row.sound, exact.sample_rate, numbers.sample_rate)
    return float((exact.tokenize(sound) != other.tokenize(sound)).mean())


def _mark(exact: BundleSynthesizer, other: BundleSynthesizer, row: Material) -> float:
    a, b = (s.sessions.run("mark", {"samples": row.sound[None]})[0][0] for s in (exact, other))
    return _spectral(a, b)
