"""Settings: every number has a range, and an error names the option and the range."""

from __future__ import annotations

import math

import pytest

from voice import OptionError, SynthesisSettings
from voice.synth.settings import OPEN, RANGES, check_number


@pytest.mark.parametrize("name", RANGES)
@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -1, 1e30, "2", None, True, [1]])
def test_wrong_numbers_are_refused_with_name_and_range(name: str, value: object) -> None:
    if name in OPEN and value is None:
        return
    with pytest.raises(OptionError) as caught:
        SynthesisSettings(**{name: value})  # type: ignore[arg-type]
    assert name in str(caught.value)
    assert str(RANGES[name]) in str(caught.value)


@pytest.mark.parametrize("name", RANGES)
def test_both_ends_of_a_range_are_allowed(name: str) -> None:
    limits = RANGES[name]
    for value in (limits.low, limits.high):
        chosen = int(value) if limits.whole else float(value)
        assert getattr(SynthesisSettings(**{name: chosen}), name) == chosen  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [n for n, r in RANGES.items() if r.whole])
def test_whole_numbers_refuse_fractions(name: str) -> None:
    with pytest.raises(OptionError, match="whole number"):
        SynthesisSettings(**{name: 1.5})  # type: ignore[arg-type]


def test_the_label_of_a_number_is_used() -> None:
    with pytest.raises(OptionError, match=r"--top-k is 0"):
        check_number("top_k", 0, "--top-k")


@pytest.mark.parametrize(
    ("option", "value"),
    [("language", "fr"), ("split", "cut9"), ("check", 1), ("watermark", "no"), ("prompt", None)],
)
def test_wrong_choices_are_refused(option: str, value: object) -> None:
    with pytest.raises(OptionError, match=option):
        SynthesisSettings(**{option: value})  # type: ignore[arg-type]


def test_replace_names_unknown_options() -> None:
    with pytest.raises(OptionError, match="sped"):
        SynthesisSettings().replace(sped=1.0)


def test_a_seed_is_drawn_only_where_there_is_none() -> None:
    assert SynthesisSettings(seed=7).seeded().seed == 7
    drawn = {SynthesisSettings().seeded().seed for _ in range(8)}
    assert len(drawn) > 1 and all(seed is not None and 0 <= seed < 2**31 for seed in drawn)


def test_a_model_decides_only_what_the_caller_left_open() -> None:
    assert SynthesisSettings().usual(0.7, 1.0).temperature == 0.7
    chosen = SynthesisSettings(temperature=1.2).usual(0.7, 1.1)
    assert (chosen.temperature, chosen.repetition_penalty) == (1.2, 1.1)
