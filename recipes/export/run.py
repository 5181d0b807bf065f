"""Measures bundles: equal to the model, fast enough, and what smaller numbers cost.

See README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from recipes.export import loss, speed
from voice.errors import VoiceError
from voice.evaluation.history import append
from voice.export.judged import write_judged
from voice.export.manifest import precision_of, read_manifest
from voice.export.run import BundleSynthesizer

HERE = Path(__file__).parent
DOCS = HERE.parents[1] / "docs"


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--history", type=Path, default=HERE / "history.jsonl")
    commands = parser.add_subparsers(dest="command", required=True)
    held = commands.add_parser("voices", help="held-out voices for `loss` and `app`, as files")
    held.add_argument("--data", type=Path, required=True, help="holds corpus/ and speech/")
    held.add_argument("--model", default="mini")
    held.add_argument("--out", type=Path, required=True)
    held.add_argument("--rows", type=int, default=60)
    parity = commands.add_parser("parity", help="an fp32 bundle against its PyTorch model")
    parity.add_argument("bundle", type=Path)
    parity.add_argument("--model", type=Path, default=HERE.parents[1] / "pretrained" / "mini")
    parity.add_argument("--rows", type=int, default=100)
    parity.add_argument("--skip", type=int, default=0, help="sentences to leave out first")
    fast = commands.add_parser("speed", help="real-time factor, first sound, memory; one thread")
    fast.add_argument("bundles", type=Path, nargs="+")
    cost = commands.add_parser("loss", help="judged against fp32, written into the manifests")
    cost.add_argument("bundles", type=Path, nargs="+", help="one of them in fp32")
    cost.add_argument("--out", type=Path, required=True, help="for the recordings")
    cost.add_argument("--held", type=Path, required=True, help="folder that `voices` wrote")
    cost.add_argument("--rows", type=int, default=60)
    cost.add_argument("--draws", type=int, default=8, help="of each sentence, for the reader")
    cost.add_argument("--keep", type=Path, help="model folder whose later bundles have the losses")
    cost.add_argument("--python", type=Path, help="interpreter that has requirements-eval.txt")
    cost.add_argument("--whisper", type=Path, help="folder of the Whisper base model")
    front = commands.add_parser("phonemes", help="the phone app's front-end against Python's")
    front.add_argument("bundle", type=Path, help="whose text data the app reads")
    front.add_argument("--more", type=Path, help="JSON lines with text and lang, besides the fixed")
    app = commands.add_parser("app", help="the phone app in a headless Chromium")
    app.add_argument("bundle", type=Path)
    app.add_argument("--repeats", type=int, default=3)
    app.add_argument("--slower", type=float, default=1, help="slow the processor down so often")
    app.add_argument("--out", type=Path, help="for recordings and their rows, to be judged")
    app.add_argument("--held", type=Path, help="folder that `voices` wrote, for recordings")
    app.add_argument("--rows", type=int, default=0, help="sentences to record")
    page = commands.add_parser("page", help="writes the pages for native apps anew")
    page.add_argument("bundle", type=Path, help="made with --enroll")
    page.add_argument("--out", type=Path, default=DOCS, help="folder of the pages")
    return parser.parse_args(arguments)


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def work(chosen: argparse.Namespace) -> dict[str, Any]:
    """The figures that were asked for."""
    if chosen.command == "phonemes":
        from recipes.export.phonemes import compare as compare_symbols

        return {"revision": read_manifest(chosen.bundle).revision,
                **compare_symbols(chosen.bundle, chosen.more).as_dict()}
    if chosen.command == "app":
        from recipes.export.app import Visit, visit

        plan = Visit(chosen.bundle, chosen.repeats, chosen.slower, chosen.out, chosen.held,
                     chosen.rows)
        return {"revision": read_manifest(chosen.bundle).revision, **visit(plan)}
    if chosen.command == "parity":
        from recipes.export.parity import compare
        from voice.checkpoints.store import load_model

        found = compare(load_model(chosen.model, "cpu"), BundleSynthesizer.load(chosen.bundle),
                        chosen.rows, chosen.skip)
        return {"revision": read_manifest(chosen.bundle).revision, "skip": chosen.skip,
                **found.as_dict()}
    if chosen.command == "speed":
        return {"revision": read_manifest(chosen.bundles[0]).revision, "bundles": {
            precision_of(read_manifest(b)): speed.measure(b) for b in chosen.bundles}}
    judging = loss.Judging(chosen.held, chosen.out, chosen.rows, chosen.draws, chosen.whisper,
                           chosen.python)
    found = loss.judge(chosen.bundles, judging, _tell)
    if chosen.keep:
        write_judged(chosen.keep, [read_manifest(folder) for folder in chosen.bundles])
    return {"revision": read_manifest(chosen.bundles[0]).revision, "rows": chosen.rows,
            "draws": chosen.draws, "bundles": found}


def main(arguments: list[str] | None = None) -> int:
    """Runs the recipe."""
    chosen = options(arguments)
    try:
        if chosen.command == "voices":
            from recipes.export.heldout import make

            for file in make(chosen.data, chosen.model, chosen.out, chosen.rows):
                sys.stdout.write(f"{file}\n")
            return 0
        if chosen.command == "page":
            from voice.export.page import NAMES, render

            for name in NAMES:
                (chosen.out / name).write_text(render(read_manifest(chosen.bundle), name), "utf8")
            return 0
        record = {"command": chosen.command, **work(chosen)}
    except VoiceError as error:
        _tell(str(error))
        return 2
    append(chosen.history, record)
    sys.stdout.write(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
