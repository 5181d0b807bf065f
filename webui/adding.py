"""What is known of a model that is being added, for every page that looks."""

from __future__ import annotations

from dataclasses import dataclass, replace

from webui.jobs import Job


@dataclass(frozen=True)
class Adding:
    """What is being added, or was last.

    Attributes:
        running: whether it goes on.
        line: what is being done.
        done, total: bytes fetched, where any are.
        added: names of the models that came of it.
        missing: shared parts that they need and that are not here.
        problem: what ended it, if it was an error.
        ended: whether anything was added, or tried, since the program started.
    """

    running: bool = False
    line: str = ""
    done: int = 0
    total: int = 0
    added: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    problem: Exception | None = None
    ended: bool = False


class AddingNow:
    """The state of the work, changed by its thread and looked at by pages."""

    def __init__(self) -> None:
        self.latest = Adding()

    def say(self, job: Job, line: str) -> None:
        """The next step; ends the work where it was stopped."""
        job.check()
        self.latest = replace(self.latest, line=line, done=0, total=0)

    def count(self, job: Job, done: int, total: int) -> None:
        """Bytes fetched so far; ends the work where it was stopped."""
        job.check()
        self.latest = replace(self.latest, done=done, total=total)
