"""Speed and memory of a bundle on one thread, each run in a process of its own, without torch.

``python -m recipes.export.speed BUNDLE`` measures in this process and prints one JSON object.
"""

from __future__ import annotations

import json
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from voice.evaluation.probes import BYTES_OF_RSS_UNIT, SENTENCE
from voice.export.run import BundleSynthesizer

ROOT = Path(__file__).parents[2]


def measure(folder: Path) -> dict[str, Any]:
    """The figures of a bundle, in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", "recipes.export.speed", str(folder)], cwd=ROOT, check=True,
        stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def probe(folder: Path, repeats: int = 3) -> dict[str, Any]:
    """Measures in this process.

    Returns:
        ``load_seconds`` (open, check every file); ``cold_seconds`` and ``first_sound_seconds``:
        from the text to the first chunk, the first time and later; ``rtf`` of a sentence of about
        ten seconds as people hear it (candidates, self-check, mark), ``rtf_plain`` with one
        candidate; ``peak_mebibytes``.
    """
    started = time.perf_counter()
    bundle = BundleSynthesizer.load(folder, threads=1)
    load = time.perf_counter() - started
    voice = bundle.voice(bundle.voices()[0])
    first, usual, plain = [], [], []
    for turn in range(repeats + 1):
        first.append(_first(bundle, voice, turn))
    for turn in range(repeats):
        usual.append(_rtf(bundle, voice, turn, True))
        plain.append(_rtf(bundle, voice, turn, False))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_OF_RSS_UNIT / 2**20
    assert "torch" not in sys.modules
    return {
        "load_seconds": round(load, 3), "cold_seconds": round(first[0], 3),
        "first_sound_seconds": round(statistics.median(first[1:]), 3),
        "rtf": round(statistics.median(usual), 3), "rtf_plain": round(statistics.median(plain), 3),
        "peak_mebibytes": round(peak, 1), "repeats": repeats,
    }


def _first(bundle: BundleSynthesizer, voice: Any, seed: int) -> float:
    started = time.perf_counter()
    stream = bundle.stream(SENTENCE, voice, language="en", seed=seed)
    next(stream)
    return time.perf_counter() - started


def _rtf(bundle: BundleSynthesizer, voice: Any, seed: int, check: bool) -> float:
    started = time.perf_counter()
    speech = bundle.say(SENTENCE, voice, language="en", seed=seed, check=check)
    return (time.perf_counter() - started) / (len(speech.samples) / speech.sample_rate)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(probe(Path(sys.argv[1]))) + "\n")
