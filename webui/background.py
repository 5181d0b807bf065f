"""Work that goes on without a page: a thread for each piece, by name, which can be stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from webui.jobs import Job, JobCancelledError

STOP_SECONDS = 10.0


class Background:
    """The running pieces of work."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[str, tuple[Job, threading.Thread]] = {}
        self._begun: dict[str, tuple[float, int]] = {}
        self._ended: dict[str, Exception | None] = {}

    def start(self, name: str, work: Callable[[Job], None]) -> None:
        """Starts a piece of work, unless one of that name is at it."""
        with self._lock:
            if name in self._running:
                return
            job = Job()
            thread = threading.Thread(
                target=self._run, args=(name, job, work), name=f"work-{name}", daemon=True
            )
            self._running[name] = (job, thread)
            self._ended.pop(name, None)
            thread.start()

    def _run(self, name: str, job: Job, work: Callable[[Job], None]) -> None:
        problem: Exception | None = None
        try:
            work(job)
        except JobCancelledError:
            pass
        except Exception as error:  # noqa: BLE001 - it is kept for whoever looks
            problem = error
        with self._lock:
            self._running.pop(name, None)
            self._begun.pop(name, None)
            self._ended[name] = problem
            while len(self._ended) > 200:
                del self._ended[next(iter(self._ended))]

    def running(self, name: str) -> bool:
        """Whether a piece of work is going on."""
        with self._lock:
            return name in self._running

    def pace(self, name: str, made: int) -> float | None:
        """Seconds for each part made since this was first asked; None before there are two."""
        with self._lock:
            if name not in self._running:
                return None
            since, before = self._begun.setdefault(name, (time.monotonic(), made))
        if made - before < 2:
            return None
        return (time.monotonic() - since) / (made - before)

    def problem(self, name: str) -> Exception | None:
        """What ended a piece of work, if it was an error."""
        with self._lock:
            return self._ended.get(name)

    def stop(self, name: str, seconds: float = STOP_SECONDS) -> bool:
        """Asks a piece of work to stop and waits for it; False if it takes longer."""
        with self._lock:
            found = self._running.get(name)
        if found is None:
            return True
        job, thread = found
        job.cancel()
        thread.join(seconds)
        return not thread.is_alive()

    def stop_all(self) -> None:
        """At the end of the program."""
        with self._lock:
            running = list(self._running.values())
        for job, _ in running:
            job.cancel()
        for _, thread in running:
            thread.join(2.0)
