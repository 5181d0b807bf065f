"""Letters aligned with phonemes: expectation-maximisation over chunks (Jiampojamarn et al. 2007).

A chunk pairs 1 letter with 0 to 2 phonemes or 2 letters with 1 phoneme. Words are pairs of a
string of letters and a tuple of phonemes; a graphone is a pair (letters, phonemes).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

Word = tuple[str, tuple[str, ...]]
Graphone = tuple[str, tuple[str, ...]]
SHAPES = ((1, 1), (1, 0), (1, 2), (2, 1))
_FLOOR = 1e-12


def chunks(word: Word, i: int, j: int) -> list[tuple[int, int, Graphone]]:
    """Chunks that start at letter ``i`` and phoneme ``j``, with where they end."""
    letters, phones = word
    out = []
    for a, b in SHAPES:
        if i + a <= len(letters) and j + b <= len(phones):
            out.append((i + a, j + b, (letters[i : i + a], phones[j : j + b])))
    return out


def estimate(words: Sequence[Word], rounds: int = 3) -> dict[Graphone, float]:
    """Probability of each graphone."""
    probability: dict[Graphone, float] = {}
    for _ in range(rounds):
        counts: dict[Graphone, float] = defaultdict(float)
        for word in words:
            _expect(word, probability, counts)
        total = sum(counts.values())
        probability = {g: c / total for g, c in counts.items()}
    return probability


def _weight(graphone: Graphone, probability: dict[Graphone, float]) -> float:
    if not probability:
        return 0.1 if len(graphone[1]) == 1 and len(graphone[0]) == 1 else 0.01
    return probability.get(graphone, _FLOOR)


def _expect(
    word: Word, probability: dict[Graphone, float], counts: dict[Graphone, float]
) -> None:
    """Adds the expected counts of one word (forward and backward sums)."""
    rows, columns = len(word[0]) + 1, len(word[1]) + 1
    forward = [[0.0] * columns for _ in range(rows)]
    backward = [[0.0] * columns for _ in range(rows)]
    edges = []
    forward[0][0] = 1.0
    for i in range(rows):
        for j in range(columns):
            if forward[i][j]:
                for a, b, graphone in chunks(word, i, j):
                    weight = _weight(graphone, probability)
                    forward[a][b] += forward[i][j] * weight
                    edges.append((i, j, a, b, graphone, weight))
    whole = forward[-1][-1]
    if whole <= 0:
        return
    backward[-1][-1] = 1.0
    for i, j, a, b, _, weight in reversed(edges):
        backward[i][j] += weight * backward[a][b]
    for i, j, a, b, graphone, weight in edges:
        share = forward[i][j] * weight * backward[a][b] / whole
        if share > 0:
            counts[graphone] += share


def best(word: Word, probability: dict[Graphone, float]) -> list[Graphone]:
    """The most likely chunks of a word; empty where its phonemes do not fit its letters."""
    rows, columns = len(word[0]) + 1, len(word[1]) + 1
    score = [[-math.inf] * columns for _ in range(rows)]
    origin: dict[tuple[int, int], tuple[int, int, Graphone]] = {}
    score[0][0] = 0.0
    for i in range(rows):
        for j in range(columns):
            if score[i][j] == -math.inf:
                continue
            for a, b, graphone in chunks(word, i, j):
                value = score[i][j] + math.log(max(_weight(graphone, probability), _FLOOR))
                if value > score[a][b]:
                    score[a][b] = value
                    origin[a, b] = (i, j, graphone)
    out: list[Graphone] = []
    at = (rows - 1, columns - 1)
    while at in origin:
        i, j, graphone = origin[at]
        out.append(graphone)
        at = (i, j)
    return out[::-1]
