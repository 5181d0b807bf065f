"""Sounds for tests."""

from __future__ import annotations

import numpy as np


def speechlike(
    seconds: float = 4.0, seed: int = 0, rate: int = 24000, pitch_hz: float = 140.0,
    noise: float = 0.0003,
) -> np.ndarray:
    """Harmonics of a gliding pitch under two moving formants, in bursts, with a little noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate)) / rate
    pitch = pitch_hz * (1 + 0.15 * np.sin(2 * np.pi * 0.7 * time + seed))
    phase = 2 * np.pi * np.cumsum(pitch) / rate
    formant = 700 + 300 * np.sin(2 * np.pi * 1.9 * time)
    top = int(0.45 * rate / pitch_hz)
    sound = sum(
        np.sin(k * phase) * (np.exp(-(((k * pitch - formant) / 300) ** 2)) + 0.15 / k)
        for k in range(1, min(top, 60))
    )
    sound = sound * np.clip(np.sin(2 * np.pi * 1.5 * time) + 0.6, 0, 1)
    sound = 0.4 * sound / np.abs(sound).max() + noise * rng.standard_normal(len(time))
    return sound.astype(np.float32)


def silence(seconds: float, rate: int = 24000) -> np.ndarray:
    """Nothing."""
    return np.zeros(round(seconds * rate), np.float32)
