"""Named endpoints for programs (Gradio client): the same actions as the page, in plain data."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.events import api

from voice import VoiceError
from webui import messages
from webui.actions import speak as action
from webui.actions import voices as voice_action
from webui.context import AppContext
from webui.jobs import Job


def build(context: AppContext) -> None:
    """Adds the endpoints to the page that is being built."""

    def speak(
        text: str, voice: str, language: str = "auto", speed: float = 1.0, seed: int | None = None
    ) -> dict[str, Any]:
        """Speak a text in a kept or example voice.

        Args:
            text: what to say.
            voice: key of a voice, as listed by the endpoint "voices".
            language: auto, en, zh or ja.
            speed: 0.5 to 2; 2 is twice as fast.
            seed: a whole number repeats a recording exactly; none draws a new one.

        Returns:
            wav (the file in base64), seconds, seed, checked, passed, retries, model, voice.
        """
        source = action.Source(action.LIBRARY, key=voice)
        options = {"language": language, "speed": speed, "seed": seed}
        take = None
        for step in action.speak(context, action.Request(text, source, options), Job()):
            take = step.take or take
        assert take is not None
        kept = ("seed", "checked", "passed", "retries", "model", "voice")
        return {
            "wav": base64.b64encode(take.path.read_bytes()).decode("ascii"),
            "seconds": take.seconds,
        } | {name: take.info.get(name) for name in kept}

    def voices() -> list[dict[str, Any]]:
        """List the voices that can speak.

        Returns:
            For each voice: key, name, languages, kind (example or kept), parents of a blend.
        """
        return [
            {
                "key": card.key, "name": card.name, "languages": list(card.languages),
                "kind": card.kind, "parents": dict(card.parents),
            }
            for card in voice_action.list_voices(context)
        ]

    api(readable(speak), api_name="speak", concurrency_id="model")
    api(readable(voices), api_name="voices", queue=False)


def readable(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, its errors as one sentence instead of a traceback."""
    import functools

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except (VoiceError, TypeError, AttributeError) as error:
            sentence = messages.explain(error, messages.LOCALES[0])
            raise gr.Error(sentence, print_exception=False) from None

    return call
