"""Before a recording is used: a verdict on it, and what it says by speech recognition."""

from __future__ import annotations

from dataclasses import dataclass

from voice import AudioFileError, transcribe
from webui.actions.speak import RECORDING, Source, voice_of
from webui.context import AppContext
from webui.jobs import Job, logged
from webui.messages import PageError


@dataclass(frozen=True)
class Verdict:
    """How well a recording can be cloned.

    Attributes:
        level: ``good``, ``fair`` or ``bad``.
        advice: sentences of the library on what is wrong and what would be right.
    """

    level: str
    advice: tuple[str, ...] = ()


def judge_recording(context: AppContext, path: str, transcript: str, job: Job) -> Verdict:
    """Listens to a recording; what was heard is reused when it speaks.

    Raises:
        VoiceError: the model cannot be loaded.
    """
    with logged("judge_recording") as line:
        source = Source(RECORDING, recording=path, transcript=transcript)
        context.model.get(job)
        try:
            token, _ = voice_of(context, source, job)
        except AudioFileError as error:
            line["level"] = "bad"
            return Verdict("bad", (str(error),))
        advice = context.recent.advice(token)
        line["level"] = "fair" if advice else "good"
        return Verdict(line["level"], advice)


def write_down(context: AppContext, path: str | None, job: Job) -> str:
    """What a recording says, where a recogniser is installed.

    Raises:
        PageError: there is no recording, or nothing was heard in it.
        DependencyError: no recogniser is installed, or it lacks its weights.
        JobCancelledError: the visitor no longer waits.
    """
    with logged("write_down") as line:
        if not path:
            raise PageError("error_need_recording")
        with context.turns.turn(job.visitor, job):
            heard = transcribe(path, context.library.folder.parent)
        line["language"] = heard.language
        if not heard.text:
            raise PageError("error_nothing_heard")
        return heard.text
