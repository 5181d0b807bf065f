"""A corpus on disk: clips and their rows while it grows, tars and JSON lines when it is done.

The packed form is what the training recipes read: ``NAME-NN.tar`` with Opus clips and
``NAME.jsonl`` with a row a clip.
"""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from recipes.data.synthesize_corpus.engines import Spoken
from recipes.data.synthesize_corpus.plan import Utterance

QUIET, LOUD = 0.02, 0.98  # peaks: below nothing was said, above it is scaled down
TAR_BYTES = 20 * 2**20
OPUS_RATES = (8000, 12000, 16000, 24000, 48000)


class Store:
    """A folder that a corpus grows in; one worker writes one rows file.

    Args:
        folder: made if missing.
        worker: number in the file name.
    """

    def __init__(self, folder: Path, worker: int = 0) -> None:
        self.folder, self.rows_path = folder, folder / f"rows.{worker}.jsonl"
        folder.mkdir(parents=True, exist_ok=True)
        self.done = {row["key"] for row in self.rows()}

    def rows(self) -> list[dict[str, Any]]:
        """All rows so far, of every worker, by key; a torn last line is left out."""
        rows = []
        for path in sorted(self.folder.glob("rows.*.jsonl")):
            for line in path.read_text("utf8").splitlines():
                try:
                    rows.append(json.loads(line))
                except json.JSONDecodeError:
                    continue
        return sorted(rows, key=lambda row: row["key"])

    def add(self, utterance: Utterance, spoken: Spoken, engine: str, licence: str) -> bool:
        """Keeps a clip; False when it is silent or not finite.

        Raises:
            ValueError: its rate cannot be kept.
        """
        peak = float(np.abs(spoken.samples).max(initial=0))
        if not np.isfinite(peak) or peak < QUIET:
            return False
        if spoken.sample_rate not in OPUS_RATES:
            raise ValueError(f"{utterance.key}: Opus has no rate of {spoken.sample_rate} Hz")
        key = utterance.key.replace("/", "-") + ".opus"
        soundfile.write(self.folder / key, spoken.samples / max(1.0, peak / LOUD),
                        spoken.sample_rate, format="OGG", subtype="OPUS")
        row = {
            "key": key, "speaker": utterance.speaker.name, "lang": utterance.speaker.lang,
            "text": utterance.text, "speed": utterance.speed,
            "seconds": round(len(spoken.samples) / spoken.sample_rate, 3),
            "sample_rate": spoken.sample_rate, "engine": engine, "licence": licence,
            "timbre": utterance.speaker.timbre, "prosody": utterance.speaker.prosody,
        }
        if spoken.ipa:
            row |= {"ipa": spoken.ipa, "frames": list(spoken.frames)}
        with self.rows_path.open("a", encoding="utf8") as rows:
            rows.write(json.dumps(row, ensure_ascii=False) + "\n")
        self.done.add(key)
        return True

    def pack(self, out: Path, name: str) -> int:
        """Writes tars of about 20 MB and the rows file; returns the number of clips."""
        out.mkdir(parents=True, exist_ok=True)
        rows, shard, size = self.rows(), 0, 0
        archive = tarfile.open(out / f"{name}-{shard:02d}.tar", "w")
        try:
            for row in rows:
                clip = self.folder / row["key"]
                if size > TAR_BYTES:
                    archive.close()
                    shard, size = shard + 1, 0
                    archive = tarfile.open(out / f"{name}-{shard:02d}.tar", "w")
                archive.add(clip, row["key"])
                size += clip.stat().st_size
                row["shard"] = f"{name}-{shard:02d}.tar"
        finally:
            archive.close()
        lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (out / f"{name}.jsonl").write_text("".join(lines), "utf8")
        return len(rows)
