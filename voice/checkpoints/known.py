"""What a pickled checkpoint may hold: tensors, plain data, and the few global names that make them.

A name stands for a harmless maker of our own, never for what Python would import.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

MAX_DIMENSIONS = 8
_PLAIN_KEYS = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class StorageType:
    """Kind of numbers in a storage: the name of a torch dtype."""

    dtype: str


@dataclass(frozen=True)
class Storage:
    """A run of numbers beside the pickle.

    Attributes:
        dtype: name of a torch dtype.
        key: where it is.
        elements: how many numbers.
    """

    dtype: str
    key: str
    elements: int


@dataclass(frozen=True)
class StoredTensor:
    """A view of a storage: what a pickle holds instead of a tensor's numbers.

    Attributes:
        storage: the numbers.
        offset: of the first one.
        shape: of the tensor.
        stride: between neighbours along each axis, in numbers.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]

    @property
    def elements(self) -> int:
        """Numbers in the tensor."""
        count = 1
        for size in self.shape:
            count *= size
        return count

    @property
    def extent(self) -> int:
        """Numbers of the storage from the first to the last one used."""
        if not self.elements:
            return 0
        return 1 + sum((n - 1) * s for n, s in zip(self.shape, self.stride, strict=True))


@dataclass(frozen=True)
class Maker:
    """A global name: what ``REDUCE`` makes of its arguments, and whether ``NEWOBJ`` may be used."""

    name: str
    make: Callable[..., Any] | None = None
    instance: bool = False


class Attributes(dict[str, Any]):
    """An instance of ``utils.HParams`` as the plain dictionary of its attributes."""


def _dictionary(pairs: Any = ()) -> dict[Any, Any]:
    out: dict[Any, Any] = {}
    if not isinstance(pairs, list | tuple):
        raise ValueError("an OrderedDict of something that is no list")
    for pair in pairs:
        if not isinstance(pair, list | tuple) or len(pair) != 2:
            raise ValueError("an OrderedDict of something that is no list of pairs")
        out[plain_key(pair[0])] = pair[1]
    return out


def plain_key(value: Any) -> Any:
    """Keys are plain: hashing a deep tuple could overflow the C stack."""
    if not isinstance(value, _PLAIN_KEYS):
        raise ValueError(f"a dictionary key of type {type(value).__name__}")
    return value


def _size(values: Any = ()) -> tuple[int, ...]:
    return _whole(values, "a size")


def _whole(values: Any, what: str) -> tuple[int, ...]:
    good = isinstance(values, list | tuple) and len(values) <= MAX_DIMENSIONS
    if not good or not all(type(v) is int and 0 <= v < 1 << 48 for v in values):
        raise ValueError(f"{what} that is no short list of whole numbers from 0")
    return tuple(values)


def _tensor(storage: Any, offset: Any, shape: Any, stride: Any, *_: Any) -> StoredTensor:
    """A view, if it stays inside its storage and no number is used twice."""
    if not isinstance(storage, Storage) or type(offset) is not int or offset < 0:
        raise ValueError("a tensor without a storage or with an impossible offset")
    made = StoredTensor(storage, offset, _whole(shape, "a shape"), _whole(stride, "a stride"))
    if len(made.shape) != len(made.stride):
        raise ValueError(f"a tensor of shape {made.shape} and stride {made.stride}")
    if made.elements > storage.elements or made.offset + made.extent > storage.elements:
        raise ValueError(
            f"a tensor of shape {made.shape} and stride {made.stride} that leaves its storage of "
            f"{storage.elements} numbers"
        )
    reach = 0  # of the axes so far: the next one must step over it
    for step, size in sorted(zip(made.stride, made.shape, strict=True)):
        if size > 1 and made.elements:
            if step <= reach:
                raise ValueError(f"a tensor of stride {made.stride} that overlaps itself")
            reach += (size - 1) * step
    return made


def _parameter(data: Any, *_: Any) -> StoredTensor:
    if not isinstance(data, StoredTensor):
        raise ValueError("a parameter that is no tensor")
    return data


def _path(*parts: Any) -> str:
    if not all(isinstance(p, str) and len(p) < 4096 for p in parts):
        raise ValueError("a path that is no text, or no short one")
    return "/".join(parts)


_DTYPES = {
    "Float": "float32", "Double": "float64", "Half": "float16", "BFloat16": "bfloat16",
    "Long": "int64", "Int": "int32", "Short": "int16", "Char": "int8", "Byte": "uint8",
    "Bool": "bool",
}
KNOWN: dict[str, Any] = {
    "collections.OrderedDict": Maker("OrderedDict", _dictionary),
    "torch.Size": Maker("torch.Size", _size),
    "torch._utils._rebuild_tensor": Maker("_rebuild_tensor", _tensor),
    "torch._utils._rebuild_tensor_v2": Maker("_rebuild_tensor_v2", _tensor),
    "torch._utils._rebuild_parameter": Maker("_rebuild_parameter", _parameter),
    "utils.HParams": Maker("utils.HParams", instance=True),
    **{f"pathlib.{n}": Maker(n, _path) for n in ("PosixPath", "WindowsPath", "PurePosixPath")},
    **{f"torch.{name}Storage": StorageType(dtype) for name, dtype in _DTYPES.items()},
    **{f"torch.{dtype}": dtype for dtype in _DTYPES.values()},
}
"""All global names there are for this reader."""
