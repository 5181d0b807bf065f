"""A batch that lives in a folder: what to speak, how far it is, and its recordings.

``plan.json`` holds the lines and the choices they were started with, ``manifest.jsonl`` the rows
(see :mod:`voice.synth.batch`). A session can be stopped at any time, also by the end of the
program, and goes on where it was.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from voice.audio.atomic import atomic_file, output_error
from voice.errors import OptionError
from voice.synth.batch import (
    MANIFEST,
    BatchReport,
    BatchRun,
    Speak,
    kept_rows,
    run_batch,
    write_manifest,
)
from voice.synth.batch_input import BatchItem

PLAN = "plan.json"
FORMAT = 1
WAITING, DONE, FAILED = "waiting", "done", "failed"
_FIELDS = {f.name for f in fields(BatchItem)}


@dataclass(frozen=True)
class BatchRow:
    """A line and how it went.

    Attributes:
        item: the line.
        status: ``waiting``, ``done`` or ``failed``.
        seconds: of its recording.
        error: why it failed.
    """

    item: BatchItem
    status: str = WAITING
    seconds: float = 0.0
    error: str = ""


class BatchSession:
    """A batch in a folder; made by :meth:`create` or :meth:`open`.

    Attributes:
        folder: of plan, manifest and recordings.
        items: the lines.
        choices: plain data of the caller, kept with the plan.
    """

    def __init__(self, folder: Path, items: Sequence[BatchItem], choices: dict[str, Any]) -> None:
        self.folder = folder
        self.items = list(items)
        self.choices = choices

    @classmethod
    def create(
        cls, folder: Path, items: Sequence[BatchItem], choices: dict[str, Any]
    ) -> BatchSession:
        """Starts a session in a new folder; nothing is spoken yet.

        Args:
            folder: made here; must not hold a session.
            items: with unique file names, as ``read_items`` gives them.
            choices: JSON data.

        Raises:
            OptionError: there are no lines, or two of the same file.
            OutputError: the folder cannot be written to.
        """
        files = [item.file for item in items]
        unsafe = [f for f in files if not f or Path(f).name != f or f.startswith(".")]
        if not files or unsafe or len({f.casefold() for f in files}) < len(files):
            raise OptionError("the lines of a batch have no file names of their own",
                              "Read them with read_items.")
        session = cls(folder, items, choices)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(folder, error) from error
        plan = {"format": FORMAT, "choices": choices, "items": [asdict(item) for item in items]}
        with atomic_file(folder / PLAN, overwrite=False) as file:
            file.write(json.dumps(plan, ensure_ascii=False).encode("utf8"))
        return session

    @classmethod
    def open(cls, folder: Path) -> BatchSession:
        """The session of a folder.

        Raises:
            OptionError: the folder holds none, or a damaged one.
        """
        try:
            plan = json.loads((folder / PLAN).read_text("utf8"))
            if plan["format"] != FORMAT:
                raise OptionError(f"{folder.name}: a batch of another version ({plan['format']})")
            items = [BatchItem(**{k: v for k, v in row.items() if k in _FIELDS})
                     for row in plan["items"]]
            return cls(folder, items, dict(plan["choices"]))
        except (OSError, ValueError, TypeError, KeyError, RecursionError) as error:
            raise OptionError(f"{folder.name}: not a batch, or damaged ({error})") from error

    def rows(self) -> list[BatchRow]:
        """Every line in order, and how it went so far."""
        done: dict[str, dict[str, Any]] = {}
        failed: dict[tuple[str, str], dict[str, Any]] = {}
        for row in self._manifest():
            if row.get("status") == DONE:
                done[str(row.get("wav"))] = row
            elif row.get("status") == FAILED:
                failed[str(row.get("id")), str(row.get("text"))] = row
        found = []
        for item in self.items:
            if row := done.get(item.file):
                found.append(BatchRow(item, DONE, float(row.get("seconds") or 0.0)))
            elif row := failed.get((item.id, item.text)):
                found.append(BatchRow(item, FAILED, error=str(row.get("error") or "")))
            else:
                found.append(BatchRow(item))
        return found

    def _manifest(self) -> list[dict[str, Any]]:
        try:
            lines = (self.folder / MANIFEST).read_text("utf8").splitlines()
        except (OSError, UnicodeDecodeError):
            return []
        rows = []
        for line in lines:
            with suppress(ValueError, RecursionError):
                row = json.loads(line)
                if isinstance(row, dict):
                    rows.append(row)
        return rows

    def run(
        self, speak: Speak, stopped: Callable[[], bool],
        progress: Callable[[dict[str, Any]], None] = lambda row: None,
    ) -> BatchReport:
        """Speaks what is not done yet, failed lines too, until all is done or it is stopped.

        Args:
            speak: a line to a file; gives what to add to its row, at least ``seconds``.
            stopped: asked before each line; ``speak`` itself may ask it and raise ``Stopped``.
            progress: called with each finished row.

        Raises:
            OutputError: the folder cannot be written to.
        """
        run = BatchRun(lambda _: speak, self.folder, resume=True, stopped=stopped)
        return run_batch(self.items, run, progress)

    def again(self, file: str) -> None:
        """Forgets how a line went and its recording, so that the next run speaks it again.

        Raises:
            OptionError: no line has this file.
        """
        if file not in {item.file for item in self.items}:
            raise OptionError(f"the batch has no line {file[:80]!r}")
        with suppress(FileNotFoundError):
            (self.folder / file).unlink()
        write_manifest(self.folder, self.items, kept_rows(self.items, self.folder))

    def pack(self, path: Path) -> int:
        """Writes a ZIP of all finished recordings and the manifest; returns how many there are.

        Raises:
            OptionError: nothing is finished yet.
            OutputError: the file cannot be written.
        """
        done = [row.item.file for row in self.rows() if row.status == DONE]
        if not done:
            raise OptionError("no line of the batch is finished yet")
        with atomic_file(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as pack:
            for name in done:
                pack.write(self.folder / name, name)
            pack.write(self.folder / MANIFEST, MANIFEST)
        return len(done)
