"""What the page remembers for everybody: model, device, threads, watermark. One small JSON file."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from voice import PRECISIONS, OptionError

FILE = "settings.json"
MOST_THREADS = 64


@dataclass(frozen=True)
class StudioSettings:
    """Choices of the Settings tab.

    Attributes:
        model: name of the model that speaks.
        device: ``auto``, ``cpu`` or ``cuda[:N]``.
        precision: of the language model.
        threads: of the processor; 0 leaves it to the program.
        watermark: whether recordings get the inaudible mark.
    """

    model: str = "mini"
    device: str = "auto"
    precision: str = "auto"
    threads: int = 0
    watermark: bool = True

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise OptionError(f"precision is {str(self.precision)[:40]!r}",
                              f"It must be one of {', '.join(PRECISIONS)}.")
        if not 0 <= self.threads <= MOST_THREADS:
            raise OptionError(f"threads is {self.threads}",
                              f"It must be a whole number from 0 to {MOST_THREADS}.")

    def changed(self, **values: Any) -> StudioSettings:
        """A copy with some values changed."""
        return replace(self, **values)


def read_settings(folder: Path, start: StudioSettings) -> StudioSettings:
    """The settings of a folder; where they are missing or damaged, the given ones."""
    try:
        data = json.loads((folder / FILE).read_text("utf-8"))
        known = {one.name: type(getattr(start, one.name)) for one in fields(start)}
        values = {k: v for k, v in data.items() if k in known and type(v) is known[k]}
        return start.changed(**values)
    except (OSError, ValueError, AttributeError, OptionError):
        return start


def write_settings(folder: Path, settings: StudioSettings) -> None:
    """Keeps the settings; a file appears whole or not at all.

    Raises:
        OSError: the folder cannot be written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    beside = folder / f".{FILE}.part"
    beside.write_text(json.dumps(asdict(settings), indent=1), "utf-8")
    os.replace(beside, folder / FILE)
