"""The card that adds models: files dropped on it, official ones from the hub, how far it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from voice import Offer
from webui.actions import model_files as action
from webui.components import markup
from webui.components.events import QUIET
from webui.components.visitor import locale_of
from webui.context import AppContext
from webui.messages import text

MEGABYTE = 1e6


@dataclass(frozen=True)
class AddingCard:
    """What is filled when the tab is opened, and how the work is followed.

    Attributes:
        offers: list of official models.
        outputs: how far the work is; filled by :func:`shown`.
        timer: ticks while a model is being added.
    """

    offers: gr.Dropdown
    outputs: list[Any]
    timer: gr.Timer


def build(context: AppContext, t: gr.I18n) -> AddingCard:
    """Builds the card."""
    gr.HTML(f"<h2>{t('models_add_heading')}</h2>")
    gr.HTML(f"<p class='voice-hint'>{t('models_add_hint')}</p>")
    files = gr.File(label=t("models_files"), file_types=list(action.KINDS), file_count="multiple",
                    height=110, elem_id="models-files")
    with gr.Row():
        name = gr.Textbox(label=t("models_new_name"), max_lines=1, min_width=160,
                          elem_id="models-new-name")
        version = gr.Dropdown([("auto", ""), *((v, v) for v in action.VERSIONS)],
                              value="", label=t("models_version"), min_width=160,
                              elem_id="models-version")
    add = gr.Button(t("models_import"), variant="primary", size="sm", elem_id="models-import")
    gr.HTML(f"<h3>{t('models_download_heading')}</h3>")
    with gr.Row():
        offers = gr.Dropdown([], value=None, label=t("models_download_choice"), min_width=160,
                             elem_id="models-offers")
        mirror = gr.Textbox(label=t("models_mirror"), max_lines=1, min_width=160,
                            placeholder="https://", elem_id="models-mirror")
    fetch = gr.Button(t("models_download"), size="sm", elem_id="models-download")
    progress = gr.HTML(elem_id="models-progress")
    halt = gr.Button(t("models_stop"), size="sm", visible=False, elem_id="models-stop")
    timer = gr.Timer(0.7, active=False)
    card = AddingCard(offers, [progress, halt, timer], timer)

    def act(change: Any) -> Any:
        def work(*values: Any, request: gr.Request) -> tuple[Any, ...]:
            try:
                change(context, *values)
            except Exception as error:
                return markup.error(locale_of(request), error), gr.skip(), gr.skip()
            return shown(context, locale_of(request))

        return work

    started, fetched, halted = (
        act(one) for one in (action.start_import, action.start_download, action.stop)
    )

    def importing(paths: Any, called: str, kind: str, request: gr.Request) -> tuple[Any, ...]:
        return None, *started(paths, called, kind, request=request)

    def fetching(which: str | None, where: str, request: gr.Request) -> tuple[Any, ...]:
        return fetched(which, where, request=request)

    def halting(request: gr.Request) -> tuple[Any, ...]:
        return halted(request=request)

    add.click(importing, [files, name, version], [files, *card.outputs], **QUIET)
    fetch.click(fetching, [offers, mirror], card.outputs, **QUIET)
    halt.click(halting, None, card.outputs, **QUIET)
    return card


def shown(context: AppContext, locale: str) -> tuple[Any, ...]:
    """How far the work is: a sentence with a bar, the button that stops it, the timer."""
    now = context.adding.latest
    return _said(locale, now), gr.Button(visible=now.running), gr.Timer(active=now.running)


def choices(context: AppContext, locale: str) -> list[tuple[str, str]]:
    """The official models by what it takes to have them."""
    return [(_label(locale, one), one.name) for one in action.downloadable(context)]


def _label(locale: str, offer: Offer) -> str:
    if offer.installed:
        return text(locale, "models_offer_here", name=offer.name)
    return text(locale, "models_offer", name=offer.name, size=f"{offer.size / 1e9:.1f} GB")


def _said(locale: str, now: action.Adding) -> str:
    if now.running:
        line = markup.plain(locale, now.line) or text(locale, "models_adding")
        if not now.total:
            return markup.bar(line, 0.0)
        done, total = (f"{size / MEGABYTE:.0f}" for size in (now.done, now.total))
        return markup.bar(text(locale, "models_fetched", line=line, done=done, total=total),
                          now.done / now.total)
    if now.problem is not None:
        return markup.error(locale, now.problem)
    if now.added:
        sentence = text(locale, "models_was_added", name=", ".join(now.added))
        if now.missing:
            sentence += " " + text(locale, "models_was_missing", parts=", ".join(now.missing))
        return markup.note(sentence, "fair" if now.missing else "good")
    return markup.note(text(locale, "models_stopped")) if now.ended else ""
