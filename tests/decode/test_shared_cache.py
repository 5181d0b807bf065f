"""Candidates that share their text's keys and values: as if each kept its own."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from tests.decode.tiny import tiny
from voice.decode.stepper import EagerStepper, Prefix
from voice.decode.traced import TracedStepper
from voice.nn.shared_cache import SharedCache

ROWS = [0, 0, 0, 1, 1, 2, 2, 2, 2]
LEAVING = {5: [0, 2, 3, 4, 5, 6, 8], 12: [0, 1, 4, 5, 6], 20: [0, 1, 3], 30: [2]}


class Apart(EagerStepper):
    """Every row has a copy of its text."""

    shares = False


def along(stepper: EagerStepper, texts: list[tuple[int, int]], rows: list[int]) -> list[Tensor]:
    """Logits of steps in which rows leave, unevenly, until a text has none and one row is left."""
    random = torch.Generator().manual_seed(1)
    prefixes = [
        Prefix(torch.randint(1, 9, (phonemes,), generator=random),
               torch.randint(0, 9, (codes,), generator=random))
        for phonemes, codes in texts
    ]
    found = [stepper.prefill(prefixes, rows, 40)]
    for step in range(40):
        found.append(stepper.step(torch.randint(0, 9, (len(rows),), generator=random)))
        if step in LEAVING and len(texts) > 1:
            stepper.keep(torch.tensor(LEAVING[step]))
            rows = [rows[i] for i in LEAVING[step]]
    return found


@pytest.mark.parametrize("texts", [[(5, 4), (9, 0), (3, 7)], [(6, 3), (6, 3), (4, 5)]])
def test_rows_of_several_texts(texts: list[tuple[int, int]]) -> None:
    model = tiny()
    wanted = along(Apart(model), texts, ROWS)
    shared = EagerStepper(model)
    for a, b in zip(along(shared, texts, ROWS), wanted, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=0)
    assert isinstance(shared._cache, SharedCache)
    for a, b in zip(along(TracedStepper(model), texts, ROWS), wanted, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=0)


def test_rows_of_one_text_keep_it_once() -> None:
    model = tiny()
    wanted = along(Apart(model), [(7, 5)], [0] * 6)
    shared = EagerStepper(model)
    for a, b in zip(along(shared, [(7, 5)], [0] * 6), wanted, strict=True):
        torch.testing.assert_close(a, b, atol=1e-5, rtol=0)
    texts = shared._cache.window.texts
    assert texts.shape[2] == 1 and texts.shape[4] == 12


def test_half_precision_keys_and_values() -> None:
    model = tiny()
    model.cache_dtype = torch.bfloat16
    wanted = along(Apart(model), [(7, 5)], [0] * 6)
    spread = torch.stack(wanted).std()
    for a, b in zip(along(EagerStepper(model), [(7, 5)], [0] * 6), wanted, strict=True):
        assert (a - b).abs().max() < 0.1 * spread
