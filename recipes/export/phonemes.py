"""The phone app's text front-end against Python's: the same symbols for the same sentences.

See README.md beside this file.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from recipes.evaluate.material import read_sentences
from voice.errors import OptionError, VoiceError
from voice.export.fixtures import sentences
from voice.export.manifest import read_manifest
from voice.text.frontend import phonemize

LANGUAGES = ("en", "zh", "ja")
"""That the app reads."""
SCRIPT = Path(__file__).parent / "phone" / "build" / "node" / "phonemes.js"


@dataclass(frozen=True)
class Agreement:
    """Figures over some sentences.

    Attributes:
        sentences, same: how many there were, and how many have the same symbols.
        by_language: the same by language.
        different: text, Python's symbols, the app's.
    """

    sentences: int
    same: int
    by_language: dict[str, tuple[int, int]]
    different: tuple[tuple[str, str, str], ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def shared_rows(languages: Sequence[str], more: Path | None = None) -> list[dict[str, str]]:
    """The fixed sentences of bundles, those of the evaluation, and others: each text once.

    Args:
        languages: of the bundle.
        more: JSON lines with ``text`` and ``lang``.
    """
    rows = sentences(languages)
    rows += [{"language": s.lang, "text": s.text} for s in read_sentences()]
    if more is not None:
        lines = map(json.loads, more.read_text("utf8").splitlines())
        rows += [{"language": x["lang"], "text": x["text"]} for x in lines]
    known: dict[tuple[str, str], dict[str, str]] = {}
    for row in rows:
        if row["language"] in languages:
            known.setdefault((row["language"], row["text"]), row)
    return list(known.values())


def app_symbols(bundle: Path, rows: Sequence[dict[str, str]]) -> list[str]:
    """What the app's front-end makes of sentences, symbols joined by spaces.

    Raises:
        OptionError: the app is not built (``make phone``), or there is no Node.
    """
    if not SCRIPT.is_file():
        raise OptionError(f"{SCRIPT.name} is not built", "Run: make phone")
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    try:
        done = subprocess.run(["node", str(SCRIPT), str(bundle)], input=lines, text=True,
                              stdout=subprocess.PIPE, check=True)
    except FileNotFoundError as error:
        raise OptionError("node is not installed", "Install Node 20 or later.") from error
    found = map(json.loads, done.stdout.splitlines())
    return [" ".join(x["symbols"]) if "symbols" in x else x["error"] for x in found]


def compare(bundle: Path, more: Path | None = None) -> Agreement:
    """Compares the front-ends over all rows of :func:`shared_rows`."""
    manifest = read_manifest(bundle)
    rows = shared_rows([x for x in manifest.languages if x in LANGUAGES], more)
    found = app_symbols(bundle, rows)
    counts: dict[str, list[int]] = {}
    different = []
    for row, own in zip(rows, found, strict=True):
        try:
            wanted = " ".join(phonemize(row["text"], row["language"],
                                        languages=manifest.languages).symbols)
        except VoiceError as error:
            wanted = error.code.replace("_", "-")
        count = counts.setdefault(row["language"], [0, 0])
        count[0] += wanted == own
        count[1] += 1
        if wanted != own:
            different.append((row["text"], wanted, own))
    return Agreement(len(rows), len(rows) - len(different),
                     {k: (a, b) for k, (a, b) in counts.items()}, tuple(different))
