"""What a reloaded page finds again: whose voice, the recording, language and speed.

The choices stay in the browser; the recording is the latest that this browser sent. Consent is
given anew each time, and the texts are kept by ``app.js``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from webui.actions.speak import LANGUAGES, LIBRARY, RECORDING
from webui.actions.voices import card_of
from webui.components.events import QUIET
from webui.components.reference_audio import ReferenceAudio
from webui.components.visitor import visitor_of
from webui.context import AppContext


@dataclass(frozen=True)
class Remembered:
    """``restore`` takes ``state`` and gives ``fields``."""

    state: gr.BrowserState
    restore: Callable[..., tuple[Any, ...]]
    fields: list[Any]


def build(
    context: AppContext, reference: ReferenceAudio, language: gr.Dropdown, speed: gr.Slider
) -> Remembered:
    """Keeps what is chosen, from now on."""
    # The browser's own store, which others on this machine's account can read anyway.
    state = gr.BrowserState({}, storage_key="voice_form", secret="voice")
    chosen = [reference.kind, reference.voice, language, speed]

    def save(kind: str, voice: str | None, spoken: str, fast: float) -> dict[str, Any]:
        return {"kind": kind, "voice": voice, "language": spoken, "speed": fast}

    for field in chosen:
        field.input(save, chosen, state, **QUIET)

    def restore(saved: Any, request: gr.Request) -> tuple[Any, ...]:
        kept = saved if isinstance(saved, dict) else {}
        kind, voice = kept.get("kind"), kept.get("voice")
        fast = kept.get("speed")
        sound = context.latest.get(visitor_of(request))
        return (
            kind if kind in (RECORDING, LIBRARY) else gr.skip(),
            voice if isinstance(voice, str) and card_of(context, voice) else gr.skip(),
            kept["language"] if kept.get("language") in LANGUAGES else gr.skip(),
            fast if isinstance(fast, int | float) and 0.5 <= fast <= 2 else gr.skip(),
            gr.skip() if sound is None else gr.Audio(value=str(sound)),
        )

    return Remembered(state, restore, [*chosen, reference.recording])
