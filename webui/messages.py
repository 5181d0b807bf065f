"""Words of the page: translations, the page's language, and library errors in that language.

``locales/<bcp47>.json`` are flat: key -> sentence, with ``{name}`` for values. Labels are
translated in the browser from the same files; what the server says is translated here.
"""

from __future__ import annotations

import json
import re
from functools import cache
from http.cookies import CookieError, SimpleCookie
from pathlib import Path
from typing import Any

from voice import VoiceError

LOCALE_NAMES = {"en": "English", "zh-CN": "简体中文"}
LOCALES = tuple(LOCALE_NAMES)
COOKIE = "voice_language"
FOLDER = Path(__file__).parent / "locales"
_FOLDERS = re.compile(r"(?<![\w.])(?:[A-Za-z]:)?(?:[/\\][^/\\\s:'\"]+)+[/\\](?=[^/\\\s])")


@cache
def table(locale: str) -> dict[str, str]:
    """All sentences of one language, by key."""
    return json.loads((FOLDER / f"{locale}.json").read_text(encoding="utf-8"))


@cache
def _error_rules(locale: str) -> list[tuple[re.Pattern[str], str]]:
    """How messages of the library read in another language: pattern -> template, in order."""
    path = FOLDER / f"errors.{locale}.json"
    if not path.exists():
        return []
    rules = json.loads(path.read_text(encoding="utf-8"))
    return [(re.compile(rule["match"], re.DOTALL), rule["say"]) for rule in rules]


def text(locale: str, key: str, **values: Any) -> str:
    """The sentence of a key in a language of the page.

    Raises:
        KeyError: no such key.
    """
    sentences = table(locale if locale in LOCALES else LOCALES[0])
    return sentences[key].format(**values) if values else sentences[key]


def match_language(wanted: str) -> str | None:
    """The page's language that serves a BCP 47 tag, or None."""
    main = wanted.strip().lower().replace("_", "-").split("-")[0]
    return next((locale for locale in LOCALES if locale.lower().split("-")[0] == main), None)


def language_of(cookies: str, accept_language: str) -> str:
    """The page's language for a request: the visitor's choice, else the browser's, else English.

    Args:
        cookies: the ``Cookie`` header.
        accept_language: the ``Accept-Language`` header, such as ``zh-CN,zh;q=0.9,en;q=0.8``.
    """
    try:
        chosen = SimpleCookie(cookies).get(COOKIE)
    except CookieError:
        chosen = None
    if chosen and chosen.value in LOCALES:
        return chosen.value
    ranked: list[tuple[float, str]] = []
    for part in accept_language.split(","):
        tag, _, quality = part.partition(";q=")
        try:
            ranked.append((-float(quality or 1), tag))
        except ValueError:
            continue
    for _, tag in sorted(ranked, key=lambda pair: pair[0]):
        if found := match_language(tag):
            return found
    return LOCALES[0]


def explain(error: Exception, locale: str) -> str:
    """One sentence about an error for the visitor, in the page's language; never a traceback."""
    if isinstance(error, PageError):
        return text(locale, error.key, **error.values)
    if not isinstance(error, VoiceError):
        return text(locale, "error_unexpected")
    message = translate(str(error), locale)
    if locale == LOCALES[0]:
        first = message.split(maxsplit=1)[0] if message else ""
        file = "." in first.rstrip(".,:;")  # its name stays as it is
        return message if file else message[:1].upper() + message[1:]
    if message != without_folders(str(error)):
        return message
    summary = table(locale).get(f"error_{error.code}", text(locale, "error_voice_error"))
    return f"{summary}（{message}）"


def translate(sentence: str, locale: str) -> str:
    """A sentence of the library in the page's language; as it is where no rule knows it."""
    sentence = without_folders(sentence)
    for pattern, template in _error_rules(locale):
        if found := pattern.search(sentence):
            values = {name: value or "" for name, value in found.groupdict().items()}
            if "option" in values:
                key = f"setting_{values['option']}"
                values["option"] = table(locale).get(key, values["option"])
            return template.format(**values)
    return sentence


def without_folders(sentence: str) -> str:
    """The sentence with files named by their last part: where they are is the server's business."""
    return _FOLDERS.sub("", sentence)


class PageError(VoiceError):
    """Something the visitor left out on the page; ``key`` names a sentence of the locale files."""

    code = "page"

    def __init__(self, key: str, **values: Any) -> None:
        self.key = key
        self.values = values
        super().__init__(text(LOCALES[0], key, **values))
