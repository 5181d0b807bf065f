"""Counting errors, means and their intervals: against values worked out by hand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.errors import DependencyError, OptionError
from voice.evaluation import evaluate, history
from voice.evaluation.judges import Judges
from voice.evaluation.rows import read_rows, write_rows
from voice.evaluation.statistics import error_rate, figure, mean_of, summarize
from voice.evaluation.wording import edit_distance, units

WORDS = st.lists(st.sampled_from("abcd"), max_size=8)


@pytest.mark.parametrize(("text", "language", "wanted"), [
    ("Don't panic, it's 5 o'clock!", "en", ["don't", "panic", "it's", "5", "o'clock"]),
    ("\uff28\uff25\uff2c\uff2c\uff2f \u2014 World\u2026", "en", ["hello", "world"]),
    ("你好，世界。", "zh", ["ni", "hao", "shi", "jie"]),
    ("東京へ。", "ja", list("トーキョーエ")),
    ("...", "en", []),
])
def test_units(text: str, language: str, wanted: list[str]) -> None:
    assert units(text, language) == wanted


@pytest.mark.parametrize(("a", "b", "wanted"), [
    ("", "", 0), ("abc", "", 3), ("", "abc", 3), ("kitten", "sitting", 3), ("abc", "abc", 0),
    ("abcd", "bcda", 2),
])
def test_edit_distance(a: str, b: str, wanted: int) -> None:
    assert edit_distance(list(a), list(b)) == wanted


@given(WORDS, WORDS, WORDS)
def test_edit_distance_is_a_distance(a: list[str], b: list[str], c: list[str]) -> None:
    assert edit_distance(a, b) == edit_distance(b, a)
    assert (edit_distance(a, b) == 0) == (a == b)
    assert edit_distance(a, c) <= edit_distance(a, b) + edit_distance(b, c)
    assert abs(len(a) - len(b)) <= edit_distance(a, b) <= max(len(a), len(b))


def rows_of(errors: list[int], reference: str | None = None) -> list[dict]:
    return [
        {"lang": "en", "errors": e, "length": 10, "mos": 3.0, "sim": 0.5,
         "reference": reference or f"{i}.wav"}
        for i, e in enumerate(errors)
    ]


def test_error_rate_weighs_rows_by_length() -> None:
    rows = [{"errors": 1, "length": 2}, {"errors": 0, "length": 8}]
    assert error_rate(rows) == pytest.approx(0.1)


def test_interval_holds_the_value_and_covers_as_theory_says() -> None:
    values = np.random.default_rng(1).normal(3, 0.4, 200)
    found = figure([{"mos": v} for v in values], mean_of("mos"))
    assert found.value == pytest.approx(values.mean())
    half_width = 1.96 * values.std(ddof=1) / np.sqrt(200)
    assert (found.high - found.low) / 2 == pytest.approx(half_width, rel=0.1)


def test_rows_of_one_reference_are_drawn_together() -> None:
    spread = [0] * 20 + [10] * 20
    alone = figure(rows_of(spread), error_rate)
    rows = rows_of([0] * 20, "a.wav") + rows_of([10] * 20, "b.wav")
    together = figure(rows, error_rate)
    assert (together.low, together.high) == (0.0, 1.0)
    assert alone.high - alone.low < 0.4


def test_summary_has_a_figure_a_language() -> None:
    rows = rows_of([1, 2]) + [dict(r, lang="ja", sim=None) for r in rows_of([5])]
    found = summarize(rows)
    assert {n: round(f.value, 3) for n, f in found.items()} == {
        "en_error_rate": 0.15, "ja_error_rate": 0.5, "sim": 0.5, "dnsmos": 3.0,
    }
    assert (found["ja_error_rate"].rows, found["sim"].rows) == (1, 2)


def test_a_voice_is_recognised_among_others() -> None:
    sims = [(0.9, [0.5, 0.8]), (0.7, [0.5, 0.8]), (0.6, [0.1, 0.2]), (0.6, [0.6, 0.2])]
    rows = [{"lang": "en", "errors": 0, "length": 1, "mos": 3.0, "sim": sim, "other_sims": others}
            for sim, others in sims]
    assert summarize(rows)["recognised"].value == 0.5
    assert "recognised" not in summarize([{k: v for k, v in rows[0].items() if k != "other_sims"}])


def test_report_tells_groups_apart() -> None:
    rows = rows_of([0, 0]) + [dict(r, source="real") for r in rows_of([4])]
    report = evaluate.report_of([dict(r, source=r.get("source", "corpus")) for r in rows])
    assert report["groups"]["source real"]["en_error_rate"]["value"] == pytest.approx(0.4)
    assert report["groups"]["source corpus"]["n"] == 2
    assert "| source real | en_error_rate | 40.0 % | 40.0 % to 40.0 % | 1 |" in (
        evaluate.markdown(report)
    )
    json.dumps(report)


@pytest.mark.parametrize(("line", "message"), [
    ("{", "line 1: not JSON"),
    ("[]", "line 1: not an object"),
    ('{"wav": "a.wav", "text": "x"}', "field lang is missing"),
    ('{"wav": "a.wav", "text": " ", "lang": "en"}', "field text is missing or empty"),
    ('{"wav": "a.wav", "text": "x", "lang": "fr"}', "lang 'fr' is none of"),
    ('{"wav": "b.wav", "text": "x", "lang": "en"}', "b.wav is not there"),
    ('{"wav": "a.wav", "text": "x", "lang": "en", "reference": "c.wav"}', "reference"),
    ("", "no rows"),
])
def test_wrong_rows_are_named(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "a.wav").touch()
    (tmp_path / "rows.jsonl").write_text(line, "utf8")
    with pytest.raises(OptionError, match=message):
        read_rows(tmp_path / "rows.jsonl")


def test_rows_are_found_beside_their_file(tmp_path: Path) -> None:
    (tmp_path / "a.wav").touch()
    write_rows(tmp_path / "rows.jsonl", [{"wav": "a.wav", "text": "嗯", "lang": "zh"}])
    assert read_rows(tmp_path / "rows.jsonl")[0]["wav"] == str(tmp_path / "a.wav")
    assert [p.name for p in tmp_path.glob("*.partial")] == []


def test_missing_judges_are_told(tmp_path: Path) -> None:
    with pytest.raises(DependencyError, match="no Whisper model"):
        Judges(tmp_path)
    (tmp_path / "a.wav").touch()
    write_rows(tmp_path / "rows.jsonl", [{"wav": "a.wav", "text": "x", "lang": "en"}])
    with pytest.raises(DependencyError, match="environment is not there"):
        evaluate.run(tmp_path / "rows.jsonl", python=tmp_path / "python")


def test_history_grows_by_a_dated_line(tmp_path: Path) -> None:
    for value in (1, 2):
        history.append(tmp_path / "deep" / "history.jsonl", {"n": value})
    lines = (tmp_path / "deep" / "history.jsonl").read_text("utf8").splitlines()
    assert [json.loads(line)["n"] for line in lines] == [1, 2]
    assert json.loads(lines[0])["at"].endswith("+00:00")
