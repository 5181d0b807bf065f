"""The token loop does not wait for a candidate that runs on long past one that is good."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np

from voice.export.decoding import LATE_SHARE, LATE_TOKENS, Candidate, Request, generate
from voice.export.manifest import Decoding
from voice.export.sampling import Sampling

CODES, PROMPT, TEXT = 64, 3, 12
NUMBERS = Decoding(
    rate=25, codes=CODES, layers=1, heads=1, head_width=2, bert_width=0, top_k=1, top_p=1.0,
    temperature=1.0, repetition_penalty=1.0, noise_scale=0.5, candidates=2, alone=2, retries=0,
    min_tokens=1, max_tokens=200, tokens_base=20, tokens_per_phoneme=4.0, longest_period=4,
    cycle_tokens=8, reading=None)


class Counting:
    """In place of a bundle's graphs: rows count up to the end, but for one that wanders.

    Args:
        wanders: row that never ends.
    """

    def __init__(self, wanders: int) -> None:
        self.manifest, self.wanders, self.steps = SimpleNamespace(decoding=NUMBERS), wanders, 0

    def run(self, name: str, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
        if name == "prefill":
            kept = np.zeros((1, 1, PROMPT + TEXT, 2), np.float32)
            return [np.eye(CODES + 1, dtype=np.float32)[[40]], kept, kept]
        self.steps += 1
        rows = len(inputs["codes"])
        following = inputs["codes"] + 1
        following[self.wanders if rows == 2 else 0] = self.steps**2 % 31
        new = np.zeros((rows, 1, 1, 2), np.float32)
        return [np.eye(CODES + 1, dtype=np.float32)[following], new, new]


def speak(graphs: Counting, passes: bool | None) -> tuple[list[Candidate], list[Candidate]]:
    """The candidates, and those that were asked about."""
    request = Request(np.arange(TEXT), [1, 2], np.arange(PROMPT), 0)
    asked: list[Candidate] = []

    def answer(row: Candidate) -> bool:
        asked.append(row)
        return bool(passes)

    found = generate(cast(Any, graphs), [request], Sampling(1, 1.0, 1.0, 1.0, 1), None,
                     None if passes is None else answer)
    return found, asked


def test_a_late_candidate_is_left_where_the_other_passes_and_waited_for_otherwise() -> None:
    for wanders in (0, 1):
        (waited, _), (refused, asked) = speak(Counting(wanders), None), speak(
            Counting(wanders), False)
        graphs = Counting(wanders)
        left, once = speak(graphs, True)
        kept, late = left[1 - wanders], left[wanders]
        assert (kept.finish, kept.codes.tolist()) == ("end", list(range(40, CODES)))
        assert late.finish == "late"
        count = len(kept.codes) + len(kept.codes) // LATE_SHARE + LATE_TOKENS
        assert len(late.codes) == count
        assert graphs.steps == count - 1  # none was made for nothing
        assert waited[wanders].finish == "limit"
        assert waited[wanders].codes[:count].tolist() == late.codes.tolist()
        for one, same in zip(refused, waited, strict=True):
            assert (one.finish, one.codes.tolist()) == (same.finish, same.codes.tolist())
        assert [row.codes.tolist() for row in (*asked, *once)] == [kept.codes.tolist()] * 2
