"""Names of voices and languages as choices of a list, in the page's language."""

from __future__ import annotations

from webui import messages
from webui.actions import voices
from webui.actions.speak import LANGUAGES
from webui.context import AppContext


def voice_choices(context: AppContext, locale: str) -> list[tuple[str, str]]:
    """(label, key) of every voice that can be chosen."""
    choices = []
    for card in voices.list_voices(context):
        spoken = ", ".join(language_name(one, locale) for one in card.languages)
        kind = messages.text(locale, "voice_example") if card.kind == voices.EXAMPLE else ""
        if card.parents:
            kind = messages.text(locale, "voice_blend")
        label = " · ".join(part for part in (card.name, spoken, kind) if part)
        choices.append((label, card.key))
    return choices


def language_choices(locale: str) -> list[tuple[str, str]]:
    """(label, code) of the languages a text can be in."""
    return [(messages.text(locale, f"language_{code}"), code) for code in LANGUAGES]


def language_name(code: str, locale: str) -> str:
    """A language's name, or its code."""
    return messages.table(locale).get(f"language_{code}", code)
