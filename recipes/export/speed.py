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
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from voice.evaluation.probes import SENTENCE, peak_mebibytes
from voice.export.fixtures import sentences
from voice.export.manifest import precision_of
from voice.export.run import BundleSynthesizer

ROOT = Path(__file__).parents[2]
_MANY = 12


def measure(folder: Path) -> dict[str, Any]:
    """The figures of a bundle, in a fresh process."""
    done = subprocess.run(
        [sys.executable, "-m", "recipes.export.speed", str(folder)], cwd=ROOT, check=True,
        stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.strip().splitlines()[-1])


def probe(folder: Path, repeats: int = 9) -> dict[str, Any]:
    """Measures in this process.

    Returns:
        ``load_seconds`` (open, check every file); ``cold_seconds`` and ``first_sound_seconds``:
        from the text to the first chunk, the first time and later; ``rtf`` of a sentence of about
        ten seconds as people hear it (candidates, self-check, mark), ``rtf_plain`` with one
        candidate; each again with ``_cpu``: of the processor's time alone, which is what an idle
        machine would take; ``idle_mebibytes`` after the first sentence and ``after_many_mebibytes``
        after a dozen more, resident; ``peak_mebibytes`` of the whole process, and
        ``peak_mebibytes_LANGUAGE`` when it has spoken the bundle's other languages too.
    """
    started = time.perf_counter()
    bundle = BundleSynthesizer.load(folder, threads=1)
    load = time.perf_counter() - started
    voice = bundle.voice(bundle.voices()[0])
    first = [_first(bundle, voice, 0)]
    bundle.say(SENTENCE, voice, language="en", seed=0)
    idle = _resident()
    first += [_first(bundle, voice, turn) for turn in range(1, repeats + 1)]
    usual = [_rtf(bundle, voice, turn, True) for turn in range(repeats)]
    plain = [_rtf(bundle, voice, turn, False) for turn in range(repeats)]
    for turn in range(_MANY):
        bundle.say(SENTENCE, voice, language="en", seed=turn)
    many, peaks = _resident(), {"peak_mebibytes": round(peak_mebibytes(), 1)}
    for language in bundle.languages:
        if language != "en":
            text = sentences([language])[0]["text"]
            bundle.say(text, voice, language=language, seed=0)
            peaks[f"peak_mebibytes_{language}"] = round(peak_mebibytes(), 1)
    assert "torch" not in sys.modules
    figures = {"first_sound_seconds": first[1:], "rtf": usual, "rtf_plain": plain}
    return {
        "load_seconds": round(load, 3), "cold_seconds": round(first[0][0], 3),
        "cold_seconds_cpu": round(first[0][1], 3),
        **{name: _median(x[0] for x in found) for name, found in figures.items()},
        **{f"{name}_cpu": _median(x[1] for x in found) for name, found in figures.items()},
        "idle_mebibytes": idle, "after_many_mebibytes": many, **peaks, "repeats": repeats,
        "revision": bundle.revision, "precision": precision_of(bundle.manifest),
    }


def _resident() -> float | None:
    """Mebibytes that the process holds now; None where the system does not say."""
    path = Path("/proc/self/statm")
    if not path.is_file():
        return None
    return round(int(path.read_text().split()[1]) * resource.getpagesize() / 2**20, 1)


def _median(values: Iterable[float]) -> float:
    return round(statistics.median(values), 3)


class _Watch:
    """Seconds since it was made: by the clock, and of this process's processor time."""

    def __init__(self) -> None:
        self._begun = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        """Both."""
        return time.perf_counter() - self._begun[0], time.process_time() - self._begun[1]


def _first(bundle: BundleSynthesizer, voice: Any, seed: int) -> tuple[float, float]:
    watch = _Watch()
    stream = bundle.stream(SENTENCE, voice, language="en", seed=seed)
    next(stream)
    return watch.read()


def _rtf(bundle: BundleSynthesizer, voice: Any, seed: int, check: bool) -> tuple[float, float]:
    watch = _Watch()
    speech = bundle.say(SENTENCE, voice, language="en", seed=seed, check=check)
    clock, processor = watch.read()
    return clock / speech.seconds, processor / speech.seconds


if __name__ == "__main__":
    sys.stdout.write(json.dumps(probe(Path(sys.argv[1]))) + "\n")
