"""Speaks many lines: a worker process per job, a manifest that is valid at every moment, resume.

``DIR/manifest.jsonl`` gets a row when a line is done or has failed; when the run ends, however it
ends, it is written anew in the order of the input.
"""

from __future__ import annotations

import contextlib
import json
import multiprocessing
import os
import signal
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from voice.audio.atomic import atomic_file, output_error
from voice.errors import VoiceError
from voice.synth.batch_input import BatchItem

MANIFEST = "manifest.jsonl"
Progress = Callable[[dict[str, Any]], None]
Speak = Callable[[BatchItem, Path], dict[str, Any]]
_state: dict[str, Any] = {}


@dataclass(frozen=True)
class BatchRun:
    """What a run needs.

    Attributes:
        make: called once in each process; gives the function that speaks an item to a file and
            returns what to add to its row (``seconds`` at least). Must be picklable.
        out: folder of recordings and manifest.
        jobs: worker processes; 1 works in this process.
        resume: keep lines that are done.
        stopped: asked before each line when ``jobs`` is 1; True ends the run, as does a line that
            raises :class:`Stopped`.
    """

    make: Callable[[Callable[[], bool]], Speak]
    out: Path
    jobs: int = 1
    resume: bool = False
    stopped: Callable[[], bool] = lambda: False


@dataclass
class BatchReport:
    """How a run went.

    Attributes:
        rows: of the manifest, in the order of the input.
        total, done, failed, kept: counts; ``kept`` were done before.
        interrupted: stopped before the end.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    total: int = 0
    done: int = 0
    failed: int = 0
    kept: int = 0
    interrupted: bool = False


class Stopped(Exception):
    """The run was interrupted while this line was being spoken."""


def run_batch(items: list[BatchItem], run: BatchRun, progress: Progress) -> BatchReport:
    """Speaks all items.

    Args:
        items: with unique file names.
        run: how.
        progress: called in this process with each finished row.

    Returns:
        The report; with ``interrupted`` set where Ctrl-C or ``stopped`` ended the run.

    Raises:
        OutputError: the folder cannot be written to.
    """
    try:
        run.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise output_error(run.out, error) from error
    rows = kept_rows(items, run.out) if run.resume else {}
    report = BatchReport(total=len(items), kept=len(rows))
    write_manifest(run.out, items, rows)
    waiting = [item for item in items if item.file not in rows]
    manifest = run.out / MANIFEST
    try:
        with (
            open(manifest, "a", encoding="utf8") as file,
            contextlib.closing(_rows(waiting, run)) as finished,
        ):
            for row in finished:
                rows[row["file"]] = row
                file.write(_line(row))
                file.flush()
                report.done += row["status"] == "done"
                report.failed += row["status"] == "failed"
                progress(row)
    except (KeyboardInterrupt, Stopped):
        report.interrupted = True
    except OSError as error:
        raise output_error(manifest, error) from error
    write_manifest(run.out, items, rows)
    report.rows = [rows[item.file] for item in items if item.file in rows]
    return report


def _line(row: dict[str, Any]) -> str:
    return json.dumps({k: v for k, v in row.items() if k != "file"}, ensure_ascii=False) + "\n"


def write_manifest(out: Path, items: list[BatchItem], rows: dict[str, dict[str, Any]]) -> None:
    """Writes the manifest of the rows there are, in the order of the items."""
    text = "".join(_line(rows[item.file]) for item in items if item.file in rows)
    with atomic_file(out / MANIFEST) as file:
        file.write(text.encode("utf8"))


def kept_rows(items: list[BatchItem], out: Path) -> dict[str, dict[str, Any]]:
    """Rows of an earlier run that need not be made again: same line, recording there and whole."""
    try:
        lines = (out / MANIFEST).read_text("utf8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    earlier = {}
    for line in lines:
        with contextlib.suppress(ValueError, RecursionError, TypeError, AttributeError):
            row = json.loads(line)
            earlier[row.get("wav")] = row
    kept = {}
    for item in items:
        row = earlier.get(item.file)
        if (
            row
            and row.get("status") == "done"
            and _same(item, row)
            and _whole(out / item.file, row)
        ):
            kept[item.file] = row | {"file": item.file}
    return kept


def _same(item: BatchItem, row: dict[str, Any]) -> bool:
    asked = {"id": item.id, "text": item.text, "asked": asked_of(item)}
    return not item.error and all(row.get(k) == v for k, v in asked.items())


def asked_of(item: BatchItem) -> dict[str, Any]:
    """The options a line itself asked for, as kept in its row."""
    asked = {name: getattr(item, name) for name in ("voice", "language", "speed", "seed")}
    return {k: v for k, v in asked.items() if v not in (None, "")}


def _whole(path: Path, row: dict[str, Any]) -> bool:
    import soundfile

    try:
        found = soundfile.info(str(path))
    except (RuntimeError, OSError):
        return False
    seconds = row.get("seconds")
    return isinstance(seconds, int | float) and abs(found.duration - seconds) < 0.01  # noqa: PLR2004


def _speak_row(speak: Speak, item: BatchItem, out: Path) -> dict[str, Any]:
    """The manifest's row of an item, spoken or failed."""
    row: dict[str, Any] = {
        "id": item.id,
        "text": item.text,
        "wav": None,
        "seconds": None,
        "status": "failed",
        "error": None,
        "asked": asked_of(item),
        "file": item.file,
    }
    try:
        if item.error:
            raise VoiceError(item.error)
        row |= speak(item, out / item.file)
        row |= {"wav": item.file, "status": "done"}
    except VoiceError as error:
        row["error"] = str(error)
    except (Stopped, KeyboardInterrupt):
        raise
    except Exception as error:  # noqa: BLE001 - one line must not end the others
        row["error"] = f"{type(error).__name__}: {error}"
    return row


def _rows(items: list[BatchItem], run: BatchRun) -> Generator[dict[str, Any], None, None]:
    if not items:
        return
    if run.jobs <= 1:
        speak = run.make(run.stopped)
        for item in items:
            if run.stopped():
                raise Stopped
            yield _speak_row(speak, item, run.out)
        return
    yield from _parallel(items, run)


def _parallel(items: list[BatchItem], run: BatchRun) -> Iterator[dict[str, Any]]:
    """Rows as worker processes finish them; when closed early, workers stop at their next piece."""
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    jobs = min(run.jobs, len(items))
    pool = ProcessPoolExecutor(jobs, context, _start_worker, (run.make, stop, jobs))
    queue = iter(items)
    running: dict[Future[dict[str, Any]], BatchItem] = {}
    try:
        for item in queue:
            running[pool.submit(_work, item, run.out)] = item
            if len(running) >= 2 * jobs:
                break
        while running:
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                del running[future]
                if (item := next(queue, None)) is not None:
                    running[pool.submit(_work, item, run.out)] = item
                yield future.result()
    finally:
        stop.set()
        pool.shutdown(wait=True, cancel_futures=True)


def _start_worker(make: Callable[[Callable[[], bool]], Speak], stop: Event, jobs: int) -> None:
    """Runs once in each worker: the parent alone hears Ctrl-C; processors are shared out."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import torch

    torch.set_num_threads(max(1, (os.cpu_count() or 1) // jobs))
    _state["stop"] = stop
    _state["make"] = make


def _work(item: BatchItem, out: Path) -> dict[str, Any]:
    if _state["stop"].is_set():
        raise Stopped
    if "speak" not in _state:
        _state["speak"] = _state["make"](_state["stop"].is_set)
    return _speak_row(_state["speak"], item, out)
