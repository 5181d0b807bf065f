"""``python -m voice COMMAND``: the only place of the library that reads the environment."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from voice.cli.app import Environment, run

TERMINATED = 143


def _terminate(number: int, frame: Any) -> None:
    """An end by SIGTERM that cleans up: half-written files go."""
    raise SystemExit(TERMINATED)


def main() -> int:
    """Runs the command line; returns the exit status."""
    home = os.environ.get("VOICE_HOME")
    allowed = os.environ.get("VOICE_ALLOW_NO_WATERMARK", "").lower() in ("1", "true", "yes")
    environment = Environment(home=Path(home) if home else None, allow_no_watermark=allowed)
    signal.signal(signal.SIGTERM, _terminate)
    return run(sys.argv[1:], environment)


if __name__ == "__main__":
    sys.exit(main())
