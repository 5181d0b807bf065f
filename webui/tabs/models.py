"""Tab Models: what is installed, its licence and figures; taking it into use, deleting, adding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from voice import ModelCard
from webui.actions import administration as action
from webui.components import markup, model_adding, tables
from webui.components.events import QUIET
from webui.components.visitor import locale_of
from webui.components.voice_choices import language_name
from webui.context import AppContext
from webui.messages import text


@dataclass(frozen=True)
class ModelsTab:
    """What is filled when the tab is opened: see :func:`filled` and :func:`opened`."""

    chosen: gr.Dropdown
    facts: gr.HTML
    card: gr.Markdown
    adding: model_adding.AddingCard

    @property
    def outputs(self) -> list[Any]:
        """For an event that fills the list."""
        return [self.chosen, self.facts, self.card]

    @property
    def all_outputs(self) -> list[Any]:
        """For an event that fills the tab."""
        return [*self.outputs, self.adding.offers, *self.adding.outputs]


def build(context: AppContext, t: gr.I18n, watch: gr.Timer) -> ModelsTab:
    """Builds the tab; ``watch`` is started when another model is loaded."""
    with gr.Row(equal_height=False, elem_classes="voice-columns"):
        with gr.Column(scale=5, min_width=300, elem_classes="voice-card"):
            gr.HTML(f"<h2>{t('models_heading')}</h2>")
            chosen = gr.Dropdown([], value=None, label=t("models_label"), elem_id="models-chosen")
            facts = gr.HTML(elem_id="models-facts")
            with gr.Row(elem_classes="voice-actions"):
                use = gr.Button(t("models_use"), variant="primary", size="sm", min_width=110,
                                elem_id="models-use")
                delete = gr.Button(t("models_delete"), variant="stop", size="sm", min_width=110,
                                   elem_id="models-delete", elem_classes="voice-ask")
            answer = gr.HTML(elem_id="models-answer")
            adding = model_adding.build(context, t)
        with gr.Column(scale=6, min_width=300, elem_classes="voice-card"):
            gr.HTML(f"<h2>{t('models_card_heading')}</h2>")
            card = gr.Markdown(elem_id="models-card", sanitize_html=True)
    tab = ModelsTab(chosen, facts, card, adding)

    def show(name: str | None, request: gr.Request) -> tuple[Any, Any]:
        return _shown(context, locale_of(request), name)

    def act(change: Any, done: str) -> Any:
        def work(name: str | None, request: gr.Request) -> tuple[Any, ...]:
            locale = locale_of(request)
            try:
                change(context, name)
            except Exception as error:
                return markup.error(locale, error), *(gr.skip(),) * 4
            said = markup.note(text(locale, done, name=name or ""), "good")
            return said, gr.Timer(active=True), *filled(context, locale)

        return work

    def follow(name: str | None, request: gr.Request) -> tuple[Any, ...]:
        """How far it is; at the end the lists are filled anew, the new model chosen."""
        locale, now = locale_of(request), context.adding.latest
        said = model_adding.shown(context, locale)
        if now.running:
            return *(gr.skip(),) * 4, *said
        name = now.added[-1] if now.added else name
        offers = gr.Dropdown(choices=model_adding.choices(context, locale))
        return *filled(context, locale, name), offers, *said

    adding.timer.tick(follow, chosen, tab.all_outputs, **QUIET)
    chosen.change(show, chosen, [facts, card], **QUIET)
    for button, change, done in (
        (use, action.use_model, "models_used"), (delete, action.remove_model, "models_deleted"),
    ):
        button.click(act(change, done), chosen, [answer, watch, *tab.outputs], **QUIET)
    return tab


def opened(context: AppContext, locale: str) -> tuple[Any, ...]:
    """The whole tab: the models, those that can be fetched, and what is being added."""
    offers = gr.Dropdown(choices=model_adding.choices(context, locale))
    return *filled(context, locale), offers, *model_adding.shown(context, locale)


def filled(context: AppContext, locale: str, name: str | None = None) -> tuple[Any, ...]:
    """The list of models, one of them chosen, with its facts and card."""
    cards = action.list_models(context)
    names = [card.name for card in cards]
    name = next((one for one in (name, context.model.name, *names) if one in names), None)
    choices = [(_label(locale, card, context.model.name), card.name) for card in cards]
    return gr.Dropdown(choices=choices, value=name), *_shown(context, locale, name)


def _label(locale: str, card: ModelCard, used: str) -> str:
    return card.name + (f" · {text(locale, 'models_in_use')}" if card.name == used else "")


def _shown(context: AppContext, locale: str, name: str | None) -> tuple[str, str]:
    card = next((one for one in action.list_models(context) if one.name == name), None)
    if card is None:
        return markup.note(text(locale, "error_no_model")), ""
    if card.problem:
        return tables.state(locale, "failed", markup.plain(locale, card.problem)), card.text
    origin = text(locale, "models_packaged" if card.packaged else "models_added")
    rows = [
        ("models_licence", card.licence or "?"),
        ("models_languages", ", ".join(language_name(one, locale) for one in card.languages)),
        ("models_rate", f"{card.sample_rate / 1000:g} kHz"),
        ("models_size", f"{card.size / 1e6:.0f} MB"),
        ("models_origin", origin),
    ]
    facts = markup.facts([(text(locale, key), value) for key, value in rows])
    return facts, card.text or text(locale, "models_no_card")
