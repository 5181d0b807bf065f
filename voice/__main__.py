"""``python -m voice COMMAND``: the only place of the library that reads the environment."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from voice.cli.app import Environment, run


def main() -> int:
    """Runs the command line; returns the exit status."""
    home = os.environ.get("VOICE_HOME")
    allowed = os.environ.get("VOICE_ALLOW_NO_WATERMARK", "").lower() in ("1", "true", "yes")
    environment = Environment(home=Path(home) if home else None, allow_no_watermark=allowed)
    return run(sys.argv[1:], environment)


if __name__ == "__main__":
    sys.exit(main())
