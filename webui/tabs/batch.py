"""Tab Batch: many lines from a file, checked before they are spoken, followed while they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from webui.actions import batch as action
from webui.actions.speak import LANGUAGES
from webui.components import batch_view, markup
from webui.components.events import PRIVATE, QUIET
from webui.components.settings_panel import parse_seed
from webui.components.visitor import locale_of, session_of, visitor_of
from webui.components.voice_choices import voice_choices
from webui.context import AppContext
from webui.messages import PageError, text

MAPPED = ("text", "id", "voice", "language", "speed", "seed")


@dataclass(frozen=True)
class BatchTab:
    """Lists to be filled anew when voices or the language change, and how a batch is shown:
    ``show`` takes ``state`` and gives ``shown``."""

    voice: gr.Dropdown
    roles: list[gr.Dropdown]
    language: gr.Dropdown
    show: Callable[..., Any]
    state: list[Any]
    shown: list[Any]


@dataclass(frozen=True)
class _Form:
    file: gr.File
    columns: list[gr.Dropdown]
    column_box: gr.Accordion
    dialogue: gr.Checkbox
    voice: gr.Dropdown
    role_box: gr.Column
    roles: list[gr.Dropdown]
    role_names: gr.State
    language: gr.Dropdown
    speed: gr.Slider
    seed: gr.Textbox
    preview: gr.HTML

    @property
    def inputs(self) -> list[Any]:
        return [self.file, self.dialogue, self.voice, self.role_names, self.language, self.speed,
                self.seed, *self.roles, *self.columns]


def build(context: AppContext, t: gr.I18n) -> BatchTab:
    """Builds the tab."""
    with gr.Row(equal_height=False, elem_classes="voice-columns"):
        with gr.Column(scale=6, min_width=300, elem_classes="voice-card"):
            form = _form(context, t)
            with gr.Row(elem_classes="voice-actions"):
                start = gr.Button(
                    t("batch_start"), variant="primary", size="lg", elem_id="batch-start"
                )
        with gr.Column(scale=6, min_width=300, elem_classes="voice-card"):
            run = _progress(t)
    _connect_form(context, form)
    show = _connect_runs(context, form, start, run)
    return BatchTab(form.voice, form.roles, form.language, show, run.state, run.shown)


def _form(context: AppContext, t: gr.I18n) -> _Form:
    gr.HTML(f"<h2>{t('batch_heading')}</h2>")
    gr.HTML(f"<p class='voice-hint'>{t('batch_hint')}</p>")
    file = gr.File(
        label=t("batch_file"), file_types=list(action.KINDS), file_count="single", height=110,
        elem_id="batch-file",
    )
    with gr.Accordion(
        t("batch_columns"), visible=False, open=True, elem_id="batch-columns"
    ) as box:
        columns = []
        for pair in zip(MAPPED[::2], MAPPED[1::2], strict=True):
            with gr.Row():
                columns += [
                    gr.Dropdown([""], value="", label=t(f"batch_column_{name}"), min_width=140,
                                elem_id=f"batch-column-{name}")
                    for name in pair
                ]
    dialogue = gr.Checkbox(label=t("batch_dialogue"), elem_id="batch-dialogue")
    choices = voice_choices(context, "en")
    first = choices[0][1] if choices else None
    voice = gr.Dropdown(choices, value=first, label=t("batch_voice"), elem_id="batch-voice")
    with gr.Column(visible=False, elem_id="batch-roles") as role_box:
        roles = [
            gr.Dropdown(choices, value=None, label=f"{i + 1}", visible=False,
                        elem_id=f"batch-role-{i + 1}")
            for i in range(action.MOST_ROLES)
        ]
    with gr.Row():
        language = gr.Dropdown(
            list(LANGUAGES), value="auto", label=t("language_label"), min_width=120
        )
        speed = gr.Slider(0.5, 2.0, value=1.0, step=0.05, label=t("setting_speed"), min_width=140)
        seed = gr.Textbox(label=t("setting_seed"), max_lines=1, min_width=100)
    preview = gr.HTML(elem_id="batch-preview")
    return _Form(file, columns, box, dialogue, voice, role_box, roles, gr.State([]), language,
                 speed, seed, preview)


@dataclass(frozen=True)
class _Run:
    chosen: gr.Dropdown
    progress: gr.HTML
    rows: gr.HTML
    pause: gr.Button
    resume: gr.Button
    delete: gr.Button
    zip: gr.Button
    file: gr.File
    again: gr.Textbox
    page: gr.Textbox
    first: gr.State
    seen: gr.State
    timer: gr.Timer

    @property
    def state(self) -> list[Any]:
        return [self.chosen, self.first, self.seen]

    @property
    def shown(self) -> list[Any]:
        return [self.chosen, self.progress, self.rows, self.pause, self.resume, self.seen,
                self.timer]


def _progress(t: gr.I18n) -> _Run:
    gr.HTML(f"<h2>{t('batch_run_heading')}</h2>")
    chosen = gr.Dropdown([], value=None, label=t("batch_runs"), elem_id="batch-runs")
    progress = gr.HTML(elem_id="batch-progress")
    with gr.Row(elem_classes="voice-actions"):
        pause, resume, pack, delete = (
            gr.Button(t(f"batch_{name}"), elem_id=f"batch-{name}", size="sm", min_width=90,
                      elem_classes="voice-ask" if name == "delete" else None)
            for name in ("pause", "resume", "zip", "delete")
        )
    file = gr.File(label="ZIP", visible=False, interactive=False, elem_id="batch-file-out")
    rows = gr.HTML(elem_id="batch-rows")
    again = gr.Textbox(visible="hidden", elem_id="batch-again", label="")
    page = gr.Textbox(visible="hidden", elem_id="batch-page", label="")
    return _Run(chosen, progress, rows, pause, resume, delete, pack, file, again, page,
                gr.State(0), gr.State(""), gr.Timer(0.7, active=False))


def lines_and_choices(values: tuple[Any, ...]) -> tuple[action.Lines, action.Choices]:
    """What the form says, from the values of its inputs.

    Raises:
        VoiceError: the file or a setting cannot be used.
    """
    file, dialogue, voice, names, language, speed, seed, *rest = values
    roles, columns = rest[: action.MOST_ROLES], rest[action.MOST_ROLES :]
    mapped = {ours: theirs for ours, theirs in zip(MAPPED, columns, strict=True) if theirs}
    lines = action.read_lines(file, mapped, bool(dialogue))
    options = {"language": language, "speed": speed}
    if (number := parse_seed(seed)) is not None:
        options["seed"] = number
    chosen = {name: key for name, key in zip(names, roles, strict=False) if key}
    return lines, action.Choices(voice or "", chosen, options)


def _connect_form(context: AppContext, form: _Form) -> None:
    def opened(path: str | None, request: gr.Request) -> tuple[Any, ...]:
        """A new file: its columns and speakers; the lines are checked next."""
        locale = locale_of(request)
        try:
            lines = action.read_lines(path) if path else action.Lines([], [], False, [])
            said = "" if lines.items or not lines.columns else markup.note(
                text(locale, "batch_choose_text"), "fair")
        except Exception as error:
            lines, said = action.Lines([], [], False, []), markup.error(locale, error)
        none = [(text(locale, "batch_column_none"), "")]
        names = [(name, name) for name in lines.columns]
        lower = {name.lower(): name for name in lines.columns}
        columns = [gr.Dropdown(choices=none + names, value=lower.get(one, "")) for one in MAPPED]
        return (gr.Accordion(visible=bool(lines.columns)), bool(lines.dialogue), said,
                *_role_fields(context, locale, lines), *columns)

    def remap(request: gr.Request, *values: Any) -> tuple[Any, ...]:
        locale = locale_of(request)
        try:
            lines, _ = lines_and_choices(values)
        except Exception as error:
            lines, said = action.Lines([], [], False, []), markup.error(locale, error)
        else:
            said = ""
        return (said, *_role_fields(context, locale, lines))

    def check(request: gr.Request, *values: Any) -> Iterator[str]:
        locale = locale_of(request)
        if not values[0]:
            yield ""
            return
        try:
            lines, choices = lines_and_choices(values)
            if not lines.items:
                raise PageError("batch_choose_text")
            with context.jobs.run(f"{session_of(request)}:check") as job:
                yield from batch_view.checking(
                    locale, action.check_lines(context, lines, choices, job), len(lines.items))
        except Exception as error:
            yield markup.error(locale, error)

    roles = [form.role_box, form.role_names, *form.roles]
    first = form.file.change(
        opened, form.file, [form.column_box, form.dialogue, form.preview, *roles, *form.columns],
        **QUIET)
    first.then(check, form.inputs, form.preview, concurrency_limit=4, **PRIVATE)
    for changed in [form.dialogue, *form.columns]:
        changed.input(remap, form.inputs, [form.preview, *roles], **QUIET).then(
            check, form.inputs, form.preview, concurrency_limit=4, **PRIVATE)
    for changed in [form.voice, *form.roles, form.language]:
        changed.input(check, form.inputs, form.preview, concurrency_limit=4, **PRIVATE)


def _role_fields(context: AppContext, locale: str, lines: action.Lines) -> tuple[Any, ...]:
    """The speakers' box, their names, and a list of voices for each."""
    known = {label.split(" · ")[0]: key for label, key in voice_choices(context, locale)}
    roles = [name for name in lines.roles if lines.dialogue or name not in known]
    roles = roles[: action.MOST_ROLES]
    fields = [
        gr.Dropdown(visible=True, label=text(locale, "batch_role", name=name),
                    choices=voice_choices(context, locale), value=known.get(name))
        for name in roles
    ]
    rest = [gr.Dropdown(visible=False, value=None)] * (action.MOST_ROLES - len(roles))
    return (gr.Column(visible=bool(roles)), roles, *fields, *rest)


def _connect_runs(
    context: AppContext, form: _Form, start: gr.Button, run: _Run
) -> Callable[..., Any]:
    def show(
        name: str | None, first: int, seen: str, request: gr.Request, forced: str = ""
    ) -> tuple[Any, ...]:
        look = batch_view.Look(locale_of(request), visitor_of(request), first, seen)
        return batch_view.shown(context, look, name, forced)

    def begin(request: gr.Request, *values: Any) -> tuple[Any, ...]:
        try:
            lines, choices = lines_and_choices(values)
            name = action.start_batch(
                context, visitor_of(request), Path(values[0] or "").name, lines, choices)
        except Exception as error:
            said = markup.error(locale_of(request), error)
            return said, *(gr.skip(),) * len(run.shown)
        return gr.skip(), *show(name, 0, "", request)

    def act(change: Any) -> Any:
        """An event that changes the chosen batch and shows it."""

        def work(
            name: str | None, first: int, value: str, request: gr.Request
        ) -> tuple[Any, ...]:
            try:
                change(visitor_of(request), name, value)
            except Exception as error:
                return show(name, first, "", request, markup.error(locale_of(request), error))
            return show(name, first, "", request)

        return work

    def turn(value: str, name: str | None, request: gr.Request) -> tuple[Any, ...]:
        first = batch_view.page_start(value)
        return first, *show(name, first, "", request)

    def pack(name: str | None, request: gr.Request) -> tuple[Any, Any]:
        try:
            path = action.pack_batch(context, visitor_of(request), name)
        except Exception as error:
            return gr.File(visible=False), markup.error(locale_of(request), error)
        return gr.File(value=str(path), visible=True), gr.skip()

    state = run.state
    start.click(begin, form.inputs, [form.preview, *run.shown], **QUIET)
    run.timer.tick(show, state, run.shown, **QUIET)
    run.chosen.input(show, state, run.shown, **QUIET)
    changes = [
        (run.pause.click, lambda owner, name, _: action.pause(context, owner, name)),
        (run.resume.click, lambda owner, name, _: action.go_on(context, owner, name)),
        (run.delete.click, lambda owner, name, _: action.delete_batch(context, owner, name)),
        (run.again.change, lambda owner, name, value: action.go_on(
            context, owner, name, batch_view.sent(value))),
    ]
    for event, change in changes:
        event(act(change), [run.chosen, run.first, run.again], run.shown, **QUIET)
    run.page.change(turn, [run.page, run.chosen], [run.first, *run.shown], **QUIET)
    run.zip.click(pack, run.chosen, [run.file, run.progress], **QUIET)
    return show
