"""Tab Settings: what everybody's work runs on, and what this program is."""

from __future__ import annotations

import gradio as gr

from voice import PRECISIONS, OptionError
from webui.actions import administration as action
from webui.components import markup
from webui.components.events import QUIET
from webui.components.visitor import locale_of
from webui.context import AppContext
from webui.messages import text

DEVICES = ("auto", "cpu", "cuda", "cuda:0", "cuda:1")


def build(context: AppContext, t: gr.I18n) -> gr.HTML:
    """Builds the tab; the facts about the program are filled when it is opened."""
    now, may = context.settings, context.administration
    with gr.Row(equal_height=False, elem_classes="voice-columns"):
        with gr.Column(scale=5, min_width=300, elem_classes="voice-card"):
            gr.HTML(f"<h2>{t('settings_heading')}</h2>")
            if not may:
                gr.HTML(f"<p class='voice-hint'>{t('error_administrator')}</p>")
            device = gr.Dropdown(
                list(DEVICES), value=now.device, label=t("settings_device"), interactive=may,
                allow_custom_value=True, info=t("settings_device_info"), elem_id="settings-device",
            )
            precision = gr.Dropdown(
                list(PRECISIONS), value=now.precision, label=t("settings_precision"),
                interactive=may, info=t("settings_precision_info"), elem_id="settings-precision",
            )
            threads = gr.Number(
                value=now.threads, precision=0, interactive=may,
                label=t("settings_threads"), info=t("settings_threads_info"),
                elem_id="settings-threads",
            )
            mark = gr.Checkbox(
                value=now.watermark, label=t("settings_watermark"),
                info=t("settings_watermark_info"), elem_id="settings-watermark",
                interactive=may and context.allow_no_watermark,
            )
            save = gr.Button(t("settings_save"), variant="primary", interactive=may,
                             elem_id="settings-save")
            answer = gr.HTML(elem_id="settings-answer")
        with gr.Column(scale=6, min_width=300, elem_classes="voice-card"):
            gr.HTML(f"<h2>{t('settings_language')}</h2>")
            gr.HTML(f"<p class='voice-languages'>{markup.language_links()}</p>")
            gr.HTML(f"<h2>{t('settings_about')}</h2>")
            facts = gr.HTML(elem_id="settings-facts")

    def keep(
        where: str, numbers: str, count: float | None, marked: bool, request: gr.Request
    ) -> str:
        locale = locale_of(request)
        try:
            if count is None or count != int(count):
                raise OptionError("threads is empty", "It must be a whole number from 0 to 64.")
            action.change_settings(context, context.settings.changed(
                device=str(where or "auto"), precision=str(numbers or "auto"),
                threads=int(count), watermark=bool(marked)))
        except Exception as error:
            return markup.error(locale, error)
        return markup.note(text(locale, "settings_saved"), "good")

    save.click(keep, [device, precision, threads, mark], answer, **QUIET)
    return facts


def filled(context: AppContext, locale: str) -> str:
    """Facts about the program."""
    found = action.about(context)
    folders = (
        ("settings_folder", found.data), ("settings_folder_voices", found.voices),
        ("settings_folder_models", found.models), ("settings_folder_studio", found.studio),
    )
    rows = [
        ("settings_version", f"{found.version} (Python {found.python})"),
        ("info_model", context.model.name),
        ("settings_device", found.device or text(locale, "stage_loading")),
        ("settings_precision", context.settings.precision),
        *((key, str(path)) for key, path in folders if context.administration),
        ("settings_kept", f"{found.studio_bytes / 1e6:.1f} MB"),
        ("settings_licence", "MIT"),
    ]
    return markup.facts([(text(locale, key), value) for key, value in rows])
