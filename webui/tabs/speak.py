"""Tab Speak: a voice, a text, and the speech while it is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from webui.actions import speak as action
from webui.actions import voices
from webui.components import markup, passage_panel, pronounce_panel, remembered
from webui.components.live_sound import LiveWindow
from webui.components.passage_panel import PassagePanel
from webui.components.reference_audio import ReferenceAudio, build_reference_audio
from webui.components.remembered import Remembered
from webui.components.settings_panel import SettingsPanel, build_settings_panel
from webui.components.visitor import locale_of, session_of, visitor_of
from webui.components.voice_choices import language_choices, voice_choices
from webui.context import AppContext
from webui.jobs import JobCancelledError
from webui.messages import text

SENTENCES = (
    "The old lighthouse keeper climbed the stairs one last time, and lit the lamp for a ship that "
    "was already safe in the harbour.",
    "Your table is booked for 7:30 pm on March 3rd. The total comes to $42.50.",
    "今天天气真好，我们一起去公园散步吧！回来的路上，别忘了买两斤苹果。",
    "会议改到下午三点半，在二楼的会议室，请大家准时参加。",
    "駅前の小さな喫茶店で、友だちと静かに本を読んで過ごしました。",
    "今天的 meeting 改到 3 pm，请大家 check 一下邮件。",
)


@dataclass(frozen=True)
class SpeakTab:
    """Components and events other tabs and the page refer to.

    ``resume`` takes nothing and gives ``outputs``: it follows work that a reload interrupted.
    """

    reference: ReferenceAudio
    language: gr.Dropdown
    history: gr.HTML
    resume: Callable[..., Iterator[tuple[Any, ...]]]
    outputs: list[Any]
    remembered: Remembered


@dataclass(frozen=True)
class _Result:
    """Components that show what is being made."""

    status: gr.HTML
    live: gr.Textbox
    player: gr.Audio
    facts: gr.HTML
    keep: gr.Accordion
    token: gr.State
    go: gr.Button
    stop: gr.Button
    panel: PassagePanel

    @property
    def outputs(self) -> list[Any]:
        panel = self.panel
        return [
            self.status, self.live, self.player, self.facts, self.keep, self.token, self.go,
            self.stop, panel.row, panel.kind, panel.download, panel.sentences, panel.id,
            panel.history,
        ]


def build(context: AppContext, t: gr.I18n) -> SpeakTab:
    """Builds the tab."""
    with gr.Row(equal_height=False, elem_classes="voice-columns"):
        with gr.Column(scale=5, min_width=300, elem_classes=["voice-card", "voice-stays"]):
            gr.HTML(f"<h2>{t('heading_voice')}</h2>")
            reference = build_reference_audio(context, t)
        with gr.Column(scale=6, min_width=300):
            with gr.Column(elem_classes="voice-card"):
                gr.HTML(f"<h2>{t('heading_text')}</h2>")
                said, language, speed, settings = _text_part(context, t)
            with gr.Column(elem_classes="voice-card"):
                result, listen = _result_part(t)
                _keep_part(context, t, result, reference)
    form = passage_panel.Form(said, language, speed, settings, reference.kind, reference.voice)
    passage_panel.connect(context, result.panel, result.player, result.status, form)
    resume = _connect(context, reference, (said, language, speed, listen), settings, result)
    found_again = remembered.build(context, reference, language, speed)
    return SpeakTab(
        reference, language, result.panel.history, resume, result.outputs, found_again)


def _text_part(
    context: AppContext, t: gr.I18n
) -> tuple[gr.Textbox, gr.Dropdown, gr.Slider, SettingsPanel]:
    said = gr.Textbox(
        label=t("text_label"), placeholder=t("text_hint"), lines=5, max_lines=14,
        max_length=context.limits.text, elem_id="speak-text",
    )
    place = gr.Column(elem_classes="voice-tight")
    examples = gr.Examples(
        [[one] for one in SENTENCES], inputs=[said], label=t("examples_label"),
        examples_per_page=len(SENTENCES), elem_id="speak-examples", api_visibility="private",
    )
    with gr.Row():
        language = gr.Dropdown(
            language_choices("en"), value="auto", label=t("language_label"), min_width=160,
            elem_id="speak-language",
        )
        speed = gr.Slider(
            0.5, 2.0, value=1.0, step=0.05, label=t("setting_speed"), min_width=160,
            elem_id="speak-speed",
        )
    with place:
        spans = gr.HTML(elem_id="speak-spans")
        pronounce_panel.build(context, t, language)

    def heard(words: str, chosen: str, request: gr.Request) -> str:
        return markup.spans(locale_of(request), action.spans_of(context, words or "", chosen))

    for event in (said.blur, said.submit, language.input, examples.load_input_event.then):
        event(heard, [said, language], spans, api_visibility="private", queue=False,
              show_progress="hidden")
    return said, language, speed, build_settings_panel(t)


def _result_part(t: gr.I18n) -> tuple[_Result, gr.Checkbox]:
    with gr.Row(elem_classes="voice-actions"):
        go = gr.Button(t("speak_button"), variant="primary", size="lg", elem_id="speak-go", scale=3)
        stop = gr.Button(
            t("stop_button"), variant="stop", size="lg", elem_id="speak-stop", visible=False,
            scale=1,
        )
    listen = gr.Checkbox(value=True, label=t("listen_label"), elem_id="speak-listen")
    status = gr.HTML(elem_id="speak-status")
    live = gr.Textbox(visible="hidden", elem_id="speak-live", label="")
    player = gr.Audio(
        label=t("result_label"), interactive=False, visible=False, buttons=[],
        elem_id="speak-result",
    )
    facts = gr.HTML(elem_id="speak-facts")
    keep = gr.Accordion(t("keep_title"), open=False, visible=False, elem_id="speak-keep")
    panel = passage_panel.build_passage_panel(t)
    token = gr.State(None, time_to_live=24 * 3600)
    return _Result(status, live, player, facts, keep, token, go, stop, panel), listen


def _keep_part(
    context: AppContext, t: gr.I18n, result: _Result, reference: ReferenceAudio
) -> None:
    with result.keep:
        name = gr.Textbox(label=t("keep_name"), max_lines=1, elem_id="keep-name")
        statement = gr.Textbox(
            label=t("keep_consent"), info=t("keep_consent_info"), lines=2, elem_id="keep-consent",
            placeholder=t("keep_consent_hint"),
        )
        button = gr.Button(t("keep_button"), elem_id="keep-go")
        answer = gr.HTML(elem_id="keep-status")

    def keep(token: str | None, called: str, said: str, request: gr.Request) -> Any:
        locale = locale_of(request)
        try:
            card = voices.keep_voice(context, token, called or "", said or "")
        except Exception as error:
            return markup.error(locale, error), gr.skip()
        choices = voice_choices(context, locale)
        done = markup.note(text(locale, "keep_done", name=card.name), "good")
        return done, gr.Dropdown(choices=choices)

    button.click(
        keep, [result.token, name, statement], [answer, reference.voice],
        api_visibility="private", show_progress="hidden",
    )


def _connect(
    context: AppContext, reference: ReferenceAudio, form: tuple[Any, ...],
    settings: SettingsPanel, result: _Result,
) -> Callable[..., Iterator[tuple[Any, ...]]]:
    whose = len(reference.inputs)
    count = len(result.outputs)

    def start(
        request: gr.Request, said: str, language: str, speed: float, _: bool, *rest: Any
    ) -> tuple[Any, ...]:
        locale = locale_of(request)
        try:
            options = {"language": language, "speed": speed} | settings.options(rest[whose:])
            source, owner = reference.source(rest[:whose]), visitor_of(request)
            asked = action.Request(said or "", source, options, owner)
            action.check(context, asked)
        except Exception as error:
            context.feeds.cancel(session_of(request))
            action.refused(error)
            return _finished(markup.error(locale, error))
        context.feeds.start(
            session_of(request), owner, lambda job: action.speak(context, asked, job))
        return _started(locale)

    def follow(request: gr.Request) -> Iterator[tuple[Any, ...]]:
        feed = context.feeds.of(session_of(request))
        if feed is None:
            yield (gr.skip(),) * count
            return
        yield from _followed(context, feed.follow(), request)

    def resume(request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """Follows work that goes on in this browser with no page following it."""
        feed = context.feeds.adopt(session_of(request), visitor_of(request))
        if feed is None:
            yield (gr.skip(),) * count
            return
        yield _started(locale_of(request))
        yield from _followed(context, feed.follow(latest=True), request)

    def stop(request: gr.Request) -> tuple[Any, ...]:
        if context.feeds.cancel(session_of(request)):
            return (gr.skip(),) * count  # whoever follows the work says so
        return _finished(markup.note(text(locale_of(request), "stage_cancelled")))

    quiet: dict[str, Any] = {"queue": False, "api_visibility": "private",
                             "show_progress": "hidden"}
    listening = "(listen) => { window.voicePlayer.start(listen); }"
    result.go.click(fn=None, inputs=[form[3]], js=listening)
    started = result.go.click(
        start, [*form, *reference.inputs, *settings.inputs], result.outputs, **quiet)
    started.then(
        follow, None, result.outputs, concurrency_limit=64, api_visibility="private",
        show_progress="hidden",
    )
    result.stop.click(fn=None, js="() => { window.voicePlayer.stop(); }")
    result.stop.click(stop, None, result.outputs, **quiet)
    result.live.change(
        fn=None, inputs=[result.live], js="(chunks) => { window.voicePlayer.push(chunks); }"
    )
    result.player.play(fn=None, js="() => { window.voicePlayer.stop(); }")
    return resume


def _started(locale: str) -> tuple[Any, ...]:
    waiting = markup.bar(text(locale, "stage_waiting"), 0.0)
    hide = gr.update(visible=False)
    return (
        waiting, "", gr.Audio(visible=False), "", hide, gr.skip(),
        gr.Button(interactive=False), gr.Button(visible=True),
        hide, gr.skip(), gr.skip(), "", None, gr.skip(),
    )


def _followed(
    context: AppContext, steps: Iterator[action.Step], request: gr.Request
) -> Iterator[tuple[Any, ...]]:
    """Outputs for each step, and for how it ends."""
    locale = locale_of(request)
    try:
        yield from _updates(context, steps, locale, visitor_of(request))
    except JobCancelledError:
        yield _finished(markup.note(text(locale, "stage_cancelled")))
    except Exception as error:
        yield _finished(markup.error(locale, error))


def _updates(
    context: AppContext, steps: Iterator[action.Step], locale: str, owner: str
) -> Iterator[tuple[Any, ...]]:
    window = LiveWindow()
    for step in steps:
        live: Any = gr.skip()
        if step.chunk is not None:
            live = window.add(step.chunk)
        if step.take is None:
            yield (markup.status(locale, step), live, *(gr.skip(),) * 12)
            continue
        take = step.take
        yield (
            markup.note(text(locale, "stage_done"), "good"),
            live,
            gr.Audio(value=str(take.path), visible=True),
            markup.done(locale, take),
            gr.Accordion(visible=not take.voice_name),
            take.voice_token,
            gr.Button(interactive=True),
            gr.Button(visible=False),
            gr.Row(visible=True),
            "wav",
            gr.DownloadButton(value=str(take.path)),
            passage_panel.sentence_table(context, locale, owner, take.id),
            take.id,
            passage_panel.history_table(context, locale, owner),
        )


def _finished(message: str) -> tuple[Any, ...]:
    same = (gr.skip(),) * 5
    return (message, *same, gr.Button(interactive=True), gr.Button(visible=False),
            *(gr.skip(),) * 6)
