"""What tests of the command line share: a tiny model, a library, a way to run commands."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.tiny_model import write_tiny_model
from voice.audio.wav import write_wav
from voice.cli.app import Environment, run
from voice.synth.library import VoiceLibrary
from voice.synth.voicefile import Voice

SENTENCE = "Hello there, my friend. How are you?"


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on stdout."""
        assert self.status == 0, self.err
        return json.loads(self.out)

    def refused(self, *words: str) -> str:
        """The one line of a wrong request, which holds all words."""
        assert self.status == 2, (self.status, self.out, self.err)
        assert self.out == ""
        line = self.err.strip().splitlines()[-1]
        assert line.startswith("error: ") and "Traceback" not in self.err
        for word in words:
            assert word in line, (word, line)
        return line


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with the model ``tiny``."""
    folder = tmp_path_factory.mktemp("home")
    write_tiny_model(folder / "models" / "tiny")
    return folder


def tiny_voice(name: str, seed: int = 0) -> Voice:
    """A made-up voice of the tiny model."""
    rng = np.random.default_rng(seed)
    return Voice(
        name=name, model="tiny", timbre=rng.standard_normal(16).astype(np.float32),
        prompt_codes=rng.integers(0, 32, 30), prompt_phonemes=rng.integers(5, 100, 15),
        languages=("en",), consent="I am the speaker.", source_hash="0" * 64,
    )


@pytest.fixture(scope="session")
def kept(home: Path) -> Path:
    """The data folder with the voices ada and bob."""
    library = VoiceLibrary.at_home(home)
    for seed, name in enumerate(("ada", "bob")):
        library.add(tiny_voice(name, seed))
    return home


@pytest.fixture
def voice(
    kept: Path, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Result]:
    """Runs a command with the tiny model."""

    def call(*arguments: object, allowed: bool = False) -> Result:
        capsys.readouterr()
        status = run([str(a) for a in arguments], Environment(kept, allowed))
        captured = capsys.readouterr()
        return Result(status, captured.out, captured.err)

    return call


def speechlike(seconds: float, rate: int = 16000, seed: int = 0) -> np.ndarray:
    """Sound with pitch and syllables, (N,) float32 in [-0.5, 0.5]."""
    t = np.arange(round(seconds * rate)) / rate
    rng = np.random.default_rng(seed)
    tone = sum(np.sin(2 * np.pi * 120 * k * t + rng.uniform(0, 6)) / k for k in range(1, 20))
    syllables = 0.15 + np.clip(np.sin(2 * np.pi * 3.5 * t), 0, 1)
    sound = tone * syllables + 0.01 * rng.standard_normal(len(t))
    return (0.5 * sound / np.abs(sound).max()).astype(np.float32)


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds that sound a little like speech."""
    path = tmp_path_factory.mktemp("audio") / "reference.wav"
    write_wav(path, speechlike(6.0), 16000)
    return path
