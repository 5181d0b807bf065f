"""A verdict on a recording before it is used: good, fair with advice, or unusable and why."""

from __future__ import annotations

from dataclasses import dataclass

from voice import AudioFileError
from webui.actions.speak import RECORDING, Source, voice_of
from webui.context import AppContext
from webui.jobs import Job, logged


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
