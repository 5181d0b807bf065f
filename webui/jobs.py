"""Running jobs: one at a time a visitor, each can be cancelled, each leaves one structured line."""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from voice import VoiceError

logger = logging.getLogger("webui")
MOST_WAITING = 8


class JobCancelledError(Exception):
    """The visitor asked to stop; carries no message."""


@dataclass(eq=False)
class Job:
    """One piece of work a visitor waits for.

    Attributes:
        visitor: who; turns at the model go round by this.
        started: by the monotonic clock.
        replaced: whether a later job of the visitor took its place; nobody looks at it any more.
    """

    visitor: str = field(default_factory=lambda: secrets.token_hex(8))
    started: float = field(default_factory=time.monotonic)
    replaced: bool = False
    _stop: threading.Event = field(default_factory=threading.Event)

    @property
    def cancelled(self) -> bool:
        """Whether the visitor asked to stop."""
        return self._stop.is_set()

    def cancel(self) -> None:
        """Asks the work to stop at its next step."""
        self._stop.set()

    def check(self) -> None:
        """Raises:
        JobCancelledError: the visitor asked to stop.
        """
        if self.cancelled:
            raise JobCancelledError

    def wait(self, ready: threading.Event, seconds: float = 0.2) -> bool:
        """Waits a little for an event; True once it is set."""
        self.check()
        return ready.wait(seconds)


class Jobs:
    """The jobs of every visitor: those that wait for the model, and the one that has it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[Job]] = {}
        self._running: dict[str, Job] = {}

    def open(self, visitor: str) -> Job:
        """A job that can be cancelled before its turn comes; :meth:`run` takes the oldest."""
        job = Job(visitor)
        with self._lock:
            self._waiting.setdefault(visitor, deque(maxlen=MOST_WAITING)).append(job)
        return job

    @contextmanager
    def run(self, visitor: str, alone: bool = False) -> Iterator[Job]:
        """Keeps a job cancellable by its visitor while the block runs.

        Args:
            visitor: whose job.
            alone: whether it takes the place of what the visitor asked for before.
        """
        with self._lock:
            if alone:
                for before in self._of(visitor):
                    before.replaced = True
                    before.cancel()
                self._waiting.pop(visitor, None)
            waiting = self._waiting.get(visitor)
            job = waiting.popleft() if waiting else Job(visitor)
            if not waiting:
                self._waiting.pop(visitor, None)
            self._running[visitor] = job
        try:
            yield job
        finally:
            with self._lock:
                if self._running.get(visitor) is job:
                    del self._running[visitor]

    def cancel(self, visitor: str) -> bool:
        """Asks all jobs of a visitor to stop; False where none has the model."""
        with self._lock:
            for job in self._of(visitor):
                job.cancel()
            return visitor in self._running

    def _of(self, visitor: str) -> list[Job]:
        """All jobs of a visitor."""
        running = self._running.get(visitor)
        return [*self._waiting.get(visitor, ()), *filter(None, [running])]


class _Collector(logging.Handler):
    """Keeps the warnings of one thread."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.thread = threading.get_ident()
        self.sentences: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self.thread:
            self.sentences.append(record.getMessage())


@contextmanager
def collected_warnings(name: str = "voice") -> Iterator[list[str]]:
    """What the library warns of in this thread while the block runs.

    ``Synthesizer.enroll`` returns a voice alone and logs what it thinks of the recordings.
    """
    collector = _Collector()
    source = logging.getLogger(name)
    source.addHandler(collector)
    try:
        yield collector.sentences
    finally:
        source.removeHandler(collector)


@contextmanager
def logged(action: str, **fields: Any) -> Iterator[dict[str, Any]]:
    """Writes one JSON line about an action when the block ends, however it ends.

    The block may add fields. Neither texts nor recordings nor names are logged, only sizes.
    """
    line: dict[str, Any] = {"action": action, **fields}
    started = time.monotonic()
    level = logging.INFO
    try:
        yield line
        line.setdefault("status", "done")
    except (JobCancelledError, GeneratorExit):
        line["status"] = "cancelled"
        raise
    except VoiceError as error:
        line.update(status="refused", error=error.code)
        raise
    except Exception as error:
        line.update(status="failed", error=type(error).__name__)
        level = logging.ERROR
        logger.exception("action %s failed", action)
        raise
    finally:
        line["elapsed_s"] = round(time.monotonic() - started, 3)
        logger.log(level, "%s", json.dumps(line, ensure_ascii=False))
