"""The benchmark's sums, messages and table; one true run where there is a model."""

from __future__ import annotations

import json
import statistics
from pathlib import Path

import pytest

from voice.errors import DependencyError, OptionError, VoiceError
from voice.evaluation import benchmark
from voice.evaluation.probes import ProbeOptions

DETAIL = {
    "import": [0.2, 0.1, 0.3], "start": [5.0, 7.0],
    "warm": {"factors": [0.1, 0.2, 0.12], "first_chunk": [0.3, 0.5, 0.4]},
    "long": {"peak_mebibytes": 1600.0, "elapsed": 60.0, "spoken": 600.0},
    "kokoro": {"factors": [0.2]},
}


def test_figures_are_medians() -> None:
    assert benchmark.figures_of(DETAIL) == {
        "rtf": 0.12, "first_chunk_seconds": 0.4, "start_seconds": statistics.median([5.0, 7.0]),
        "import_seconds": 0.2, "peak_mebibytes": 1600.0, "long_rtf": 0.1, "kokoro_rtf": 0.2,
    }


def test_table_says_which_bounds_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.wav").touch()
    answers = {"warm": DETAIL["warm"], "long_text": DETAIL["long"], "kokoro": DETAIL["kokoro"]}
    monkeypatch.setattr(benchmark, "probe", lambda name, *rest: answers.get(name))
    monkeypatch.setattr(benchmark, "_import_times", lambda repeats: DETAIL["import"])
    monkeypatch.setattr(benchmark, "_timed_start", lambda options: 5.0)
    options = ProbeOptions("x", str(tmp_path / "a.wav"))
    report = benchmark.run("mini", options=options, kokoro_python="python")
    assert report["within"] == {
        "rtf": True, "first_chunk_seconds": True, "start_seconds": True, "import_seconds": True,
        "peak_mebibytes": False,
    }
    lines = benchmark.table(report).splitlines()
    assert len(lines) == 8
    assert "1600 MiB" in lines[5] and "NOT kept" in lines[5]
    assert json.loads(json.dumps(report))["machine"]["cores"] >= 1


def test_wrong_requests_are_named(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no.wav is not there"):
        benchmark.run("mini", options=ProbeOptions("mini", str(tmp_path / "no.wav")))
    (tmp_path / "a.wav").touch()
    options = ProbeOptions("mini", str(tmp_path / "a.wav"), repeats=0)
    with pytest.raises(OptionError, match="at least 1"):
        benchmark.run("mini", options=options)
    with pytest.raises(DependencyError, match="cannot be run"):
        benchmark.probe("warm", options, tmp_path / "python")
    with pytest.raises(VoiceError, match="measuring nothing failed: KeyError"):
        benchmark.probe("nothing", options)


@pytest.mark.slow
def test_embedded_model_is_measured(mini: Path) -> None:
    options = ProbeOptions("mini", str(benchmark.EXAMPLE), repeats=1)
    report = benchmark.run("mini", options=options, quick=True)
    assert 0 < report["rtf"] < 5
    assert 0 < report["first_chunk_seconds"] <= 10 * report["rtf"] + 5
    assert report["import_seconds"] < 1
