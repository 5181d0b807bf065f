"""Tab Voices: what is kept, how it sounds, renaming, exporting, importing, deleting with undo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from voice import VoiceError
from webui.actions import voices as action
from webui.components import markup
from webui.components.visitor import locale_of
from webui.components.voice_choices import language_name
from webui.context import AppContext
from webui.messages import text


@dataclass(frozen=True)
class VoicesTab:
    """Components other tabs refer to."""

    chosen: gr.Dropdown


def build(context: AppContext, t: gr.I18n) -> VoicesTab:
    """Builds the tab."""
    with gr.Row(equal_height=False, elem_classes="voice-columns"):
        with gr.Column(scale=5, min_width=300, elem_classes="voice-card"):
            gr.HTML(f"<h2>{t('voices_heading')}</h2>")
            chosen = gr.Dropdown([], value=None, label=t("voices_label"), elem_id="voices-chosen")
            facts = gr.HTML(elem_id="voices-facts")
            sample = gr.Audio(
                label=t("voice_preview"), interactive=False, buttons=[], visible=False,
                elem_id="voices-preview",
            )
        with gr.Column(scale=6, min_width=300, elem_classes="voice-card"):
            gr.HTML(f"<h2>{t('voices_change_heading')}</h2>")
            with gr.Row(elem_classes="voice-inline"):
                name = gr.Textbox(
                    label=t("voices_new_name"), max_lines=1, scale=3, min_width=160,
                    elem_id="voices-new-name",
                )
                rename = _button(t, "voices_rename")
            with gr.Row():
                export = _button(t, "voices_export")
                delete = _button(t, "voices_delete", variant="stop")
                undo = _button(t, "voices_undo", visible=False)
            file = gr.File(
                label=t("voices_file"), visible=False, interactive=False, elem_id="voices-file"
            )
            answer = gr.HTML(elem_id="voices-answer")
            upload = gr.UploadButton(
                str(t("voices_import")), file_types=[".voice"], file_count="single",
                elem_id="voices-import",
            )
            deleted = gr.State(None, time_to_live=3600)
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}

    def show(key: str | None, request: gr.Request) -> tuple[Any, Any]:
        return _facts(context, locale_of(request), key), _sample(context, key)

    chosen.change(show, chosen, [facts, sample], queue=False, **private)
    shown = [answer, chosen]
    renaming = _changing(context, lambda key, new: _renamed(context, key, new))
    importing = _changing(context, lambda _, path: _imported(context, path))
    rename.click(renaming, [chosen, name], shown, **private)
    upload.upload(importing, [chosen, upload], shown, **private)

    def remove(key: str | None, request: gr.Request) -> tuple[Any, ...]:
        locale = locale_of(request)
        try:
            token = action.delete_voice(context, _name(key))
        except Exception as error:
            return markup.error(locale, error), gr.skip(), gr.skip(), gr.skip()
        done = markup.note(text(locale, "voices_deleted", name=_name(key)))
        return done, refreshed(context), token, gr.Button(visible=True)

    def restore(token: str | None, request: gr.Request) -> tuple[Any, ...]:
        locale = locale_of(request)
        try:
            card = action.restore_voice(context, token or "")
        except Exception as error:
            return markup.error(locale, error), gr.skip(), gr.skip()
        done = markup.note(text(locale, "voices_restored", name=card.name), "good")
        return done, refreshed(context, card.key), gr.Button(visible=False)

    def offer(key: str | None, request: gr.Request) -> tuple[Any, Any]:
        try:
            return "", gr.File(value=str(action.export_voice(context, _name(key))), visible=True)
        except Exception as error:
            return markup.error(locale_of(request), error), gr.File(visible=False)

    delete.click(remove, chosen, [*shown, deleted, undo], **private)
    undo.click(restore, deleted, [*shown, undo], **private)
    export.click(offer, chosen, [answer, file], **private)
    return VoicesTab(chosen)


def _button(t: gr.I18n, key: str, **options: Any) -> gr.Button:
    return gr.Button(t(key), elem_id=key.replace("_", "-"), scale=1, min_width=120, **options)


def _changing(
    context: AppContext, change: Callable[[str | None, Any], tuple[str, action.VoiceCard]]
) -> Callable[..., tuple[Any, Any]]:
    """An event that changes the library and says so."""

    def run(key: str | None, value: Any, request: gr.Request) -> tuple[Any, Any]:
        locale = locale_of(request)
        try:
            sentence, card = change(key, value)
        except Exception as error:
            return markup.error(locale, error), gr.skip()
        done = markup.note(text(locale, sentence, name=card.name), "good")
        return done, refreshed(context, card.key)

    return run


def _renamed(context: AppContext, key: str | None, new: Any) -> tuple[str, action.VoiceCard]:
    return "voices_renamed", action.rename_voice(context, _name(key), str(new or ""))


def _imported(context: AppContext, path: Any) -> tuple[str, action.VoiceCard]:
    return "voices_imported", action.import_voice(context, path)


def _name(key: str | None) -> str:
    return (key or "").partition(":")[2]


def kept_choices(context: AppContext) -> list[tuple[str, str]]:
    """(name, key) of the kept voices."""
    cards = action.list_voices(context)
    return [(card.name, card.key) for card in cards if card.kind == action.KEPT]


def refreshed(context: AppContext, key: str | None = None) -> Any:
    """The list of kept voices as it is now, one of them chosen."""
    choices = kept_choices(context)
    return gr.Dropdown(choices=choices, value=key or (choices[0][1] if choices else None))


def _sample(context: AppContext, key: str | None) -> Any:
    try:
        found = action.preview(context, key) if key else None
    except VoiceError:
        found = None
    return gr.Audio(value=found, visible=found is not None)


def _facts(context: AppContext, locale: str, key: str | None) -> str:
    card = next((c for c in action.list_voices(context) if c.key == key), None)
    if card is None:
        return markup.note(text(locale, "voices_none"))
    parents = ", ".join(f"{name} {round(100 * weight)} %" for name, weight in card.parents)
    rows = [
        ("voices_languages", ", ".join(language_name(one, locale) for one in card.languages)),
        ("voices_parents", parents),
        ("voices_consent", card.consent),
        ("voices_consent_date", card.consent_date[:10]),
        ("voices_created", card.created[:10]),
    ]
    return markup.facts([(text(locale, name), value) for name, value in rows if value])
