"""A voice between others."""

from __future__ import annotations

from collections.abc import Sequence

from voice import Voice
from webui.actions.voices import find_voice
from webui.context import AppContext
from webui.jobs import Job, logged
from webui.messages import PageError

MOST = 6


def blend_voices(
    context: AppContext, parents: Sequence[tuple[str | None, float]], prosody: int | None, job: Job
) -> str:
    """Blends voices by weight.

    Args:
        parents: key and weight of each; those without a key or with weight 0 are left out.
        prosody: place in ``parents`` of the voice whose manner of speaking it takes; None takes
            the heaviest.

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
        voices: dict[int, Voice] = {i: find_voice(context, key, job) for i, key, _ in used}
        weights = {voices[i]: weight for i, _, weight in used}
        made = context.model.get(job).blend(
            weights, prosody_of=None if prosody is None else voices[prosody],
            require_consent=True,
        )
        return context.recent.add(made)
