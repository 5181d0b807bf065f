"""Self-check: do the drawn tokens say the wanted phonemes? Known before any sound is made.

The commonest complaint about autoregressive speech is dropped and repeated words. The tokenizer's
CTC head (Graves et al. 2006) reads phonemes back from semantic tokens; what it reads is compared
with what was wanted by edit distance, without what the head need not know: stress, tone,
punctuation. A run of missing or surplus phonemes counts as a dropped or repeated word. How surely
the head reads the wanted phonemes (their likelihood, of all ways to say them) ranks those that make
equally few mistakes.

Axes: F frames, T tokens, S symbols + blank, P phonemes wanted, Q phonemes read, K sound classes.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from voice.errors import ModelFileError, OptionError
from voice.spec.load import from_dict, read_json

SILENT = frozenset(
    {"!", "?", ",", ".", "-", "…", "_", "SP", "SP2", "SP3", "停", "空", "[", "]", "UNK"}
)
_FEWEST = 10
_DOUBT, _MOST_DOUBT = 0.15, 10.0  # share of wrong phonemes that a nat costs; the most that counts
_ALIKE = {"I": "i", "U": "u", "EE": "e"}


@dataclass(frozen=True)
class Limits:
    """What passes.

    Attributes:
        errors: highest share of wrong phonemes.
        run: longest allowed run of phonemes missing or surplus together.
        tokens_low, tokens_high: allowed tokens a phoneme.
    """

    errors: float
    run: int
    tokens_low: float = 0.8
    tokens_high: float = 6.0


LIMITS_FILE = "selfcheck.json"
"""In a model's folder: limits by language, measured with that model's own reader."""
OTHERS = Limits(0.45, 4)
"""For models and languages without measured limits: wide, so that a weak reader does not cause
redraws without end; the best candidate is kept in any case."""


@dataclass(frozen=True)
class Reading:
    """How well one candidate says what was wanted.

    Attributes:
        errors: edit distance to the wanted phonemes, as a share of their number.
        missing, surplus: longest run of phonemes left out, and of phonemes too many.
        pace: tokens a phoneme.
        ended: the model ended by itself, not by the length limit.
        passed: within the language's limits.
        cost: for ranking; lower is better.
        doubt: see :func:`doubt`; 0 where it was not asked for.
    """

    errors: float
    missing: int
    surplus: int
    pace: float
    ended: bool
    passed: bool
    cost: float
    doubt: float = 0.0


def read_limits(folder: Path) -> dict[str, Limits]:
    """Limits by language of a model's folder; none where they were not measured.

    Raises:
        ModelFileError: the file is there but wrong.
    """
    path = folder / LIMITS_FILE
    if not path.is_file():
        return {}
    data = read_json(path)
    if not isinstance(data, dict):
        raise ModelFileError(f"{path}: expected an object of limits by language")
    return {name: from_dict(Limits, entry, f"{path}.{name}") for name, entry in data.items()}


def measured(readings: Sequence[Reading]) -> Limits:
    """Limits that nine of ten correct recordings keep, as the reader reads them.

    Args:
        readings: of recordings that say their text; 10 or more.

    Raises:
        OptionError: fewer.
    """
    if len(readings) < _FEWEST:
        raise OptionError(f"{len(readings)} recordings are too few", f"Give {_FEWEST} or more.")
    errors = float(np.quantile([r.errors for r in readings], 0.9))
    run = int(np.quantile([max(r.missing, r.surplus) for r in readings], 0.9, method="higher"))
    paces = np.quantile([r.pace for r in readings], [0.01, 0.99])
    return Limits(
        round(errors, 3), max(2, run), round(float(paces[0]) * 0.6, 2),
        round(float(paces[1]) * 1.6, 2),
    )


@functools.lru_cache(maxsize=8)
def sound_classes(symbols: tuple[str, ...]) -> tuple[int, ...]:
    """Class of each symbol: the same sound without stress and tone; -1 for silence.

    Args:
        symbols: the symbol table, S - 1 names.
    """
    classes: dict[str, int] = {}
    result = []
    for symbol in symbols:
        if symbol in SILENT:
            result.append(-1)
            continue
        plain = symbol.rstrip("0123456789") if len(symbol) > 1 else symbol
        # "i0" is the vowel of zi, ci, si: another sound than "i", whatever its tone.
        plain = "i0" if symbol.startswith("i0") else _ALIKE.get(plain, plain)
        result.append(classes.setdefault(plain, len(classes)))
    return tuple(result)


def wanted_classes(ids: np.ndarray, symbols: tuple[str, ...]) -> np.ndarray:
    """Sound classes of phonemes, silence left out.

    Args:
        ids: (P,) rows of the symbol table.

    Returns:
        (P',) int64, P' <= P.
    """
    classes = np.asarray(sound_classes(symbols), np.int64)[np.asarray(ids, np.int64)]
    return classes[classes >= 0]


def collapse(best: np.ndarray, blank: int) -> np.ndarray:
    """CTC's rule: repeats are one, blanks are none.

    Args:
        best: (F,) likeliest symbol of each frame.

    Returns:
        (Q,) int64.
    """
    best = np.asarray(best, np.int64)
    first = np.ones(len(best), bool)
    first[1:] = best[1:] != best[:-1]
    return best[first & (best != blank)]


@functools.lru_cache(maxsize=2)
def _merging(symbols: tuple[str, ...]) -> tuple[np.ndarray, np.ndarray]:
    """Symbols in the order of their classes (S,), silences and the blank at the end, and where each
    class begins (K + 1,)."""
    classes = np.asarray((*sound_classes(symbols), -1))
    classes = np.where(classes < 0, classes.max() + 1, classes)
    order = np.argsort(classes, kind="stable")
    return order, np.searchsorted(classes[order], np.arange(classes.max() + 1))


def doubt(scores: np.ndarray, wanted: np.ndarray, symbols: tuple[str, ...]) -> float:
    """How unlikely the head finds the wanted phonemes: CTC's loss, over sound classes.

    Args:
        scores: (F, S) log-probabilities of the symbols and, last, the blank.
        wanted: (P,) sound classes.
        symbols: the symbol table, S - 1 names.

    Returns:
        Nats a phoneme, 0 to 10.
    """
    if not len(wanted) or not len(scores):
        return _MOST_DOUBT if len(wanted) else 0.0
    order, begins = _merging(symbols)
    blank = len(begins) - 1
    path = np.full(2 * len(wanted) + 1, blank)
    path[1::2] = wanted
    merged = np.add.reduceat(np.exp(scores)[:, order], begins, 1)  # no product: it takes threads
    levels = np.log(merged + 1e-12)[:, path].astype(np.float64)
    # From the phoneme before the blank before, unless that is the same, which needs the blank.
    closed = (path == blank) | (path == np.roll(path, 2))
    sums = np.full(len(path), -np.inf)
    sums[0] = 0.0  # before the first frame, from where the first phoneme is one step away too
    for level in levels:
        one, two = (np.concatenate([np.full(k, -np.inf), sums[:-k]]) for k in (1, 2))
        two[closed] = -np.inf
        sums = np.logaddexp(np.logaddexp(sums, one), two) + level
    return float(min(_MOST_DOUBT, -np.logaddexp(sums[-1], sums[-2]) / len(wanted)))


@dataclass(frozen=True)
class Alignment:
    """Edit distance and its longest one-sided runs."""

    distance: int
    missing: int
    surplus: int


def align(wanted: np.ndarray, read: np.ndarray) -> Alignment:
    """Cheapest edits from ``wanted`` (P,) to ``read`` (Q,), all costing one."""
    rows, columns = len(wanted), len(read)
    cost = np.zeros((rows + 1, columns + 1), np.int64)
    cost[:, 0], cost[0] = np.arange(rows + 1), np.arange(columns + 1)
    steps = np.arange(columns + 1)
    for i in range(1, rows + 1):
        best = np.minimum(cost[i - 1, 1:] + 1, cost[i - 1, :-1] + (read != wanted[i - 1]))
        row = np.concatenate([[i], best]) - steps  # insertions: a running minimum along the row
        cost[i] = np.minimum.accumulate(row) + steps
    return Alignment(int(cost[-1, -1]), *_runs(cost, wanted, read))


def _runs(cost: np.ndarray, wanted: np.ndarray, read: np.ndarray) -> tuple[int, int]:
    """Longest runs of deletions and of insertions on the way back, not broken by substitutions.

    A substitution inside a gap continues it without lengthening it: a dropped word beside
    a misheard phoneme is still one gap.
    """
    i, j = len(wanted), len(read)
    run, longest = [0, 0], [0, 0]
    while i or j:
        if i and j and wanted[i - 1] == read[j - 1] and cost[i, j] == cost[i - 1, j - 1]:
            i, j, run = i - 1, j - 1, [0, 0]
        elif i and j and cost[i, j] == cost[i - 1, j - 1] + 1:
            i, j = i - 1, j - 1
        else:
            side = 0 if i and cost[i, j] == cost[i - 1, j] + 1 else 1
            i, j = (i - 1, j) if side == 0 else (i, j - 1)
            run[side] += 1
            longest[side] = max(longest[side], run[side])
    return longest[0], longest[1]


def judge(
    wanted: np.ndarray, read: np.ndarray, tokens: int, limits: Limits = OTHERS, ended: bool = True,
    doubted: float = 0.0,
) -> Reading:
    """Compares one candidate with what was wanted.

    Args:
        wanted: (P,) sound classes.
        read: (Q,) sound classes that the CTC head read.
        tokens: length of the candidate.
        limits: of the language.
        ended: whether the model ended by itself.
        doubted: see :func:`doubt`.
    """
    found = align(wanted, read)
    count = max(1, len(wanted))
    errors, pace = found.distance / count, tokens / count
    # Short words leave less to judge: one wrong phoneme of three is no dropped word.
    passed = (
        ended
        and (errors <= limits.errors or found.distance <= 1)
        and max(found.missing, found.surplus) <= limits.run
        and limits.tokens_low <= pace <= limits.tokens_high + 25 / count
    )
    gaps = max(0, found.missing - 1) + max(0, found.surplus - 1)
    cost = errors + gaps / count + (0 if ended else 1) + _distance(pace, limits) + _DOUBT * doubted
    return Reading(errors, found.missing, found.surplus, pace, ended, passed, cost, doubted)


def _distance(pace: float, limits: Limits) -> float:
    return max(0.0, limits.tokens_low - pace, (pace - limits.tokens_high) / limits.tokens_high)


def best_of(readings: Sequence[Reading]) -> int:
    """Index of the reading to keep: one that passed before one that did not, then the cheapest."""
    return min(range(len(readings)), key=lambda i: (not readings[i].passed, readings[i].cost, i))
