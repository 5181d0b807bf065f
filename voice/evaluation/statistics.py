"""Means with bootstrap intervals: what a set of scored rows says, and how surely.

Rows that share a reference recording are drawn together, as they are not independent
(Efron 1979; Bisani and Ney 2004 for error rates).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Row = dict[str, Any]
DRAWS = 2000


@dataclass(frozen=True)
class Figure:
    """A figure over rows.

    Attributes:
        value: over all rows.
        low, high: the interval that holds the middle 95 % of the bootstrap draws.
        rows: number of rows.
    """

    value: float
    low: float
    high: float
    rows: int


def error_rate(rows: Sequence[Row]) -> float:
    """Errors per unit over all rows together; long rows weigh more."""
    return sum(r["errors"] for r in rows) / max(1, sum(r["length"] for r in rows))


def mean_of(key: str) -> Callable[[Sequence[Row]], float]:
    """A function that takes the mean of one score over rows."""
    return lambda rows: float(np.mean([r[key] for r in rows]))


def recognised(rows: Sequence[Row]) -> float:
    """Share of rows whose voice is more like the reference than like any of the others."""
    return float(np.mean([row["sim"] > max(row["other_sims"]) for row in rows]))


def figure(rows: Sequence[Row], statistic: Callable[[Sequence[Row]], float]) -> Figure:
    """Measures rows and draws them again and again, with a fixed seed.

    Args:
        rows: one or more scored rows; those with the same ``reference`` are one draw.
        statistic: the figure of a list of rows.
    """
    groups: dict[str, list[Row]] = {}
    for index, row in enumerate(rows):
        groups.setdefault(row.get("reference") or f"row {index}", []).append(row)
    clusters = list(groups.values()) if len(groups) > 1 else [[row] for row in rows]
    generator = np.random.default_rng(0)
    draws = [
        statistic([row for i in generator.integers(len(clusters), size=len(clusters))
                   for row in clusters[i]])
        for _ in range(DRAWS)
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    return Figure(float(statistic(rows)), float(low), float(high), len(rows))


def summarize(rows: Sequence[Row]) -> dict[str, Figure]:
    """All figures that the rows allow.

    Returns:
        ``{lang}_error_rate`` for each language, ``sim`` where rows have a reference, ``dnsmos``,
        ``recognised`` where rows have others too: the share that is more like its reference than
        like any of them.
    """
    figures: dict[str, Figure] = {}
    for language in sorted({row["lang"] for row in rows}):
        figures[f"{language}_error_rate"] = figure(
            [row for row in rows if row["lang"] == language], error_rate
        )
    if similar := [row for row in rows if row.get("sim") is not None]:
        figures["sim"] = figure(similar, mean_of("sim"))
    if compared := [row for row in similar if row.get("other_sims")]:
        figures["recognised"] = figure(compared, recognised)
    if rows:
        figures["dnsmos"] = figure(rows, mean_of("mos"))
    return figures
