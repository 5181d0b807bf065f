"""Blending: geometry on the hypersphere, and what the new voice takes from its parents."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.synth.voices import CONSENT, make_voice
from voice.errors import ConsentError, OptionError
from voice.synth.blend import blend_timbres, blend_voices, check_weights, slerp, spherical_mean


def _angle(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a / np.linalg.norm(a.astype(float)), b / np.linalg.norm(b.astype(float))
    return 2 * math.atan2(float(np.linalg.norm(a - b)), float(np.linalg.norm(a + b)))


def _units(seed: int, count: int, width: int = 8) -> np.ndarray:
    raw = np.random.default_rng(seed).standard_normal((count, width))
    return raw / np.linalg.norm(raw, axis=1, keepdims=True)


seeds = st.integers(0, 10000)
shares = st.floats(0, 1)


@settings(max_examples=60, deadline=None)
@given(seeds, shares)
def test_slerp_divides_the_angle(seed: int, share: float) -> None:
    a, b = _units(seed, 2)
    point = slerp(a, b, share)
    assert np.linalg.norm(point) == pytest.approx(1.0, abs=1e-12)
    assert _angle(a, point) == pytest.approx(share * _angle(a, b), abs=1e-7)
    assert _angle(b, point) == pytest.approx((1 - share) * _angle(a, b), abs=1e-7)


@settings(max_examples=40, deadline=None)
@given(seeds)
def test_angle_to_each_parent_is_monotone(seed: int) -> None:
    a, b = (3 * _units(seed, 2)).astype(np.float32)
    steps = [blend_timbres([a, b], [1 - w, w]) for w in np.linspace(0, 1, 9)]
    to_a = [_angle(a, s) for s in steps]
    to_b = [_angle(b, s) for s in steps]
    assert all(x < y for x, y in itertools.pairwise(to_a))
    assert all(x > y for x, y in itertools.pairwise(to_b))


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(2, 5))
def test_one_and_zeros_give_the_parent_exactly(seed: int, count: int) -> None:
    rows = (2 * _units(seed, count)).astype(np.float32)
    for k in range(count):
        weights = [0.0] * count
        weights[k] = 0.3
        assert np.array_equal(blend_timbres(list(rows), weights), rows[k])


@settings(max_examples=40, deadline=None)
@given(seeds, st.lists(st.floats(0, 10), min_size=2, max_size=5).filter(lambda w: sum(w) > 1e-6))
def test_order_does_not_matter(seed: int, weights: list[float]) -> None:
    rows = list(_units(seed, len(weights)).astype(np.float32))
    first = blend_timbres(rows, weights)
    for order in itertools.islice(itertools.permutations(range(len(rows))), 6):
        again = blend_timbres([rows[i] for i in order], [weights[i] for i in order])
        assert np.array_equal(first, again)


@settings(max_examples=40, deadline=None)
@given(seeds, st.integers(3, 6))
def test_mean_is_where_the_pulls_balance(seed: int, count: int) -> None:
    # in one hemisphere the weighted mean is unique: its gradient is zero, all else is worse
    rows = _units(seed, count) + 1.0
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    weights = np.random.default_rng(seed).dirichlet(np.ones(count))
    mean = spherical_mean(rows, weights)

    def cost(point: np.ndarray) -> float:
        return sum(w * _angle(point, r) ** 2 for w, r in zip(weights, rows, strict=True))

    best = cost(mean)
    for nudge in 1e-3 * _units(seed + 1, 20):
        other = mean + nudge
        assert cost(other / np.linalg.norm(other)) >= best - 1e-12


def test_mean_of_three_axes_is_their_middle() -> None:
    got = spherical_mean(np.eye(3), np.full(3, 1 / 3))
    np.testing.assert_allclose(got, np.full(3, 3**-0.5), atol=1e-9)


def test_general_mean_agrees_with_slerp() -> None:
    a, b = _units(3, 2)
    three = spherical_mean(np.stack([a, b, b]), np.array([0.4, 0.35, 0.25]))
    np.testing.assert_allclose(three, slerp(a, b, 0.6), atol=1e-7)


def test_more_weight_is_nearer_with_three() -> None:
    rows = list(_units(5, 3).astype(np.float32))
    angles = [
        _angle(rows[0], blend_timbres(rows, [w, (1 - w) / 2, (1 - w) / 2]))
        for w in np.linspace(0, 1, 9)
    ]
    assert all(x > y for x, y in itertools.pairwise(angles))


def test_length_is_the_weighted_mean() -> None:
    a, b = np.float32([4, 0, 0]), np.float32([0, 8, 0])
    assert np.linalg.norm(blend_timbres([a, b], [3, 1])) == pytest.approx(5.0, rel=1e-6)


def test_equal_and_opposite_parents() -> None:
    a = np.float32([1, 2, 3])
    np.testing.assert_allclose(blend_timbres([a, a], [1, 1]), a, rtol=1e-6)
    np.testing.assert_allclose(blend_timbres([a, a, a], [1, 2, 1]), a, rtol=1e-6)
    middle = blend_timbres([a, -a], [1, 1])
    assert np.isfinite(middle).all()
    assert _angle(a, middle) == pytest.approx(math.pi / 2, abs=1e-6)
    assert np.array_equal(middle, blend_timbres([-a, a], [1, 1]))
    assert np.isfinite(blend_timbres([a, -a, a, -a], [1, 1, 1, 1])).all()


def test_weights_are_divided_by_their_sum() -> None:
    assert check_weights({"a": 3, "b": 1}) == {"a": 0.75, "b": 0.25}
    assert check_weights({"a": 1e308, "b": 1e308}) == {"a": 0.5, "b": 0.5}
    assert check_weights({"a": 1e-300, "b": 0}) == {"a": 1.0, "b": 0.0}


@pytest.mark.parametrize("bad", [-0.1, math.nan, math.inf, -math.inf, "1", None, True])
def test_bad_weights_are_named(bad: object) -> None:
    with pytest.raises(OptionError, match=f"Bob = {bad}"):
        check_weights({"Ada": 1.0, "Bob": bad})  # pyright: ignore[reportArgumentType]


def test_all_zero_weights() -> None:
    with pytest.raises(OptionError, match="all 0"):
        check_weights({"a": 0, "b": 0.0})
    with pytest.raises(OptionError):
        check_weights({})


def test_timbres_that_cannot_be_blended() -> None:
    with pytest.raises(OptionError, match="widths"):
        blend_timbres([np.ones(3), np.ones(4)], [1, 1])
    with pytest.raises(OptionError, match="zero or not finite"):
        blend_timbres([np.ones(3), np.zeros(3)], [1, 1])
    with pytest.raises(OptionError, match="weights"):
        blend_timbres([np.ones(3)], [1, 1])


def test_the_new_voice() -> None:
    ada = make_voice("Ada", 1, languages=("en",))
    bob = make_voice("Bob", 2, languages=("zh", "en"), consent="Bob agreed.",
                     consent_date="2026-05-01")
    got = blend_voices({ada: 3, bob: 1}, "Both")
    assert got.name == "Both"
    assert got.parents == {"Ada": 0.75, "Bob": 0.25}
    assert (got.model, got.revision) == ("mini", "r1")
    assert np.array_equal(got.prompt_codes, ada.prompt_codes)
    assert np.array_equal(got.timbre, blend_timbres([ada.timbre, bob.timbre], [3, 1]))
    assert got.languages == ("en", "zh")
    assert CONSENT in got.consent and "Bob agreed." in got.consent
    assert got.consent_date == "2026-05-01"
    assert len(got.source_hash) == 64


def test_pitch_is_between_the_parents_in_octaves_or_unknown() -> None:
    low, high = (make_voice(n, i, pitch_hz=hz) for i, (n, hz) in enumerate((("L", 100.0),
                                                                            ("H", 200.0))))
    unknown = make_voice("U", 5)
    assert blend_voices({low: 1, high: 1}).pitch_hz == pytest.approx(100 * 2**0.5)
    steps = [blend_voices({low: 1 - w, high: w}).pitch_hz for w in (0.0, 0.25, 0.5, 0.75, 1.0)]
    assert np.allclose(steps, 100 * 2 ** np.linspace(0, 1, 5))
    assert blend_voices({low: 1, unknown: 1}).pitch_hz == 0
    assert blend_voices({low: 1, unknown: 0}).pitch_hz == pytest.approx(100)


def test_prosody_of_a_chosen_parent() -> None:
    ada, bob, eve = make_voice("Ada", 1), make_voice("Bob", 2), make_voice("Eve", 3)
    got = blend_voices({ada: 3, bob: 1}, prosody_of=bob)
    assert np.array_equal(got.prompt_codes, bob.prompt_codes)
    assert np.array_equal(got.prompt_phonemes, bob.prompt_phonemes)
    with pytest.raises(OptionError, match="Eve, which is not blended"):
        blend_voices({ada: 3, bob: 1}, prosody_of=eve)


def test_order_of_voices_does_not_matter() -> None:
    ada, bob = make_voice("Ada", 1), make_voice("Bob", 2)
    one, two = blend_voices({ada: 3, bob: 1}), blend_voices({bob: 1, ada: 3})
    assert np.array_equal(one.timbre, two.timbre)
    assert one.parents == two.parents
    assert one.source_hash == two.source_hash


def test_consent_is_inherited_or_missing() -> None:
    ada, bob = make_voice("Ada", 1), make_voice("Bob", 2, consent=" ")
    assert blend_voices({ada: 1, bob: 1}).consent == ""
    with pytest.raises(ConsentError, match="given for Bob"):
        blend_voices({ada: 1, bob: 1}, require_consent=True)


def test_two_voices_of_one_model() -> None:
    ada = make_voice("Ada", 1)
    with pytest.raises(OptionError, match="two or more"):
        blend_voices({ada: 1})
    with pytest.raises(OptionError, match="Bob for v2 r1"):
        blend_voices({ada: 1, make_voice("Bob", 2, model="v2"): 1})
    with pytest.raises(OptionError, match="different models"):
        blend_voices({ada: 1, make_voice("Bob", 2, revision="r2"): 1})


def test_voices_of_one_name_are_told_apart() -> None:
    got = blend_voices({make_voice("Ada", 1): 1, make_voice("Ada", 2): 3})
    assert got.parents == {"Ada": 0.25, "Ada (2)": 0.75}


def test_the_manner_of_speaking_is_weighed_apart() -> None:
    a, b, c = (make_voice(name, i, pitch_hz=hz) for i, (name, hz) in enumerate(
        [("A", 100.0), ("B", 200.0), ("C", 400.0)]))
    timbre = {a: 0.8, b: 0.1, c: 0.1}
    plain = blend_voices(timbre)
    made = blend_voices(timbre, prosody={b: 1, c: 3})
    assert np.array_equal(made.timbre, plain.timbre), "the timbre is not touched"
    assert plain.prompt_codes is a.prompt_codes and made.prompt_codes is c.prompt_codes
    assert made.pitch_hz == pytest.approx(2 ** (0.25 * math.log2(200) + 0.75 * math.log2(400)))
    assert made.parents == pytest.approx({"A": 0.8, "B": 0.1, "C": 0.1})
    assert made.prosody == pytest.approx({"B": 0.25, "C": 0.75}) and plain.prosody == {}
    with pytest.raises(OptionError, match="not blended"):
        blend_voices({a: 1, b: 1}, prosody={c: 1})
    with pytest.raises(OptionError, match="all 0"):
        blend_voices({a: 1, b: 1}, prosody={a: 0})
    with pytest.raises(OptionError, match="both"):
        blend_voices({a: 1, b: 1}, prosody={a: 1}, prosody_of=b)
