"""Voices the page offers: examples, kept ones, and those made a moment ago.

A voice on the page is a key: ``example:NAME``, ``model:NAME``, ``kept:NAME`` or
``recent:TOKEN``.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import wave
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from voice import OutputError, Voice
from webui.context import AppContext
from webui.jobs import Job, logged
from webui.messages import PageError

EXAMPLE, KEPT, MODEL, RECENT = "example", "kept", "model", "recent"


@dataclass(frozen=True)
class VoiceCard:
    """What is shown of a voice."""

    key: str
    name: str
    languages: tuple[str, ...]
    kind: str
    consent: str = ""
    consent_date: str = ""
    created: str = ""
    parents: tuple[tuple[str, float], ...] = ()
    prosody: tuple[tuple[str, float], ...] = ()
    tags: tuple[str, ...] = ()
    model: str = ""


def list_voices(context: AppContext) -> list[VoiceCard]:
    """Kept voices, then the examples."""
    kept = [card(voice) for voice in context.library.voices()]
    examples = [
        VoiceCard(f"{EXAMPLE}:{one.name}", one.name, (one.language,), EXAMPLE)
        for one in context.examples.values()
    ]
    names = {one.name for one in examples}
    more = [
        VoiceCard(f"{MODEL}:{voice.name}", voice.name, tuple(voice.languages), EXAMPLE)
        for voice in _of_model(context) if voice.name not in names
    ]
    return kept + examples + more


def _of_model(context: AppContext) -> list[Voice]:
    """Voices that came with the model, once it is loaded."""
    if context.model.state != "ready":
        return []
    return context.model.get().examples()


def card(voice: Voice) -> VoiceCard:
    """What is shown of a kept voice."""
    return VoiceCard(
        f"{KEPT}:{voice.name}", voice.name, tuple(voice.languages), KEPT, voice.consent,
        voice.consent_date, voice.created, tuple(voice.parents.items()),
        tuple(voice.prosody.items()), voice.tags, voice.model,
    )


def card_of(context: AppContext, key: str) -> VoiceCard | None:
    """What is shown of a voice, by its key."""
    return next((one for one in list_voices(context) if one.key == key), None)


def find_voice(context: AppContext, key: str | None, job: Job | None = None) -> Voice:
    """The voice of a key; an example is made the first time.

    Raises:
        PageError: no voice is chosen, or it is not there any more.
    """
    kind, _, name = (key or "").partition(":")
    if kind == KEPT and name:
        return context.kept(name)
    if kind == MODEL:
        for voice in _of_model(context):
            if voice.name == name:
                return voice
    if kind == RECENT:
        if found := context.recent.get(name):
            return found
        raise PageError("error_voice_forgotten")
    if kind == EXAMPLE and name in context.examples:
        return _example(context, name, job)
    raise PageError("error_need_voice")


def _example(context: AppContext, name: str, job: Job | None) -> Voice:
    token = f"{EXAMPLE}:{name}"
    if found := context.recent.get(token):
        return found
    example, job = context.examples[name], job or Job()
    model = context.model.get(job)
    with context.turns.turn(job.visitor, job):
        if found := context.recent.get(token):  # somebody else had the turn for it
            return found
        voice = model.enroll(
            [example.file], transcript=example.transcript, language=example.language, name=name,
            consent="Synthetic example voice that belongs to nobody.",
        )
        context.recent.add(voice, token)
    return voice


def keep_voice(context: AppContext, token: str | None, name: str, consent: str = "") -> VoiceCard:
    """Puts a voice made on the page into the library; a blend brings its parents' consent along.

    Raises:
        PageError: nothing was made yet, or it is forgotten.
        ConsentError: there is no statement.
        OptionError: the name is not allowed.
        OutputError: the name is taken, or the library cannot be written to.
    """
    with logged("keep_voice"):
        if not name.strip():
            raise PageError("error_need_name")
        voice = find_voice(context, f"{RECENT}:{token}" if token else None)
        consent = consent.strip() or voice.consent
        return card(context.library.add(replace(voice.with_name(name), consent=consent)))


def change_voice(context: AppContext, name: str, new_name: str, tags: str) -> VoiceCard:
    """Gives a kept voice another name and other tags.

    Args:
        context: of the page.
        name: of the kept voice.
        new_name: for it; the same is fine.
        tags: words between commas; they take the place of the old ones.

    Raises:
        PageError: it is not there any more, or the new name is empty.
        OptionError: the name or a tag is not allowed.
        OutputError: the new name is taken.
    """
    with logged("change_voice"):
        if not new_name.strip():
            raise PageError("error_need_name")
        voice = context.kept(name)
        changed = replace(voice.with_name(new_name), tags=tags_in(tags))
        same = changed.name == name
        kept = context.library.add(changed, overwrite=same)
        if not same:
            context.library.remove(name)
        return card(kept)


def tags_in(words: str) -> tuple[str, ...]:
    """Tags as typed: between commas of any script, each once."""
    return tuple(dict.fromkeys(tag.strip() for tag in re.split("[,，、;；]", words) if tag.strip()))


def delete_voice(context: AppContext, name: str) -> str:
    """Takes a voice out of the library; returns a token by which it can be brought back.

    Raises:
        PageError: it is not there any more.
    """
    with logged("delete_voice"):
        voice = context.kept(name)
        context.library.remove(name)
        return context.recent.add(voice)


def restore_voice(context: AppContext, token: str) -> VoiceCard:
    """Brings a deleted voice back.

    Raises:
        PageError: it is forgotten.
    """
    with logged("restore_voice"):
        return card(context.library.add(find_voice(context, f"{RECENT}:{token}")))


def export_voice(context: AppContext, name: str) -> Path:
    """Writes a kept voice to a file that the page can offer.

    Raises:
        PageError: it is not there any more.
    """
    with logged("export_voice"):
        voice = context.kept(name)
        target = context.outputs / f"{safe_stem(voice.name)}.voice"
        target.parent.mkdir(parents=True, exist_ok=True)
        voice.save(target)
        return target


def import_voice(context: AppContext, path: str | None) -> VoiceCard:
    """Keeps a voice from an uploaded file.

    Raises:
        PageError: no file was given.
        VoiceFileError: it is not a voice.
    """
    with logged("import_voice"):
        if not path:
            raise PageError("error_need_file")
        return card(context.library.import_file(Path(path)))


def preview(context: AppContext, key: str) -> tuple[int, np.ndarray] | Path | None:
    """How a voice sounds: its kept preview as (rate, samples), or the example's recording."""
    kind, _, name = key.partition(":")
    if kind == EXAMPLE and name in context.examples:
        return context.examples[name].file
    voice = find_voice(context, key)
    return None if voice.preview is None else (voice.preview_rate, voice.preview)


def preview_file(context: AppContext, key: str) -> Path | None:
    """How a voice sounds, as a file that the page can play; None where nothing is known of it.

    Raises:
        OutputError: it cannot be written.
    """
    kind, _, name = key.partition(":")
    if kind == EXAMPLE and name in context.examples:
        return context.examples[name].file
    voice = find_voice(context, key)
    if voice.preview is None:
        return None
    data = np.ascontiguousarray(voice.preview, "<i2").tobytes()
    target = context.outputs / "previews" / f"{hashlib.sha256(data).hexdigest()[:32]}.wav"
    if not target.exists():
        beside = target.with_suffix(f".{secrets.token_hex(4)}.part")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with wave.open(str(beside), "wb") as file:
                file.setparams((1, 2, voice.preview_rate, 0, "NONE", "not compressed"))
                file.writeframes(data)
            os.replace(beside, target)
        except OSError as error:
            raise OutputError(f"{target.name} cannot be written ({error.strerror})") from error
    return target


def safe_stem(name: str) -> str:
    """A name as part of a file's name: letters and digits of any script, the rest as dashes."""
    stem = re.sub(r"[^\w]+", "-", name).strip("-_")
    return stem[:60] or "voice"
