"""Spoken texts that are worked on piece by piece."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.webui.fakes import FakeSynthesizer
from voice.audio.note import read_note
from voice.errors import OptionError
from voice.synth.passage import Passage, respeak
from voice.synth.settings import SynthesisSettings
from voice.synth.speech import join
from voice.synth.voicefile import Voice

TEXT = "One two. Three four five. Six."
VOICE = Voice(name="v", model="fake", timbre=np.full(4, 30, np.float32))


@pytest.fixture
def passage() -> Passage:
    chunks = FakeSynthesizer().stream(TEXT, VOICE, SynthesisSettings(seed=1))
    return Passage(TEXT, join(chunks), {"voice": "kept:v"})


def test_pieces_cut_from_the_recording_are_the_chunks(passage: Passage) -> None:
    pieces = [passage.piece(i) for i in range(3)]
    assert [len(p.samples) for p in pieces] == [9600, 14400, 9600]
    assert np.array_equal(np.concatenate([p.samples for p in pieces]), passage.speech.samples)
    for wrong in (-1, 3):
        with pytest.raises(OptionError):
            passage.piece(wrong)


def test_a_passage_comes_back_from_its_folder(passage: Passage, tmp_path: Path) -> None:
    passage.save(tmp_path / "p")
    again = Passage.load(tmp_path / "p")
    assert (again.text, again.choices, again.created) == (
        TEXT, {"voice": "kept:v"}, passage.created)
    assert again.speech.pieces == passage.speech.pieces
    assert again.speech.origin == passage.speech.origin
    assert np.abs(again.speech.samples - passage.speech.samples).max() < 1e-4
    assert read_note(tmp_path / "p" / "speech.wav")["seed"] == 1


@pytest.mark.parametrize("record", ["", "[]", "{}", '{"format": 2}'])
def test_damaged_passages_are_refused(tmp_path: Path, record: str) -> None:
    (tmp_path / "passage.json").write_text(record)
    with pytest.raises(OptionError):
        Passage.load(tmp_path)


def test_one_piece_is_spoken_anew_and_the_rest_stays(passage: Passage) -> None:
    new = respeak(FakeSynthesizer(), passage, 1, VOICE, seed=2)
    same = respeak(FakeSynthesizer(), passage, 1, VOICE, seed=1)
    assert np.array_equal(same.samples, passage.piece(1).samples), "the seed repeats it"
    assert not np.array_equal(new.samples, same.samples)
    changed = passage.with_piece(1, new)
    assert np.array_equal(changed.piece(0).samples, passage.piece(0).samples)
    assert np.array_equal(changed.piece(2).samples, passage.piece(2).samples)
    assert np.array_equal(changed.piece(1).samples, new.samples)
    with pytest.raises(OptionError):
        respeak(FakeSynthesizer(), passage, 3, VOICE, seed=1)


def test_subtitles_follow_the_pieces(passage: Passage) -> None:
    assert passage.subtitles().splitlines()[:7] == [
        "1", "00:00:00,000 --> 00:00:00,400", "One two", "",
        "2", "00:00:00,400 --> 00:00:01,000", "Three four five",
    ]


def test_long_times_carry_into_hours() -> None:
    from voice.synth.passage import _clock

    assert _clock(3661.2345) == "01:01:01,234" and _clock(59.9999) == "00:01:00,000"
