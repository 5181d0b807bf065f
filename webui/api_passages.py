"""Named endpoints for programs, continued: recordings before and after, sentence by sentence.

A recording made by "speak" is known by an id that nobody can guess; the latest ones are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from webui import messages
from webui.actions import history as action
from webui.actions import pronounce, reference
from webui.actions import speak as speak_action
from webui.api_files import encoded, sound_file
from webui.context import AppContext
from webui.jobs import Job

PROGRAMS = speak_action.Request.owner
"""Whose history holds what programs make."""


def waiting(context: AppContext) -> list[Callable[..., Any]]:
    """Endpoints that need the model."""
    return [*_listening(context), _again(context)]


def quick(context: AppContext) -> list[Callable[..., Any]]:
    """Endpoints that answer at once."""
    return [*_words(context), *_kept(context)]


def _listening(context: AppContext) -> list[Callable[..., Any]]:
    def judge_recording(recording: str, kind: str) -> dict[str, Any]:
        """Tell how well a recording can be cloned, and what to do about it.

        Args:
            recording: the file in base64.
            kind: wav, flac, mp3, ogg, opus, m4a or webm.

        Returns:
            level (good, fair or bad), advice (sentences).
        """
        with sound_file(context, recording, kind) as file:
            found = reference.judge_recording(context, str(file), "", Job())
        return {"level": found.level,
                "advice": [messages.without_folders(one) for one in found.advice]}

    def write_down(recording: str, kind: str) -> dict[str, Any]:
        """Tell what a recording says, where a recogniser is installed.

        Args:
            recording: the file in base64.
            kind: wav, flac, mp3, ogg, opus, m4a or webm.

        Returns:
            text.
        """
        with sound_file(context, recording, kind) as file:
            return {"text": reference.write_down(context, str(file), Job())}

    def read_settings(recording: str, kind: str) -> dict[str, Any]:
        """Read the settings of a recording that was made here, from its note.

        Args:
            recording: the file in base64.
            kind: wav, flac, mp3, ogg, opus, m4a or webm.

        Returns:
            settings, voice (its key; empty where it is not known).
        """
        with sound_file(context, recording, kind) as file:
            found = action.loaded_from_file(context, "", str(file))
        return {"settings": found.options, "voice": found.voice}

    return [judge_recording, write_down, read_settings]


def _words(context: AppContext) -> list[Callable[..., Any]]:
    def languages_of(text: str, language: str = "auto") -> list[dict[str, str]]:
        """Tell in which languages the parts of a text will be spoken.

        Args:
            text: what is to be said.
            language: auto, en, zh, ja, ko or yue.

        Returns:
            For each part: language, text.
        """
        found = speak_action.spans_of(context, text, language)
        return [{"language": spoken, "text": words} for spoken, words in found]

    def reading_of(word: str, language: str = "auto") -> dict[str, Any]:
        """Tell how a word is read.

        Args:
            word: a word, or a few characters.
            language: of the text.

        Returns:
            notation (arpabet, pinyin, kana, hangul or jyutping), sounds (empty where unknown).
        """
        found = pronounce.reading_of(context, word, language)
        return {"notation": found.notation, "sounds": found.sounds}

    def pronounce_as(word: str, sounds: str, language: str = "auto") -> dict[str, Any]:
        """Write a word with its pronunciation, to be put into a text in its place.

        Args:
            word: a word of the text.
            sounds: how it is read, in the notation that "reading_of" names.
            language: of the text.

        Returns:
            text.
        """
        return {"text": pronounce.marked(context, word, sounds, language)}

    return [languages_of, reading_of, pronounce_as]


def _again(context: AppContext) -> Callable[..., Any]:
    def speak_sentence_again(recording: str, sentence: int) -> dict[str, Any]:
        """Make another reading of one sentence of a recording; the first stays until one is kept.

        Args:
            recording: id, as given by "speak".
            sentence: its place, from 0.

        Returns:
            wav (the new reading in base64).
        """
        for _ in action.regenerate(context, PROGRAMS, recording, int(sentence), Job()):
            pass
        made = action.sentences(context, PROGRAMS, recording)[int(sentence)].candidate
        assert made is not None
        return {"wav": encoded(made)}

    return speak_sentence_again


def _kept(context: AppContext) -> list[Callable[..., Any]]:
    def keep_reading(recording: str, sentence: int, new: bool) -> dict[str, Any]:
        """Settle which of two readings of a sentence stays.

        Args:
            recording: id, as given by "speak".
            sentence: its place, from 0.
            new: whether the new one stays.

        Returns:
            sentences of the recording: text, seconds, passed.
        """
        action.keep_reading(context, PROGRAMS, recording, int(sentence), bool(new))
        return {"sentences": sentences_of(context, recording)}

    def download(recording: str, kind: str = "wav") -> dict[str, Any]:
        """Give out a recording as a file.

        Args:
            recording: id, as given by "speak".
            kind: wav, mp3, flac or srt (subtitles).

        Returns:
            file (in base64), file_name.
        """
        path = action.offer(context, PROGRAMS, recording, kind)
        return {"file": encoded(path), "file_name": path.name}

    return [keep_reading, download]


def sentences_of(context: AppContext, recording: str) -> list[dict[str, Any]]:
    """The sentences of a recording in plain data."""
    return [{"text": one.text, "seconds": round(one.seconds, 3), "passed": one.passed}
            for one in action.sentences(context, PROGRAMS, recording)]
