"""Below a result: its sentences one by one, formats to download, and the history."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from voice import SynthesisSettings
from webui.actions import history as action
from webui.components import markup, tables
from webui.components.batch_view import sent
from webui.components.events import PRIVATE, QUIET
from webui.components.settings_panel import SettingsPanel
from webui.components.visitor import locale_of, session_of, visitor_of
from webui.context import AppContext
from webui.jobs import JobCancelledError
from webui.messages import text

NEW, OLD, AGAIN = "new", "old", "again"


@dataclass(frozen=True)
class PassagePanel:
    """The components; ``id`` names the recording they show."""

    id: gr.State
    sentences: gr.HTML
    piece: gr.Textbox
    kind: gr.Dropdown
    download: gr.DownloadButton
    row: gr.Row
    history: gr.HTML
    pick: gr.Textbox
    clear: gr.Button
    note_file: gr.UploadButton
    said: gr.HTML


def build_downloads(t: gr.I18n) -> tuple[gr.Row, gr.Dropdown, gr.DownloadButton]:
    """A format and the button that saves it."""
    with gr.Row(visible=False, elem_classes="voice-inline", elem_id="speak-save") as row:
        kind = gr.Dropdown(
            [(one.upper(), one) for one in action.KINDS], value="wav", label=t("download_format"),
            min_width=110, scale=1, elem_id="speak-format",
        )
        download = gr.DownloadButton(
            str(t("download_button")), elem_id="speak-download", scale=2, min_width=140
        )
    return row, kind, download


def build_passage_panel(t: gr.I18n) -> PassagePanel:
    """Builds the parts that follow the result."""
    row, kind, download = build_downloads(t)
    sentences = gr.HTML(elem_id="speak-sentences")
    piece = gr.Textbox(visible="hidden", elem_id="speak-piece", label="")
    with gr.Accordion(t("history_title"), open=False, elem_id="speak-history"):
        said = gr.HTML(elem_id="history-said")
        history = gr.HTML(elem_id="history-rows")
        pick = gr.Textbox(visible="hidden", elem_id="history-pick", label="")
        with gr.Row(elem_classes="voice-actions"):
            note_file = gr.UploadButton(
                str(t("history_from_file")), file_types=[".wav", ".flac", ".mp3", ".ogg"],
                file_count="single", size="sm", elem_id="history-file",
            )
            clear = gr.Button(t("history_clear"), size="sm", elem_id="history-clear")
    return PassagePanel(gr.State(None), sentences, piece, kind, download, row, history, pick,
                        clear, note_file, said)


def sentence_table(context: AppContext, locale: str, owner: str, name: str | None) -> str:
    """The sentences of a recording with their buttons; nothing for a single one without a choice.

    Each can be heard and spoken again; a second reading waits beside the first until one is kept.
    """
    rows = action.sentences(context, owner, name)
    cells = []
    for row in rows:
        number = str(row.index + 1)
        buttons = tables.play_button(
            locale, row.sound, text(locale, "sentence_play", number=number))
        if row.candidate is None:
            buttons += tables.send_button(
                "speak-piece", f"{AGAIN}:{row.index}", text(locale, "batch_again"),
                text(locale, "sentence_again", number=number))
        else:
            buttons += (
                tables.play_button(locale, row.candidate,
                                   text(locale, "sentence_play_new", number=number), "B")
                + tables.send_button("speak-piece", f"{OLD}:{row.index}",
                                     text(locale, "sentence_keep", which="A"))
                + tables.send_button("speak-piece", f"{NEW}:{row.index}",
                                     text(locale, "sentence_keep", which="B"))
            )
        mark = "" if row.passed else " ⚠"
        cells.append((number, tables.cell(row.text) + mark, tables.seconds(row.seconds), buttons))
    heads = ["#", text(locale, "text_label"), text(locale, "info_length"), ""]
    return tables.table(heads, cells, text(locale, "sentences_title"))


def history_table(context: AppContext, locale: str, owner: str) -> str:
    """The visitor's recordings, the newest first."""
    rows = action.entries(context, owner)
    if not rows:
        return f'<p class="voice-hint">{text(locale, "history_none")}</p>'
    cells = [
        (row.created[5:16].replace("T", " "), tables.cell(row.voice), tables.cell(row.text),
         tables.seconds(row.seconds),
         tables.play_button(locale, row.sound, text(locale, "batch_play"))
         + tables.send_button("history-pick", row.id, text(locale, "history_load")))
        for row in rows
    ]
    heads = [text(locale, key) for key in
             ("history_when", "voice_label", "text_label", "info_length")] + [""]
    return tables.table(heads, cells, text(locale, "history_title"))


@dataclass(frozen=True)
class Form:
    """The fields that settings are loaded back into."""

    text: gr.Textbox
    language: gr.Dropdown
    speed: gr.Slider
    settings: SettingsPanel
    kind: gr.Radio
    voice: gr.Dropdown

    @property
    def outputs(self) -> list[Any]:
        return [self.text, self.language, self.speed, *self.settings.inputs, self.kind, self.voice]

    def filled(self, found: action.Loaded) -> tuple[Any, ...]:
        """Values of the fields for loaded settings; what is not known stays."""
        known = SynthesisSettings(**found.options)
        values = [
            ("" if known.seed is None else str(known.seed)) if name == "seed"
            else getattr(known, name)
            for name in self.settings.fields
        ]
        from_library = (
            ("library", found.voice) if found.voice else (gr.skip(), gr.skip())
        )
        return (found.text or gr.skip(), known.language, known.speed, *values, *from_library)


def connect(
    context: AppContext, panel: PassagePanel, player: gr.Audio, status: gr.HTML, form: Form
) -> None:
    """What the panel does."""

    def changed(value: str, name: str | None, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        locale, owner = locale_of(request), visitor_of(request)
        what, _, index = sent(value).partition(":")
        same = (gr.skip(),) * 3
        try:
            place = int(index) if index.isdigit() else -1
            if what == AGAIN:
                with context.jobs.run(f"{session_of(request)}:piece") as job:
                    yield markup.note(text(locale, "stage_speaking")), *same
                    for ahead in action.regenerate(context, owner, name, place, job):
                        said = text(locale, "stage_queued", count=ahead) if ahead else text(
                            locale, "stage_waiting")
                        yield markup.note(said), *same
            else:
                action.keep_reading(context, owner, name, place, what == NEW)
            rows = sentence_table(context, locale, owner, name)
            said = markup.note(text(locale, "stage_done"), "good")
            if what != NEW:
                yield said, rows, gr.skip(), gr.skip()
                return
            path = str(action.offer(context, owner, name, "wav"))
            yield said, rows, gr.Audio(value=path), gr.DownloadButton(value=path)
        except JobCancelledError:
            yield markup.note(text(locale, "stage_cancelled")), *same
        except Exception as error:
            yield markup.error(locale, error), *same

    def reformat(kind: str, name: str | None, request: gr.Request) -> Any:
        try:
            return gr.DownloadButton(
                value=str(action.offer(context, visitor_of(request), name, kind)))
        except Exception:
            return gr.skip()

    def begun(request: gr.Request) -> str:
        return markup.note(text(locale_of(request), "stage_waiting"))

    panel.piece.change(begun, None, status, **QUIET).then(
        changed, [panel.piece, panel.id], [status, panel.sentences, player, panel.download],
        concurrency_limit=32, **PRIVATE)
    panel.kind.input(reformat, [panel.kind, panel.id], panel.download, **QUIET)
    _connect_history(context, panel, player, form)


def _connect_history(
    context: AppContext, panel: PassagePanel, player: gr.Audio, form: Form
) -> None:
    def load(find: Callable[..., action.Loaded]) -> Any:
        def work(value: Any, request: gr.Request) -> tuple[Any, ...]:
            locale = locale_of(request)
            try:
                found = find(visitor_of(request), value)
            except Exception as error:
                return markup.error(locale, error), *(gr.skip(),) * len(form.outputs)
            return markup.note(text(locale, "history_loaded"), "good"), *form.filled(found)

        return work

    def show(value: str, request: gr.Request) -> tuple[Any, ...]:
        locale, owner, name = locale_of(request), visitor_of(request), sent(value)
        try:
            path = str(action.offer(context, owner, name, "wav"))
            rows = sentence_table(context, locale, owner, name)
        except Exception:
            return (gr.skip(),) * 5
        return (name, rows, gr.Audio(value=path, visible=True), gr.Row(visible=True),
                gr.DownloadButton(value=path))

    def clear(request: gr.Request) -> str:
        action.forget(context, visitor_of(request))
        return history_table(context, locale_of(request), visitor_of(request))

    picked = load(lambda owner, value: action.loaded(context, owner, sent(value)))
    dropped = load(lambda owner, path: action.loaded_from_file(context, owner, path))
    filled = [panel.said, *form.outputs]
    panel.pick.change(picked, panel.pick, filled, **QUIET)
    panel.pick.change(
        show, panel.pick, [panel.id, panel.sentences, player, panel.row, panel.download],
        **QUIET)
    panel.note_file.upload(dropped, panel.note_file, filled, **QUIET)
    panel.clear.click(clear, None, panel.history, **QUIET)
