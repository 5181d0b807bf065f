"""Our model folders: ``spec.json`` beside safetensors; half precision on disk, single in memory.

A folder holds ``tokenizer.safetensors``, ``text2semantic.safetensors`` and ``decoder.safetensors``;
an official model has no tokenizer of its own, but a HuBERT that several share
(:mod:`voice.checkpoints.components`). Loading is strict: missing and unused weights are errors that
name them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from voice.checkpoints.memory import give_back, keep_low
from voice.checkpoints.tensors import read_tensors, whole_file, write_tensors
from voice.errors import DeviceError, ModelFileError
from voice.spec.flow_matching import FlowMatchingSpec
from voice.spec.load import check_sizes, to_dict
from voice.spec.model import ModelSpec, read_spec
from voice.spec.official import OfficialTokenizerSpec
from voice.spec.vits import VitsSpec

if TYPE_CHECKING:
    from voice.checkpoints.components import Components
    from voice.models.text2semantic import Text2Semantic
    from voice.models.vits import Vits

PARTS = ("tokenizer", "text2semantic", "decoder")


@dataclass(frozen=True, eq=False)
class Model:
    """A loaded model, ready to use.

    Attributes:
        name: of the specification.
        spec: what it is made of.
        tokenizer, text2semantic, decoder: its parts, in evaluation mode.
        revision: digest of the weights, 12 hexadecimal digits.
        device: where the parts are.
        shared: parts of official models that several share; None for other models.
    """

    name: str
    spec: ModelSpec
    tokenizer: Any  # SemanticTokenizer | OfficialTokenizer
    text2semantic: Text2Semantic
    decoder: Vits
    revision: str
    device: torch.device
    shared: Components | None = None

    @property
    def reads(self) -> bool:
        """Its tokenizer has a head that reads phonemes back from tokens."""
        return isinstance(self.tokenizer, torch.nn.Module)


def load_strictly(module: nn.Module, tensors: Mapping[str, Tensor], where: str) -> None:
    """Fills a module's persistent state.

    Raises:
        ModelFileError: names missing or unused weights, or those of another shape.
    """
    check_names(module.state_dict(), tensors, where)
    module.load_state_dict(tensors)  # which converts one tensor after the other


def check_names(wanted: Mapping[str, Any], found: Mapping[str, Any], where: str) -> None:
    """Compares the names and shapes of a module's state with those of a file.

    Raises:
        ModelFileError: names missing or unused weights, or those of another shape.
    """
    problems = [f"missing {k}" for k in wanted if k not in found]
    problems += [f"unused {k}" for k in found if k not in wanted]
    problems += [
        f"{k} is {tuple(found[k].shape)} instead of {tuple(v.shape)}"
        for k, v in wanted.items()
        if k in found and found[k].shape != v.shape
    ]
    if problems:
        shown = "; ".join(problems[:8]) + (
            f" and {len(problems) - 8} more" if len(problems) > 8 else ""
        )
        raise ModelFileError(f"{where}: weights do not fit the specification: {shown}")


def choose_device(name: str) -> torch.device:
    """The device of a name as people write it.

    Args:
        name: ``auto`` (CUDA where there is one), ``cpu``, ``cuda`` or ``cuda:N``.

    Raises:
        DeviceError: there is no such device.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    kind, _, index = name.partition(":")
    if kind not in ("cpu", "cuda") or (index and not index.isdigit()):
        raise DeviceError(f"--device {name}: not a device", "Use auto, cpu, cuda or cuda:N.")
    if kind == "cuda" and int(index or 0) >= torch.cuda.device_count():
        raise DeviceError(
            f"--device {name}: this machine has {torch.cuda.device_count()} CUDA devices",
            "Use auto or cpu.",
        )
    return torch.device(name)


def load_model(folder: Path, device: str = "auto", shared: Path | None = None) -> Model:
    """Loads a model folder.

    Args:
        folder: with ``spec.json`` and the parts.
        device: see :func:`choose_device`.
        shared: folder of parts that official models share, besides those in or beside ``folder``.

    Raises:
        ModelFileError: a file is missing, corrupt, or does not fit the specification.
        DeviceError: there is no such device.
    """
    from voice.models.text2semantic import Text2Semantic
    from voice.models.tokenizer import SemanticTokenizer

    keep_low()
    spec, where = read_spec(folder), choose_device(device)
    usual, own = check_sizes(spec, str(folder / "spec.json")), spec.tokenizer
    makers: dict[str, Callable[[], nn.Module]] = {}
    if not isinstance(own, OfficialTokenizerSpec):
        makers["tokenizer"] = lambda: SemanticTokenizer(own)
    makers["text2semantic"] = lambda: Text2Semantic(spec.text2semantic)
    makers["decoder"] = lambda: make_decoder(spec.decoder)
    digest, parts = hashlib.sha256(), dict[str, nn.Module]()
    for name, make in makers.items():
        path = folder / f"{name}.safetensors"
        tensors = read_tensors(path)
        if not usual:
            _check_unmade(make, tensors, str(path))
        part = parts[name] = make()
        load_strictly(part, tensors, str(path))
        digest.update(path.read_bytes())
        part.eval().requires_grad_(False).to(where)
        del tensors
    give_back()
    more = _official(folder, spec, parts["decoder"], shared, where)
    return Model(spec.name, spec, **parts, **more, revision=digest.hexdigest()[:12], device=where)  # pyright: ignore


def _check_unmade(make: Callable[[], nn.Module], tensors: Mapping[str, Tensor], where: str) -> None:
    """Compares weights with a module of unusual sizes without making room for it."""
    try:
        with torch.device("meta"):
            wanted = make().state_dict()
    except (RuntimeError, MemoryError, OverflowError, ValueError, TypeError) as error:
        raise ModelFileError(f"{where}: its specification has impossible sizes") from error
    check_names(wanted, tensors, where)


def make_decoder(spec: VitsSpec | FlowMatchingSpec) -> nn.Module:
    """The decoder of a specification, without weights."""
    if isinstance(spec, FlowMatchingSpec):
        from voice.models.flow_matching import FlowMatchingDecoder

        return FlowMatchingDecoder(spec)
    from voice.models.vits import Vits

    return Vits(spec)


def _official(
    folder: Path, spec: ModelSpec, decoder: Any, shared: Path | None, device: torch.device
) -> dict[str, Any]:
    """What an official model has besides its own parts; its shared parts are not loaded yet."""
    if not isinstance(spec.tokenizer, OfficialTokenizerSpec):
        return {}
    from voice.checkpoints.components import FOLDER, Components
    from voice.models.official_tokenizer import OfficialTokenizer

    beside = folder.resolve().parent.parent / FOLDER
    roots = (folder / FOLDER, beside, *([shared] if shared else []))
    parts, encoder = Components(roots, device), spec.tokenizer.encoder
    if isinstance(spec.decoder, FlowMatchingSpec):
        vocoder = spec.decoder.vocoder
        decoder.vocoder = lambda: parts.get(vocoder)
    return {
        "tokenizer": OfficialTokenizer(
            spec.tokenizer, lambda: parts.get(encoder), decoder.tokens),
        "shared": parts,
    }


def save_part(folder: Path, name: str, module: nn.Module) -> None:
    """Writes one part's weights in half precision."""
    write_tensors(folder / f"{name}.safetensors", module.state_dict(), half=True)


def save_spec(folder: Path, spec: ModelSpec) -> None:
    """Writes ``spec.json``."""
    with whole_file(folder / "spec.json") as part:
        part.write_text(json.dumps(to_dict(spec), indent=2) + "\n", "utf8")
