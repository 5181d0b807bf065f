"""Parts that several official models share: HuBERT, BERT, the speaker network, vocoders.

Each is a folder ``NAME`` with ``spec.json`` and ``weights.safetensors`` (the BERT also keeps its
``tokenizer.json``), under ``components`` beside the models, or inside a model's own folder. They
are loaded when they are first needed: a kept voice speaks without HuBERT.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from voice.audio.atomic import atomic_file
from voice.checkpoints.memory import give_back
from voice.checkpoints.tensors import read_tensors
from voice.errors import ModelFileError
from voice.models.bert import Bert
from voice.models.bigvgan import BigvganVocoder
from voice.models.eres2net import ERes2Net
from voice.models.hubert import Hubert
from voice.models.vocoder import MelHifigan
from voice.nn.packed import can_pack
from voice.spec.bert import BertSpec
from voice.spec.hubert import HubertSpec
from voice.spec.load import from_dict, read_json, to_dict
from voice.spec.mel_vocoder import BigvganSpec, MelHifiganSpec
from voice.spec.official import SHARED_KINDS
from voice.spec.speaker import SpeakerSpec

FOLDER, WEIGHTS, VOCABULARY = "components", "weights.safetensors", "tokenizer.json"
_LINEAR = frozenset({"bert", "hubert"})  # whose weights are almost all in linear layers
_LONGEST = 500  # characters that BERT reads at once


@dataclass(frozen=True)
class Kind:
    """How one kind of shared part is made.

    Attributes:
        spec: dataclass of its sizes; the defaults are the published ones.
        module: made of such sizes.
        keymap: of its published names.
    """

    spec: type[Any]
    module: Callable[[Any], nn.Module]
    keymap: str


KINDS = {
    "hubert": Kind(HubertSpec, Hubert, "hubert"),
    "bert": Kind(BertSpec, Bert, "bert"),
    "speaker": Kind(SpeakerSpec, ERes2Net, "eres2net"),
    "bigvgan": Kind(BigvganSpec, BigvganVocoder, "bigvgan"),
    "vocoder": Kind(MelHifiganSpec, MelHifigan, "vocoder"),
}


@dataclass(frozen=True)
class ComponentSpec:
    """``spec.json`` of a shared part.

    Attributes:
        kind: one of :data:`KINDS`.
        licence: of the weights.
        hubert, bert, speaker, bigvgan, vocoder: the sizes, of its kind alone.
    """

    kind: str
    licence: str
    hubert: HubertSpec | None = None
    bert: BertSpec | None = None
    speaker: SpeakerSpec | None = None
    bigvgan: BigvganSpec | None = None
    vocoder: MelHifiganSpec | None = None

    @property
    def sizes(self) -> Any:
        """The sizes of its kind."""
        return getattr(self, self.kind)


def write_spec(folder: Path, kind: str, sizes: Any, licence: str) -> None:
    """Writes ``spec.json`` of a shared part."""
    spec = {"kind": kind, "licence": licence, kind: to_dict(sizes)}
    with atomic_file(folder / "spec.json") as file:
        file.write((json.dumps(spec, indent=2) + "\n").encode())


def read_component(folder: Path) -> ComponentSpec:
    """The specification of a shared part's folder.

    Raises:
        ModelFileError: it is missing or not valid.
    """
    where = folder / "spec.json"
    spec = from_dict(ComponentSpec, read_json(where), str(where))
    if spec.kind not in KINDS or spec.sizes is None:
        raise ModelFileError(f"{where}: {spec.kind!r} is no kind of shared part with its sizes",
                             f"Kinds: {', '.join(KINDS)}.")
    return spec


def load_component(folder: Path, lean: bool = False) -> nn.Module:
    """A shared part, in evaluation mode on the CPU.

    Args:
        folder: of the part.
        lean: to stay there; a large one may keep its weights in half precision.

    Raises:
        ModelFileError: a file is missing, corrupt, or does not fit the specification.
    """
    from voice.checkpoints.lean import load_lean
    from voice.checkpoints.store import load_strictly

    spec = read_component(folder)
    if lean and spec.kind in _LINEAR and can_pack():
        return load_lean(lambda: KINDS[spec.kind].module(spec.sizes), folder / WEIGHTS)
    module = KINDS[spec.kind].module(spec.sizes)
    load_strictly(module, read_tensors(folder / WEIGHTS), str(folder / WEIGHTS))
    return module.eval().requires_grad_(False)


class Components:
    """The shared parts at hand, each loaded at its first use.

    Args:
        roots: folders to look in, the first first.
        device: where the parts go.
    """

    def __init__(self, roots: Sequence[Path], device: torch.device) -> None:
        self.roots, self.device = tuple(roots), device
        self._loaded: dict[str, nn.Module] = {}

    def folder(self, name: str) -> Path | None:
        """Where a part is; None if it is not at hand."""
        found = (root / name for root in self.roots if (root / name / "spec.json").is_file())
        return next(found, None)

    def get(self, name: str) -> nn.Module:
        """A part.

        Raises:
            ModelFileError: it is not at hand, or its files are unusable.
        """
        if name not in self._loaded:
            folder = self.folder(name)
            if folder is None:
                raise ModelFileError(f"the shared part {name} is not here", _how_to_get(name))
            self._loaded[name] = load_component(folder, self.device.type == "cpu").to(self.device)
            give_back()
        return self._loaded[name]

    def character_features(self, name: str) -> Callable[[str], np.ndarray] | None:
        """Vectors of the characters of Chinese text: (C, D) float32 of C characters.

        Returns:
            None if the part is not at hand.

        Raises:
            ModelFileError: its files are unusable.
        """
        folder = self.folder(name) if name else None
        if folder is None:
            return None
        ids = _vocabulary(folder / VOCABULARY)

        def features(text: str) -> np.ndarray:
            net = self.get(name)  # loaded for the first Chinese text, not before
            parts = [text[i : i + _LONGEST] for i in range(0, len(text), _LONGEST)]
            rows = [[ids["[CLS]"], *(ids.get(c.lower(), ids["[UNK]"]) for c in part), ids["[SEP]"]]
                    for part in parts]
            found = [net(torch.tensor([row], device=self.device))[0, 1:-1] for row in rows]
            return torch.cat(found).float().cpu().numpy() if found else np.zeros((0, 0), np.float32)

        return features


@functools.cache
def _vocabulary(path: Path) -> dict[str, int]:
    data = read_json(path)
    found = data.get("model", {}).get("vocab") if isinstance(data, dict) else None
    if not isinstance(found, dict) or not {"[CLS]", "[SEP]", "[UNK]"} <= set(found):
        raise ModelFileError(f"{path}: it has no vocabulary")
    return found


def _how_to_get(name: str) -> str:
    kind = next((k for k, n in SHARED_KINDS.items() if n == name), name)
    return (f"Fetch it with: python -m voice models download {kind}; or import it: "
            "python -m voice models import .../GPT_SoVITS/pretrained_models")
