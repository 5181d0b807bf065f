"""Strict JSON to dataclasses: unknown and missing keys are errors that name them."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import types
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from voice.errors import ModelFileError

T = TypeVar("T")
_COUNTED = re.compile(r"layers|couplings|steps|blocks|points|heads|groups|parts")
MOST_LAYERS, MOST_ITEMS, MOST = 512, 64, 1 << 24
USUAL_LAYERS, USUAL = 32, 4096


def from_dict(cls: type[T], data: Any, where: str = "spec") -> T:
    """Builds a (nested) dataclass from plain data.

    Args:
        cls: a dataclass whose field types are int, float, bool, str, tuples of those,
            other dataclasses, or ``X | None``.
        data: what ``json.load`` gave.
        where: dotted path of ``data``, for messages.

    Raises:
        ModelFileError: a key is unknown or missing, or a value has another type.
    """
    if not isinstance(data, dict):
        raise ModelFileError(f"{where}: expected an object, found {type(data).__name__}")
    fields = {f.name: f for f in dataclasses.fields(cls)}  # pyright: ignore[reportArgumentType]
    if unknown := sorted(set(data) - set(fields)):
        raise ModelFileError(f"{where}: unknown keys {', '.join(unknown)}")
    required = {
        n
        for n, f in fields.items()
        if f.default is dataclasses.MISSING and f.default_factory is dataclasses.MISSING
    }
    if missing := sorted(required - set(data)):
        raise ModelFileError(f"{where}: missing keys {', '.join(missing)}")
    hints = typing.get_type_hints(cls)
    return cls(**{k: _value(hints[k], v, f"{where}.{k}") for k, v in data.items()})


def _value(hint: Any, value: Any, where: str) -> Any:
    origin = typing.get_origin(hint)
    if origin in (types.UnionType, typing.Union):
        if value is None:
            return None
        options = [a for a in typing.get_args(hint) if a is not type(None)]
        return _union(options, value, where)
    if dataclasses.is_dataclass(hint):
        return from_dict(typing.cast(type, hint), value, where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise ModelFileError(f"{where}: expected a list")
        item = typing.get_args(hint)[0]
        return tuple(_value(item, v, f"{where}[{i}]") for i, v in enumerate(value))
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if hint is float and isinstance(value, float) and not math.isfinite(value):
        raise ModelFileError(f"{where}: {value} is not a finite number")
    if not isinstance(value, hint) or (hint is int and isinstance(value, bool)):
        raise ModelFileError(f"{where}: expected {hint.__name__}, found {value!r}")
    return value


def _union(options: list[Any], value: Any, where: str) -> Any:
    """The one option whose fields match; with several dataclasses the keys decide."""
    if len(options) == 1:
        return _value(options[0], value, where)
    errors = []
    for option in options:
        try:
            return _value(option, value, where)
        except ModelFileError as error:
            errors.append(str(error))
    raise ModelFileError(f"{where}: fits none of its forms ({'; '.join(errors)})")


def to_dict(spec: Any) -> dict[str, Any]:
    """Plain data of a dataclass, the inverse of :func:`from_dict`."""
    return dataclasses.asdict(spec)


def check_sizes(spec: Any, where: str) -> bool:
    """Refuses sizes that no network has, before anything of such a size is made.

    Args:
        spec: a dataclass, with others inside.
        where: for messages.

    Returns:
        Whether all sizes are as networks of this kind have them. Others are to be compared with
        the weights before room is made for them.

    Raises:
        ModelFileError: a number is absurd.
    """
    usual = True
    for name, value in _leaves(spec, ""):
        last = name.rpartition(".")[2]
        counted = bool(_COUNTED.search(last))
        if len(value) > MOST_ITEMS or any(
            abs(v) > (MOST_LAYERS if counted else MOST) for v in value
        ):
            raise ModelFileError(f"{where}: {name} is {str(value[0])[:24]}, which no model has")
        if not last.endswith(("_rate", "_samples", "vocabulary")):
            usual = usual and all(v <= (USUAL_LAYERS if counted else USUAL) for v in value)
    return usual


def _leaves(spec: Any, path: str) -> Iterator[tuple[str, Sequence[int]]]:
    """Path and values of every whole number, and list of them, in a dataclass."""
    for field in dataclasses.fields(spec):
        value, name = getattr(spec, field.name), f"{path}.{field.name}".lstrip(".")
        if dataclasses.is_dataclass(value):
            yield from _leaves(value, name)
        elif isinstance(value, tuple):
            whole = [v for v in value if isinstance(v, int)]
            yield name, whole or [0]
            for i, inner in enumerate(value):
                if dataclasses.is_dataclass(inner):
                    yield from _leaves(inner, f"{name}[{i}]")
        elif isinstance(value, int) and not isinstance(value, bool):
            yield name, [value]


def read_json(path: Path) -> Any:
    """Parses a JSON file.

    Raises:
        ModelFileError: the file cannot be read or is not JSON.
    """
    try:
        return json.loads(path.read_text("utf8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: cannot be read as JSON ({error})") from error
