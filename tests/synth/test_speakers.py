"""Whether two people in one recording are noticed, and one is not taken for two."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import soundfile

from voice import Synthesizer
from voice.audio.prepare import prepare_all
from voice.audio.resample import resample
from voice.synth.speakers import APART, apart, doubts
from voice.values import Audio

NAMES = ("isla", "miles", "lan", "heng", "hana", "ken")
WORDS = "two people"


def group(centre: np.ndarray, count: int, spread: float, seed: int) -> np.ndarray:
    made = centre + np.random.default_rng(seed).normal(0, spread, (count, len(centre)))
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def test_groups_of_directions() -> None:
    east, north = np.eye(16)[0], np.eye(16)[1]
    one, other = group(east, 8, 0.03, 1), group(north, 4, 0.03, 2)
    assert apart(np.concatenate([one, other])) > 0.8
    assert apart(one) < APART
    assert apart(np.concatenate([one, other[:1]])) == 0, "one odd window is nobody"
    assert apart(one[:3]) == 0 and apart(np.zeros((0, 0))) == 0


def test_two_people_are_noticed_whatever_their_pitch(root: Path, mini: Path) -> None:
    """The example voices, each alone and each pair one after the other."""
    model = Synthesizer.load(mini, device="cpu").model
    sounds = {}
    for name in NAMES:
        file = root / "webui" / "examples" / f"{name}.opus"
        samples, rate = soundfile.read(file, dtype="float32")
        samples = samples if rate == 16000 else resample(samples, rate, 16000)
        sounds[name] = (samples * 0.5 / np.abs(samples).max())[: 5 * 16000]

    def warned(samples: np.ndarray) -> bool:
        recordings, advice = prepare_all([Audio(samples, 16000)])
        return any(WORDS in one for one in advice + doubts(model, recordings))

    assert [name for name in NAMES if warned(sounds[name])] == []
    pairs = [pair for pair in combinations(NAMES, 2)
             if warned(np.concatenate([sounds[one] for one in pair]))]
    assert len(pairs) >= 13, f"{len(pairs)} of 15: {pairs}"
