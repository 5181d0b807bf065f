"""One exported bundle of the tiny model, for all tests of this folder."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock

from tests.tiny_model import CODES, tiny_spec, write_tiny_model
from voice.checkpoints.store import Model, load_model, save_part, save_spec
from voice.checkpoints.tensors import read_tensors, write_tensors
from voice.export.bundle import BundleOptions, write_bundle
from voice.export.run import BundleSynthesizer
from voice.models.text2semantic import Text2Semantic
from voice.synth.voicefile import Voice


@dataclass(frozen=True)
class Case:
    """A model and its bundle in single precision."""

    model: Model
    voices: list[Voice]
    folder: Path

    def open(self) -> BundleSynthesizer:
        return BundleSynthesizer.load(self.folder)


def voice_of(model: Model, name: str = "Ada", seed: int = 0, prompt: int = 9) -> Voice:
    """A made-up voice for the tiny model."""
    rng = np.random.default_rng(seed)
    return Voice(
        name=name, model=model.name, revision=model.revision,
        timbre=rng.standard_normal(model.spec.decoder.timbre.width).astype(np.float32),
        prompt_codes=rng.integers(0, CODES, prompt), prompt_phonemes=rng.integers(1, 90, prompt),
        languages=("en",), consent="I am the speaker", consent_date="2026-01-01",
    )


def other_model(folder: Path, reads: bool) -> Path:
    """The tiny model with two layers; both its other parts follow the text, or neither."""
    name = "tiny-reading" if reads else "tiny-plain"
    write_tiny_model(folder, name, seed=3)
    spec = tiny_spec(name)
    spec = replace(spec, text2semantic=replace(spec.text2semantic, reads=reads, layers=2))
    with torch.random.fork_rng():
        torch.manual_seed(4)
        save_part(folder, "text2semantic", Text2Semantic(spec.text2semantic))
        if not reads:
            spec = replace(spec, decoder=replace(
                spec.decoder, prior=replace(spec.decoder.prior, reads=False)))
            path = folder / "decoder.safetensors"
            kept = {k: v for k, v in read_tensors(path).items() if ".window." not in k}
            write_tensors(path, kept)
    save_spec(folder, spec)
    return folder


def made_once(folder: Path, reads: bool) -> Case:
    """The case of a folder, which is made unless another test process has done so."""
    with FileLock(f"{folder}.lock"):
        if not (folder / "model").is_dir():
            other_model(folder / "model", reads)
        model = load_model(folder / "model", "cpu")
        voices = [voice_of(model), voice_of(model, "Bo", 1, prompt=0)]
        if not (folder / "bundle").is_dir():
            options = BundleOptions("fp32", ("en",), enroll=True)
            write_bundle(model, voices, folder / "bundle", options)
    return Case(model, voices, folder / "bundle")


@pytest.fixture(scope="session", params=["plain", "reading"])
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Case:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return made_once(shared / f"export-{request.param}", request.param == "reading")
