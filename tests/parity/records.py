"""Recorded inputs and outputs of the published program, and weights by rule for its modules.

``tests/data/parity/<name>.npz`` holds what fits into the repository: ``<key>__flat8`` is every
eighth value of a recording, flattened. Where the folder of whole recordings is at hand, all values
are compared. ``<name>.shapes.json`` lists the module's parameters by their published names.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from tests.parity.fill import fill

DATA = Path(__file__).parents[1] / "data/parity"
ALL = Path(__file__).parents[2].parent / "shared/parity"
HIDDEN, AUDIO = 1e-4, 5e-4  # largest difference over the root mean square


def rule_weights(
    name: str, keep: Callable[[dict[str, Any]], dict[str, Any]] = lambda every: every
) -> dict[str, Tensor]:
    """All weights of a module by published names, counters as 0; constants are left out.

    ``keep`` chooses among the names.
    """
    shapes = keep(json.loads((DATA / f"{name}.shapes.json").read_text()))
    counters = {key: torch.tensor(0) for key in shapes if key.endswith("num_batches_tracked")}
    filled = ((k, fill(k, tuple(shape))) for k, shape in shapes.items() if k not in counters)
    return counters | {k: torch.from_numpy(value) for k, value in filled if value is not None}


class Records:
    """What was recorded of one module."""

    def __init__(self, name: str) -> None:
        self.kept = dict(np.load(DATA / f"{name}.npz"))
        whole = ALL / f"{name}.npz"
        self.whole = dict(np.load(whole)) if whole.is_file() else {}

    def array(self, key: str) -> np.ndarray:
        """An input, which is kept whole."""
        return self.kept[key]

    def tensor(self, key: str) -> Tensor:
        """An input."""
        return torch.from_numpy(self.kept[key])

    def check(self, key: str, ours: Tensor, limit: float = HIDDEN) -> None:
        """Compares with every record of this output there is."""
        values = ours.float().numpy()
        pairs = [(self.whole[key], values)] if key in self.whole else []
        pairs += [(self.kept[key], values)] if key in self.kept else []
        for kept, record in self.kept.items():
            if kept.startswith(f"{key}__flat"):
                step = int(kept.removeprefix(f"{key}__flat"))
                pairs.append((record, values.ravel()[::step]))
        assert pairs, f"no record of {key}"
        for theirs, mine in pairs:
            assert mine.shape == theirs.shape, f"{key}: {mine.shape}, recorded {theirs.shape}"
            error = np.abs(mine - theirs).max() / np.sqrt(np.square(theirs).mean())
            assert error < limit, f"{key}: {error:.2e}"
