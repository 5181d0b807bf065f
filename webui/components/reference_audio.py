"""Whose voice: a recording that is dropped or made, or a voice of the library."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.components import Component

from voice import VoiceError
from webui.actions import voices
from webui.actions.reference import judge_recording, write_down
from webui.actions.speak import LIBRARY, RECORDING, Source
from webui.components import markup, voice_choices
from webui.components.events import PRIVATE, QUIET
from webui.components.visitor import locale_of, session_of, visitor_of
from webui.context import AppContext
from webui.jobs import Job
from webui.messages import text


@dataclass(frozen=True)
class ReferenceAudio:
    """The components; ``inputs`` are in the order that :meth:`source` takes."""

    kind: gr.Radio
    recording: gr.Audio
    transcript: gr.Textbox
    consent: gr.Checkbox
    voice: gr.Dropdown

    @property
    def inputs(self) -> list[Component]:
        """For an event."""
        return [self.kind, self.voice, self.recording, self.transcript, self.consent]

    @staticmethod
    def source(values: tuple[Any, ...]) -> Source:
        """What was chosen, from the values of :attr:`inputs`."""
        kind, key, recording, transcript, consent = values
        return Source(kind, key, recording, transcript or "", bool(consent))


def build_reference_audio(context: AppContext, t: gr.I18n) -> ReferenceAudio:
    """Builds the part and what it does by itself."""
    kind = gr.Radio(
        [(text("en", f"source_{one}"), one) for one in (RECORDING, LIBRARY)], value=RECORDING,
        show_label=False, label=t("source_label"), container=False, elem_id="speak-source",
    )
    with gr.Column(elem_id="speak-from-recording") as from_recording:
        recording = gr.Audio(
            sources=["upload", "microphone"], type="filepath", label=t("recording_label"),
            elem_id="speak-reference", buttons=[],
        )
        hint = f"<p class='voice-hint'>{t('recording_hint')}</p>"
        verdict = gr.HTML(hint, elem_id="speak-verdict")
        with gr.Row(elem_classes="voice-inline"):
            transcript = gr.Textbox(
                label=t("transcript_label"), placeholder=t("transcript_hint"), lines=2,
                max_lines=4, elem_id="speak-transcript", scale=4, min_width=200,
            )
            write = gr.Button(t("transcript_button"), size="sm", scale=1, min_width=110,
                              elem_id="speak-write-down")
        heard = gr.HTML(elem_id="speak-heard")
        consent = gr.Checkbox(label=t("consent_label"), elem_id="speak-consent")
    with gr.Column(visible=False, elem_id="speak-from-library") as from_library:
        keys = [key for _, key in voice_choices.voice_choices(context, "en")]
        voice = gr.Dropdown(
            choices=voice_choices.voice_choices(context, "en"), value=keys[0] if keys else None,
            label=t("voice_label"), info=t("voice_info"), elem_id="speak-voice", filterable=True,
        )
        sample = gr.Audio(
            label=t("voice_preview"), interactive=False, buttons=[], elem_id="speak-voice-preview",
            value=_first_preview(context, keys),
        )

    def show(chosen: str) -> tuple[Any, ...]:
        return tuple(
            gr.Column(visible=chosen == one) for one in (RECORDING, LIBRARY)
        )

    def judge(path: str | None, said: str, request: gr.Request) -> Iterator[str]:
        locale = locale_of(request)
        if path:  # a page that only begins is empty too: what it forgets is said by forget()
            context.latest.set(visitor_of(request), path)
        else:
            yield f'<p class="voice-hint">{text(locale, "recording_hint")}</p>'
            return
        stage = "stage_listening" if context.model.ready.is_set() else "stage_loading"
        yield markup.note(text(locale, stage))
        try:
            yield markup.verdict(locale, judge_recording(context, path, said or "", Job()))
        except Exception as error:
            yield markup.error(locale, error)

    def forget(request: gr.Request) -> None:
        context.latest.set(visitor_of(request), None)

    def written(path: str | None, request: gr.Request) -> Iterator[tuple[Any, str]]:
        locale = locale_of(request)
        yield gr.skip(), markup.note(text(locale, "stage_writing"))
        try:
            yield write_down(context, path, Job(session_of(request))), ""
        except Exception as error:
            yield gr.skip(), markup.error(locale, error)

    def preview(key: str | None) -> Any:
        try:
            return None if not key else _playable(voices.preview(context, key))
        except VoiceError:
            return None

    kind.change(show, kind, [from_recording, from_library], **QUIET)
    recording.change(judge, [recording, transcript], verdict, concurrency_limit=8, **PRIVATE)
    recording.clear(forget, None, None, **QUIET)
    write.click(written, recording, [transcript, heard], concurrency_limit=8, **PRIVATE)
    voice.change(preview, voice, sample, **QUIET)
    return ReferenceAudio(kind, recording, transcript, consent, voice)


def _playable(found: Any) -> Any:
    return found if isinstance(found, tuple) or found is None else str(found)


def _first_preview(context: AppContext, keys: list[str]) -> str | None:
    """The recording of the first voice of the list, where it is an example."""
    kind, _, name = (keys[0] if keys else "").partition(":")
    return str(context.examples[name].file) if kind == voices.EXAMPLE else None
