"""The sampler: properties for any logits, and its argument checks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.decode.sampling import Race, SamplingSettings, draw, penalised, probabilities
from voice.errors import OptionError

CLASSES = 40


def logits(seed: int, rows: int = 3, scale: float = 3.0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(rows, CLASSES, generator=generator) * scale


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 10_000), top_k=st.integers(1, 60), top_p=st.floats(0.01, 1.0),
    temperature=st.floats(0.0, 3.0),
)
def test_probabilities_are_distributions_within_the_limits(
    seed: int, top_k: int, top_p: float, temperature: float
) -> None:
    x = logits(seed)
    wanted = SamplingSettings(top_k=top_k, top_p=top_p, temperature=temperature)
    p = probabilities(x, wanted)
    assert torch.allclose(p.sum(1), torch.ones(3), atol=1e-5)
    assert ((p > 0).sum(1) <= top_k).all()
    assert (p.argmax(1) == x.argmax(1)).all()
    mass = torch.where(p > 0, x.softmax(1), 0.0).sum(1)
    alone = (p > 0).sum(1) == 1
    assert ((mass <= top_p + 1e-5) | alone).all()


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), temperature=st.floats(0.1, 3.0))
def test_without_filters_it_is_a_softmax(seed: int, temperature: float) -> None:
    x = logits(seed)
    p = probabilities(x, SamplingSettings(top_k=CLASSES, top_p=1.0, temperature=temperature))
    assert torch.allclose(p, (x / temperature).softmax(1), atol=1e-6)


def test_top_p_comes_before_temperature_and_top_k() -> None:
    x = torch.log(torch.tensor([[0.4, 0.3, 0.2, 0.1]]))
    p = probabilities(x, SamplingSettings(top_k=2, top_p=0.95, temperature=0.5))
    # 0.4 + 0.3 + 0.2 stay under 0.95; then squares (temperature 0.5), then the best two.
    assert torch.allclose(p, torch.tensor([[16 / 25, 9 / 25, 0.0, 0.0]]), atol=1e-6)


def test_the_token_that_crosses_top_p_goes_but_the_first_stays() -> None:
    x = torch.log(torch.tensor([[0.4, 0.3, 0.2, 0.1], [0.1, 0.2, 0.3, 0.4]]))
    p = probabilities(x, SamplingSettings(top_k=4, top_p=0.6))
    assert torch.allclose(p, torch.tensor([[1.0, 0, 0, 0], [0, 0, 0, 1.0]]), atol=1e-6)


def test_ties_survive_top_k() -> None:
    p = probabilities(torch.tensor([[1.0, 1.0, 1.0, 0.0]]), SamplingSettings(top_k=2))
    assert torch.allclose(p, torch.tensor([[1 / 3, 1 / 3, 1 / 3, 0.0]]))


def test_penalty_moves_used_tokens_down_once_and_leaves_others() -> None:
    x = torch.tensor([[2.0, -2.0, 2.0, -2.0, 1.0]])
    used = torch.tensor([[True, True, False, False, False]])
    out = penalised(x, used, SamplingSettings(repetition_penalty=2.0), made=20)
    assert out.tolist() == [[1.0, -4.0, 2.0, -2.0, 1.0]]
    assert x.tolist() == [[2.0, -2.0, 2.0, -2.0, 1.0]]


@pytest.mark.parametrize(("made", "possible"), [(0, False), (10, False), (11, True)])
def test_no_end_before_the_least_number_of_tokens(made: int, possible: bool) -> None:
    x = torch.zeros(1, 5)
    x[0, -1] = 9.0
    out = penalised(x, torch.zeros(1, 5, dtype=torch.bool), SamplingSettings(), made)
    assert bool(probabilities(out, SamplingSettings())[0, -1] > 0) is possible


def test_a_race_draws_by_probability() -> None:
    p = torch.tensor([[0.5, 0.3, 0.2, 0.0]])
    race = Race([7], 4, block=50)
    picks = torch.cat([draw(p, race.step()) for _ in range(4000)])
    shares = torch.bincount(picks, minlength=4) / 4000
    assert torch.allclose(shares, p[0], atol=0.03)
    assert shares[3] == 0


def test_a_rows_numbers_depend_on_its_seed_alone() -> None:
    alone = Race([11], CLASSES, block=4)
    mates = Race([5, 11, 9], CLASSES, block=4)
    for step in range(10):
        if step == 6:
            mates.keep(torch.tensor([1, 2]))
        row = 1 if step < 6 else 0
        assert torch.equal(alone.step()[0], mates.step()[row])


def test_seeds_differ() -> None:
    race = Race([1, 2, 1], CLASSES)
    first, other, again = race.step()
    assert torch.equal(first, again)
    assert (first == other).float().mean() < 0.1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("top_k", 0), ("top_p", 0.0), ("top_p", 1.5), ("temperature", -1.0),
        ("temperature", np.nan), ("temperature", np.inf), ("repetition_penalty", 0.0),
        ("repetition_penalty", np.nan), ("min_tokens", -1), ("max_tokens", 0),
    ],
)
def test_settings_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(OptionError, match=name):
        SamplingSettings(**{name: value})
