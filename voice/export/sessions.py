"""Sessions of a bundle's graphs: opened when first used, with errors that say what is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from voice.checkpoints.memory import give_back
from voice.errors import DependencyError, DeviceError, ModelFileError
from voice.export.manifest import Manifest, TensorEntry

_TYPES = {"tensor(float)": "float32", "tensor(int64)": "int64"}


class Sessions:
    """The graphs of a bundle.

    Args:
        folder: of the bundle.
        manifest: read and checked.
        threads: that a graph may use.
    """

    def __init__(self, folder: Path, manifest: Manifest, threads: int = 1) -> None:
        self.folder, self.manifest, self.threads = folder, manifest, threads
        self._open: dict[str, Any] = {}

    def has(self, name: str) -> bool:
        """Whether the bundle has a graph."""
        return self.manifest.graph(name) is not None

    def run(
        self, name: str, inputs: dict[str, np.ndarray], outputs: list[str] | None = None
    ) -> list[np.ndarray]:
        """Runs a graph.

        Args:
            name: of the graph.
            inputs: by name.
            outputs: which are wanted; all, in the manifest's order, if not given.

        Raises:
            ModelFileError: the bundle has no such graph, or it is not what the manifest says.
            DeviceError: there is not enough memory.
        """
        session = self.session(name)
        try:
            return session.run(outputs, inputs)
        except Exception as error:  # the runtime's own classes share no base but this
            if _out_of_memory(error):
                raise _no_room(name) from error
            raise

    def session(self, name: str) -> Any:
        """The session of a graph."""
        if name not in self._open:
            self._open[name] = self._load(name)
            give_back()
        return self._open[name]

    def close(self, name: str) -> None:
        """Frees a graph's memory; it is opened again when needed."""
        self._open.pop(name, None)

    def _load(self, name: str) -> Any:
        entry = self.manifest.graph(name)
        if entry is None:
            raise ModelFileError(f"{self.folder}: the bundle has no graph {name!r}",
                                 "Export it again with this part.")
        try:
            import onnxruntime
        except ImportError as error:
            raise DependencyError("Bundles need the package onnxruntime",
                                  "Install requirements.txt.") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        options.enable_cpu_mem_arena = False  # 50 MB less, as fast (measured: see the recipe)
        path = self.folder / entry.file
        try:
            session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # as above
            if _out_of_memory(error):
                raise _no_room(name) from error
            raise ModelFileError(f"{path}: {_reason(str(error))}",
                                 "Use the onnxruntime of requirements.txt.") from error
        _check(path, session.get_inputs(), entry.inputs)
        _check(path, session.get_outputs(), entry.outputs)
        return session


def _out_of_memory(error: Exception) -> bool:
    signs = ("bad_alloc", "bad allocation", "Failed to allocate memory")
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in signs)


def _no_room(name: str) -> DeviceError:
    return DeviceError(f"there is not enough memory to run graph {name!r}",
                       "Close other programs, or speak a shorter text.")


def _reason(text: str) -> str:
    line = " ".join(text.split())
    missing = any(sign in line for sign in (
        "No Op registered", "Could not find an implementation", "not a registered function",
        "Opset", "opset"))
    if missing:
        return f"this onnxruntime lacks an operator of the graph ({line[:300]})"
    return f"not a usable graph ({line[:300]})"


def _check(path: Path, found: Sequence[Any], wanted: tuple[TensorEntry, ...]) -> None:
    have = [(x.name, _TYPES.get(x.type, x.type), len(x.shape)) for x in found]
    want = [(x.name, x.dtype, len(x.shape)) for x in wanted]
    if have != want:
        odd = next((a for a, b in zip(have, want, strict=False) if a != b), "their number")
        raise ModelFileError(f"{path}: its tensors are not those of the manifest ({odd})")
