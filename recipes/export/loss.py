"""What fp16 and int8 cost a listener: the same sentences from each bundle, scored by the judges.

Figures go into the manifests. See README.md beside this file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recipes.evaluate.material import read_sentences
from voice.errors import OptionError
from voice.evaluation import evaluate
from voice.evaluation.rows import write_rows
from voice.export.manifest import LossEntry, Manifest, read_manifest, write_manifest
from voice.export.run import BundleSynthesizer

HOW = "python -m recipes.export.run loss"
_WHOLE = "all"


@dataclass(frozen=True)
class Judging:
    """Where the judges are and what is spoken.

    Attributes:
        out: folder of the recordings.
        reference: recording of the bundles' first voice.
        rows: sentences, languages in turns.
        whisper, python: see :func:`voice.evaluation.evaluate.run`.
    """

    out: Path
    reference: Path
    rows: int
    whisper: Path | None = None
    python: Path | None = None


def precision_of(manifest: Manifest) -> str:
    """What the bundle was asked to be."""
    schemes = {graph.precision for graph in manifest.graphs}
    if any(scheme.startswith("int8") for scheme in schemes):
        return "int8"
    return "fp16" if "fp16" in schemes else "fp32"


def speak(folder: Path, judging: Judging) -> Path:
    """Speaks the fixed sentences with a bundle; returns the rows' file."""
    bundle = BundleSynthesizer.load(folder)
    voice = bundle.voice(bundle.voices()[0])
    out = judging.out / precision_of(bundle.manifest)
    out.mkdir(parents=True, exist_ok=True)
    lists = [[s for s in read_sentences() if (s.lang, s.set) == (language, "everyday")]
             for language in bundle.languages]
    turns = [own[i] for i in range(max(map(len, lists))) for own in lists if i < len(own)]
    rows = []
    for sentence in turns[: judging.rows]:
        wav = out / f"{sentence.id}.wav"
        bundle.say(sentence.text, voice, language=sentence.lang, seed=1).save(wav)
        rows.append({"id": sentence.id, "wav": str(wav.resolve()), "text": sentence.text,
                     "lang": sentence.lang, "reference": str(judging.reference.resolve())})
    path = judging.out / f"{out.name}.jsonl"
    write_rows(path, rows)
    return path


def figures(path: Path, judging: Judging) -> dict[str, float]:
    """Error rate over all rows (each language's weighted by its rows), similarity, DNSMOS."""
    report = evaluate.run(path, whisper=judging.whisper, python=judging.python)
    rates = [k for k in report["intervals"] if k.endswith("error_rate")]
    count = sum(report["rows"][k] for k in rates)
    rate = sum(report[k] * report["rows"][k] for k in rates) / count
    return {"error rate": rate, "similarity": report["sim"], "DNSMOS": report["dnsmos"]}


def entries(precision: str, exact: dict[str, float], own: dict[str, float], rows: int
            ) -> tuple[LossEntry, ...]:
    """Losses for the manifest; positive is worse."""
    lost = {"error rate": own["error rate"] - exact["error rate"],
            "similarity": exact["similarity"] - own["similarity"],
            "DNSMOS": exact["DNSMOS"] - own["DNSMOS"]}
    return tuple(LossEntry(_WHOLE, precision, name, round(value, 4), rows, HOW)
                 for name, value in lost.items())


def record(folder: Path, found: tuple[LossEntry, ...]) -> None:
    """Puts the losses into a bundle's manifest, in place of earlier ones of the whole."""
    manifest = read_manifest(folder)
    kept = tuple(entry for entry in manifest.losses if entry.part != _WHOLE)
    write_manifest(folder, dataclasses.replace(manifest, losses=kept + found))


def judge(
    folders: Sequence[Path], judging: Judging, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Speaks, judges and records.

    Args:
        folders: bundles of the same model and voice; one of them in fp32.
        judging: how.
        tell: told what is being done.

    Returns:
        Figures by precision.

    Raises:
        OptionError: no bundle in fp32 is among them, or they are of different models.
    """
    manifests = {folder: read_manifest(folder) for folder in folders}
    names = {folder: precision_of(manifest) for folder, manifest in manifests.items()}
    if "fp32" not in names.values():
        raise OptionError("no bundle in fp32 is given", "Add the one to compare with.")
    if len({manifest.revision for manifest in manifests.values()}) > 1:
        raise OptionError("the bundles are of different weights", "Export them again.")
    found: dict[str, dict[str, float]] = {}
    for folder, name in names.items():
        tell(f"speaking and judging {name}")
        found[name] = figures(speak(folder, judging), judging)
    for folder, name in names.items():
        if name != "fp32":
            record(folder, entries(name, found["fp32"], found[name], judging.rows))
    return found
