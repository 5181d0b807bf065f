"""Speaking a text in a voice: what the page shows while and after it is made.

Axes: N samples.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from voice import Passage, Speech, SynthesisSettings, Voice, VoiceError
from webui.actions.history import remember
from webui.actions.voices import RECENT, find_voice
from webui.context import AppContext
from webui.jobs import Job, JobCancelledError, collected_warnings, logged
from webui.messages import PageError

RECORDING, LIBRARY = "recording", "library"
LANGUAGES = ("auto", "en", "zh", "ja", "ko", "yue")
PREVIEW_SECONDS = 6.0
_SECONDS_A_LETTER = 0.065
_SECONDS_A_CHARACTER = 0.21
_CJK_START = "\u2e80"


@dataclass(frozen=True)
class Source:
    """Whose voice.

    Attributes:
        kind: ``recording`` or ``library``.
        key: of a voice of the library or an example.
        recording: path of an upload.
        transcript: what it says; may be empty.
        consent: whether the visitor may use the voice.
    """

    kind: str
    key: str | None = None
    recording: str | None = None
    transcript: str = ""
    consent: bool = False


@dataclass(frozen=True)
class Take:
    """A finished recording.

    Attributes:
        path: of the WAV file, marked as generated.
        seconds, elapsed: length, and how long it took to make.
        info: seed, checked, passed, retries and more; see ``voice.Speech.info``.
        voice_token: by which the voice can be kept.
        voice_name: empty for a voice that is not kept.
        id: by which the history knows it.
    """

    path: Path
    seconds: float
    elapsed: float
    info: dict[str, Any]
    voice_token: str
    voice_name: str
    id: str = ""

    @property
    def rtf(self) -> float:
        """Time to make a second of sound."""
        return self.elapsed / max(self.seconds, 1e-3)


@dataclass(frozen=True, eq=False)
class Step:
    """Where the work stands.

    Attributes:
        stage: ``loading``, ``listening``, ``waiting``, ``speaking`` or ``done``.
        fraction: of the work, 0 to 1.
        chunk: sound made since the step before.
        take: at the end.
        seconds: of sound made so far.
        ahead: pieces of other work that come first, while it waits.
        left: seconds until it is done, as far as one can tell.
    """

    stage: str
    fraction: float
    chunk: Speech | None = None
    take: Take | None = None
    seconds: float = 0.0
    ahead: int = 0
    left: float | None = None


@dataclass(frozen=True)
class Request:
    """What the visitor asks for.

    Attributes:
        text: to speak.
        source: whose voice.
        options: fields of ``voice.SynthesisSettings``.
        owner: whose history keeps the recording.
        again: whether other voices will say the same with the same seed, as on the map of voices:
            what the model thinks of for this one is then remembered.
    """

    text: str
    source: Source
    options: dict[str, Any] = field(default_factory=dict)
    owner: str = "program"
    again: bool = False


def speak(context: AppContext, request: Request, job: Job) -> Iterator[Step]:
    """Speaks; every step is shown as it comes.

    Raises:
        VoiceError: the request is wrong; the message says which part.
        JobCancelledError: the visitor asked to stop.
    """
    fields = {"characters": len(request.text), "source": request.source.kind}
    with logged("speak", **fields) as line:
        check(context, request)
        settings = SynthesisSettings(**request.options, watermark=context.settings.watermark)
        if not context.model.ready.is_set():
            yield Step("loading", 0.0)
        context.model.get(job)
        yield Step("listening", 0.02)
        token, voice = voice_of(context, request.source, job)
        job.check()
        yield Step("speaking", 0.05)
        started = time.monotonic()
        chunks: list[Speech] = []
        expected = expected_seconds(request.text) / settings.speed
        for chunk in chunks_in_turn(
                context, request.text, voice, settings, job, request.again):
            if isinstance(chunk, int):
                if not chunks:
                    yield Step("waiting", 0.05, ahead=chunk)
                continue
            chunks.append(chunk)
            made = sum(one.seconds for one in chunks)
            share = min(made / expected, 1.0)
            left = (time.monotonic() - started) * (1 - share) / share
            yield Step("speaking", 0.05 + 0.9 * share, chunk, seconds=made, left=left)
        speech = join(chunks)
        context.recent.add(with_preview(voice, speech), token)
        key = request.source.key or f"{RECENT}:{token}"
        passage = Passage(request.text, speech, {"voice": key})
        name, path = remember(context, request.owner, passage)
        take = Take(
            path=path,
            id=name,
            seconds=speech.seconds,
            elapsed=time.monotonic() - started,
            info=speech.info,
            voice_token=token,
            voice_name=voice.name,
        )
        line.update(seconds=round(take.seconds, 2), rtf=round(take.rtf, 3))
        line.update(retries=take.info.get("retries", 0), passed=take.info.get("passed", True))
        yield Step("done", 1.0, take=take, seconds=take.seconds)


def chunks_in_turn(
    context: AppContext, text: str, voice: Voice, settings: SynthesisSettings, job: Job,
    again: bool = False,
) -> Iterator[Speech | int]:
    """Chunks, each made in its turn, until the visitor asks to stop; then the model stops too.

    Args:
        context, text, voice, settings, job: what is spoken, and for whom.
        again: see :class:`Request`.

    Yields:
        Speech, and while others are served the number of pieces of work that come first.
    """
    model = context.model.get(job)
    try:
        chunks = model.stream(text, voice, settings, cancelled=lambda: job.cancelled)
        while True:
            ticket = context.turns.ask(job.visitor)
            try:
                shown = -1
                while not context.turns.wait(ticket):
                    job.check()
                    if (ahead := context.turns.ahead(ticket)) not in (0, shown):
                        shown = ahead
                        yield ahead
                if again:
                    model.prepare(text, voice, settings, cancelled=lambda: job.cancelled)
                    again = False
                chunk = next(chunks, None)
            finally:
                context.turns.leave(ticket)
            if chunk is None:
                return
            job.check()
            yield chunk
    except Exception as error:
        if job.cancelled:
            raise JobCancelledError from error
        raise


def refused(problem: Exception) -> None:
    """Leaves the line of the log for a request that never became work."""
    with suppress(type(problem)), logged("speak"):
        raise problem


def check(context: AppContext, request: Request) -> None:
    """Refuses what can be seen to be wrong before any work.

    Raises:
        PageError: names what is missing.
    """
    text = request.text
    if not text.strip():
        raise PageError("error_need_text")
    if len(text) > context.limits.text:
        raise PageError("error_text_long", length=len(text), limit=context.limits.text)
    check_source(request.source)


def spans_of(context: AppContext, text: str, language: str) -> list[tuple[str, str]]:
    """The text by language as it will be spoken; empty where that cannot be told yet.

    Returns:
        (language, words) in order.
    """
    if not text.strip() or len(text) > context.limits.text or context.model.state != "ready":
        return []
    try:
        plan = context.model.get().plan(text, SynthesisSettings(language=language))
    except VoiceError:
        return []
    found: list[tuple[str, str]] = []
    for piece in plan.pieces:
        phonemes = getattr(piece, "phonemes", None)
        for span in getattr(phonemes, "spans", ()):
            if found and found[-1][0] == span.language:
                found[-1] = (span.language, f"{found[-1][1]} {span.text}")
            else:
                found.append((span.language, span.text))
    return found


def check_source(source: Source) -> None:
    """Refuses a source that names no voice.

    Raises:
        PageError: names what is missing.
    """
    if source.kind == RECORDING:
        if not source.recording:
            raise PageError("error_need_recording")
        if not source.consent:
            raise PageError("error_need_consent")
    elif not source.key:
        raise PageError("error_need_voice")


def voice_of(context: AppContext, source: Source, job: Job) -> tuple[str, Voice]:
    """The voice of a source and a token for it; a recording is listened to only once.

    Raises:
        VoiceError: the recording or the voice cannot be used.
    """
    if source.kind != RECORDING:
        voice = find_voice(context, source.key, job)
        kind, _, token = (source.key or "").partition(":")
        return context.recent.add(voice, token if kind == RECENT else source.key), voice
    assert source.recording is not None
    transcript = source.transcript.strip()
    token = recording_token(source.recording, transcript)
    voice = context.recent.get(token)
    if voice is None:
        model = context.model.get(job)
        with context.turns.turn(job.visitor, job), collected_warnings() as advice:
            voice = model.enroll([Path(source.recording)], transcript=transcript or None)
        context.recent.add(voice, token, tuple(advice))
    return token, voice


def clone(context: AppContext, source: Source, job: Job) -> str:
    """Makes a voice of a recording without speaking; returns its token.

    Raises:
        PageError: the recording or the consent is missing.
        VoiceError: the recording cannot be used.
    """
    with logged("clone"):
        check_source(source)
        return voice_of(context, source, job)[0]


def recording_token(path: str, transcript: str) -> str:
    """The same for the same recording and transcript.

    Raises:
        PageError: the upload was cleared away in the meantime.
    """
    digest = hashlib.sha256(transcript.encode("utf-8"))
    try:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except FileNotFoundError as error:
        raise PageError("error_recording_gone") from error
    return f"recording-{digest.hexdigest()[:32]}"


def expected_seconds(text: str) -> float:
    """About how long a text sounds; only for the progress bar."""
    wide = sum(letter >= _CJK_START for letter in text)
    return max(0.5, wide * _SECONDS_A_CHARACTER + (len(text) - wide) * _SECONDS_A_LETTER)


def join(chunks: list[Speech]) -> Speech:
    """One speech of its chunks."""
    if not chunks:
        raise PageError("error_nothing_made")
    return Speech(
        np.concatenate([chunk.samples for chunk in chunks]), chunks[0].sample_rate,
        chunks[0].origin, tuple(piece for chunk in chunks for piece in chunk.pieces),
    )


def with_preview(voice: Voice, speech: Speech) -> Voice:
    """The voice with the start of a speech as its preview, if it has none."""
    if voice.preview is not None:
        return voice
    count = int(PREVIEW_SECONDS * speech.sample_rate)
    samples = np.round(np.clip(speech.samples[:count], -1, 1) * 32767).astype(np.int16)
    return replace(voice, preview=samples, preview_rate=speech.sample_rate)

