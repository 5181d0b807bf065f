"""New voices: between others by weight, by a place on the map of voices, or drawn."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from voice import (
    Likeness,
    SynthesisSettings,
    TimbreMap,
    Voice,
    VoiceError,
    draw_voice,
    likenesses,
)
from webui.actions.voices import EXAMPLE, find_voice, list_voices
from webui.context import AppContext
from webui.jobs import Job, logged
from webui.messages import PageError

MOST = 6
TRIED: dict[str, Any] = {"seed": 1, "check": False}
"""Options of a voice that is only tried. With one seed for all, voices are compared by the same
reading, and the model can prepare it: see :func:`prepare`."""
MOST_PREPARED = 24
POLL_SECONDS = 0.1
STOP_SECONDS = 5.0
Parents = Sequence[tuple[str | None, float]]


@dataclass(frozen=True)
class Point:
    """A voice on the map.

    Attributes:
        key, name, kind: as of its card.
        x, y: in [-1, 1].
    """

    key: str
    name: str
    kind: str
    x: float
    y: float


@dataclass(frozen=True)
class VoiceMap:
    """The voices that fit the model, laid out by timbre.

    Attributes:
        points: where each is.
        voices: themselves, in the same order.
        chart: how a timbre is placed; None where there are no voices.
    """

    points: list[Point] = field(default_factory=list)
    voices: list[Voice] = field(default_factory=list)
    chart: TimbreMap | None = None


@dataclass(frozen=True)
class Made:
    """A new voice.

    Attributes:
        token: by which it speaks and is kept.
        place: on the map.
        parents: likeness to each parent, in the order of the shares.
        closest: the voice on the map that is most like it.
    """

    token: str
    place: tuple[float, float]
    parents: list[Likeness]
    closest: Likeness | None


def not_listened_to(context: AppContext) -> tuple[list[str], int]:
    """Keys of the example voices that have not been listened to yet, and how many there are."""
    missing = [f"{EXAMPLE}:{name}" for name in context.examples
               if context.recent.get(f"{EXAMPLE}:{name}") is None]
    return missing, len(context.examples)


def listen_to_all(context: AppContext, job: Job) -> None:
    """Makes every example voice ready for the map, each in its turn at the model.

    Raises:
        VoiceError: the model cannot be loaded.
        JobCancelledError: nobody waits any more.
    """
    for key in not_listened_to(context)[0]:
        find_voice(context, key, job)


def voice_map(context: AppContext, job: Job | None = None) -> VoiceMap:
    """All voices that fit the model, on a map.

    Raises:
        VoiceError: the model cannot be loaded.
    """
    model = context.model.get(job)
    cards = list_voices(context)
    voices = [find_voice(context, card.key, job) for card in cards]
    name = getattr(model, "name", None)
    fit = [(c, v) for c, v in zip(cards, voices, strict=True) if name in (None, v.model)]
    fit = [(c, v) for c, v in fit if v.timbre.shape == fit[-1][1].timbre.shape]
    if not fit:
        return VoiceMap()
    chart = TimbreMap.of([voice.timbre for _, voice in fit])
    points = [
        Point(card.key, card.name, card.kind, float(x), float(y))
        for (card, _), (x, y) in zip(fit, chart.points, strict=True)
    ]
    return VoiceMap(points, [voice for _, voice in fit], chart)


def start_preparing(context: AppContext, session: str, text: str) -> None:
    """Prepares a text for a browser tab, in place of the one before; see :func:`prepare`."""
    stop_preparing(context, session, STOP_SECONDS)
    if text.strip() and len(text) <= context.limits.text and context.model.state == "ready":
        context.background.start(
            f"prepare:{session}", lambda job: prepare(context, text, job))


def stop_preparing(context: AppContext, session: str, seconds: float = 0.0) -> None:
    """A browser tab is gone, or has another text; waits at most so long for the end."""
    context.background.stop(f"prepare:{session}", seconds)


def prepare(context: AppContext, text: str, job: Job) -> None:
    """Lets the model think of how each voice on the map would say a text, so that a mix led by it
    is heard sooner. It does so while nobody needs it, and gives way within one of its steps.

    Raises:
        VoiceError: the text cannot be spoken.
        JobCancelledError: nobody waits for it any more.
    """
    if not_listened_to(context)[0]:
        return
    with logged("prepare", characters=len(text)) as line:
        model, settings = context.model.get(job), SynthesisSettings(**TRIED)
        voices = voice_map(context, job).voices[:MOST_PREPARED]
        line["voices"] = len(voices)
        for voice in voices:
            while not _prepared(context, job, lambda stop, of=voice: model.prepare(
                    text, of, settings, cancelled=stop)):
                job.check()


def _prepared(context: AppContext, job: Job, work: Callable[[Callable[[], bool]], Any]) -> bool:
    """Whether a piece of work was done; False where somebody else needed the model."""
    while context.turns.wanted():
        job.check()
        time.sleep(POLL_SECONDS)
    gave_way = threading.Event()

    def stop() -> bool:
        if context.turns.wanted():
            gave_way.set()
        return job.cancelled or gave_way.is_set()

    try:
        work(stop)
    except VoiceError:
        job.check()
        if not gave_way.is_set():
            raise
        return False
    return True


def parents_at(found: VoiceMap, x: float, y: float) -> list[tuple[str, int]]:
    """Keys and whole percentages of the voices that are mixed at a place, the largest first.

    Raises:
        PageError: there are fewer than two voices.
    """
    if found.chart is None or len(found.points) < 2:
        raise PageError("error_need_two")
    weights = found.chart.weights_at(x, y)
    order = sorted(range(len(weights)), key=lambda i: -weights[i])
    return [(found.points[i].key, max(1, round(100 * weights[i]))) for i in order if weights[i]]


def blend_voices(
    context: AppContext, parents: Parents, prosody: int | None, job: Job,
    manner: Sequence[float] | None = None,
) -> str:
    """Blends voices by weight.

    Args:
        parents: key and weight of each; those without a key or with weight 0 are left out.
        prosody: place in ``parents`` of the voice whose manner of speaking it takes; None takes
            the heaviest.
        manner: weights of the manner of speaking, one for each of ``parents``; None takes those
            of the timbre.

    Returns:
        A token of the new voice.

    Raises:
        PageError: fewer than two voices are left, one is named twice, or the prosody's is missing.
        ConsentError: a parent has no consent statement.
        VoiceError: the voices do not fit each other.
    """
    with logged("blend", voices=len(parents)):
        used = [(i, key, weight) for i, (key, weight) in enumerate(parents) if key and weight > 0]
        if len(used) < 2:
            raise PageError("error_need_two")
        if len({key for _, key, _ in used}) < len(used):
            raise PageError("error_same_voice")
        if prosody is not None and prosody not in [i for i, _, _ in used]:
            raise PageError("error_prosody")
        spoken = None if manner is None else {i: manner[i] for i, _, _ in used}
        if spoken is not None and not any(weight > 0 for weight in spoken.values()):
            raise PageError("error_prosody")
        voices: dict[int, Voice] = {i: find_voice(context, key, job) for i, key, _ in used}
        weights = {voices[i]: weight for i, _, weight in used}
        made = context.model.get(job).blend(
            weights, prosody_of=None if prosody is None else voices[prosody],
            prosody=None if spoken is None else {voices[i]: w for i, w in spoken.items()},
            require_consent=True,
        )
        return context.recent.add(made)


def draw(context: AppContext, apart: bool, job: Job, seed: int | None = None) -> str:
    """Draws a new voice from those that are known.

    Args:
        apart: whether it should be unlike all of them.
        seed: the same draws the same voice; None takes another each time.

    Returns:
        A token of the new voice.

    Raises:
        VoiceError: there are fewer than three voices, or the model cannot be loaded.
    """
    with logged("draw_voice", apart=apart):
        known = voice_map(context, job).voices
        willing = [voice for voice in known if voice.consent.strip()]
        seed = secrets.randbelow(2**31) if seed is None else seed
        return context.recent.add(draw_voice(willing, seed, apart_from=known if apart else ()))


def describe(context: AppContext, token: str, job: Job | None = None) -> Made:
    """Where a new voice lies, and how alike it is to its parents and to others.

    Raises:
        PageError: it is forgotten.
        VoiceError: the model cannot be loaded.
    """
    voice = find_voice(context, f"recent:{token}")
    found = voice_map(context, job)
    place = found.chart.place(voice.timbre) if found.chart else (0.0, 0.0)
    alike = likenesses(voice.timbre, found.voices)
    by_name = {one.name: one for one in reversed(alike)}
    shares = sorted(voice.parents, key=lambda name: -voice.parents[name])
    parents = [by_name[name] for name in shares if name in by_name]
    return Made(token, place, parents, alike[0] if alike else None)
