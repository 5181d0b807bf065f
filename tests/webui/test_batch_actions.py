"""Batches as the page runs them, without a browser."""

from __future__ import annotations

import time
import zipfile
from pathlib import Path

import pytest

from tests.webui.conftest import wait_for
from tests.webui.fakes import FakeSynthesizer
from voice import OptionError, VoiceError
from webui.actions import batch
from webui.actions.batch import Choices
from webui.background import Background
from webui.components import batch_view
from webui.context import AppContext, ModelSlot
from webui.jobs import Job, JobCancelledError
from webui.messages import PageError
from webui.turns import Turns

ME, OTHER = "a" * 24, "b" * 24
ISLA = Choices("example:Isla")


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.write_text(text, "utf8")
    return str(path)


def states(context: AppContext, name: str, owner: str = ME) -> list[str]:
    return [row.status for row in batch.session_named(context, owner, name).rows()]


def test_every_line_is_checked_before_the_start(context: AppContext, tmp_path: Path) -> None:
    path = write(tmp_path, "a.csv", (
        "id,text,voice,speed\n1,Hello.,,\n2,...,,\n3,A ☃.,,\n4,Hi.,Nobody,\n5,Hi.,Ken,9\n"
        "6,Hi.,Ken,2\n"
    ))
    rows = list(batch.check_lines(context, batch.read_lines(path), ISLA, Job()))
    assert [row.problem is None for row in rows] == [True, False, False, False, False, True]
    assert "Nobody" in str(rows[3].problem) and "speed is 9" in str(rows[4].problem)
    *_, html = batch_view.checking("en", iter(rows), len(rows))
    assert "6 lines; 4 cannot be spoken" in html and "There is no voice named Nobody" in html
    job = Job()
    job.cancel()
    with pytest.raises(JobCancelledError):
        list(batch.check_lines(context, batch.read_lines(path), ISLA, job))


def test_twenty_rows_with_a_bad_one(context: AppContext, tmp_path: Path) -> None:
    text = "\n".join("..." if i == 7 else f"Sentence number {i}." for i in range(20))
    lines = batch.read_lines(write(tmp_path, "a.txt", text))
    name = batch.start_batch(context, ME, "a.txt", lines, ISLA)
    wait_for(context, name, 20)
    assert states(context, name) == ["failed" if i == 7 else "done" for i in range(20)]
    with zipfile.ZipFile(batch.pack_batch(context, ME, name)) as pack:
        assert len(pack.namelist()) == 20, "19 recordings and the manifest"
    assert batch.my_batches(context, ME)[0][1] == name and batch.my_batches(context, OTHER) == []
    rows = batch_view.shown(context, batch_view.Look("en", ME), name)
    assert "19 of 20 done, 1 failed" in rows[1] and rows[2].count("data-play") == 19
    batch.delete_batch(context, ME, name)
    assert batch.my_batches(context, ME) == []


def test_pausing_takes_less_than_a_second_and_a_restart_goes_on(
    context: AppContext, fake: FakeSynthesizer, tmp_path: Path
) -> None:
    lines = batch.read_lines(write(tmp_path, "a.txt", "One.\nTwo.\nThree.\nFour.\n"))
    with fake.gate.held(after=1):
        name = batch.start_batch(context, ME, "a", lines, ISLA)
        while "done" not in states(context, name):
            time.sleep(0.02)
        begun = time.monotonic()
        batch.pause(context, ME, name)
        assert time.monotonic() - begun < 1.0 and not context.background.running(name)
        done = states(context, name).count("done")
        assert done == 1
    restarted = AppContext(context.model, context.library, context.outputs)
    assert batch.my_batches(restarted, ME)[0][1] == name
    assert states(restarted, name).count("done") == done
    batch.go_on(restarted, ME, name)
    wait_for(restarted, name, 20)
    assert states(restarted, name) == ["done"] * 4


def test_one_row_is_spoken_again(context: AppContext, tmp_path: Path) -> None:
    lines = batch.read_lines(write(tmp_path, "a.txt", "One.\nTwo.\n"))
    name = batch.start_batch(context, ME, "a", lines, ISLA)
    wait_for(context, name, 20)
    file = batch.session_named(context, ME, name).folder / "0002.wav"
    before = file.stat().st_mtime_ns
    batch.go_on(context, ME, name, retry="0002.wav")
    wait_for(context, name, 20)
    assert file.stat().st_mtime_ns > before and states(context, name) == ["done", "done"]
    with pytest.raises(OptionError):
        batch.go_on(context, ME, name, retry="../../x")


def test_a_dialogue_has_a_voice_for_each_speaker(context: AppContext, tmp_path: Path) -> None:
    path = write(tmp_path, "a.txt", "Ann: Hi.\nBob: Hello.\nAnn: Bye now.\nKen: Yes.\nKen: No.\n")
    lines = batch.read_lines(path)
    assert lines.dialogue and lines.roles == ["Ann", "Bob", "Ken"]
    choices = Choices("example:Isla", {"Ann": "example:Lan", "Bob": "example:Miles"})
    name = batch.start_batch(context, ME, "a", lines, choices)
    wait_for(context, name, 20)
    session = batch.session_named(context, ME, name)
    assert [row["voice"] for row in session._manifest()] == ["Lan", "Miles", "Lan", "Ken", "Ken"]


@pytest.mark.parametrize("name", ["", None, "..", "../x", "/etc", "z" * 20, "a" * 20, "A" * 20])
def test_no_name_of_a_batch_leads_elsewhere(context: AppContext, name: str | None) -> None:
    for act in (batch.pause, batch.go_on, batch.delete_batch, batch.pack_batch):
        with pytest.raises(PageError):
            act(context, ME, name)


def test_a_batch_of_another_visitor_cannot_be_seen(context: AppContext, tmp_path: Path) -> None:
    lines = batch.read_lines(write(tmp_path, "a.txt", "One.\n"))
    name = batch.start_batch(context, ME, "a", lines, ISLA)
    wait_for(context, name, 20)
    with pytest.raises(PageError):
        batch.session_named(context, OTHER, name)


def test_what_is_no_list_is_refused(context: AppContext, tmp_path: Path) -> None:
    for name, text in (("a.exe", "x"), ("a.txt", ""), ("a.txt", "x\n" * 5001)):
        with pytest.raises(VoiceError):
            batch.read_lines(write(tmp_path, name, text))
    with pytest.raises(PageError):
        batch.read_lines(None)
    with pytest.raises(PageError):
        batch.start_batch(context, ME, "a", batch.Lines([], [], False, []), ISLA)
    unmapped = batch.read_lines(write(tmp_path, "b.csv", "Satz\nHallo\n"))
    assert unmapped.items == [] and unmapped.columns == ["Satz"]
    assert batch.read_lines(str(tmp_path / "b.csv"), {"text": "Satz"}).items[0].text == "Hallo"


def test_rows_are_text_never_markup(context: AppContext, tmp_path: Path) -> None:
    bad = "<img src=x onerror=alert(1)>"
    lines = batch.read_lines(write(tmp_path, "a.txt", f"Ann: {bad}\nAnn: b\n"))
    *_, html = batch_view.checking("en", batch.check_lines(context, lines, ISLA, Job()), 2)
    name = batch.start_batch(context, ME, bad, lines, ISLA)
    wait_for(context, name, 20)
    html += batch_view.shown(context, batch_view.Look("en", ME), name)[2]
    assert "<img" not in html and "&lt;img" in html


def test_what_a_button_sends() -> None:
    assert batch_view.sent('{"value": "a.wav", "at": 1}') == "a.wav"
    for wrong in ("", "x", "[]", "null", '{"value": 3}'):
        assert batch_view.sent(wrong) == ""
    assert batch_view.page_start('{"value": "40"}') == 40
    assert batch_view.page_start('{"value": "-1"}') == 0


def test_turns_go_round_by_visitor() -> None:
    turns, job = Turns(), Job()
    first = turns.ask("a")
    assert turns.wait(first, 0)
    more, other = turns.ask("a"), turns.ask("b")
    assert (turns.ahead(first), turns.ahead(other)) == (0, 2)
    turns.leave(first)
    assert not turns.wait(more, 0), "b was never served, so b is next"
    assert turns.wait(other, 0) and turns.ahead(more) == 1
    turns.leave(other)
    assert turns.wait(more, 0)
    job.cancel()
    with pytest.raises(JobCancelledError), turns.turn("c", job):
        pytest.fail("it is not c's turn")
    turns.leave(more)
    with turns.turn("c", Job()):
        assert not turns.wait(turns.ask("d"), 0)


def test_background_work_keeps_its_error(tmp_path: Path) -> None:
    work = Background()

    def fail(job: Job) -> None:
        raise OptionError("no")

    work.start("x", fail)
    while work.running("x"):
        time.sleep(0.01)
    assert isinstance(work.problem("x"), OptionError) and work.problem("y") is None
    assert work.stop("x") is True


def test_a_model_that_is_loading_keeps_a_batch_waiting_not_failing(tmp_path: Path) -> None:
    from voice import VoiceLibrary

    context = AppContext(ModelSlot(), VoiceLibrary(tmp_path / "v"), tmp_path / "o")
    lines = batch.read_lines(write(tmp_path, "a.txt", "One.\n"))
    name = batch.start_batch(context, ME, "a", lines, ISLA)
    time.sleep(0.3)
    assert context.background.running(name)
    context.model.start("fake", FakeSynthesizer).join()
    wait_for(context, name, 20)
    assert states(context, name) == ["done"]
