"""Decoding on a CPU: one recorded step, run without Python between its operations.

Of a step's time on two cores a third went into calling three hundred small operations from Python
(those on packed weights cost most). The recording is the model's own step, so that its numbers are
the eager ones bit for bit. It is made when the first token is due: half a second of the official
models.

Axes: as in :mod:`voice.nn.cache`.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn

from voice.decode.stepper import EagerStepper
from voice.models.text2semantic import Text2Semantic
from voice.nn.cache import Window
from voice.nn.packed import FEW_ROWS
from voice.nn.shared_cache import SharedWindow

_optimised = torch.jit.optimized_execution  # pyright: ignore[reportPrivateImportUsage]
_log = logging.getLogger(__name__)


class TracedStepper(EagerStepper):
    """Runs a model's step from a recording of it (:func:`torch.jit.trace`).

    Where recording fails, that is logged as a warning once, and the model is run as it is.

    Args:
        model: in evaluation mode, on the CPU.
    """

    def __init__(self, model: Text2Semantic) -> None:
        super().__init__(model)
        self.records = True
        self._recordings: dict[tuple[type[Window | SharedWindow], tuple[str, ...], bool],
                               Callable[..., Tensor]] = {}

    def _outputs(self, codes: Tensor, seen: Tensor | None) -> Tensor:
        if not self.records:
            return super()._outputs(codes, seen)
        cache, position = self._cache, self._position
        cache.begin(1)
        window = cache.window
        parts = {k: t for k, t in vars(window).items() if t is not None}
        inputs = [codes, position, *parts.values(), *([] if seen is None else [seen])]
        # What the model's Python asks for:
        kind = (type(window), tuple(parts), len(codes) > FEW_ROWS)
        if kind not in self._recordings:
            self._recordings[kind] = self._record(inputs, type(window), tuple(parts))
        self._position = position + 1
        with _optimised(False):  # optimising takes longer than it saves
            return self._recordings[kind](*inputs)

    def _record(
        self, inputs: list[Tensor], window: type[Window | SharedWindow], parts: tuple[str, ...]
    ) -> Callable[..., Tensor]:
        step = _Step(self.model, window, parts).eval()
        try:
            with warnings.catch_warnings():  # of sizes that are constants, as they should be
                warnings.simplefilter("ignore")
                return torch.jit.trace(step, tuple(inputs), check_trace=False)  # type: ignore
        except RuntimeError as error:
            self.records = False
            _log.warning("steps cannot be recorded, decoding is slower: %s", error)
            return step


class _Step(nn.Module):
    """A step as a function of tensors."""

    def __init__(
        self, model: Text2Semantic, window: type[Window | SharedWindow], parts: tuple[str, ...]
    ) -> None:
        super().__init__()
        self.model, self._window, self._parts = model, window, parts

    def forward(self, codes: Tensor, position: Tensor, *more: Tensor) -> Tensor:
        window = self._window(**dict(zip(self._parts, more, strict=False)))
        seen = more[-1] if len(more) > len(self._parts) else None
        return self.model.step(codes, position, window, seen)
