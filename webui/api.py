"""Named endpoints for programs (Gradio client): the same actions as the page, in plain data.

Sound and files go in and out as base64, never as paths: a program names no file of this machine.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import gradio as gr
from gradio.events import api

from voice import VoiceError
from webui import api_batch, api_models, api_passages, messages
from webui.actions import blend as blend_action
from webui.actions import speak as action
from webui.actions import voices as voice_action
from webui.api_files import encoded, known_options, received, sound_file
from webui.context import AppContext
from webui.jobs import Job
from webui.messages import PageError

TOGETHER = 32
"""Programs that are answered at once; at the model they take turns."""


def build(context: AppContext) -> None:
    """Adds the endpoints to the page that is being built."""
    waiting = (*_speaking(context), *_making(context), *api_passages.waiting(context))
    quick = (*_keeping(context), *_filing(context), *api_passages.quick(context),
             *api_batch.functions(context), *api_models.functions(context))
    for function in waiting:
        api(readable(function), api_name=function.__name__, concurrency_limit=TOGETHER)
    for function in quick:
        api(readable(function), api_name=function.__name__, queue=False)


def _speaking(context: AppContext) -> list[Callable[..., Any]]:
    def speak(
        text: str, voice: str, language: str = "auto", speed: float = 1.0, seed: int | None = None,
        settings: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Speak a text in a kept, example, cloned or blended voice.

        Args:
            text: what to say.
            voice: key of a voice, as given by "voices", "clone" or "blend".
            language: auto, en, zh, ja, ko or yue, as far as the model speaks it.
            speed: 0.5 to 2; 2 is twice as fast.
            seed: a whole number repeats a recording exactly; none draws a new one.
            settings: further ones by name, such as temperature, top_k, pause, split, candidates.

        Returns:
            wav (the file in base64), seconds, seed, checked, passed, retries, model, voice,
            recording (its id for the other endpoints), sentences (text, seconds, passed).
        """
        source = action.Source(action.LIBRARY, key=voice)
        options = known_options(settings) | {"language": language, "speed": speed, "seed": seed}
        take = None
        for step in action.speak(context, action.Request(text, source, options), Job()):
            take = step.take or take
        assert take is not None
        kept = ("seed", "checked", "passed", "retries", "model", "voice")
        about = {"recording": take.id,
                 "sentences": api_passages.sentences_of(context, take.id)}
        return {"wav": encoded(take.path), "seconds": take.seconds} | about | {
            name: take.info.get(name) for name in kept
        }

    return [speak]


def _making(context: AppContext) -> list[Callable[..., Any]]:
    def clone(recording: str, kind: str, consent: bool, transcript: str = "") -> dict[str, Any]:
        """Make a voice of a recording; "keep_voice" stores it, otherwise it is soon forgotten.

        Args:
            recording: the file in base64, 1 to 60 s of one person speaking.
            kind: wav, flac, mp3, ogg, opus, m4a or webm.
            consent: true if you may clone this voice.
            transcript: what the recording says; helps.

        Returns:
            voice (its key for "speak", "blend" and "keep_voice"), advice (what would make it
            better).
        """
        with sound_file(context, recording, kind) as file:
            source = action.Source(
                action.RECORDING, recording=str(file), transcript=transcript, consent=consent
            )
            token = action.clone(context, source, Job())
        advice = [messages.without_folders(one) for one in context.recent.advice(token)]
        return {"voice": f"{voice_action.RECENT}:{token}", "advice": advice}

    def blend(
        voices: list[str], weights: list[float], prosody_of: int | None = None,
        prosody_weights: list[float] | None = None,
    ) -> dict[str, Any]:
        """Make a new voice between others; "keep_voice" stores it.

        Every parent needs a consent statement.

        Args:
            voices: keys of two to six voices.
            weights: how much of each, in the same order.
            prosody_of: place (from 0) of the voice whose manner of speaking it takes.
            prosody_weights: how much of each one's manner of speaking, where that differs.

        Returns:
            voice (its key for "speak" and "keep_voice"), likeness (cosine of timbres, by parent).
        """
        shares = weights if prosody_weights is None else prosody_weights
        if not len(voices) == len(weights) == len(shares):
            raise PageError("error_need_two")
        parents = [(str(key), float(weight)) for key, weight in zip(voices, weights, strict=True)]
        manner = None if prosody_weights is None else [float(one) for one in prosody_weights]
        made = blend_action.blend_voices(context, parents, prosody_of, Job(), manner)
        return _made(made)

    def new_voice(unlike_known: bool = False, seed: int | None = None) -> dict[str, Any]:
        """Draw a new plausible voice that belongs to nobody; "keep_voice" stores it.

        Args:
            unlike_known: keep away from all voices that are known.
            seed: a whole number draws the same voice again.

        Returns:
            voice (its key for "speak" and "keep_voice"), likeness (cosine of timbres, by parent).
        """
        return _made(blend_action.draw(context, unlike_known, Job(), seed))

    def _made(token: str) -> dict[str, Any]:
        found = blend_action.describe(context, token)
        likeness = {one.name: round(one.similarity, 4) for one in found.parents}
        return {"voice": f"{voice_action.RECENT}:{token}", "likeness": likeness}

    return [clone, blend, new_voice]


def _keeping(context: AppContext) -> list[Callable[..., Any]]:
    def voices() -> list[dict[str, Any]]:
        """List the voices that can speak.

        Returns:
            For each voice: key, name, languages, kind (example or kept), tags, parents of a blend.
        """
        return [_plain(card) for card in voice_action.list_voices(context)]

    def keep_voice(voice: str, name: str, consent: str = "") -> dict[str, Any]:
        """Keep a voice that "clone" or "blend" made.

        Args:
            voice: its key.
            name: for it.
            consent: who agreed to the cloning, in words; a blend inherits its parents' statements.

        Returns:
            key, name, languages, kind, tags and parents of the kept voice.
        """
        token = voice.removeprefix(f"{voice_action.RECENT}:")
        return _plain(voice_action.keep_voice(context, token, name, consent))

    def rename_voice(name: str, new_name: str) -> dict[str, Any]:
        """Give a kept voice another name.

        Args:
            name: of the kept voice.
            new_name: for it.

        Returns:
            key, name, languages, kind, tags and parents of the kept voice.
        """
        tags = ",".join(context.kept(name).tags)
        return _plain(voice_action.change_voice(context, name, new_name, tags))

    def tag_voice(name: str, tags: list[str]) -> dict[str, Any]:
        """Give a kept voice tags to find it by; they take the place of the old ones.

        Args:
            name: of the kept voice.
            tags: up to 12 words, without commas.

        Returns:
            key, name, languages, kind, tags and parents of the kept voice.
        """
        return _plain(voice_action.change_voice(context, name, name, ",".join(tags)))

    def remove_voice(name: str) -> dict[str, Any]:
        """Delete a kept voice.

        Args:
            name: of the kept voice.

        Returns:
            undo (a key by which "keep_voice" brings it back while the program runs).
        """
        return {"undo": f"{voice_action.RECENT}:{voice_action.delete_voice(context, name)}"}

    return [voices, keep_voice, rename_voice, tag_voice, remove_voice]


def _filing(context: AppContext) -> list[Callable[..., Any]]:
    def export_voice(name: str) -> dict[str, Any]:
        """Give out a kept voice as a file.

        Args:
            name: of the kept voice.

        Returns:
            file (a .voice file in base64), file_name.
        """
        path = voice_action.export_voice(context, name)
        return {"file": encoded(path), "file_name": path.name}

    def import_voice(file: str) -> dict[str, Any]:
        """Keep a voice from a .voice file.

        Args:
            file: the file in base64.

        Returns:
            key, name, languages, kind, tags and parents of the kept voice.
        """
        path = received(context, file, "voice")
        try:
            return _plain(voice_action.import_voice(context, str(path)))
        finally:
            path.unlink(missing_ok=True)

    return [export_voice, import_voice]


def _plain(card: voice_action.VoiceCard) -> dict[str, Any]:
    return {
        "key": card.key, "name": card.name, "languages": list(card.languages),
        "kind": card.kind, "tags": list(card.tags), "parents": dict(card.parents),
    }


def readable(function: Callable[..., Any]) -> Callable[..., Any]:
    """The function, its errors as one sentence instead of a traceback."""

    @functools.wraps(function)
    def call(*args: Any, **options: Any) -> Any:
        try:
            return function(*args, **options)
        except (VoiceError, TypeError, ValueError, AttributeError) as error:
            sentence = messages.explain(error, messages.LOCALES[0])
            raise gr.Error(sentence, print_exception=False) from None

    return call
