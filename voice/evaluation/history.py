"""A line a run, so that figures of different days and models can be compared."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any


def append(path: Path, record: dict[str, Any]) -> None:
    """Adds a dated record to a file of JSON lines; makes the file where there is none."""
    dated = {"at": datetime.now(timezone.utc).isoformat(timespec="seconds"), **record}
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf8") as history:
        history.write(json.dumps(dated, ensure_ascii=False) + "\n")
