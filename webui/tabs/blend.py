"""Tab Blend: a new voice between two to six others, by shares, on a map, or drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from webui.actions import blend as action
from webui.actions import speak, voices
from webui.components import markup
from webui.components.batch_view import sent
from webui.components.events import PRIVATE, QUIET
from webui.components.live_sound import LiveWindow
from webui.components.visitor import locale_of, session_of, visitor_of
from webui.components.voice_choices import voice_choices
from webui.components.voice_map import Marker, map_html, place_of
from webui.context import AppContext
from webui.jobs import Job, JobCancelledError
from webui.messages import text

BLEND = "blend"
"""Sets the jobs of this tab apart from those of Speak."""
ONCE: dict[str, Any] = {"retries": 0}
MAP = "voice-map"
LIVE: dict[str, Any] = PRIVATE | {"concurrency_limit": 64, "trigger_mode": "multiple"}


@dataclass(frozen=True)
class BlendTab:
    """What is filled anew: lists when voices or the language change, the map when the tab is
    opened (``show`` gives ``shown``)."""

    voices: list[gr.Dropdown]
    text: gr.Textbox
    show: Callable[..., Any]
    shown: list[Any]


@dataclass(frozen=True)
class _Rows:
    """The voices with their shares; ``inputs`` are in the order that :meth:`read` takes."""

    rows: list[gr.Row]
    boxes: list[gr.Dropdown]
    weights: list[gr.Slider]
    apart: gr.Checkbox
    manner: list[gr.Slider]

    @property
    def inputs(self) -> list[Any]:
        return [self.apart, *self.boxes, *self.weights, *self.manner]

    @property
    def filled(self) -> list[Any]:
        """For :func:`_fields`."""
        return [*self.rows, *self.boxes, *self.weights]

    @staticmethod
    def read(values: tuple[Any, ...]) -> tuple[list[tuple[str | None, float]], list[float] | None]:
        """Key and share of each row, and the shares of the manner where they are apart."""
        apart, most = values[0], action.MOST
        parents = list(zip(values[1 : most + 1], values[most + 1 : 2 * most + 1], strict=True))
        return parents, list(values[2 * most + 1 :]) if apart else None


@dataclass(frozen=True)
class _Heard:
    """What follows a blend; ``outputs`` are in the order that :func:`_speaking` gives."""

    status: gr.HTML
    live: gr.Textbox
    player: gr.Audio
    token: gr.State
    keep: gr.Row
    stop: gr.Button
    alike: gr.HTML
    map: gr.HTML

    @property
    def outputs(self) -> list[Any]:
        return [self.status, self.live, self.player, self.token, self.keep, self.stop,
                self.alike, self.map]


@dataclass(frozen=True)
class _How:
    """What a new voice says: the text, whether the voice is only tried, and whether the mark on the
    map is where it belongs already."""

    text: str
    tried: bool = False
    placed: bool = False


def build(context: AppContext, t: gr.I18n) -> BlendTab:
    """Builds the tab."""
    with gr.Row(equal_height=False, elem_classes="voice-columns"):
        with gr.Column(scale=6, min_width=300, elem_classes="voice-card"):
            gr.HTML(f"<h2>{t('blend_heading')}</h2>")
            gr.HTML(f"<p class='voice-hint'>{t('map_hint')}</p>")
            chart = gr.HTML(elem_id="blend-map")
            point = gr.Textbox(visible="hidden", elem_id="blend-point", label="")
            with gr.Row(elem_classes="voice-actions"):
                surprise, further = (
                    gr.Button(t(key), size="sm", min_width=150, elem_id=key.replace("_", "-"))
                    for key in ("blend_surprise", "blend_further"))
            rows = _rows(context, t)
        with gr.Column(scale=5, min_width=300, elem_classes="voice-card"):
            said, hear, heard, keep = _hear_part(context, t, chart)
    timer = gr.Timer(0.7, active=False)

    def show(request: gr.Request) -> tuple[Any, Any]:
        return _map_now(context, locale_of(request), opened=True)

    def look(request: gr.Request) -> tuple[Any, Any]:
        return _map_now(context, locale_of(request), opened=False)

    def prepare(words: str, request: gr.Request) -> None:
        action.start_preparing(context, session_of(request), words or "")

    timer.tick(look, None, [chart, timer], **QUIET)
    for event in (chart.change, said.blur, said.submit):
        event(prepare, said, None, **QUIET)
    buttons = {hear: None, surprise: False, further: True}
    _connect_hear(context, (said, rows, heard), point, buttons)
    _connect_keep(context, keep, heard, (chart, timer))
    return BlendTab(rows.boxes, said, show, [chart, timer])


def _rows(context: AppContext, t: gr.I18n) -> _Rows:
    choices = voice_choices(context, "en")
    keys = [key for _, key in choices]
    gr.HTML(f"<p class='voice-hint'>{t('blend_hint')}</p>")
    rows, boxes, weights, manner = [], [], [], []
    for place in range(action.MOST):
        first = place < 2
        with gr.Row(elem_classes="voice-blend-row", visible=first) as row:
            boxes.append(gr.Dropdown(
                choices, value=keys[place] if first and place < len(keys) else None,
                label=t(f"blend_voice_{place + 1}"), min_width=200,
                elem_id=f"blend-voice-{place + 1}"))
            weights.append(gr.Slider(
                0, 100, value=50 if first else 0, step=1, label=t("blend_weight"), min_width=130,
                elem_id=f"blend-weight-{place + 1}"))
            manner.append(gr.Slider(
                0, 100, value=50 if first else 0, step=1, label=t("blend_manner"), min_width=130,
                visible=False, elem_id=f"blend-manner-{place + 1}"))
        rows.append(row)
    with gr.Row(elem_classes="voice-actions"):
        apart = gr.Checkbox(label=t("blend_apart"), info=t("blend_apart_info"), scale=3,
                            min_width=220, elem_id="blend-apart")
        more = gr.Button(t("blend_more"), size="sm", scale=1, min_width=120, elem_id="blend-more")
    count = gr.State(2)

    def add(shown: int, *keys: str | None) -> tuple[Any, ...]:
        used = max((i + 1 for i, key in enumerate(keys) if key), default=0)
        shown = min(max(shown, used) + 1, action.MOST)
        return shown, *(gr.Row(visible=i < shown) for i in range(action.MOST))

    more.click(add, [count, *boxes], [count, *rows], **QUIET)
    apart.change(lambda on: [gr.Slider(visible=bool(on))] * action.MOST, apart, manner,
                 **QUIET)
    return _Rows(rows, boxes, weights, apart, manner)


def _hear_part(context: AppContext, t: gr.I18n, chart: gr.HTML) -> tuple[Any, ...]:
    gr.HTML(f"<h2>{t('blend_hear_heading')}</h2>")
    said = gr.Textbox(value=text("en", "blend_sentence"), label=t("text_label"), lines=2,
                      max_lines=8, max_length=context.limits.text, elem_id="blend-text")
    with gr.Row(elem_classes="voice-actions"):
        hear = gr.Button(t("blend_button"), variant="primary", size="lg", scale=3,
                         elem_id="blend-go")
        stop = gr.Button(t("stop_button"), variant="stop", size="lg", scale=1, visible=False,
                         elem_id="blend-stop")
    status = gr.HTML(elem_id="blend-status")
    live = gr.Textbox(visible="hidden", elem_id="blend-live", label="")
    player = gr.Audio(label=t("result_label"), interactive=False, visible=False,
                      buttons=["download"], elem_id="blend-result")
    alike = gr.HTML(elem_id="blend-alike")
    token = gr.State(None, time_to_live=24 * 3600)
    with gr.Row(visible=False, elem_id="blend-keep", elem_classes="voice-inline") as keep:
        name = gr.Textbox(label=t("keep_name"), max_lines=1, elem_id="blend-name", scale=3)
        button = gr.Button(t("keep_button"), elem_id="blend-keep-go", scale=1, min_width=90)
    answer = gr.HTML(elem_id="blend-answer")
    heard = _Heard(status, live, player, token, keep, stop, alike, chart)
    return said, hear, heard, (button, name, answer)


def _map_now(context: AppContext, locale: str, opened: bool) -> tuple[Any, Any]:
    """The map, or how far listening to the voices is, and whether to look again."""
    again, enough = gr.Timer(active=True), gr.Timer(active=False)
    if context.model.state == "loading":
        return markup.bar(text(locale, "stage_loading"), 0.0), again
    missing, count = action.not_listened_to(context)
    try:
        if not missing:
            return map_html(locale, action.voice_map(context), Marker()), enough
        if not context.background.running(MAP):
            problem = context.background.problem(MAP)
            if problem is not None and not opened:
                return markup.error(locale, problem), enough
            context.background.start(MAP, lambda job: action.listen_to_all(context, job))
    except Exception as error:
        return markup.error(locale, error), enough
    done = count - len(missing)
    return markup.bar(text(locale, "map_listening", done=done, count=count), done / count), again


def _fields(parents: list[tuple[str, int]]) -> tuple[Any, ...]:
    """Rows, voices and shares for a mix; the rest is emptied."""
    parents = parents[: action.MOST]
    rest = action.MOST - len(parents)
    shown = max(2, len(parents))
    return (
        *(gr.Row(visible=i < shown) for i in range(action.MOST)),
        *(gr.Dropdown(value=key) for key, _ in parents), *(gr.Dropdown(value=None),) * rest,
        *(gr.Slider(value=weight) for _, weight in parents), *(gr.Slider(value=0),) * rest,
    )


def _connect_hear(
    context: AppContext, form: tuple[gr.Textbox, _Rows, _Heard], point: gr.Textbox,
    buttons: dict[gr.Button, bool | None],
) -> None:
    """Each way to a new voice speaks it at once; a later one takes the place of an earlier."""
    said, rows, heard = form

    def blended(request: gr.Request, words: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        parents, manner = rows.read(values)
        yield from _speaking(context, request, _How(words), lambda job: action.blend_voices(
            context, parents, None, job, manner))

    def tapped(
        request: gr.Request, value: str, words: str, *values: Any
    ) -> Iterator[tuple[Any, ...]]:
        """Speaks at once; `mixed` fills the rows."""
        place = place_of(sent(value))
        if place is None:
            yield (gr.skip(),) * len(heard.outputs)
            return
        manner = rows.read(values)[1]
        yield from _speaking(
            context, request, _How(words, tried=True, placed=True),
            lambda job: action.blend_voices(
                context, action.parents_at(action.voice_map(context, job), *place)[: action.MOST],
                None, job, manner))

    def drawn(apart: bool) -> Callable[..., Iterator[tuple[Any, ...]]]:
        def run(request: gr.Request, words: str) -> Iterator[tuple[Any, ...]]:
            yield from _speaking(
                context, request, _How(words, tried=True),
                lambda job: action.draw(context, apart, job))

        return run

    def mixed(value: str) -> tuple[Any, ...]:
        place = place_of(sent(value))
        try:
            if place is not None:
                return _fields(action.parents_at(action.voice_map(context), *place))
        except Exception:
            pass  # `tapped` fails for the same reason, and says so
        return (gr.skip(),) * len(rows.filled)

    def stop(request: gr.Request) -> tuple[Any, ...]:
        context.jobs.cancel(_job_name(request))
        return (gr.Button(visible=False),)

    inputs = [said, *rows.inputs]
    start = "() => { window.voicePlayer.start(true); }"
    for button, apart in buttons.items():
        button.click(fn=None, js=start)
        work = blended if apart is None else drawn(apart)
        button.click(work, inputs if apart is None else [said], heard.outputs, **LIVE)
    point.change(tapped, [point, *inputs], heard.outputs, **LIVE)
    point.change(mixed, point, rows.filled, **QUIET)
    heard.stop.click(fn=None, js="() => { window.voicePlayer.stop(); }")
    heard.stop.click(stop, None, [heard.stop], **QUIET)
    heard.live.change(fn=None, inputs=[heard.live],
                      js="(chunks) => { window.voicePlayer.push(chunks); }")
    heard.player.play(fn=None, js="() => { window.voicePlayer.stop(); }")


def _job_name(request: gr.Request) -> str:
    return f"{session_of(request)}:{BLEND}"


def _speaking(
    context: AppContext, request: gr.Request, how: _How, make: Callable[[Job], str]
) -> Iterator[tuple[Any, ...]]:
    """Makes a voice and speaks with it; gives values for ``_Heard.outputs``."""
    locale, skip = locale_of(request), gr.skip()
    idle = gr.Button(visible=False)
    with context.jobs.run(_job_name(request), alone=True) as job:
        try:
            for shown in _steps(context, request, how, (job, make)):
                if job.replaced:  # what takes its place is shown now
                    return
                yield shown
        except JobCancelledError:
            if not job.replaced:
                yield markup.note(text(locale, "stage_cancelled")), *(skip,) * 4, idle, skip, skip
        except Exception as error:
            if not job.replaced:
                yield markup.error(locale, error), *(skip,) * 4, idle, skip, skip


def _steps(
    context: AppContext, request: gr.Request, how: _How,
    work: tuple[Job, Callable[[Job], str]],
) -> Iterator[tuple[Any, ...]]:
    locale, skip = locale_of(request), gr.skip()
    busy, idle = gr.Button(visible=True), gr.Button(visible=False)
    yield markup.bar(text(locale, "stage_starting"), 0.0), "", skip, skip, skip, busy, skip, skip
    job, make = work
    token = make(job)
    made = action.describe(context, token, job)
    chart: Any = skip if how.placed else map_html(
        locale, action.voice_map(context), Marker(made.place))
    about: Any = _likeness(locale, made)
    source = speak.Source(speak.LIBRARY, key=f"{voices.RECENT}:{token}")
    options = action.TRIED if how.tried else ONCE
    asked = speak.Request(how.text or "", source, options, visitor_of(request), again=how.tried)
    window = LiveWindow()
    for step in speak.speak(context, asked, job):
        if step.stage == "listening":  # to a voice that was just made: it takes no time
            continue
        live = window.add(step.chunk) if step.chunk is not None else skip
        if step.take is None:
            yield markup.status(locale, step), live, skip, skip, skip, busy, about, chart
            about = chart = skip
            continue
        yield (
            markup.note(text(locale, "stage_done"), "good"), live,
            gr.Audio(value=str(step.take.path), visible=True),
            step.take.voice_token, gr.Row(visible=True), idle, skip, skip,
        )


def _likeness(locale: str, made: action.Made) -> str:
    """How alike the new voice is to its parents and to the closest one that is known."""
    rows = [(one.name, markup.alike(locale, one.similarity)) for one in made.parents]
    said = markup.facts(rows)
    heading = markup.heading(text(locale, "blend_alike"))
    if made.closest is None:
        return heading + said
    closest = text(locale, "blend_closest", name=made.closest.name,
                   percent=markup.percent(made.closest.similarity))
    return f"{heading}{said}{markup.hint(closest)}"


def _connect_keep(
    context: AppContext, parts: tuple[gr.Button, gr.Textbox, gr.HTML], heard: _Heard,
    shown: tuple[gr.HTML, gr.Timer],
) -> None:
    button, name, answer = parts

    def keep(token: str | None, called: str, request: gr.Request) -> tuple[Any, ...]:
        locale = locale_of(request)
        try:
            card = voices.keep_voice(context, token, called or "")
        except Exception as error:
            return markup.error(locale, error), gr.skip(), gr.skip()
        done = markup.note(text(locale, "keep_done", name=card.name), "good")
        return done, *_map_now(context, locale, opened=True)

    button.click(keep, [heard.token, name], [answer, *shown], **PRIVATE)
