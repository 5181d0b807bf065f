"""Recordings that are kept with their settings, changed sentence by sentence, and followed."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.webui.fakes import FakeSynthesizer
from voice import VoiceError, read_note
from webui.actions import history, speak
from webui.actions.speak import LIBRARY, Request, Source, Take
from webui.components import passage_panel
from webui.context import AppContext
from webui.feeds import Feeds
from webui.jobs import Job, JobCancelledError
from webui.messages import PageError

ME, OTHER = "a" * 24, "b" * 24
TEXT = "One two. Three four five. Six."


def make(context: AppContext, text: str = TEXT, owner: str = ME, **options: object) -> Take:
    request = Request(text, Source(LIBRARY, key="example:Isla"), {"seed": 3} | options, owner)
    take = list(speak.speak(context, request, Job()))[-1].take
    assert take is not None
    return take


def test_what_was_made_is_listed_the_newest_first(context: AppContext) -> None:
    make(context)
    make(context, "Later.")
    rows = history.entries(context, ME)
    assert [row.text for row in rows] == ["Later.", TEXT]
    assert rows[1].voice == "Isla" and rows[1].seconds == pytest.approx(1.4)
    assert history.entries(context, OTHER) == []
    html = passage_panel.history_table(context, "en", ME)
    assert html.count("data-play") == 2 and html.count('data-send="history-pick"') == 2


def test_the_history_is_bounded(context: AppContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "MOST", 3)
    for number in range(5):
        make(context, f"Number {number}.")
        time.sleep(1.01 if number == 3 else 0)
    rows = history.entries(context, ME)
    assert len(rows) == 3 and rows[0].text == "Number 4."


def test_settings_come_back_from_the_history_and_from_any_file(
    context: AppContext, tmp_path: Path
) -> None:
    take = make(context, speed=1.5, temperature=0.7)
    found = history.loaded(context, ME, take.id)
    assert (found.text, found.voice) == (TEXT, "example:Isla")
    assert found.options["speed"] == 1.5 and found.options["seed"] == 3
    assert "watermark" not in found.options
    for kind in ("wav", "mp3", "flac"):
        path = history.offer(context, ME, take.id, kind)
        mine = history.loaded_from_file(context, ME, str(path))
        assert mine == found, "the text is known from the history"
        others = history.loaded_from_file(context, OTHER, str(path))
        assert others.options == found.options and others.text == ""
        assert others.voice == "example:Isla", "the note names the voice"
    plain = tmp_path / "plain.wav"
    soundfile.write(plain, np.zeros(8000), 8000)
    for path in (str(plain), None):
        with pytest.raises(PageError):
            history.loaded_from_file(context, ME, path)


def test_a_note_that_somebody_wrote_by_hand_is_taken_with_care(
    context: AppContext, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = {"settings": {"speed": 99, "seed": 5, "pause": "x", "other": 1, "watermark": False},
            "voice": "../../etc/passwd"}
    monkeypatch.setattr(history, "read_note", lambda path: note)
    found = history.loaded_from_file(context, ME, "x.wav")
    assert found.options == {"seed": 5} and found.voice == ""


def test_formats_to_download(context: AppContext) -> None:
    take = make(context)
    for kind in ("wav", "mp3", "flac"):
        path = history.offer(context, ME, take.id, kind)
        assert path.name.startswith("Isla-") and path.suffix == f".{kind}"
        assert soundfile.info(str(path)).duration == pytest.approx(1.4, abs=0.06)
        assert read_note(path)["seed"] == 3, kind
    subtitles = history.offer(context, ME, take.id, "srt").read_text("utf-8")
    assert "00:00:00,400 --> 00:00:01,000\nThree four five" in subtitles
    for wrong in ("exe", "../x", ""):
        with pytest.raises(PageError):
            history.offer(context, ME, take.id, wrong)


def test_one_sentence_is_spoken_again_and_kept_or_not(
    context: AppContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    seeds = iter((4, 5))  # tones of their own: the stand-in has one tone for every seventh seed
    monkeypatch.setattr(secrets, "randbelow", lambda below: next(seeds))
    take = make(context)
    first = soundfile.read(history.offer(context, ME, take.id, "wav"))[0]
    for keep_new in (False, True):
        list(history.regenerate(context, ME, take.id, 1, Job()))
        rows = history.sentences(context, ME, take.id)
        assert [row.candidate is not None for row in rows] == [False, True, False]
        other = soundfile.read(rows[1].candidate)[0]
        history.keep_reading(context, ME, take.id, 1, keep_new)
        after = soundfile.read(history.offer(context, ME, take.id, "wav"))[0]
        assert np.array_equal(after[:9600], first[:9600])
        assert np.array_equal(after[24000:], first[24000:])
        wanted = other if keep_new else first[9600:24000]
        assert np.abs(after[9600:24000] - wanted).max() < 1e-3
    assert not np.allclose(after[9600:24000], first[9600:24000], atol=1e-2)
    heard = soundfile.read(history.sentences(context, ME, take.id)[1].sound)[0]
    assert np.abs(heard - other).max() < 1e-3, "the row plays what is kept"
    with pytest.raises(PageError):
        history.keep_reading(context, ME, take.id, 1, True)


@pytest.mark.parametrize("name", [
    "", None, "..", "../x", "/etc", "20261124000000-aaaaaaaaaaaa", "x" * 27,
])
def test_no_name_of_a_recording_leads_elsewhere(context: AppContext, name: str | None) -> None:
    make(context)
    for act in (
        lambda: history.loaded(context, ME, name), lambda: history.sentences(context, ME, name),
        lambda: history.offer(context, ME, name, "wav"),
        lambda: list(history.regenerate(context, ME, name, 0, Job())),
        lambda: history.keep_reading(context, ME, name, 0, True),
    ):
        with pytest.raises(PageError):
            act()


def test_a_recording_of_another_visitor_cannot_be_seen(context: AppContext) -> None:
    take = make(context)
    with pytest.raises(PageError):
        history.loaded(context, OTHER, take.id)
    history.forget(context, OTHER)
    assert len(history.entries(context, ME)) == 1
    history.forget(context, ME)
    assert history.entries(context, ME) == []


def test_texts_in_tables_are_text(context: AppContext) -> None:
    take = make(context, "<b>bold</b>. Two.")
    html = passage_panel.history_table(context, "en", ME)
    html += passage_panel.sentence_table(context, "en", ME, take.id)
    assert "<b>" not in html and "&lt;b&gt;" in html


def test_work_goes_on_without_a_page_for_a_while_and_can_be_followed_again() -> None:
    feeds, go = Feeds(patience=30), threading.Event()

    def work(job: Job) -> Iterator[int]:
        yield 1
        yield 2
        go.wait(5)
        yield 3

    feed = feeds.start("tab1", "me", work)
    steps = feed.follow()
    assert [next(steps), next(steps)] == [1, 2]
    feeds.leave("tab1")
    assert feeds.adopt("tab2", "somebody else") is None
    again = feeds.adopt("tab2", "me")
    assert again is feed and feeds.adopt("tab3", "me") is None, "only one page takes it over"
    go.set()
    assert list(again.follow(latest=True))[-1] == 3
    assert feeds.cancel("tab2") is False, "it is done"


def test_work_that_nobody_follows_is_stopped() -> None:
    feeds = Feeds(patience=0.05)

    def work(job: Job) -> Iterator[int]:
        while True:
            job.check()
            time.sleep(0.01)
            yield 0

    feed = feeds.start("tab", "me", work)
    feeds.leave("tab")
    with pytest.raises(JobCancelledError):
        for _ in feed.follow():
            pass
    assert feeds.adopt("tab2", "me") is None


def test_new_work_of_a_tab_stops_the_old_one_and_errors_arrive() -> None:
    feeds = Feeds()

    def endless(job: Job) -> Iterator[int]:
        while True:
            job.check()
            yield 0
            time.sleep(0.01)

    def failing(job: Job) -> Iterator[int]:
        yield 1
        raise VoiceError("no")

    old = feeds.start("tab", "me", endless)
    new = feeds.start("tab", "me", failing)
    with pytest.raises(JobCancelledError):
        list(old.follow())
    with pytest.raises(VoiceError, match="no"):
        list(new.follow())
    assert feeds.of("tab") is new and feeds.of("other") is None


def test_two_visitors_take_turns_piece_by_piece(
    context: AppContext, fake: FakeSynthesizer
) -> None:
    order: list[str] = []

    def run(owner: str) -> None:
        request = Request("A b. C d. E f. G h.", Source(LIBRARY, key="example:Isla"), {}, owner)
        for step in speak.speak(context, request, Job(owner)):
            if step.chunk is not None:
                order.append(owner)

    make(context, "Warm up.")
    threads = [threading.Thread(target=run, args=(one,)) for one in ("x", "y")]
    with fake.gate.held():
        for thread in threads:
            thread.start()
        while not context.turns._waiting:
            time.sleep(0.01)
    for thread in threads:
        thread.join(20)
    assert sorted(order) == ["x"] * 4 + ["y"] * 4
    assert "xx" not in "".join(order)[1:-1] and "yy" not in "".join(order)[1:-1]
