"""Whose turn it is at the model: one at a time, piece by piece, each visitor in rotation.

A long text does not keep others waiting: after each of its pieces, whoever was served longest ago
comes next.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from webui.jobs import Job

POLL_SECONDS = 0.1


@dataclass(eq=False)
class Ticket:
    """A place in the queue."""

    visitor: str
    number: int


class Turns:
    """The queue of all work that needs the model."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[Ticket] = []
        self._served: dict[str, int] = {}
        self._count = 0
        self._holder: Ticket | None = None

    def ask(self, visitor: str) -> Ticket:
        """A place at the end of the queue; give it up with :meth:`leave`."""
        with self._changed:
            self._count += 1
            ticket = Ticket(visitor, self._count)
            self._waiting.append(ticket)
            return ticket

    def _order(self) -> list[Ticket]:
        """Who comes when: those served longest ago first, then by arrival."""
        return sorted(self._waiting, key=lambda t: (self._served.get(t.visitor, 0), t.number))

    def busy(self) -> bool:
        """Whether somebody has the model."""
        with self._changed:
            return self._holder is not None

    def wanted(self) -> bool:
        """Whether somebody has the model or waits for it."""
        with self._changed:
            return self._holder is not None or bool(self._waiting)

    def ahead(self, ticket: Ticket) -> int:
        """How many pieces of work come before this one; 0 means it is next or at work."""
        with self._changed:
            if ticket is self._holder or ticket not in self._waiting:
                return 0
            return self._order().index(ticket) + (self._holder is not None)

    def wait(self, ticket: Ticket, seconds: float = POLL_SECONDS) -> bool:
        """Waits a little; True once it is this ticket's turn, until :meth:`leave`."""
        with self._changed:
            if self._holder is ticket or self._take(ticket):
                return True
            self._changed.wait(seconds)
            return self._take(ticket)

    def _take(self, ticket: Ticket) -> bool:
        if self._holder is not None or ticket not in self._waiting:
            return False
        if self._order()[0] is not ticket:
            return False
        self._waiting.remove(ticket)
        self._holder = ticket
        return True

    def leave(self, ticket: Ticket) -> None:
        """Ends a turn, or gives up a place."""
        with self._changed:
            if self._holder is ticket:
                self._holder = None
                self._count += 1
                self._served[ticket.visitor] = self._count
                while len(self._served) > 1000:  # the oldest are as good as new
                    del self._served[min(self._served, key=self._served.__getitem__)]
            elif ticket in self._waiting:
                self._waiting.remove(ticket)
            self._changed.notify_all()

    @contextmanager
    def turn(self, visitor: str, job: Job) -> Iterator[None]:
        """Waits for a turn and holds it while the block runs.

        Raises:
            JobCancelledError: the visitor no longer waits.
        """
        ticket = self.ask(visitor)
        try:
            while not self.wait(ticket):
                job.check()
            job.check()
            yield
        finally:
            self.leave(ticket)
