"""The map of voices, mixing by place, and voices that are drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.synth.voices import CONSENT, make_voice, same
from voice.errors import ConsentError, OptionError
from voice.synth.blend import blend_timbres
from voice.synth.voice_space import TimbreMap, draw_voice, likenesses, timbre_similarity
from voice.synth.voicefile import Voice

places = st.floats(-1, 1)


def crowd(count: int, width: int = 64) -> list[Voice]:
    """Voices around a middle, as those of a model are."""
    rng = np.random.default_rng(7)
    middle = rng.standard_normal(width)
    return [
        make_voice(f"v{i}", i, timbre=(10 * (middle + rng.standard_normal(width))).astype("f4"),
                   pitch_hz=100.0 + 20 * i)
        for i in range(count)
    ]


def test_similarity_is_the_cosine_whatever_the_lengths() -> None:
    a, b = np.array([1.0, 0, 0], "f4"), np.array([0, 2.0, 0], "f4")
    assert timbre_similarity(a, 5 * a) == pytest.approx(1.0)
    assert timbre_similarity(a, b) == pytest.approx(0.0)
    assert timbre_similarity(a, -a) == pytest.approx(-1.0)
    assert timbre_similarity(a, a + b / 2) == pytest.approx(np.sqrt(0.5))
    with pytest.raises(OptionError, match="widths"):
        timbre_similarity(a, b[:2])


def test_the_map_keeps_a_plane_as_it_is() -> None:
    """Voices that differ in two directions alone: distances on the map are those of the voices."""
    corners = np.array([[1, 1], [1, -1], [-1, 1], [-1, -1]], float)
    base = np.zeros((4, 12))
    base[:, 3] = 100.0  # far off, so that directions lie in a plane, too
    base[:, [5, 8]] = corners
    found = TimbreMap.of(list(base)).points
    assert np.abs(found).max() == pytest.approx(1.0)
    sides = np.linalg.norm(found[0] - found[3]), np.linalg.norm(found[1] - found[2])
    assert sides[0] == pytest.approx(sides[1], rel=1e-3)


def test_the_map_is_the_same_each_time_and_places_its_own_voices() -> None:
    timbres = [voice.timbre for voice in crowd(9)]
    chart = TimbreMap.of(timbres)
    assert np.array_equal(chart.points, TimbreMap.of(timbres).points)
    for timbre, point in zip(timbres, chart.points, strict=True):
        assert chart.place(timbre) == pytest.approx(tuple(point))
    assert max(map(abs, chart.place(1000 * (timbres[0] - timbres[1])))) <= 1.0


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_voices_have_a_map_too(count: int) -> None:
    chart = TimbreMap.of([voice.timbre for voice in crowd(count)])
    assert chart.points.shape == (count, 2) and np.isfinite(chart.points).all()
    assert chart.weights_at(0.3, 0.2).sum() == pytest.approx(1.0)
    alike = TimbreMap.of([crowd(1)[0].timbre] * 3)
    assert np.allclose(alike.points, 0)


def test_a_map_of_nothing_or_of_two_models_is_refused() -> None:
    for timbres in ([], [np.ones(3), np.ones(4)]):
        with pytest.raises(OptionError, match="one model"):
            TimbreMap.of(timbres)


@settings(max_examples=60, deadline=None)
@given(places, places)
def test_neighbours_are_mixed_by_nearness(x: float, y: float) -> None:
    chart = TimbreMap.of([voice.timbre for voice in crowd(9)])
    weights = chart.weights_at(x, y)
    assert weights.sum() == pytest.approx(1.0)
    used = weights > 0
    assert 2 <= used.sum() <= 4
    away = np.linalg.norm(chart.points - (x, y), axis=1)
    assert away[used].max() <= away[~used].min(), "nobody nearer is left out"
    order = np.argsort(away)[:2]
    assert weights[order[0]] >= weights[order[1]] > 0


def test_on_a_voice_it_is_nearly_that_voice_alone() -> None:
    chart = TimbreMap.of([voice.timbre for voice in crowd(6)])
    for i, (x, y) in enumerate(chart.points):
        others = np.linalg.norm(np.delete(chart.points, i, 0) - (x, y), axis=1).min()
        if others > 0.5:
            assert chart.weights_at(x, y)[i] > 0.75


def test_likenesses_are_sorted_and_leave_other_models_out() -> None:
    voices = crowd(5)
    found = likenesses(voices[2].timbre, [*voices, make_voice("other", 3)])
    assert [one.name for one in found][0] == "v2" and len(found) == 5
    assert found[0].similarity == pytest.approx(1.0)
    values = [one.similarity for one in found]
    assert values == sorted(values, reverse=True)


def test_a_drawn_voice_is_new_plausible_and_has_its_parents_consent() -> None:
    voices = crowd(8)
    drawn = draw_voice(voices, 3)
    assert same(replace(drawn, created=""), replace(draw_voice(voices, 3), created=""))
    assert not np.array_equal(drawn.timbre, draw_voice(voices, 4).timbre)
    assert sum(drawn.parents.values()) == pytest.approx(1.0) and len(drawn.parents) == 3
    assert CONSENT in drawn.consent and not drawn.name
    units = np.stack([v.timbre / np.linalg.norm(v.timbre) for v in voices])
    usual = np.linalg.norm(units - units.mean(0), axis=1)
    for seed in range(20):
        made = draw_voice(voices, seed)
        away = np.linalg.norm(made.timbre / np.linalg.norm(made.timbre) - units.mean(0))
        assert 0.6 * usual.min() < away < 1.2 * usual.max()
        assert likenesses(made.timbre, voices)[0].similarity < 0.98, "nobody's own voice"
        assert 70 <= made.pitch_hz <= 350


def test_a_drawn_voice_lies_further_out_than_a_plain_blend() -> None:
    voices = crowd(8)
    by_name = {voice.name: voice for voice in voices}
    middle = np.mean([v.timbre / np.linalg.norm(v.timbre) for v in voices], axis=0)
    further = 0
    for seed in range(20):
        made = draw_voice(voices, seed)
        plain = blend_timbres([by_name[n].timbre for n in made.parents],
                              list(made.parents.values()))
        away = [np.linalg.norm(t / np.linalg.norm(t) - middle) for t in (made.timbre, plain)]
        further += away[0] > away[1]
    assert further >= 18


def test_apart_means_less_like_the_closest_one() -> None:
    voices = crowd(8)

    def closest(voice: Voice) -> float:
        return likenesses(voice.timbre, voices)[0].similarity

    any_ = np.mean([closest(draw_voice(voices, seed)) for seed in range(10)])
    apart = np.mean([closest(draw_voice(voices, seed, apart_from=voices)) for seed in range(10)])
    assert apart < any_ - 0.03


def test_who_cannot_be_drawn_from() -> None:
    with pytest.raises(OptionError, match="3 voices"):
        draw_voice(crowd(2), 1)
    with pytest.raises(ConsentError):
        draw_voice([replace(v, consent="") for v in crowd(3)], 1)
