"""Tab Blend: a new voice between two to six others."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from webui.actions import blend as action
from webui.actions import speak, voices
from webui.components import markup
from webui.components.visitor import locale_of, session_of
from webui.components.voice_choices import voice_choices
from webui.context import AppContext
from webui.jobs import JobCancelledError
from webui.messages import text
from webui.tabs.speak import SENTENCES

HEAVIEST = "heaviest"
BLEND = "blend"
"""Sets the jobs of this tab apart from those of Speak."""


@dataclass(frozen=True)
class BlendTab:
    """Lists to be filled anew when voices or the language change."""

    voices: list[gr.Dropdown]
    prosody: gr.Dropdown


def build(context: AppContext, t: gr.I18n) -> BlendTab:
    """Builds the tab."""
    choices = voice_choices(context, "en")
    keys = [key for _, key in choices]
    with gr.Row(equal_height=False, elem_classes="voice-columns"):
        with gr.Column(scale=5, min_width=300, elem_classes="voice-card"):
            gr.HTML(f"<h2>{t('blend_heading')}</h2>")
            gr.HTML(f"<p class='voice-hint'>{t('blend_hint')}</p>")
            rows = [_row(t, place, choices, keys) for place in range(action.MOST)]
            prosody = gr.Dropdown(
                [HEAVIEST, *(str(i + 1) for i in range(action.MOST))], value=HEAVIEST,
                label=t("blend_prosody"), info=t("blend_prosody_info"), elem_id="blend-prosody",
            )
        with gr.Column(scale=6, min_width=300, elem_classes="voice-card"):
            gr.HTML(f"<h2>{t('blend_hear_heading')}</h2>")
            said = gr.Textbox(
                value=SENTENCES[0], label=t("text_label"), lines=3, max_lines=8,
                max_length=context.limits.text, elem_id="blend-text",
            )
            hear = gr.Button(t("blend_button"), variant="primary", size="lg", elem_id="blend-go")
            status = gr.HTML(elem_id="blend-status")
            player = gr.Audio(
                label=t("result_label"), interactive=False, visible=False, buttons=["download"],
                elem_id="blend-result",
            )
            token = gr.State(None, time_to_live=24 * 3600)
            with gr.Row(visible=False, elem_id="blend-keep") as keep:
                name = gr.Textbox(label=t("keep_name"), max_lines=1, elem_id="blend-name", scale=3)
                button = gr.Button(t("keep_button"), elem_id="blend-keep-go", scale=1)
            answer = gr.HTML(elem_id="blend-answer")
    boxes = [box for box, _ in rows]
    form = [said, prosody, *boxes, *(weight for _, weight in rows)]
    _connect_hear(context, hear, form, [status, player, token, keep, hear])
    _connect_keep(context, button, [token, name], answer)
    return BlendTab(boxes, prosody)


def _row(
    t: gr.I18n, place: int, choices: list[tuple[str, str]], keys: list[str]
) -> tuple[gr.Dropdown, gr.Slider]:
    used = place < 2 and place < len(keys)
    with gr.Row(elem_classes="voice-blend-row"):
        box = gr.Dropdown(
            choices, value=keys[place] if used else None, label=t(f"blend_voice_{place + 1}"),
            min_width=180, elem_id=f"blend-voice-{place + 1}",
        )
        weight = gr.Slider(
            0, 100, value=50 if place < 2 else 0, step=1, label=t("blend_weight"), min_width=180,
            elem_id=f"blend-weight-{place + 1}",
        )
    return box, weight


def _connect_hear(
    context: AppContext, hear: gr.Button, form: list[Any], outputs: list[Any]
) -> None:
    def run(
        request: gr.Request, said: str, prosody: str, *rest: Any
    ) -> Iterator[tuple[Any, ...]]:
        locale = locale_of(request)
        skip = gr.skip()
        off, on = gr.Button(interactive=False), gr.Button(interactive=True)
        yield markup.bar(text(locale, "stage_starting"), 0.0), skip, skip, skip, off
        parents = list(zip(rest[: action.MOST], rest[action.MOST :], strict=True))
        leader = None if prosody == HEAVIEST else int(prosody) - 1
        try:
            with context.jobs.run(f"{session_of(request)}:{BLEND}") as job:
                made = action.blend_voices(context, parents, leader, job)
                source = speak.Source(speak.LIBRARY, key=f"{voices.RECENT}:{made}")
                for step in speak.speak(context, speak.Request(said or "", source), job):
                    if step.take is None:
                        yield markup.status(locale, step), skip, skip, skip, off
                        continue
                    yield (
                        markup.note(text(locale, "stage_done"), "good"),
                        gr.Audio(value=str(step.take.path), visible=True),
                        step.take.voice_token, gr.Row(visible=True), on,
                    )
        except JobCancelledError:
            yield markup.note(text(locale, "stage_cancelled")), skip, skip, skip, on
        except Exception as error:
            yield markup.error(locale, error), skip, skip, skip, on

    hear.click(
        run, form, outputs, concurrency_id="model", api_visibility="private",
        show_progress="minimal", show_progress_on=[outputs[0]],
    )


def _connect_keep(
    context: AppContext, button: gr.Button, form: list[Any], answer: gr.HTML
) -> None:
    def keep(token: str | None, name: str, request: gr.Request) -> str:
        locale = locale_of(request)
        try:
            card = voices.keep_voice(context, token, name or "")
        except Exception as error:
            return markup.error(locale, error)
        return markup.note(text(locale, "keep_done", name=card.name), "good")

    button.click(keep, form, answer, api_visibility="private", show_progress="hidden")
