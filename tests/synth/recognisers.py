"""A stand-in for the recogniser's package, behind the same interface."""

from __future__ import annotations

import sys
import types
from typing import Any

import numpy as np
import pytest

from voice.synth import recognise


class StandIn:
    """Takes what ``faster_whisper.WhisperModel`` takes and keeps what it was asked."""

    made: list[dict[str, Any]] = []
    fail = False

    def __init__(self, name: str, **options: Any) -> None:
        if StandIn.fail:
            raise OSError("no network")
        StandIn.made.append({"name": name, **options})
        self.asked: list[dict[str, Any]] = []

    def detect_language(self, samples: np.ndarray) -> tuple[str, float, list[Any]]:
        return "zh", 0.9, []

    def transcribe(self, samples: np.ndarray, **options: Any) -> tuple[Any, None]:
        StandIn.made[-1].setdefault("asked", []).append(options | {"count": len(samples)})
        pieces = [types.SimpleNamespace(text=text) for text in (" 今天", "好。 ")]
        return iter(pieces), None


def install(patch: pytest.MonkeyPatch) -> type[StandIn]:
    """Puts it in the place of ``faster_whisper``."""
    module = types.ModuleType("faster_whisper")
    module.WhisperModel = StandIn  # type: ignore[attr-defined]
    patch.setitem(sys.modules, "faster_whisper", module)
    patch.setattr(recognise, "can_recognise", lambda: True)
    patch.setattr(recognise, "_loaded", {})
    patch.setattr(StandIn, "made", [])
    patch.setattr(StandIn, "fail", False)
    return StandIn
