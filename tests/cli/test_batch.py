"""``batch``: from lines to recordings and a manifest, with voices, failures, jobs and resume."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import soundfile

from tests.cli.conftest import Result

Run = Callable[..., Result]


def _rows(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "manifest.jsonl").read_text("utf8").splitlines()]


def test_lines_become_recordings_and_bad_ones_fail_alone(voice: Run, tmp_path: Path) -> None:
    lines = tmp_path / "in.csv"
    lines.write_text(
        "id,text,voice,language,speed,seed\n"
        "one,Hello there.,,,,5\ntwo,...,,,,\nthree,Good day.,bob,en,1.5,6\nfour,Hi.,nobody,,,\n"
        "five,Hi.,,,9,\nsix,สวัสดี,,,,\n../seven,Bye now.,,,,5\n",
        "utf8",
    )
    out = tmp_path / "out"
    facts = voice(
        "batch", lines, "--model", "tiny", "--voice", "ada", "--out", out, "--no-check", "--json"
    ).json
    rows = _rows(out)
    assert (facts["lines"], facts["done"], facts["failed"]) == (7, 3, 4)
    assert [r["status"] for r in rows] == [
        "done",
        "failed",
        "done",
        "failed",
        "failed",
        "failed",
        "done",
    ]
    assert [r["wav"] for r in rows if r["wav"]] == ["one.wav", "three.wav", "seven.wav"]
    for row in rows:
        assert {"id", "text", "wav", "seconds", "status", "error"} <= set(row)
        if row["wav"]:
            assert abs(soundfile.info(str(out / row["wav"])).duration - row["seconds"]) < 1e-3
        else:
            assert row["seconds"] is None and row["error"]
    assert "nothing to say" in rows[1]["error"] and "nobody" in rows[3]["error"]
    assert "0.5 to 2" in rows[4]["error"] and "ส" in rows[5]["error"]
    assert (rows[0]["voice"], rows[0]["seed"]) == ("ada", 5) and rows[2]["voice"] == "bob"
    assert sorted(p.name for p in out.iterdir()) == [
        "manifest.jsonl",
        "one.wav",
        "seven.wav",
        "three.wav",
    ]


def test_a_line_is_what_say_makes_and_jobs_do_not_change_it(voice: Run, tmp_path: Path) -> None:
    lines = tmp_path / "in.jsonl"
    lines.write_text(
        "".join(
            json.dumps({"id": f"l{i}", "text": f"Line number {i}.", "seed": i}) + "\n"
            for i in range(3)
        )
    )
    for jobs in (1, 2):
        facts = voice(
            "batch",
            lines,
            "--model",
            "tiny",
            "--voice",
            "ada",
            "--out",
            tmp_path / f"j{jobs}",
            "--jobs",
            jobs,
            "--no-check",
            "--json",
        ).json
        assert facts["done"] == 3
    said = tmp_path / "said.wav"
    made = voice(
        "say",
        "--model",
        "tiny",
        "--voice",
        "ada",
        "--text",
        "Line number 2.",
        "--seed",
        2,
        "--no-check",
        "--out",
        said,
        "--json",
    )
    assert made.json["seed"] == 2
    one, two, whole = (
        soundfile.read(str(p))[0]
        for p in (tmp_path / "j1" / "l2.wav", tmp_path / "j2" / "l2.wav", said)
    )
    assert len(one) == len(two) == len(whole)
    assert abs(one - whole).max() == 0 and abs(two - whole).max() < 1e-3


def test_resume_makes_only_what_is_missing(voice: Run, tmp_path: Path) -> None:
    lines, out = tmp_path / "in.txt", tmp_path / "out"
    lines.write_text("First line.\nSecond line.\n")
    request = (
        "batch",
        lines,
        "--model",
        "tiny",
        "--voice",
        "ada",
        "--out",
        out,
        "--no-check",
        "--json",
    )
    assert voice(*request).json["done"] == 2
    before = (out / "0001.wav").stat().st_mtime_ns
    (out / "0002.wav").unlink()
    facts = voice(*request, "--resume").json
    assert (facts["kept"], facts["done"]) == (1, 1)
    assert (out / "0001.wav").stat().st_mtime_ns == before and (out / "0002.wav").is_file()
    assert voice(*request, "--resume").json["kept"] == 2


def test_a_speaker_of_a_list_is_a_voice_where_one_is_kept(voice: Run, tmp_path: Path) -> None:
    lines, out = tmp_path / "in.list", tmp_path / "out"
    lines.write_text("x/a.wav|bob|en|Hello.\nx/b.wav|speaker7|EN|Hello.\n")
    facts = voice(
        "batch", lines, "--model", "tiny", "--voice", "ada", "--out", out, "--no-check", "--json"
    ).json
    assert facts["done"] == 2
    assert [r["voice"] for r in _rows(out)] == ["bob", "ada"]


def test_all_lines_bad_is_a_failure(voice: Run, tmp_path: Path) -> None:
    (tmp_path / "in.txt").write_text("Hello.\n")
    result = voice("batch", tmp_path / "in.txt", "--model", "tiny", "--out", tmp_path / "out")
    assert result.status == 1 and "no voice" in result.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.txt", "--voice", "ada"], ["missing.txt"]),
        (["in.doc", "--voice", "ada"], ["in.doc", ".csv"]),
        (["in.txt", "--voice", "zoe"], ["zoe"]),
        (["in.txt", "--reference", "no.wav"], ["no.wav"]),
        (["in.txt", "--voice", "ada", "--jobs", "0"], ["--jobs"]),
        (["in.txt", "--voice", "ada", "--model", "nope"], ["nope"]),
        (["in.txt", "--voice", "ada", "--out", "in.txt"], ["in.txt"]),
    ],
)
def test_wrong_requests(
    voice: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: list[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in.txt").write_text("Hello.\n")
    Path("in.doc").write_text("Hello.\n")
    base = [] if "--model" in arguments else ["--model", "tiny"]
    out = [] if "--out" in arguments else ["--out", "out"]
    voice("batch", *arguments, *base, *out).refused(*words)
