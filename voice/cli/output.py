"""What commands print: results to stdout, progress and warnings to stderr."""

from __future__ import annotations

import contextlib
import json
import logging
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click


def emit(result: dict[str, Any], as_json: bool, lines: Iterable[str]) -> None:
    """Prints a result: exactly one JSON object, or lines for people."""
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False, allow_nan=False))
        return
    for line in lines:
        click.echo(line)


def warn(sentences: Iterable[str]) -> None:
    """Prints warnings to stderr, a line each."""
    for sentence in sentences:
        click.echo(f"warning: {sentence}", err=True)


class WarningLines(logging.Handler):
    """Shows the library's warnings on stderr, a line each."""

    def emit(self, record: logging.LogRecord) -> None:
        warn([" ".join(record.getMessage().split())])


@contextlib.contextmanager
def shown_warnings() -> Iterator[None]:
    """Shows warnings of the library while the block runs."""
    logger, handler = logging.getLogger("voice"), WarningLines(logging.WARNING)
    logger.addHandler(handler)
    before, logger.propagate = logger.propagate, False
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = before


class Progress:
    """A bar where stderr is a terminal, else a line now and then.

    Args:
        label: what is done.
        total: steps in all.
        quiet: print nothing.
    """

    def __init__(self, label: str, total: int, quiet: bool = False) -> None:
        self.label, self.total, self.done = label, total, 0
        self._quiet = quiet
        self._bar = None
        if not quiet and sys.stderr.isatty():
            from tqdm import tqdm

            self._bar = tqdm(total=total, desc=label, file=sys.stderr, leave=False)

    def step(self, note: str = "") -> None:
        """One more step is done."""
        self.done += 1
        if self._bar is not None:
            self._bar.update()
            if note:
                self._bar.set_postfix_str(note)
        elif not self._quiet:
            click.echo(f"{self.label}: {self.done}/{self.total} {note}".rstrip(), err=True)

    def close(self) -> None:
        """Removes the bar."""
        if self._bar is not None:
            self._bar.close()

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


json_option: Callable[[Any], Any] = click.option(
    "--json", "as_json", is_flag=True, help="Print the result as one JSON object."
)
