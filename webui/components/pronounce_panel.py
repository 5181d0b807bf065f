"""Below the text: how the selected word is read, and how it should be."""

from __future__ import annotations

import json
from typing import Any

import gradio as gr

from webui.actions import pronounce as action
from webui.components import markup
from webui.components.batch_view import sent
from webui.components.events import QUIET
from webui.components.visitor import locale_of
from webui.context import AppContext
from webui.messages import text

FIELD = "speak-word"


def build(context: AppContext, t: gr.I18n, language: gr.Dropdown) -> None:
    """Builds the button and the panel; ``app.js`` knows what is selected in the text."""
    ask = gr.Button(t("pronounce_button"), size="sm", elem_id="speak-pronounce")
    word = gr.Textbox(visible="hidden", elem_id=FIELD, label="")
    said = gr.HTML(elem_id="pronounce-said")
    with gr.Column(visible=False, elem_id="pronounce-panel", elem_classes="voice-panel") as panel:
        heading = gr.HTML()
        with gr.Row(elem_classes="voice-inline"):
            sounds = gr.Textbox(label=t("pronounce_label"), max_lines=1, scale=3, min_width=180,
                                elem_id="pronounce-sounds")
            use = gr.Button(t("pronounce_use"), size="sm", scale=1, min_width=90,
                            elem_id="pronounce-use")

    def opened(value: str, chosen: str, request: gr.Request) -> tuple[Any, ...]:
        locale = locale_of(request)
        try:
            found = action.reading_of(context, sent(value), chosen)
        except Exception as error:
            return markup.error(locale, error), gr.Column(visible=False), "", "", ""
        title = markup.heading(text(locale, "pronounce_word", word=found.word))
        hint = markup.hint(text(locale, f"notation_{found.notation}"))
        return "", gr.Column(visible=True), title + hint, found.sounds, ""

    def used(value: str, chosen: str, written: str, request: gr.Request) -> tuple[Any, ...]:
        locale = locale_of(request)
        try:
            marked = action.marked(context, sent(value), written or "", chosen)
        except Exception as error:
            return markup.error(locale, error), gr.skip(), ""
        return "", gr.Column(visible=False), marked

    done = gr.Textbox(visible="hidden", elem_id="speak-marked", label="")
    ask.click(fn=None, js=f"() => {{ window.voiceText.ask({json.dumps(FIELD)}); }}")
    word.change(opened, [word, language], [said, panel, heading, sounds, done],
                **QUIET)
    for event in (use.click, sounds.submit):
        event(used, [word, language, sounds], [said, panel, done], **QUIET)
    done.change(fn=None, inputs=[done], js="(word) => { window.voiceText.replace(word); }")
