"""Batches: four input formats, safe file names, lines that fail alone, resume, Ctrl-C, workers."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voice.audio.wav import write_wav
from voice.errors import NothingToSayError, OptionError
from voice.synth.batch import BatchRun, Speak, run_batch
from voice.synth.batch_input import BatchItem, file_stem, read_items

RATE = 8000


def _write(path: Path, text: str) -> Path:
    path.write_text(text, "utf8")
    return path


def test_txt_is_a_line_each(tmp_path: Path) -> None:
    items = read_items(_write(tmp_path / "a.txt", "\ufeffone\n\n  two \r\n三\n"))
    assert [(i.id, i.text, i.file) for i in items] == [
        ("0001", "one", "0001.wav"),
        ("0003", "two", "0003.wav"),
        ("0004", "三", "0004.wav"),
    ]


def test_csv_columns(tmp_path: Path) -> None:
    items = read_items(
        _write(
            tmp_path / "a.csv",
            (
                "id,text,voice,language,speed,seed,note\n"
                'x,"a, b",ada,EN,1.5,7,ignored\n'
                'y,"two\nlines",,,,\n'
                "z,c,,,fast,\n"
            ),
        )
    )
    assert items[0] == BatchItem("x", "a, b", "ada", "en", 1.5, 7, "x.wav")
    assert items[1].text == "two\nlines" and items[1].speed is None and items[1].voice == ""
    assert "speed is 'fast'" in items[2].error


def test_csv_without_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no column named text"):
        read_items(_write(tmp_path / "a.csv", "id,words\n1,hello\n"))


def test_jsonl_lines_fail_alone(tmp_path: Path) -> None:
    items = read_items(
        _write(
            tmp_path / "a.jsonl",
            "\n".join(
                [
                    '{"id": "a", "text": "hi", "seed": 3, "speed": 2}',
                    "{broken",
                    "[1]",
                    '{"id": "b", "text": 5}',
                    '{"id": 7, "text": "ok", "seed": 1.5}',
                    '{"text": "no id"}',
                ]
            ),
        )
    )
    assert items[0].seed == 3 and items[0].speed == 2.0 and not items[0].error
    assert "not JSON" in items[1].error and "not a JSON object" in items[2].error
    assert "not a string" in items[3].error and "seed is 1.5" in items[4].error
    assert items[5].id == "0006" and not items[5].error


def test_list_of_gpt_sovits(tmp_path: Path) -> None:
    items = read_items(
        _write(
            tmp_path / "a.list",
            ("/data/one.wav|ada|EN|hello | there\nC:\\x\\two.wav|bob|JP|はい\nbroken|line\n"),
        )
    )
    assert (items[0].id, items[0].voice, items[0].language, items[0].text) == (
        "one",
        "ada",
        "en",
        "hello | there",
    )
    assert items[0].optional_voice
    assert (items[1].id, items[1].language) == ("two", "ja")
    assert "2 fields" in items[2].error


@pytest.mark.parametrize(
    ("name", "content", "match"),
    [
        ("a.docx", b"x", "not a kind"),
        ("a.txt", b"\xff\xfe\x00", "not UTF-8"),
        ("a.txt", b" \n", "no lines"),
    ],
)
def test_wrong_files_are_refused(tmp_path: Path, name: str, content: bytes, match: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(OptionError, match=match):
        read_items(tmp_path / name)
    with pytest.raises(OptionError, match="cannot be read"):
        read_items(tmp_path / "missing.txt")


@pytest.mark.parametrize(
    ("given", "stem"),
    [
        ("../../etc/passwd", "etc_passwd"),
        ("/abs", "abs"),
        ("a/b\\c", "a_b_c"),
        ("..", "_"),
        ("", "_"),
        (".hidden", "hidden"),
        ("con", "_con"),
        ("NUL.txt", "_NUL.txt"),
        ("你好", "你好"),
        ("a\x00b\n", "a_b"),
        ("x" * 500, "x" * 120),
        ("é" * 100, "é" * 60),
    ],
)
def test_file_names_cannot_leave_the_folder(given: str, stem: str) -> None:
    assert file_stem(given) == stem


def test_doubled_ids_get_files_of_their_own(tmp_path: Path) -> None:
    items = read_items(_write(tmp_path / "a.csv", "id,text\na,1\na,2\nA,3\na-2,4\n"))
    assert [i.file for i in items] == ["a.wav", "a-2.wav", "A-3.wav", "a-2-2.wav"]


def _make(log: str, fail: str, stopped: Callable[[], bool]) -> Speak:
    """A stand-in for a synthesizer: a tenth of a second a letter; module level, so it pickles."""

    def speak(item: BatchItem, out: Path) -> dict[str, Any]:
        with open(log, "a", encoding="utf8") as file:
            file.write(item.text + "\n")
        if item.text == fail:
            raise KeyboardInterrupt
        if item.text == "crash":
            raise ZeroDivisionError("oops")
        if not item.text.isalpha():
            raise NothingToSayError("nothing to say")
        samples = np.zeros(RATE * len(item.text) // 10, np.float32)
        write_wav(out, samples, RATE)
        return {"seconds": len(samples) / RATE}

    return speak


def _run(tmp_path: Path, lines: list[str], fail: str = "", **changes: Any) -> Any:
    items = read_items(_write(tmp_path / "in.txt", "\n".join(lines)))
    run = BatchRun(
        functools.partial(_make, str(tmp_path / "log"), fail), tmp_path / "out", **changes
    )
    return run_batch(items, run, lambda row: None)


def _manifest(tmp_path: Path) -> list[dict[str, Any]]:
    return [
        json.loads(x) for x in (tmp_path / "out" / "manifest.jsonl").read_text("utf8").splitlines()
    ]


def test_bad_lines_fail_alone_and_the_manifest_has_a_row_each(tmp_path: Path) -> None:
    report = _run(tmp_path, ["abc", "...", "crash", "de"])
    rows = _manifest(tmp_path)
    assert [r["status"] for r in rows] == ["done", "failed", "failed", "done"]
    assert [r["wav"] for r in rows] == ["0001.wav", None, None, "0004.wav"]
    assert [r["seconds"] for r in rows] == [0.3, None, None, 0.2]
    assert rows[1]["error"] == "nothing to say" and rows[2]["error"] == "ZeroDivisionError: oops"
    assert rows[0]["error"] is None and rows[0]["id"] == "0001" and rows[0]["text"] == "abc"
    assert (report.done, report.failed, report.total, report.interrupted) == (2, 2, 4, False)


def test_workers_give_the_same_rows_in_the_same_order(tmp_path: Path) -> None:
    _run(tmp_path, ["a", "bb", "...", "ccc", "dddd"], jobs=2)
    assert [(r["text"], r["seconds"]) for r in _manifest(tmp_path)] == [
        ("a", 0.1),
        ("bb", 0.2),
        ("...", None),
        ("ccc", 0.3),
        ("dddd", 0.4),
    ]


def test_resume_makes_only_what_is_missing_broken_changed_or_failed(tmp_path: Path) -> None:
    _run(tmp_path, ["a", "bb", "...", "ccc", "dddd"])
    out = tmp_path / "out"
    (out / "0001.wav").unlink()
    (out / "0002.wav").write_bytes((out / "0002.wav").read_bytes()[:-400])
    (tmp_path / "log").unlink()
    report = _run(tmp_path, ["a", "bb", "...", "changed", "dddd"], resume=True)
    assert (tmp_path / "log").read_text("utf8").split() == ["a", "bb", "...", "changed"]
    assert (report.kept, report.done, report.failed) == (1, 3, 1)
    assert [r["status"] for r in _manifest(tmp_path)] == ["done", "done", "failed", "done", "done"]


def test_without_resume_all_is_made_again(tmp_path: Path) -> None:
    _run(tmp_path, ["a", "bb"])
    report = _run(tmp_path, ["a", "bb"])
    assert (report.kept, report.done) == (0, 2)
    assert len(_manifest(tmp_path)) == 2


def test_an_interrupt_leaves_a_valid_manifest_that_resumes(tmp_path: Path) -> None:
    report = _run(tmp_path, ["a", "bb", "stop", "ccc"], fail="stop")
    assert report.interrupted and [r["text"] for r in _manifest(tmp_path)] == ["a", "bb"]
    report = _run(tmp_path, ["a", "bb", "stop", "ccc"], resume=True)
    assert (report.kept, report.done, report.interrupted) == (2, 2, False)
    assert [r["text"] for r in _manifest(tmp_path)] == ["a", "bb", "stop", "ccc"]


def test_a_torn_manifest_is_survived(tmp_path: Path) -> None:
    _run(tmp_path, ["a", "bb"])
    manifest = tmp_path / "out" / "manifest.jsonl"
    manifest.write_text(manifest.read_text("utf8")[:-20] + "\n[3]\nnull\n", "utf8")
    report = _run(tmp_path, ["a", "bb"], resume=True)
    assert (report.kept, report.done) == (1, 1)


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    from voice.errors import OutputError

    (tmp_path / "file").write_text("x")
    items = [BatchItem("a", "a", file="a.wav")]
    run = BatchRun(functools.partial(_make, str(tmp_path / "log"), ""), tmp_path / "file" / "out")
    with pytest.raises(OutputError, match="file"):
        run_batch(items, run, lambda row: None)
