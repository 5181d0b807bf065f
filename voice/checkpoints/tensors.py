"""Tensor files (safetensors), written whole or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from voice.audio.atomic import atomic_file
from voice.errors import ModelFileError, OutputError


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A path to write to that becomes ``path`` only when the block ends well.

    For writers that take a path; see :func:`voice.audio.atomic.atomic_file`.

    Raises:
        OutputError: the file cannot be written.
    """
    try:
        with atomic_file(path) as file:
            yield Path(file.name)
            # Writers may put another file in its place, which only its owner may read.
            os.chmod(file.name, os.fstat(file.fileno()).st_mode & 0o777)
    except SafetensorError as error:
        raise OutputError(f"{path}: cannot be written ({error})") from error


def write_tensors(path: Path, tensors: Mapping[str, Tensor], half: bool = False) -> None:
    """Writes tensors as safetensors, whole or not at all.

    Args:
        path: of the file.
        tensors: by name.
        half: store floating-point tensors as fp16.
    """
    plain = {
        k: (v.detach().half() if half and v.is_floating_point() else v.detach())
        .cpu()
        .clone()
        .contiguous()
        for k, v in tensors.items()
    }
    with whole_file(path) as part:
        save_file(plain, part)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Reads safetensors as stored.

    Raises:
        ModelFileError: the file is missing, truncated or of another kind.
    """
    try:
        with safe_open(path, "pt") as file:
            return {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118 (not a dict)
    except (OSError, SafetensorError, ValueError) as error:
        raise ModelFileError(f"{path}: not a readable safetensors file ({error})") from error
