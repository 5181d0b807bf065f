"""Tab Voices: cards of what is kept, how each sounds; names, tags, files, deleting with undo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from webui.actions import voices as action
from webui.components import markup
from webui.components.batch_view import sent
from webui.components.events import QUIET
from webui.components.visitor import locale_of
from webui.components.voice_cards import PICK, USE, cards_html
from webui.context import AppContext
from webui.messages import text


@dataclass(frozen=True)
class VoicesTab:
    """What other tabs and the page refer to: ``show`` takes ``state`` and gives ``cards``; a
    change of ``use`` names the voice to speak with."""

    use: gr.Textbox
    show: Callable[..., str]
    state: list[Any]
    cards: gr.HTML


@dataclass(frozen=True)
class _Change:
    """The panel that changes one voice."""

    box: gr.Column
    heading: gr.HTML
    name: gr.Textbox
    tags: gr.Textbox
    save: gr.Button
    export: gr.Button
    delete: gr.Button
    file: gr.File


def build(context: AppContext, t: gr.I18n) -> VoicesTab:
    """Builds the tab."""
    with gr.Column(elem_classes="voice-card"):
        gr.HTML(f"<h2>{t('voices_heading')}</h2>")
        with gr.Row(elem_classes="voice-inline"):
            wanted = gr.Textbox(label=t("voices_search"), max_lines=1, scale=3, min_width=180,
                                elem_id="voices-search")
            upload = gr.UploadButton(
                str(t("voices_import")), file_types=[".voice"], file_count="single", scale=1,
                min_width=180, elem_id="voices-import")
        answer = gr.HTML(elem_id="voices-answer")
        undo = gr.Button(t("voices_undo"), visible=False, size="sm", elem_id="voices-undo")
        change = _change_part(t)
        cards = gr.HTML(elem_id="voices-cards")
    pick = gr.Textbox(visible="hidden", elem_id=PICK, label="")
    use = gr.Textbox(visible="hidden", elem_id=USE, label="")
    chosen = gr.State(None)
    deleted = gr.State(None, time_to_live=3600)

    def show(words: str, key: str | None, request: gr.Request) -> str:
        return cards_html(context, locale_of(request), words or "", key)

    state = [wanted, chosen]
    wanted.change(show, state, cards, **QUIET)
    _connect_change(context, change, pick, (chosen, wanted), (answer, cards))
    _connect_delete(context, change, undo, (chosen, deleted, wanted), (answer, cards))

    def importing(path: Any, words: str, request: gr.Request) -> tuple[Any, Any]:
        return _told(context, request, words, None, lambda: (
            "voices_imported", action.import_voice(context, path)))

    upload.upload(importing, [upload, wanted], [answer, cards], **QUIET)
    return VoicesTab(use, show, state, cards)


def _change_part(t: gr.I18n) -> _Change:
    with gr.Column(visible=False, elem_id="voices-change", elem_classes="voice-panel") as box:
        heading = gr.HTML(elem_id="voices-heading")
        with gr.Row(elem_classes="voice-inline"):
            name = gr.Textbox(label=t("voices_new_name"), max_lines=1, scale=2, min_width=160,
                              elem_id="voices-new-name")
            tags = gr.Textbox(label=t("voices_tags"), placeholder=t("voices_tags_hint"),
                              max_lines=1, scale=3, min_width=200, elem_id="voices-tags")
        with gr.Row(elem_classes="voice-actions"):
            save, export, delete = (
                gr.Button(t(key), size="sm", min_width=100, elem_id=key.replace("_", "-"),
                          variant=kind)  # pyright: ignore[reportArgumentType]
                for key, kind in (("voices_save", "primary"), ("voices_export", "secondary"),
                                  ("voices_delete", "stop")))
        file = gr.File(label=t("voices_file"), visible=False, interactive=False,
                       elem_id="voices-file")
    return _Change(box, heading, name, tags, save, export, delete, file)


def _told(
    context: AppContext, request: gr.Request, words: str, key: str | None,
    change: Callable[[], tuple[str, action.VoiceCard]],
) -> tuple[Any, Any]:
    """What a change of the library came to, and the cards as they are now."""
    locale = locale_of(request)
    try:
        sentence, card = change()
    except Exception as error:
        return markup.error(locale, error), gr.skip()
    said = markup.note(text(locale, sentence, name=card.name), "good")
    return said, cards_html(context, locale, words or "", card.key if key else None)


def _connect_change(
    context: AppContext, change: _Change, pick: gr.Textbox,
    state: tuple[gr.State, gr.Textbox], shown: tuple[gr.HTML, gr.HTML],
) -> None:
    chosen, wanted = state

    def opened(value: str, words: str, request: gr.Request) -> tuple[Any, ...]:
        locale, key = locale_of(request), sent(value)
        card = action.card_of(context, key)
        if card is None:
            return (gr.skip(),) * 7
        heading = markup.heading(text(locale, "voices_change_named", name=card.name))
        return (key, gr.Column(visible=True), heading, card.name, ", ".join(card.tags),
                gr.File(visible=False), cards_html(context, locale, words or "", key))

    def saved(
        key: str | None, name: str, tags: str, words: str, request: gr.Request
    ) -> tuple[Any, ...]:
        kept = ""

        def work() -> tuple[str, action.VoiceCard]:
            nonlocal kept
            card = action.change_voice(context, _name(key), name or "", tags or "")
            kept = card.key
            return "voices_saved", card

        said = _told(context, request, words, key, work)
        return *said, kept or gr.skip()

    def offered(key: str | None, request: gr.Request) -> tuple[Any, Any]:
        try:
            return "", gr.File(value=str(action.export_voice(context, _name(key))), visible=True)
        except Exception as error:
            return markup.error(locale_of(request), error), gr.File(visible=False)

    pick.change(opened, [pick, wanted], [chosen, change.box, change.heading, change.name,
                                         change.tags, change.file, shown[1]], **QUIET)
    change.save.click(saved, [chosen, change.name, change.tags, wanted], [*shown, chosen],
                      **QUIET)
    change.export.click(offered, chosen, [shown[0], change.file], **QUIET)


def _connect_delete(
    context: AppContext, change: _Change, undo: gr.Button,
    state: tuple[gr.State, gr.State, gr.Textbox], shown: tuple[gr.HTML, gr.HTML],
) -> None:
    chosen, deleted, wanted = state

    def remove(key: str | None, words: str, request: gr.Request) -> tuple[Any, ...]:
        locale = locale_of(request)
        try:
            token = action.delete_voice(context, _name(key))
        except Exception as error:
            return markup.error(locale, error), *(gr.skip(),) * 5
        done = markup.note(text(locale, "voices_deleted", name=_name(key)))
        return (done, cards_html(context, locale, words or "", None), token, None,
                gr.Button(visible=True), gr.Column(visible=False))

    def restore(token: str | None, words: str, request: gr.Request) -> tuple[Any, ...]:
        said = _told(context, request, words, None, lambda: (
            "voices_restored", action.restore_voice(context, token or "")))
        return *said, gr.Button(visible=False)

    change.delete.click(
        remove, [chosen, wanted], [*shown, deleted, chosen, undo, change.box], **QUIET)
    undo.click(restore, [deleted, wanted], [*shown, undo], **QUIET)


def _name(key: str | None) -> str:
    return (key or "").partition(":")[2]
