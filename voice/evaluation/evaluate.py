"""Scores recordings and sums up: what ``python -m voice evaluate ROWS.jsonl`` does.

Where the judges' packages are not installed beside the program, the same code runs in the
environment of ``make setup-eval``.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from voice.errors import DependencyError, VoiceError
from voice.evaluation.judges import Judges
from voice.evaluation.rows import read_rows, write_rows
from voice.evaluation.statistics import Figure, summarize

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = ROOT / ".venv-eval"
GROUP_FIELDS = ("source", "set")
Progress = Callable[[int, int], None]


def run(
    rows_path: Path | str, *, whisper: Path | str | None = None, python: Path | str | None = None,
    threads: int = 1, progress: Progress | None = None,
) -> dict[str, Any]:
    """Judges the recordings of a rows file.

    Writes every row's scores to ``ROWS.jsonl.scored``.

    Args:
        rows_path: JSON lines with ``wav, text, lang`` and optional ``reference`` and ``others``
            (recordings of other voices); optional ``source`` and ``set`` are summed up apart too.
        whisper: folder of a CTranslate2 Whisper base model; default: ``.venv-eval/whisper-base``.
        python: interpreter that has requirements-eval.txt; default: this one where it has, else
            ``.venv-eval``'s.
        threads: of the recogniser.
        progress: called with rows done and rows in all.

    Returns:
        ``n``, every figure as a number (``en_error_rate``, ``sim``, ``dnsmos``),
        ``intervals`` (95 %), ``rows`` (a figure's number of rows), ``groups`` (figures by source
        and set) and ``scored`` (a path).

    Raises:
        OptionError: a row cannot be judged.
        DependencyError: the judges are not installed.
    """
    rows_path = Path(rows_path)
    whisper = Path(whisper) if whisper else ENVIRONMENT / "whisper-base"
    read_rows(rows_path)  # a wrong row is told before anything heavy starts
    if python is None and importlib.util.find_spec("faster_whisper"):
        return score_file(rows_path, whisper, threads, progress)
    return _elsewhere(rows_path, whisper, _interpreter(python), threads, progress)


def score_file(
    rows_path: Path, whisper: Path, threads: int, progress: Progress | None = None
) -> dict[str, Any]:
    """Judges in this process. Arguments, result and errors: see :func:`run`."""
    rows = read_rows(rows_path)
    judges = Judges(whisper, threads)
    scored = []
    for row in rows:
        scored.append(judges.score(row))
        if progress:
            progress(len(scored), len(rows))
    target = rows_path.with_name(rows_path.name + ".scored")
    write_rows(target, scored)
    return report_of(scored) | {"scored": str(target)}


def report_of(scored: list[dict[str, Any]]) -> dict[str, Any]:
    """The figures of scored rows, in all and by group, as plain data."""
    figures = summarize(scored)
    groups: dict[str, Any] = {}
    for field in GROUP_FIELDS:
        for name in sorted({str(row[field]) for row in scored if row.get(field)}):
            part = [row for row in scored if str(row.get(field)) == name]
            if len(part) < len(scored):
                groups[f"{field} {name}"] = _plain(summarize(part)) | {"n": len(part)}
    return {
        "n": len(scored),
        **{name: round(f.value, 4) for name, f in figures.items()},
        "intervals": {name: [round(f.low, 4), round(f.high, 4)] for name, f in figures.items()},
        "rows": {name: f.rows for name, f in figures.items()},
        "groups": groups,
    }


def _plain(figures: dict[str, Figure]) -> dict[str, Any]:
    return {
        name: {key: round(value, 4) for key, value in asdict(figure).items()}
        for name, figure in figures.items()
    }


def _interpreter(python: Path | str | None) -> Path:
    chosen = Path(python) if python else ENVIRONMENT / "bin" / "python"
    if not chosen.is_file():
        raise DependencyError(
            f"{chosen}: the judges' environment is not there",
            "Run `make setup-eval`, or name its interpreter",
        )
    return chosen


def _elsewhere(
    rows_path: Path, whisper: Path, python: Path, threads: int, progress: Progress | None
) -> dict[str, Any]:
    command = [
        str(python), "-m", "voice.evaluation", str(rows_path.resolve()),
        "--whisper", str(whisper.resolve()), "--threads", str(threads),
    ]
    errors: list[str] = []
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        encoding="utf8", stdin=subprocess.DEVNULL,
    ) as process:
        assert process.stderr and process.stdout
        for line in process.stderr:  # the result is one line, so stdout cannot fill up meanwhile
            if line.startswith("row ") and progress:
                done, total = line.split()[1].split("/")
                progress(int(done), int(total))
            elif line.strip():
                errors.append(line.strip())
        output = process.stdout.read()
    if process.returncode:
        message = errors[-1] if errors else f"exit status {process.returncode}"
        raise VoiceError(f"the judges failed: {message}")
    return json.loads(output.strip().splitlines()[-1])


def markdown(report: dict[str, Any]) -> str:
    """The report as a table: a line a figure, in all and by group, with 95 % intervals."""
    lines = ["| rows | figure | value | 95 % interval | n |", "| --- | --- | --- | --- | --- |"]
    for name, (low, high) in report["intervals"].items():
        lines.append(_line("all", name, (report[name], low, high), report["rows"][name]))
    for group, figures in report["groups"].items():
        for name, figure in figures.items():
            if isinstance(figure, dict):
                values = (figure["value"], figure["low"], figure["high"])
                lines.append(_line(group, name, values, figure["rows"]))
    return "\n".join(lines) + "\n"


def _line(group: str, name: str, values: tuple[float, float, float], rows: int) -> str:
    if name.endswith("error_rate") or name == "recognised":
        value, low, high = (f"{100 * v:.1f} %" for v in values)
    else:
        value, low, high = (f"{v:.2f}" for v in values)
    return f"| {group} | {name} | {value} | {low} to {high} | {rows} |"


def main(arguments: list[str]) -> int:
    """The judging process: rows on the command line, progress to stderr, figures to stdout."""
    import argparse

    parser = argparse.ArgumentParser(prog="python -m voice.evaluation", description=__doc__)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--whisper", type=Path, default=ENVIRONMENT / "whisper-base")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args(arguments)

    def tell(done: int, total: int) -> None:
        sys.stderr.write(f"row {done}/{total}\n")
        sys.stderr.flush()

    try:
        report = score_file(options.rows, options.whisper, options.threads, tell)
    except VoiceError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(json.dumps(report, ensure_ascii=False) + "\n")
    return 0
