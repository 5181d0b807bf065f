"""Speaking many lines: reading and checking them, starting, stopping, going on, packing.

A batch belongs to the browser that started it; it goes on when the page is closed, and can be
taken up again after a restart of the program.
"""

from __future__ import annotations

import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voice import (
    BatchItem,
    BatchSession,
    SynthesisSettings,
    Voice,
    VoiceError,
    column_names,
    looks_like_dialogue,
    read_items,
    speak_item,
)
from webui.actions.voices import EXAMPLE, KEPT, MODEL, find_voice, list_voices
from webui.context import AppContext
from webui.jobs import Job, logged
from webui.messages import PageError

KINDS = (".txt", ".csv", ".jsonl", ".list", ".srt")
COLUMNS = ("text", "id", "voice", "language", "speed", "seed")
MOST_LINES = 5000
MOST_ROLES = 8
MOST_BYTES = 8 << 20
MOST_RUNS = 30
_NAME = re.compile(r"^[0-9a-f]{20}\Z")
_OWNER = re.compile(r"^[0-9a-f]{24}\Z")


@dataclass(frozen=True)
class Lines:
    """What was read of a file.

    Attributes:
        items: the lines.
        columns: the file's own names of its columns.
        dialogue: whether it looks like a script with speakers.
        roles: speakers or voices named in the lines, by first appearance.
    """

    items: list[BatchItem]
    columns: list[str]
    dialogue: bool
    roles: list[str]


@dataclass(frozen=True)
class Choices:
    """How a batch is spoken.

    Attributes:
        voice: key of the voice of lines that name none.
        roles: key of a voice by the name that lines use.
        options: fields of ``voice.SynthesisSettings``.
    """

    voice: str = ""
    roles: dict[str, str] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Checked:
    """A line before it is spoken; ``problem`` is None where nothing is wrong with it."""

    item: BatchItem
    problem: Exception | None = None


def read_lines(
    path: str | None, columns: Mapping[str, str] | None = None, dialogue: bool | None = None
) -> Lines:
    """Reads an uploaded list of lines.

    Args:
        path: of the upload.
        columns: the file's names of our columns, where they differ.
        dialogue: whether lines start with a speaker; None finds out.

    Raises:
        PageError: there is no file, it is too large or of too many lines.
        VoiceError: it cannot be read as what its ending says.
    """
    if not path:
        raise PageError("error_need_list", kinds=", ".join(KINDS))
    file = Path(path)
    if file.suffix.lower() not in KINDS:
        raise PageError("error_need_list", kinds=", ".join(KINDS))
    if file.stat().st_size > MOST_BYTES:
        raise PageError("error_list_large", limit=MOST_BYTES >> 20)
    named = column_names(file)
    if named and not (columns or {}).get("text") and "text" not in [n.lower() for n in named]:
        return Lines([], named, False, [])
    plain = read_items(file, columns)
    if len(plain) > MOST_LINES:
        raise PageError("error_list_long", count=len(plain), limit=MOST_LINES)
    script = file.suffix.lower() in (".txt", ".srt")
    spoken = looks_like_dialogue(plain) if dialogue is None and script else bool(dialogue)
    items = read_items(file, columns, dialogue=spoken) if spoken and script else plain
    roles = list(dict.fromkeys(item.voice for item in items if item.voice))
    return Lines(items, named, spoken and script, roles)


def check_lines(
    context: AppContext, lines: Lines, choices: Choices, job: Job
) -> Iterator[Checked]:
    """Every line as it would be spoken, and what is wrong with it.

    Raises:
        JobCancelledError: the visitor no longer waits.
    """
    with logged("check_batch", lines=len(lines.items)) as line:
        bad = 0
        voices = _Voices(context, choices)
        for item in lines.items:
            job.check()
            problem = _problem(context, item, choices, voices, job)
            bad += problem is not None
            yield Checked(item, problem)
        line["bad"] = bad


def _problem(
    context: AppContext, item: BatchItem, choices: Choices, voices: _Voices, job: Job
) -> Exception | None:
    try:
        if item.error:
            raise VoiceError(item.error)
        voices.key(item)
        context.model.get(job).plan(item.text, settings_of(item, choices))
    except VoiceError as error:
        return error
    return None


def settings_of(item: BatchItem, choices: Choices) -> SynthesisSettings:
    """The settings of a line: its own over the batch's.

    Raises:
        VoiceError: one is out of its range.
    """
    own = {name: getattr(item, name) for name in ("language", "speed", "seed")}
    return SynthesisSettings(**(choices.options | {k: v for k, v in own.items() if v is not None}))


class _Voices:
    """The voices of a batch by what its lines call them."""

    def __init__(self, context: AppContext, choices: Choices) -> None:
        self.context = context
        self.choices = choices
        self.names = {card.name: card.key for card in list_voices(context)}
        self.made: dict[str, Voice] = {}

    def key(self, item: BatchItem) -> str:
        """The key of the voice of a line.

        Raises:
            PageError: it names none that is there, and there is no default.
        """
        key = self.choices.roles.get(item.voice) or self.names.get(item.voice, "")
        if not key and (not item.voice or item.optional_voice):
            key = self.choices.voice
        if not key:
            wanted = item.voice[:80]
            raise PageError("error_row_voice", name=wanted) if wanted else PageError(
                "error_need_voice")
        return key

    def voice(self, item: BatchItem, job: Job) -> Voice:
        """The voice of a line."""
        key = self.key(item)
        if key not in self.made:
            self.made[key] = find_voice(self.context, key, job)
        return self.made[key]


def start_batch(
    context: AppContext, owner: str, title: str, lines: Lines, choices: Choices
) -> str:
    """Starts a batch; returns its name.

    Raises:
        PageError: there is nothing to speak, or too many batches are kept.
    """
    with logged("start_batch", lines=len(lines.items)):
        if not lines.items:
            raise PageError("error_need_list", kinds=", ".join(KINDS))
        if any(key.split(":")[0] not in (KEPT, EXAMPLE, MODEL)
               for key in [choices.voice, *choices.roles.values()] if key):
            raise PageError("error_need_voice")
        if len(my_batches(context, owner)) >= MOST_RUNS:
            raise PageError("error_many_batches", limit=MOST_RUNS)
        name = secrets.token_hex(10)
        shown = {"title": title[:80], "started": time.strftime("%Y-%m-%d %H:%M")}
        kept = {"voice": choices.voice, "roles": choices.roles, "options": choices.options} | shown
        BatchSession.create(folder_of(context, owner) / name, lines.items, kept)
        go_on(context, owner, name)
        return name


def folder_of(context: AppContext, owner: str) -> Path:
    """Where a visitor's batches are."""
    return context.outputs / "batches" / owner


def is_owner(owner: str) -> bool:
    """Whether something is the name of a visitor or a program, and no path."""
    return bool(_OWNER.match(owner))


def session_named(context: AppContext, owner: str, name: str | None) -> BatchSession:
    """A batch of a visitor.

    Raises:
        PageError: there is none of that name.
    """
    if not name or not _NAME.match(name):
        raise PageError("error_no_batch")
    try:
        return BatchSession.open(folder_of(context, owner) / name)
    except PageError:
        raise
    except VoiceError:
        raise PageError("error_no_batch") from None


def my_batches(context: AppContext, owner: str) -> list[tuple[str, str]]:
    """(title, name) of a visitor's batches, the newest first."""
    folder = folder_of(context, owner)
    found = []
    for one in folder.iterdir() if folder.is_dir() else ():
        try:
            choices = session_named(context, owner, one.name).choices
        except VoiceError:
            continue
        started = str(choices.get("started", ""))
        found.append((f"{started} · {choices.get('title', '')}", one.name, one.stat().st_mtime_ns))
    return [(title, name) for title, name, _ in sorted(found, key=lambda row: -row[2])]


def go_on(context: AppContext, owner: str, name: str | None, retry: str = "") -> None:
    """Starts or takes up a batch in the background; failed lines are tried again.

    Args:
        retry: file of a line that is spoken again even if it is done.

    Raises:
        PageError: there is no such batch.
        OptionError: it has no such line.
    """
    session = session_named(context, owner, name)
    if retry:
        context.background.stop(session.folder.name)
        session.again(retry)
    context.background.start(
        session.folder.name, lambda job: run_session(context, session, owner, job)
    )


def run_session(context: AppContext, session: BatchSession, owner: str, job: Job) -> None:
    """Speaks what a batch has left, one line after the other."""
    with logged("batch", lines=len(session.items)) as line:
        kept = session.choices
        choices = Choices(kept.get("voice", ""), kept.get("roles", {}), kept.get("options", {}))
        voices = _Voices(context, choices)
        streamed = _in_turn(context, f"batch:{owner}", job)

        def speak(item: BatchItem, out: Path) -> dict[str, Any]:
            voice = voices.voice(item, job)
            settings = settings_of(item, choices).replace(
                watermark=context.settings.watermark).seeded()
            return speak_item(streamed, item.text, voice, settings, out, lambda: job.cancelled)

        report = session.run(speak, lambda: job.cancelled)
        line.update(done=report.done, failed=report.failed, kept=report.kept)
        if report.interrupted:
            line["status"] = "cancelled"


def _in_turn(context: AppContext, visitor: str, job: Job) -> Callable[..., Iterator[Any]]:
    """``stream`` of the model, each chunk in its turn."""

    def stream(*args: Any, **options: Any) -> Iterator[Any]:
        chunks = context.model.get(job).stream(*args, **options)
        while True:
            with context.turns.turn(visitor, job):
                chunk = next(chunks, None)
            if chunk is None:
                return
            yield chunk

    return stream


def pause(context: AppContext, owner: str, name: str | None) -> None:
    """Stops a batch within a second; what is done stays.

    Raises:
        PageError: there is no such batch.
    """
    with logged("pause_batch"):
        session = session_named(context, owner, name)
        context.background.stop(session.folder.name)


def delete_batch(context: AppContext, owner: str, name: str | None) -> None:
    """Stops a batch and deletes its recordings.

    Raises:
        PageError: there is no such batch.
    """
    with logged("delete_batch"):
        session = session_named(context, owner, name)
        context.background.stop(session.folder.name)
        shutil.rmtree(session.folder, ignore_errors=True)


def pack_batch(context: AppContext, owner: str, name: str | None) -> Path:
    """A ZIP of the finished recordings.

    Raises:
        PageError: there is no such batch.
        OptionError: nothing is finished.
    """
    with logged("pack_batch") as line:
        session = session_named(context, owner, name)
        path = session.folder / "recordings.zip"
        line["files"] = session.pack(path)
        return path

