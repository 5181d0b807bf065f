"""Averaged weights out of a training state, ready to be used or shipped."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from voice.checkpoints.store import load_model, load_strictly
from voice.checkpoints.tensors import read_tensors
from voice.errors import ModelFileError
from voice.models.tokenizer import SemanticTokenizer
from voice.spec.load import from_dict, read_json, to_dict
from voice.spec.tokenizer import TokenizerSpec

log = logging.getLogger(__name__)


def averaged(folder: Path, name: str) -> dict[str, Tensor]:
    """The averaged weights of one model of a training state.

    Args:
        folder: holds ``state.safetensors``.
        name: of the model in the state.

    Raises:
        ModelFileError: the state is missing, or has no such model.
    """
    prefix = f"average/{name}/"
    tensors = read_tensors(folder / "state.safetensors")
    found = {k[len(prefix) :]: v for k, v in tensors.items() if k.startswith(prefix)}
    if not found:
        raise ModelFileError(f"{folder}: the training state has no model {name!r}")
    return found


def write_part_spec(folder: Path, spec: object) -> None:
    """Keeps a part's specification beside its training state."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "spec.json").write_text(json.dumps(to_dict(spec), indent=2), "utf8")


def trained_tokenizer(folder: Path) -> SemanticTokenizer:
    """The tokenizer of a training state (of the tokenizer or of its reader), or of a model."""
    if (folder / "tokenizer.safetensors").exists():
        return load_model(folder, "cpu").tokenizer
    tokenizer = SemanticTokenizer(from_dict(TokenizerSpec, read_json(folder / "spec.json")))
    load_strictly(tokenizer, averaged(folder, "tokenizer"), str(folder))
    return tokenizer.eval()


def begin_with(module: nn.Module, folder: Path, part: str) -> list[str]:
    """Starts a training from a model's weights; what the model lacks stays as initialised.

    Args:
        module: that will be trained.
        folder: a model's.
        part: ``tokenizer``, ``text2semantic`` or ``decoder``.

    Returns:
        Names of the weights that the model lacks.

    Raises:
        ModelFileError: the model has weights that do not fit.
    """
    path = folder / f"{part}.safetensors"
    own: dict[str, Any] = module.state_dict()
    found = read_tensors(path)
    missing = [k for k in own if k not in found]
    load_strictly(module, own | found, str(path))
    log.info("began with %s; new: %s", path, ", ".join(missing) or "nothing")
    return missing


def begin_with_run(
    models: dict[str, nn.Module], averages: dict[str, nn.Module], folder: Path
) -> list[str]:
    """Starts a training from another run's weights; models of other sizes stay as initialised.

    Args:
        models, averages: that will be trained, and their averages; an average that the run lacks
            begins with what is trained.
        folder: of the other run.

    Returns:
        Names of the models that did not fit, or that the run lacks.
    """
    tensors, left = read_tensors(folder / "state.safetensors"), []
    for kind, modules in (("model", models), ("average", averages)):
        for name, module in modules.items():
            prefixes = [f"{kind}/{name}/", f"model/{name}/"]
            prefix = next((p for p in prefixes if any(k.startswith(p) for k in tensors)), None)
            own: dict[str, Any] = module.state_dict()
            found = {k: tensors[f"{prefix}{k}"] for k in own if f"{prefix}{k}" in tensors}
            if found and all(v.shape == own[k].shape for k, v in found.items()):
                module.load_state_dict(own | found)
            else:
                left.append(name)
    log.info("began with %s; as initialised: %s", folder, ", ".join(left) or "nothing")
    return left
