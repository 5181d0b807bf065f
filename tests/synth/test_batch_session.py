"""Batches that live in a folder: stopping, going on after a restart, retries, packing."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from voice.audio.wav import write_wav
from voice.errors import NothingToSayError, OptionError
from voice.synth.batch_input import BatchItem, read_items
from voice.synth.batch_session import BatchSession

RATE = 8000


def lines(folder: Path, count: int = 5) -> list[BatchItem]:
    path = folder / "in.txt"
    path.write_text("\n".join(f"line {i}" for i in range(count)), "utf8")
    return read_items(path)


class Speaker:
    """Speaks 0.1 s a line; fails on lines that say so."""

    def __init__(self, bad: str = "") -> None:
        self.bad = bad
        self.spoken: list[str] = []

    def __call__(self, item: BatchItem, out: Path) -> dict[str, Any]:
        self.spoken.append(item.id)
        if self.bad and self.bad in item.text:
            raise NothingToSayError("nothing to say")
        write_wav(out, np.full(RATE // 10, 0.1, np.float32), RATE)
        return {"seconds": 0.1}


def statuses(session: BatchSession) -> list[str]:
    return [row.status for row in session.rows()]


def test_a_stopped_batch_goes_on_where_it_was_after_a_restart(tmp_path: Path) -> None:
    session = BatchSession.create(tmp_path / "b", lines(tmp_path), {"voice": "x"})
    assert statuses(session) == ["waiting"] * 5
    first = Speaker()
    report = session.run(first, lambda: len(first.spoken) >= 2)
    assert report.interrupted and report.done == 2
    again = BatchSession.open(tmp_path / "b")
    assert again.choices == {"voice": "x"} and again.items == session.items
    assert statuses(again) == ["done", "done", "waiting", "waiting", "waiting"]
    second = Speaker()
    report = again.run(second, lambda: False)
    assert second.spoken == ["0003", "0004", "0005"]
    assert (report.kept, report.done, report.interrupted) == (2, 3, False)
    assert statuses(again) == ["done"] * 5 and again.rows()[0].seconds == pytest.approx(0.1)


def test_a_bad_line_fails_alone_and_is_tried_again(tmp_path: Path) -> None:
    session = BatchSession.create(tmp_path / "b", lines(tmp_path, 3), {})
    session.run(Speaker("line 1"), lambda: False)
    rows = session.rows()
    assert [row.status for row in rows] == ["done", "failed", "done"]
    assert rows[1].error == "nothing to say" and rows[1].seconds == 0
    good = Speaker()
    session.run(good, lambda: False)
    assert good.spoken == ["0002"] and statuses(session) == ["done"] * 3


def test_one_line_can_be_spoken_again(tmp_path: Path) -> None:
    session = BatchSession.create(tmp_path / "b", lines(tmp_path, 3), {})
    session.run(Speaker(), lambda: False)
    session.again("0002.wav")
    assert statuses(session) == ["done", "waiting", "done"]
    assert not (tmp_path / "b" / "0002.wav").exists()
    for wrong in ("../../etc/passwd", "manifest.jsonl", "plan.json", ""):
        with pytest.raises(OptionError):
            session.again(wrong)
    assert (tmp_path / "b" / "plan.json").exists()


def test_a_pack_holds_what_is_finished(tmp_path: Path) -> None:
    session = BatchSession.create(tmp_path / "b", lines(tmp_path, 3), {})
    with pytest.raises(OptionError, match="finished"):
        session.pack(tmp_path / "x.zip")
    session.run(Speaker("line 1"), lambda: False)
    assert session.pack(tmp_path / "x.zip") == 2
    with zipfile.ZipFile(tmp_path / "x.zip") as pack:
        assert sorted(pack.namelist()) == ["0001.wav", "0003.wav", "manifest.jsonl"]
        rows = [json.loads(line) for line in pack.read("manifest.jsonl").splitlines()]
    assert [row["status"] for row in rows] == ["done", "failed", "done"]


@pytest.mark.parametrize("files", [
    ["../x.wav"], [""], ["a/b.wav"], [".a.wav"], ["a.wav", "A.wav"], [],
])
def test_lines_without_safe_files_of_their_own_are_refused(
    tmp_path: Path, files: list[str]
) -> None:
    items = [BatchItem(str(i), "x", file=name) for i, name in enumerate(files)]
    with pytest.raises(OptionError):
        BatchSession.create(tmp_path / "b", items, {})


@pytest.mark.parametrize("plan", ["", "[]", "{}", '{"format": 9, "items": [], "choices": {}}'])
def test_damaged_sessions_are_refused(tmp_path: Path, plan: str) -> None:
    (tmp_path / "plan.json").write_text(plan)
    with pytest.raises(OptionError):
        BatchSession.open(tmp_path)


def test_subtitles_are_a_line_each(tmp_path: Path) -> None:
    path = tmp_path / "a.srt"
    path.write_text(
        "1\r\n00:00:01,000 --> 00:00:02,500\r\n<i>Good</i>\r\nmorning.\r\n\r\n"
        "2\n00:00:03.000 --> 00:00:04.000\nBob: Hello.\n\n3\nno time\nlost\n", "utf8")
    items = read_items(path)
    assert [(i.id, i.text) for i in items[:2]] == [("0001", "Good morning."), (
        "0002", "Bob: Hello.")]
    assert "subtitle 3" in items[2].error
    assert read_items(path, dialogue=True)[1].voice == "Bob"


def test_a_dialogue_names_its_voices(tmp_path: Path) -> None:
    from voice.synth.batch_input import looks_like_dialogue

    path = tmp_path / "a.txt"
    path.write_text(
        "Alice: Good morning.\n小明：早上好！\nAlice: See: it works.\nplain\n", "utf8"
    )
    assert [(i.voice, i.text) for i in read_items(path, dialogue=True)] == [
        ("Alice", "Good morning."), ("小明", "早上好！"), ("Alice", "See: it works."),
        ("", "plain"),
    ]
    assert read_items(path)[0].text == "Alice: Good morning."
    assert looks_like_dialogue(read_items(path)) is False, "3 of 4 lines are too few"
    path.write_text("Alice: a\nBob: b\nAlice: c\n", "utf8")
    assert looks_like_dialogue(read_items(path)) is True
    path.write_text("Note: one\nWarning: two\n", "utf8")
    assert looks_like_dialogue(read_items(path)) is False, "nobody speaks twice"


def test_columns_can_be_named_otherwise(tmp_path: Path) -> None:
    from voice.synth.batch_input import column_names

    table = tmp_path / "a.csv"
    table.write_text("Key,Sentence,text,Who\nk1,Hello.,no,Ann\n", "utf8")
    assert column_names(table) == ["Key", "Sentence", "text", "Who"]
    (item,) = read_items(table, {"text": "Sentence", "id": "Key", "voice": "Who"})
    assert (item.id, item.text, item.voice, item.file) == ("k1", "Hello.", "Ann", "k1.wav")
    rows = tmp_path / "a.jsonl"
    rows.write_text('{"s": "Hello.", "seed": 3}\n', "utf8")
    assert column_names(rows) == ["s", "seed"]
    (item,) = read_items(rows, {"text": "s"})
    assert (item.text, item.seed) == ("Hello.", 3)
    assert column_names(tmp_path / "none.txt") == []
