"""Voices as cards: how each sounds, where it comes from, who agreed; everything is escaped."""

from __future__ import annotations

import html
from collections.abc import Collection

from webui import messages
from webui.actions import voices as action
from webui.actions.model_files import fine_tuned
from webui.actions.voices import VoiceCard
from webui.components import tables
from webui.components.voice_choices import language_name
from webui.context import AppContext

PICK, USE = "voices-pick", "voices-use"


def cards_html(context: AppContext, locale: str, wanted: str, chosen: str | None) -> str:
    """Cards of all voices that match a search, kept ones first.

    Args:
        context: of the page.
        locale: of the page.
        wanted: words that a card must hold, in its name, tags, languages or origin.
        chosen: key of the voice that is being changed.
    """
    cards = action.list_voices(context)
    tuned = fine_tuned(context) if any(card.kind == action.KEPT for card in cards) else set()
    cards = [card for card in cards if _matches(locale, card, wanted, tuned)]
    if not cards:
        key = "voices_no_match" if wanted.strip() else "voices_none"
        return f'<p class="voice-hint">{html.escape(messages.text(locale, key))}</p>'
    kept = any(card.kind == action.KEPT for card in cards)
    hint = "" if kept or wanted.strip() else (
        f'<p class="voice-hint">{html.escape(messages.text(locale, "voices_none"))}</p>')
    return hint + '<div class="voice-cards">' + "".join(
        _card(context, locale, card, (card.key == chosen, origin(locale, card, tuned)))
        for card in cards) + "</div>"


def _matches(locale: str, card: VoiceCard, wanted: str, tuned: Collection[str]) -> bool:
    held = " ".join(
        [card.name, *card.tags, origin(locale, card, tuned), *_languages(locale, card)])
    return all(word in held.casefold() for word in wanted.casefold().split())


def _languages(locale: str, card: VoiceCard) -> list[str]:
    return [language_name(one, locale) for one in card.languages]


def origin(locale: str, card: VoiceCard, tuned: Collection[str] = ()) -> str:
    """Where a voice comes from, in words.

    Args:
        locale: of the page.
        card: of the voice.
        tuned: names of fine-tuned models.
    """
    if card.parents:
        shares = ", ".join(f"{name} {round(100 * share)} %" for name, share in card.parents)
        said = messages.text(locale, "origin_blend", voices=shares)
        if card.prosody:
            shares = ", ".join(f"{name} {round(100 * share)} %" for name, share in card.prosody)
            said += " " + messages.text(locale, "origin_manner", voices=shares)
        return said
    if card.kind == action.KEPT and card.model in tuned:
        return messages.text(locale, "origin_finetuned", model=card.model)
    return messages.text(
        locale, "origin_recorded" if card.kind == action.KEPT else "origin_example")


def _card(
    context: AppContext, locale: str, card: VoiceCard, shown: tuple[bool, str]
) -> str:
    """A card; ``shown`` is whether it is chosen, and where the voice comes from."""
    chosen, source = shown

    def said(key: str, **values: str) -> str:
        return html.escape(messages.text(locale, key, **values))

    about = html.escape(" · ".join([*_languages(locale, card), *([card.created[:10]] * bool(
        card.created))]))
    tags = "".join(f"<li>{html.escape(tag)}</li>" for tag in card.tags)
    tags = f'<ul class="voice-tags" aria-label="{said("voices_tags")}">{tags}</ul>' if tags else ""
    other = card.model and card.model != context.model.name and card.kind == action.KEPT
    warning = f'<p class="voice-hint">⚠ {said("voices_other_model", model=card.model)}</p>' if (
        other) else ""
    consent = (
        f'<details><summary>{said("voices_consent")}</summary><p>{html.escape(card.consent)}'
        f" ({html.escape(card.consent_date[:10])})</p></details>" if card.consent else "")
    name = html.escape(card.name)
    return (
        f'<article class="voice-item{" chosen" if chosen else ""}" aria-label="{name}">'
        f"<h3>{name}</h3><p>{about}</p><p>{html.escape(source)}</p>"
        f'{tags}{warning}{consent}<div class="voice-item-buttons">{_buttons(context, locale, card)}'
        "</div></article>"
    )


def _buttons(context: AppContext, locale: str, card: VoiceCard) -> str:
    buttons = ""
    if file := action.preview_file(context, card.key):
        label = messages.text(locale, "voices_play", name=card.name)
        buttons += tables.play_button(locale, file, label)
    buttons += tables.send_button(
        USE, card.key, messages.text(locale, "voices_use"),
        messages.text(locale, "voices_use_named", name=card.name))
    if card.kind == action.KEPT:
        buttons += tables.send_button(
            PICK, card.key, messages.text(locale, "voices_change"),
            messages.text(locale, "voices_change_named", name=card.name))
    return buttons
