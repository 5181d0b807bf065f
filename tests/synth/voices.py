"""Voices for tests: small and made up."""

from __future__ import annotations

from typing import Any

import numpy as np

from voice.synth.voicefile import Voice

CONSENT = "I am the speaker and agree."


def make_voice(name: str = "Ada", seed: int = 0, **changes: Any) -> Voice:
    """A voice of 16 numbers, another for each seed."""
    rng = np.random.default_rng(seed)
    values: dict[str, Any] = {
        "name": name, "model": "mini", "revision": "r1",
        "timbre": rng.standard_normal(16).astype(np.float32),
        "prompt_codes": rng.integers(0, 1024, 50), "prompt_phonemes": rng.integers(0, 732, 20),
        "prompt_text": "Hello there.", "languages": ("en",), "consent": CONSENT,
        "consent_date": "2026-01-02", "source_hash": f"{seed:064x}", "created": "2026-01-03",
    }
    return Voice(**(values | changes))


def same(a: Voice, b: Voice) -> bool:
    """Whether two voices hold the same, field by field."""
    for name in Voice.__dataclass_fields__:
        x, y = getattr(a, name), getattr(b, name)
        if isinstance(x, np.ndarray) or isinstance(y, np.ndarray):
            if x is None or y is None or x.dtype != y.dtype or not np.array_equal(x, y):
                return False
        elif x != y:
            return False
    return True
