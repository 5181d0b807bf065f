"""Small pieces of HTML that the server writes, in the page's language; everything is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable

from webui import messages
from webui.actions.reference import Verdict
from webui.actions.speak import Step, Take
from webui.context import ModelSlot


def status(locale: str, step: Step) -> str:
    """What is being done, with a bar."""
    sentence = messages.text(locale, f"stage_{step.stage}")
    if step.seconds and step.stage == "speaking":
        made = messages.text(locale, "status_seconds", seconds=f"{step.seconds:.1f}")
        sentence = f"{sentence} {made}"
    if step.left is not None and step.left >= 2 and step.stage == "speaking":
        sentence += " " + messages.text(locale, "status_left", seconds=round(step.left))
    if step.stage == "waiting" and step.ahead:
        sentence = messages.text(locale, "stage_queued", count=step.ahead)
    return bar(sentence, step.fraction)


def bar(sentence: str, fraction: float) -> str:
    """A sentence over a progress bar."""
    percent = round(100 * min(max(fraction, 0.0), 1.0))
    said = html.escape(sentence)
    return (
        f'<div class="voice-status" role="status"><p>{said}</p>'
        f'<progress max="100" value="{percent}" aria-label="{said}"></progress></div>'
    )


def note(sentence: str, kind: str = "info") -> str:
    """One sentence: ``info``, ``good``, ``fair`` or ``bad`` (which is read out at once)."""
    role = "alert" if kind == "bad" else "status"
    return f'<div class="voice-note {kind}" role="{role}"><p>{html.escape(sentence)}</p></div>'


def error(locale: str, problem: Exception) -> str:
    """What went wrong and what would be right."""
    return note(messages.explain(problem, locale), "bad")


def done(locale: str, take: Take) -> str:
    """What came out, and how."""
    info = take.info
    retries = int(info.get("retries") or 0)
    if not info.get("checked"):
        checked = messages.text(locale, "info_unchecked")
    else:
        key = "info_passed" if info.get("passed") else "info_not_passed"
        checked = messages.text(locale, key)
        if retries:
            checked += " " + messages.text(locale, "info_retries", count=retries)
    rows = [
        ("info_length", f"{take.seconds:.1f} s"),
        ("info_time", f"{take.elapsed:.1f} s ({take.rtf:.2f} ×)"),
        ("info_check", checked),
        ("info_seed", str(info.get("seed"))),
        ("info_model", " ".join(str(info.get(k) or "") for k in ("model", "revision")).strip()),
    ]
    if info.get("skipped"):
        rows.append(("info_skipped", str(info["skipped"])))
    return facts(((messages.text(locale, key), value) for key, value in rows), "voice-facts")


def plain(locale: str, sentence: str) -> str:
    """A sentence of the library in the page's language, without folders."""
    return messages.translate(sentence, locale)


def hint(sentence: str) -> str:
    """A sentence in smaller print."""
    return f'<p class="voice-hint">{html.escape(sentence)}</p>'


def heading(words: str) -> str:
    """A heading within a card."""
    return f'<h3 class="voice-small-heading">{html.escape(words)}</h3>'


def percent(similarity: float) -> int:
    """A similarity as whole percent; what is unlike is 0."""
    return round(100 * max(similarity, 0.0))


def alike(locale: str, similarity: float) -> str:
    """A similarity in figures and in a word."""
    key = "alike_close" if similarity > 0.8 else "alike_near" if similarity > 0.5 else "alike_far"
    return f"{percent(similarity)} % · {messages.text(locale, key)}"


def facts(rows: Iterable[tuple[str, str]], css: str = "voice-facts") -> str:
    """A list of names and values."""
    items = "".join(
        f"<div><dt>{html.escape(name)}</dt><dd>{html.escape(value)}</dd></div>"
        for name, value in rows
    )
    return f'<dl class="{css}">{items}</dl>'


def verdict(locale: str, found: Verdict) -> str:
    """How good a recording is, in words, and what to do about it."""
    title = messages.text(locale, f"verdict_{found.level}")
    if found.level == "good":
        return note(title, "good")
    advice = "".join(
        f"<li>{html.escape(messages.translate(sentence, locale))}</li>" for sentence in found.advice
    )
    role = "alert" if found.level == "bad" else "status"
    return (
        f'<div class="voice-note {found.level}" role="{role}"><p>{html.escape(title)}</p>'
        f"<ul>{advice}</ul></div>"
    )


def spans(locale: str, found: list[tuple[str, str]]) -> str:
    """The text by language; where there is only one, its name."""
    if not found:
        return ""
    if len({language for language, _ in found}) < 2:
        found = [(found[0][0], "")]
    marks = "".join(
        f'<span><b>{html.escape(_language(locale, language))}</b> '
        f'<bdi lang="{html.escape(language)}">{html.escape(words)}</bdi></span>'
        for language, words in found
    )
    return f'<p class="voice-spans">{marks}</p>'


def _language(locale: str, code: str) -> str:
    return messages.table(locale).get(f"language_{code}", code)


def language_links() -> str:
    """A link for each language of the page, in its own words."""
    return "".join(
        f'<a href="?lang={locale}" data-language="{locale}" lang="{locale}">{name}</a>'
        for locale, name in messages.LOCALE_NAMES.items()
    )


def model_chip(locale: str, model: ModelSlot) -> str:
    """Whether the model is there."""
    sentence = messages.text(locale, f"model_{model.state}", name=model.name)
    if model.error is not None:
        sentence += " " + messages.explain(model.error, locale)
    return (
        f'<div class="voice-chip {model.state}" role="status"><span aria-hidden="true"></span>'
        f"{html.escape(sentence)}</div>"
    )
