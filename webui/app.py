"""The page: puts the tabs together and says how it is served; no logic of its own."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from webui import api, messages, theme
from webui.actions.blend import stop_preparing
from webui.actions.speak import LIBRARY, RECORDING
from webui.components import markup
from webui.components.batch_view import sent
from webui.components.events import QUIET
from webui.components.passage_panel import history_table
from webui.components.visitor import locale_of, session_of, visitor_of
from webui.components.voice_choices import language_choices, voice_choices
from webui.context import EXAMPLES, AppContext
from webui.http import PageMiddleware
from webui.shield import shield
from webui.tabs import batch, blend, models, settings, speak, voices

HOUR, DAY = 3600, 24 * 3600


def translations() -> gr.I18n:
    """Words of the page by language, for the browser."""
    return gr.I18n(**{locale: messages.table(locale) for locale in messages.LOCALES})


def build_page(context: AppContext, t: gr.I18n) -> gr.Blocks:
    """The whole page."""
    name = messages.text("en", "page_title")
    with gr.Blocks(title=name, analytics_enabled=False, delete_cache=(HOUR, DAY)) as page:
        chip = _header(context, t)
        timer = gr.Timer(1.0)
        with gr.Tabs(elem_id="voice-tabs") as tabs:
            with gr.Tab(t("tab_speak"), id="speak"):
                speaking = speak.build(context, t)
            with gr.Tab(t("tab_blend"), id="blend") as blend_tab:
                boxes = blend.build(context, t)
            with gr.Tab(t("tab_voices"), id="voices") as voices_tab:
                listed = voices.build(context, t)
            with gr.Tab(t("tab_batch"), id="batch") as batch_tab:
                many = batch.build(context, t)
            with gr.Tab(t("tab_models"), id="models") as models_tab:
                installed = models.build(context, t, timer)
            with gr.Tab(t("tab_settings"), id="settings") as settings_tab:
                about = settings.build(context, t)
        gr.HTML(f"<p class='voice-footer'>{t('footer_note')}</p>"
                f"<p id='voice-question' hidden>{t('delete_question')}</p>")
        api.build(context)

        def fill(request: gr.Request) -> tuple[Any, ...]:
            locale = locale_of(request)
            kinds = (RECORDING, LIBRARY)
            sources = [(messages.text(locale, f"source_{one}"), one) for one in kinds]
            choices = voice_choices(context, locale)
            return (
                gr.Radio(choices=sources), gr.Dropdown(choices=choices),
                gr.Dropdown(choices=language_choices(locale)),
                *(gr.Dropdown(choices=choices) for _ in boxes.voices),
                gr.Dropdown(choices=choices), gr.Dropdown(choices=language_choices(locale)),
                *(gr.Dropdown(choices=choices) for _ in many.roles),
            )

        def sentence(request: gr.Request) -> str:
            return messages.text(locale_of(request), "blend_sentence")

        reference = speaking.reference
        lists = [reference.kind, reference.voice, speaking.language, *boxes.voices,
                 many.voice, many.language, *many.roles]
        again = speaking.remembered
        page.load(fill, None, lists, **QUIET).then(
            again.restore, again.state, again.fields, **QUIET)
        for tab in (blend_tab, batch_tab):
            tab.select(fill, None, lists, **QUIET)
        page.load(sentence, None, boxes.text, **QUIET)
        blend_tab.select(boxes.show, None, boxes.shown, **QUIET)
        page.load(
            speaking.resume, None, speaking.outputs, concurrency_limit=64,
            api_visibility="private", show_progress="hidden")
        _show_history(context, page, speaking.history)
        batch_tab.select(many.show, many.state, many.shown, **QUIET)
        voices_tab.select(listed.show, listed.state, listed.cards, **QUIET)

        def speak_with(value: str, request: gr.Request) -> tuple[Any, ...]:
            return _speak_with(context, locale_of(request), sent(value))

        listed.use.change(
            speak_with, listed.use, [tabs, reference.kind, reference.voice], **QUIET)
        _fill_when_opened(context, (models_tab, installed), (settings_tab, about))
        _watch_model(context, page, chip, timer)

        def leave(request: gr.Request) -> None:
            session = session_of(request)
            context.feeds.leave(session)
            stop_preparing(context, session)
            for visitor in (session, f"{session}:{blend.BLEND}", f"{session}:check",
                            f"{session}:piece"):
                context.jobs.cancel(visitor)

        page.unload(leave)
    shield(page)
    page.queue(max_size=context.limits.queue, default_concurrency_limit=1, api_open=False)
    return page


def _header(context: AppContext, t: gr.I18n) -> gr.HTML:
    """Name, model, languages, light and dark."""
    with gr.Row(elem_classes="voice-header"):
        with gr.Column(elem_classes="voice-title", min_width=260):
            gr.HTML(f"<h1>{t('page_title')}</h1>")
            gr.HTML(f"<p>{t('page_tagline')}</p>")
        with gr.Column(elem_classes="voice-tools", scale=0, min_width=320):
            gr.HTML(
                f'<nav aria-label="Language / 语言">{markup.language_links()}'
                f'<button type="button" data-theme-switch>{t("theme_button")}</button></nav>'
            )
            return gr.HTML(markup.model_chip("en", context.model), elem_id="voice-model")


def _speak_with(context: AppContext, locale: str, key: str) -> tuple[Any, ...]:
    """Opens the tab Speak with a voice; nothing where there is none of that key."""
    choices = voice_choices(context, locale)
    if key not in [one for _, one in choices]:
        return (gr.skip(),) * 3
    return gr.Tabs(selected="speak"), LIBRARY, gr.Dropdown(choices=choices, value=key)


def _show_history(context: AppContext, page: gr.Blocks, history: gr.HTML) -> None:
    """What this browser made before is there again."""

    def rows(request: gr.Request) -> str:
        return history_table(context, locale_of(request), visitor_of(request))

    page.load(rows, None, history, **QUIET)


def _fill_when_opened(
    context: AppContext, models_part: tuple[gr.Tab, models.ModelsTab],
    settings_part: tuple[gr.Tab, gr.HTML],
) -> None:
    """Models and settings are looked up when their tab is opened."""

    def models_now(request: gr.Request) -> tuple[Any, ...]:
        return models.opened(context, locale_of(request))

    def settings_now(request: gr.Request) -> str:
        return settings.filled(context, locale_of(request))

    models_part[0].select(models_now, None, models_part[1].all_outputs, **QUIET)
    settings_part[0].select(settings_now, None, settings_part[1], **QUIET)


def _watch_model(
    context: AppContext, page: gr.Blocks, chip: gr.HTML, timer: gr.Timer
) -> None:
    """Shows whether the model is there until it is."""

    def look(request: gr.Request) -> tuple[str, gr.Timer]:
        loading = context.model.state == "loading"
        return markup.model_chip(locale_of(request), context.model), gr.Timer(active=loading)

    page.load(look, None, [chip, timer], **QUIET)
    timer.tick(look, None, [chip, timer], **QUIET)


def launch_options(context: AppContext, t: gr.I18n) -> dict[str, Any]:
    """How the page is served, for ``Blocks.launch``."""
    script = theme.SCRIPT.read_text(encoding="utf-8")
    return {
        "theme": theme.theme(),
        "css": theme.CSS.read_text(encoding="utf-8"),
        "i18n": t,
        "max_file_size": context.upload_bytes,
        "state_session_capacity": context.limits.sessions,
        "allowed_paths": [str(context.outputs.resolve()), str(EXAMPLES)],
        "app_kwargs": {
            "middleware": [Middleware(
                PageMiddleware, script=script, hosts=context.hosts,
                upload_bytes=context.upload_bytes + (1 << 20),
            )],
            "docs_url": None, "redoc_url": None, "openapi_url": None,
        },
        # The tools' address asks for no password, so there is none where one is needed.
        "mcp_server": find_spec("mcp") is not None and not context.password,
        "footer_links": [],
        "run_history": False,
        "enable_monitoring": False,
        "show_error": False,  # of errors that nobody expected; see webui/shield.py
        "ssr_mode": False,
        "pwa": False,
        "share": False,
        "inbrowser": False,
        "quiet": True,
        # Gradio asks itself for the page and gives up after 3 s, which a busy machine may take.
        "_frontend": False,
    }
