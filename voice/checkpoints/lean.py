"""Large parts loaded in half the memory: tensor by tensor, and never unpacked.

Linear layers stay in half precision where their file is in half precision, so that nothing is lost;
sums are in single precision.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from voice.checkpoints.store import check_names
from voice.errors import ModelFileError
from voice.nn.packed import HalfLinear


def load_lean(make: Callable[[], nn.Module], path: Path) -> nn.Module:
    """A module for inference on the CPU, never whole in single precision.

    Args:
        make: gives the module; all its buffers must be in the file.
        path: safetensors of its state.

    Raises:
        ModelFileError: the file is unreadable or does not fit.
    """
    with torch.device("meta"):
        module = make()
    stored = _stored(path)
    check_names(module.state_dict(), stored, str(path))
    linears = {n: m for n, m in module.named_modules() if isinstance(m, nn.Linear)}
    for name, linear in linears.items():
        if stored[f"{name}.weight"].dtype != "F16":
            continue
        bias = None if linear.bias is None else _read(path, f"{name}.bias").float()
        made = HalfLinear(_read(path, f"{name}.weight"), bias)
        parent, _, own = name.rpartition(".")
        setattr(module.get_submodule(parent), own, made)
    rest = {k: _read(path, k).to(v.dtype) for k, v in module.state_dict().items()}
    module.load_state_dict(rest, assign=True)
    return module.eval().requires_grad_(False)


@dataclass(frozen=True)
class _Stored:
    """A tensor of a file: its shape, and its type as safetensors write it."""

    shape: tuple[int, ...]
    dtype: str


def _stored(path: Path) -> dict[str, _Stored]:
    """What a file holds, by name, without reading it."""
    try:
        with safe_open(path, "pt") as file:
            slices = {k: file.get_slice(k) for k in file.keys()}  # noqa: SIM118 (not a dict)
            return {k: _Stored(tuple(s.get_shape()), s.get_dtype()) for k, s in slices.items()}
    except (OSError, SafetensorError, ValueError) as error:
        raise ModelFileError(f"{path}: not a readable safetensors file ({error})") from error


def _read(path: Path, name: str) -> Tensor:
    """A copy of one tensor; the file is closed again, so that its pages do not add up."""
    with safe_open(path, "pt") as file:
        return file.get_tensor(name).clone()
