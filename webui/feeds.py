"""Work that a page follows: it goes on in a thread, and a page that was reloaded can follow again.

When nobody follows for a while, as after the browser tab was closed, the work is stopped.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

from webui.jobs import Job, JobCancelledError

PATIENCE_SECONDS = 20.0  # long enough for a reload on a busy machine
KEPT = 256


class Feed:
    """The steps of one piece of work, as they come.

    Attributes:
        visitor: whose browser.
        job: stops the work.
        about: plain data for a page that comes back to it.
    """

    def __init__(self, visitor: str, about: dict[str, Any]) -> None:
        self.visitor = visitor
        self.about = about
        self.job = Job(visitor)
        self.followers: set[str] = set()
        self._steps: list[Any] = []
        self._changed = threading.Condition()
        self._problem: BaseException | None = None
        self.done = False

    def pump(self, steps: Iterator[Any]) -> None:
        """Takes all steps; an error is kept for whoever follows."""
        try:
            for step in steps:
                with self._changed:
                    self._steps.append(step)
                    self._changed.notify_all()
        except BaseException as error:  # noqa: BLE001 - it is raised where it is followed
            self._problem = error
        with self._changed:
            self.done = True
            self._changed.notify_all()

    def follow(self, latest: bool = False) -> Iterator[Any]:
        """The steps from the first, or from the latest, until the work ends.

        Raises:
            JobCancelledError: the work was stopped.
            The error that ended the work.
        """
        place = max(0, len(self._steps) - 1) if latest else 0
        while True:
            with self._changed:
                while place >= len(self._steps) and not self.done:
                    if self.job.cancelled:  # it may still be at a step that cannot be cut short
                        raise JobCancelledError
                    self._changed.wait(0.2)
                steps, done = self._steps[place:], self.done
            yield from steps
            place += len(steps)
            if done and place >= len(self._steps):
                break
        if self._problem is not None:
            raise self._problem


class Feeds:
    """The work that goes on, by browser tab."""

    def __init__(self, patience: float = PATIENCE_SECONDS) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._feeds: dict[str, Feed] = {}

    def start(
        self, tab: str, visitor: str, work: Callable[[Job], Iterator[Any]], **about: Any
    ) -> Feed:
        """Starts work for a browser tab; what it did before is stopped."""
        self.cancel(tab)
        feed = Feed(visitor, about)
        feed.followers.add(tab)
        with self._lock:
            self._feeds[tab] = feed
            for key in [k for k, one in self._feeds.items() if one.done and k != tab][:-KEPT]:
                del self._feeds[key]
        threading.Thread(
            target=feed.pump, args=(work(feed.job),), name="speak", daemon=True
        ).start()
        return feed

    def of(self, tab: str) -> Feed | None:
        """The work of a browser tab."""
        with self._lock:
            return self._feeds.get(tab)

    def adopt(self, tab: str, visitor: str) -> Feed | None:
        """Work of this browser that goes on with nobody following; the tab follows it now."""
        with self._lock:
            for key, feed in list(self._feeds.items()):
                if feed.visitor == visitor and not feed.followers and not feed.done:
                    del self._feeds[key]
                    self._feeds[tab] = feed
                    feed.followers.add(tab)
                    return feed
        return None

    def cancel(self, tab: str) -> bool:
        """Stops the work of a tab; False if it has none."""
        feed = self.of(tab)
        if feed is None or feed.done:
            return False
        feed.job.cancel()
        return True

    def leave(self, tab: str) -> None:
        """A browser tab is gone; its work is stopped unless a page comes back to it soon."""
        with self._lock:
            feed = self._feeds.get(tab)
            if feed is None:
                return
            feed.followers.discard(tab)
            if feed.done:
                del self._feeds[tab]
                return

        def late() -> None:
            if not feed.followers:
                feed.job.cancel()

        timer = threading.Timer(self._patience, late)
        timer.daemon = True
        timer.start()

