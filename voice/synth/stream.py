"""Speech as it is made: a chunk for every piece of the plan, in constant memory.

Whole speech is these chunks joined, so that both are the same samples.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from voice.decode.stepper import Stepper
from voice.synth.ahead import DrawnAhead, key_of
from voice.synth.draw import Drafter, Drawn, row_seed
from voice.synth.plan import Piece, Plan
from voice.synth.prompt import acoustic_prompt
from voice.synth.render import Utterance, decode, finish
from voice.synth.selfcheck import Limits
from voice.synth.settings import SynthesisSettings
from voice.synth.speech import Origin, PieceReport, Speech

if TYPE_CHECKING:
    from voice.checkpoints.store import Model
    from voice.synth.voicefile import Voice


@dataclass(frozen=True)
class Job:
    """What is spoken, by whom and how.

    Attributes:
        model: loaded.
        voice: fits the model.
        plan: of the text.
        settings: with a seed.
        lock: held while the model works, never while a chunk is handed over.
        cancelled: asked before every step; True ends the stream with ``Cancelled``.
        limits: of the self-check, by language.
        stepper: what runs the language model; the model itself if not given.
        ahead: what was drawn before it was asked for.
    """

    model: Model
    voice: Voice
    plan: Plan
    settings: SynthesisSettings
    lock: AbstractContextManager[object]
    cancelled: Callable[[], bool] | None = None
    limits: Mapping[str, Limits] = field(default_factory=dict)
    stepper: Stepper | None = None
    ahead: DrawnAhead | None = None


def speak(job: Job) -> Iterator[Speech]:
    """Speaks a plan.

    Yields:
        A chunk for each piece, its pause at the end.
    """
    drafter: Drafter | None = None
    origin = origin_of(job.model, job.voice, job.settings, job.plan.skipped)
    for batch in job.plan.batches():
        drawn = job.ahead.get(key_of(job.voice, batch, job.settings)) if job.ahead else None
        if drawn is None:
            with job.lock:
                drafter = drafter or drafter_of(job)
                drawn = drafter.draw(batch, job.cancelled)
        for piece, one in zip(batch, drawn, strict=True):
            with job.lock:
                samples = _sound(job, piece, one)
            yield _chunk(job, piece, one, samples, origin)


def drafter_of(job: Job) -> Drafter:
    """What draws the tokens of a job."""
    return Drafter(job.model, job.voice, job.settings, job.limits, job.stepper)


def draw_ahead(job: Job) -> bool:
    """Draws what :func:`speak` would draw first, and remembers it in ``job.ahead``.

    Returns:
        Whether anything was drawn: False where it was remembered already.

    Raises:
        Cancelled: ``job.cancelled`` said so.
    """
    assert job.ahead is not None
    first = next(job.plan.batches())
    key = key_of(job.voice, first, job.settings)
    if job.ahead.get(key) is not None:
        return False
    with job.lock:
        job.ahead.put(key, drafter_of(job).draw(first, job.cancelled))
    return True


def origin_of(
    model: Model, voice: Voice, settings: SynthesisSettings, skipped: str = ""
) -> Origin:
    """What is noted about sound that this model makes."""
    return Origin(
        model.name, model.revision, voice.name, str(model.device), settings.as_dict(),
        settings.watermark, skipped, asdict(voice.continued) if voice.continued else None,
    )


def _sound(job: Job, piece: Piece, drawn: Drawn) -> np.ndarray:
    """The marked sound of a piece and its pause, (N,) float32."""
    rate = job.model.spec.decoder.sample_rate
    pause = np.zeros(round(piece.pause * rate), np.float32)
    if not len(drawn.codes):
        return pause
    settings = job.settings
    made = decode(job.model, Utterance(
        drawn.codes, piece.phonemes.ids, job.voice.timbre, settings.noise_scale, settings.speed,
        row_seed(settings.seed or 0, piece.index, "noise"),
        acoustic_prompt(job.model, job.voice), settings.sample_steps, job.voice.pitch_hz,
        job.voice.equalizer,
    ))
    samples = np.concatenate([finish(made, rate), pause])
    return mark(samples, rate) if settings.watermark else samples


def mark(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Puts the inaudible mark into (N,) samples."""
    from voice.audio.watermark import embed

    return embed(samples, sample_rate)


def _chunk(job: Job, piece: Piece, drawn: Drawn, samples: np.ndarray, origin: Origin) -> Speech:
    rate, reading = job.model.spec.decoder.sample_rate, drawn.reading
    report = PieceReport(
        text=piece.text, seconds=len(samples) / rate, semantic_tokens=len(drawn.codes),
        checked=reading is not None, passed=reading.passed if reading else True,
        errors=round(reading.errors, 4) if reading else 0.0, draws=drawn.draws,
        retries=drawn.retries,
    )
    return Speech(samples, rate, origin, (report,))
