"""``python -m voice.evaluation ROWS.jsonl``: the judging process of ``voice evaluate``."""

from __future__ import annotations

import sys

from voice.evaluation.evaluate import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
