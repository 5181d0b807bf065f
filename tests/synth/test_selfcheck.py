"""Self-check: what counts as the same sound, as a dropped word, and which reading is kept."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from voice.errors import ModelFileError, OptionError
from voice.synth import selfcheck
from voice.text import symbols as tables

TABLE = tables.table("v2")
ROWS = {symbol: row for row, symbol in enumerate(TABLE)}
BLANK = len(TABLE)


def _classes(symbols: str) -> list[int]:
    ids = np.array([ROWS[s] for s in symbols.split()], np.int64)
    return selfcheck.wanted_classes(ids, TABLE).tolist()


def test_stress_and_tone_do_not_count_and_silence_is_left_out() -> None:
    assert _classes("AH0 , AE1 .") == _classes("AH2 AE0")
    assert _classes("ang1 … SP") == _classes("ang4")
    assert _classes("! ? , . - … _ SP SP2 SP3") == []


def test_different_sounds_stay_different() -> None:
    for a, b in itertools.combinations(
        ["AH0", "AE0", "B", "b", "i01", "i1", "ir1", "ang1", "an1"], 2
    ):
        assert _classes(a) != _classes(b), (a, b)


def test_collapse_follows_ctc() -> None:
    frames = np.array([BLANK, 5, 5, BLANK, 5, 7, 7, BLANK])
    assert selfcheck.collapse(frames, BLANK).tolist() == [5, 5, 7]
    assert selfcheck.collapse(np.array([BLANK, BLANK]), BLANK).tolist() == []
    assert selfcheck.collapse(np.zeros(0, np.int64), BLANK).tolist() == []


def _scores(rng: np.random.Generator, frames: int) -> np.ndarray:
    """(F, S) log-probabilities, few of them high."""
    levels = rng.standard_normal((frames, BLANK + 1)) * 4
    return (levels - np.log(np.exp(levels).sum(1, keepdims=True))).astype(np.float32)


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 12))
def test_doubt_is_the_loss_of_ctc_over_classes_of_sounds(seed: int, frames: int, long: int) -> None:
    rng = np.random.default_rng(seed)
    scores = _scores(rng, frames)
    wanted = rng.choice([0, 1, 2, 40], long)  # few, so that some follow themselves
    classes = np.array([*selfcheck.sound_classes(TABLE), -1])
    last = classes.max() + 1
    merged = np.zeros((frames, last + 1))
    np.add.at(merged.T, np.where(classes < 0, last, classes), np.exp(scores.T.astype(float)))
    wanted_loss = torch.nn.functional.ctc_loss(
        torch.from_numpy(np.log(merged))[:, None], torch.from_numpy(wanted)[None],
        torch.tensor([frames]), torch.tensor([long]), blank=int(last), reduction="sum")
    found = selfcheck.doubt(scores, wanted, TABLE)
    assert found == pytest.approx(min(10.0, float(wanted_loss) / long), rel=1e-3)


def test_doubt_of_nothing() -> None:
    nothing, some = np.zeros(0, np.int64), np.array([3, 4])
    assert selfcheck.doubt(np.zeros((0, BLANK + 1), np.float32), some, TABLE) == 10
    assert selfcheck.doubt(np.zeros((0, BLANK + 1), np.float32), nothing, TABLE) == 0
    assert selfcheck.doubt(_scores(np.random.default_rng(0), 9), nothing, TABLE) == 0


def test_of_equal_mistakes_the_surer_reading_is_kept_and_mistakes_count_more() -> None:
    wanted = np.arange(20)
    sure, unsure = (selfcheck.judge(wanted, wanted, 40, doubted=x) for x in (0.2, 1.1))
    wrong = selfcheck.judge(wanted, np.where(wanted < 5, 30, wanted), 40, doubted=0.2)
    assert selfcheck.best_of([unsure, sure]) == 1 and (unsure.doubt, unsure.passed) == (1.1, True)
    assert selfcheck.best_of([wrong, unsure]) == 1


def _reference_distance(a: list[int], b: list[int]) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


letters = st.lists(st.integers(0, 4), max_size=12)


@given(letters, letters)
def test_distance_is_levenshteins(a: list[int], b: list[int]) -> None:
    found = selfcheck.align(np.array(a, np.int64), np.array(b, np.int64))
    assert found.distance == _reference_distance(a, b)
    assert found.missing <= len(a) and found.surplus <= len(b)


def test_a_dropped_word_is_a_run_of_missing_phonemes() -> None:
    wanted = np.arange(40)
    read = np.concatenate([wanted[:10], wanted[15:]])
    assert selfcheck.align(wanted, read) == selfcheck.Alignment(5, 5, 0)
    assert not selfcheck.judge(wanted, read, 80).passed


def test_a_repeated_word_is_a_run_of_surplus_phonemes() -> None:
    wanted = np.arange(40)
    read = np.concatenate([wanted[:15], wanted[10:]])
    assert selfcheck.align(wanted, read) == selfcheck.Alignment(5, 0, 5)
    assert not selfcheck.judge(wanted, read, 80).passed


def test_scattered_misreadings_pass() -> None:
    wanted = np.arange(40)
    read = wanted.copy()
    read[[3, 17, 30]] = 99
    reading = selfcheck.judge(wanted, read, 80)
    assert reading.passed and reading.errors == 3 / 40


def test_too_fast_too_slow_and_unended_fail() -> None:
    wanted = np.arange(40)
    assert selfcheck.judge(wanted, wanted, 80).passed
    assert not selfcheck.judge(wanted, wanted, 10).passed
    assert not selfcheck.judge(wanted, wanted, 900).passed
    assert not selfcheck.judge(wanted, wanted, 80, ended=False).passed


def test_the_best_is_one_that_passed_then_the_cheapest() -> None:
    wanted = np.arange(40)
    good = selfcheck.judge(wanted, wanted, 80)
    fair = selfcheck.judge(wanted, np.where(wanted == 4, 99, wanted), 80)
    bad = selfcheck.judge(wanted, wanted[:20], 40)
    worse = selfcheck.judge(wanted, wanted[:5], 40)
    assert selfcheck.best_of([bad, fair, good, worse]) == 2
    assert selfcheck.best_of([worse, bad]) == 1
    assert selfcheck.best_of([good, good]) == 0


def test_limits_are_measured_on_correct_recordings() -> None:
    wanted = np.arange(40)
    readings = []
    for i in range(20):
        read = wanted.copy()
        read[: i // 2] = 99
        readings.append(selfcheck.judge(wanted, read, 80))
    limits = selfcheck.measured(readings)
    assert 0.18 < limits.errors < 0.24 and limits.run == 2
    assert limits.tokens_low == 1.2 and limits.tokens_high == 3.2
    with pytest.raises(OptionError, match="9 recordings"):
        selfcheck.measured(readings[:9])


def test_limits_of_a_model_are_read_strictly(tmp_path: Path) -> None:
    assert selfcheck.read_limits(tmp_path) == {}
    file = tmp_path / selfcheck.LIMITS_FILE
    file.write_text('{"en": {"errors": 0.3, "run": 4}}')
    assert selfcheck.read_limits(tmp_path) == {"en": selfcheck.Limits(0.3, 4)}
    for wrong in ("[]", '{"en": {"errors": 0.3}}', '{"en": {"errors": 1, "run": 2, "x": 3}}', "{"):
        file.write_text(wrong)
        with pytest.raises(ModelFileError, match="selfcheck.json"):
            selfcheck.read_limits(tmp_path)
