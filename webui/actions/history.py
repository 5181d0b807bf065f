"""What a visitor made: recordings with their settings, sentence by sentence, to hear and change."""

from __future__ import annotations

import datetime
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voice import Passage, Speech, SynthesisSettings, VoiceError, read_note, respeak
from webui.actions.voices import find_voice, safe_stem
from webui.context import AppContext
from webui.jobs import Job, logged
from webui.messages import PageError

KINDS = ("wav", "mp3", "flac", "srt")
MOST = 60
_ID = re.compile(r"^[0-9]{20}-[0-9a-f]{12}\Z")
_CANDIDATE = "candidate-{index}"


@dataclass(frozen=True)
class Entry:
    """A recording of the history.

    Attributes:
        id: its name.
        text: that was spoken.
        voice: its name; empty for one that is not kept.
        created: UTC time, ISO 8601.
        seconds: of the recording.
        sound: the WAV file.
    """

    id: str
    text: str
    voice: str
    created: str
    seconds: float
    sound: Path


@dataclass(frozen=True)
class Sentence:
    """A piece of a recording.

    Attributes:
        index: from 0.
        text: of the piece.
        seconds: with its pause.
        passed: whether the self-check was content.
        sound: WAV file of it.
        candidate: WAV file of another reading, if one was made.
    """

    index: int
    text: str
    seconds: float
    passed: bool
    sound: Path
    candidate: Path | None = None


@dataclass(frozen=True)
class Loaded:
    """Settings that a recording was made with.

    Attributes:
        options: fields of ``voice.SynthesisSettings``, the seed among them.
        text: that was spoken, where it is known.
        voice: key of a voice of the library, where it is known.
    """

    options: dict[str, Any]
    text: str = ""
    voice: str = ""


def folder_of(context: AppContext, owner: str) -> Path:
    """Where a visitor's recordings are."""
    return context.outputs / "history" / owner


def remember(
    context: AppContext, owner: str, passage: Passage
) -> tuple[str, Path]:
    """Keeps a recording; returns its name and a WAV file under a name for people."""
    now = datetime.datetime.now()  # to the microsecond: names sort by time
    name = f"{now:%Y%m%d%H%M%S%f}-{secrets.token_hex(6)}"
    folder = folder_of(context, owner) / name
    passage.save(folder)
    for old in sorted(folder_of(context, owner).iterdir(), reverse=True)[MOST:]:
        shutil.rmtree(old, ignore_errors=True)
    return name, _offered(context, owner, name, "wav")


def passage_of(context: AppContext, owner: str, name: str | None) -> tuple[Path, Passage]:
    """A recording of a visitor and its folder.

    Raises:
        PageError: there is none of that name.
    """
    if not name or not _ID.match(name):
        raise PageError("error_no_recording")
    folder = folder_of(context, owner) / name
    try:
        return folder, Passage.load(folder)
    except PageError:
        raise
    except VoiceError:
        raise PageError("error_no_recording") from None


def entries(context: AppContext, owner: str) -> list[Entry]:
    """A visitor's recordings, the newest first."""
    folder = folder_of(context, owner)
    names = sorted((one.name for one in folder.iterdir()), reverse=True) if folder.is_dir() else []
    found = []
    for name in names:
        try:
            where, passage = passage_of(context, owner, name)
        except VoiceError:
            continue
        origin = passage.speech.origin
        found.append(Entry(
            name, passage.text, origin.voice if origin else "", passage.created,
            passage.speech.seconds, where / "speech.wav"))
    return found


def sentences(context: AppContext, owner: str, name: str | None) -> list[Sentence]:
    """The pieces of a recording, each as a file of its own.

    Raises:
        PageError: there is no such recording.
    """
    folder, passage = passage_of(context, owner, name)
    rows = []
    for index, piece in enumerate(passage.speech.pieces):
        sound = folder / f"piece-{index}.wav"
        if not sound.exists():
            passage.piece(index).save(sound)
        other = folder / _CANDIDATE.format(index=index) / "speech.wav"
        rows.append(Sentence(index, piece.text, piece.seconds, piece.passed, sound,
                             other if other.exists() else None))
    return rows


def regenerate(
    context: AppContext, owner: str, name: str | None, index: int, job: Job
) -> Iterator[int]:
    """Makes another reading of one sentence, which waits beside the first.

    Yields:
        How many pieces of other work come first, while it waits.

    Raises:
        PageError: the recording or its voice is not there any more.
        VoiceError: it cannot be spoken.
    """
    with logged("regenerate"):
        folder, passage = passage_of(context, owner, name)
        if not 0 <= index < len(passage.speech.pieces):
            raise PageError("error_no_recording")
        voice = find_voice(context, str(passage.choices.get("voice", "")), job)
        model: Any = context.model.get(job)
        ticket = context.turns.ask(job.visitor)
        try:
            while not context.turns.wait(ticket):
                job.check()
                yield context.turns.ahead(ticket)
            seed = secrets.randbelow(2**31)
            made = respeak(model, passage, index, voice, seed, lambda: job.cancelled)
        finally:
            context.turns.leave(ticket)
        other = Passage(passage.speech.pieces[index].text, made, {"index": index})
        other.save(folder / _CANDIDATE.format(index=index))


def keep_reading(
    context: AppContext, owner: str, name: str | None, index: int, new: bool
) -> None:
    """Settles which of two readings of a sentence stays.

    Args:
        new: whether it is the second.

    Raises:
        PageError: there is no such recording, or no second reading.
    """
    with logged("keep_reading", new=new):
        folder, passage = passage_of(context, owner, name)
        place = folder / _CANDIDATE.format(index=int(index))
        try:
            other = Passage.load(place)
        except VoiceError:
            raise PageError("error_no_recording") from None
        if new:
            passage.with_piece(index, _one_piece(other.speech)).save(folder)
            for path in [folder / f"piece-{index}.wav", *folder.glob("offer-*")]:
                (shutil.rmtree if path.is_dir() else os.unlink)(path)
        shutil.rmtree(place)


def _one_piece(speech: Speech) -> Speech:
    return Speech(speech.samples, speech.sample_rate, speech.origin, speech.pieces[:1])


def offer(context: AppContext, owner: str, name: str | None, kind: str) -> Path:
    """A recording as a file to download: wav, mp3, flac or srt (subtitles).

    Raises:
        PageError: there is no such recording or kind.
        OutputError: it cannot be written.
    """
    with logged("download", kind=kind):
        return _offered(context, owner, name, kind)


def _offered(context: AppContext, owner: str, name: str | None, kind: str) -> Path:
    if kind not in KINDS:
        raise PageError("error_no_recording")
    folder, passage = passage_of(context, owner, name)
    origin = passage.speech.origin
    stem = safe_stem(origin.voice if origin else "")
    seed = origin.settings.get("seed") if origin else None
    target = folder / "offer-files" / f"{stem}-{folder.name[:14]}-{seed}.{kind}"
    target.parent.mkdir(exist_ok=True)
    if kind == "srt":
        target.write_text(passage.subtitles(), "utf-8")
    elif not target.exists():
        passage.speech.save(target)
    return target


def loaded(context: AppContext, owner: str, name: str | None) -> Loaded:
    """The settings, text and voice of a recording of the history.

    Raises:
        PageError: there is no such recording.
    """
    with logged("load_settings"):
        _, passage = passage_of(context, owner, name)
    return _loaded(passage)


def _loaded(passage: Passage) -> Loaded:
    origin = passage.speech.origin
    voice = str(passage.choices.get("voice", ""))
    known = voice if voice and not voice.startswith("recent:") else ""
    return Loaded(_usable(origin.settings if origin else {}), passage.text, known)


def loaded_from_file(context: AppContext, owner: str, path: str | None) -> Loaded:
    """The settings of a recording made here, from its note; its text, if the history has it.

    Raises:
        PageError: there is no file, or it was not made here.
    """
    with logged("load_settings"):
        if not path:
            raise PageError("error_need_recording")
        note = read_note(path)
        if note is None or not isinstance(note.get("settings"), dict):
            raise PageError("error_no_note")
        options = _usable(note["settings"])
        for entry in entries(context, owner):
            found = _loaded(passage_of(context, owner, entry.id)[1])
            if found.options == options and entry.voice == note.get("voice", ""):
                return found
        name = str(note.get("voice") or "")
        keys = [f"{kind}:{name}" for kind in ("kept", "example", "model")]
        for key in keys if name else ():
            try:
                find_known(context, key)
            except VoiceError:
                continue
            return Loaded(options, voice=key)
        return Loaded(options)


def find_known(context: AppContext, key: str) -> str:
    """The key, if a voice of the library or an example has it.

    Raises:
        PageError: there is none.
    """
    from webui.actions.voices import list_voices

    if key not in [card.key for card in list_voices(context)]:
        raise PageError("error_need_voice")
    return key


def _usable(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings of a note as far as this program still knows and allows them."""
    usable: dict[str, Any] = {}
    for name, value in settings.items():
        if name == "watermark":
            continue
        try:
            SynthesisSettings(**{name: value})
        except (TypeError, VoiceError):
            continue
        usable[name] = value
    return usable


def forget(context: AppContext, owner: str) -> None:
    """Deletes all recordings of a visitor."""
    with logged("clear_history"):
        shutil.rmtree(folder_of(context, owner), ignore_errors=True)
