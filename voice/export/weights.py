"""Precision of a graph's weights, and the one file that graphs of a part keep them in.

| scheme | stored | computed | for |
| --- | --- | --- | --- |
| ``fp32`` | float32 | float32 | comparisons |
| ``fp16`` | float16 | float32 | what int8 harms |
| ``int8`` | int8, a scale for each output channel | float32 | convolutions, embeddings |
| ``int8-dynamic`` | the same | matrix products in 8 bits, input scaled as it comes | speed |

Stored weights are expanded by plain operators (Cast, Mul) that every runtime folds while loading,
so that no runtime needs half-precision or quantised kernels for ``fp16`` and ``int8``.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Set
from dataclasses import dataclass, field

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import nn

SCHEMES = ("fp32", "fp16", "int8", "int8-dynamic")
LARGE = 1024
"""Weights of fewer elements (biases, norms) stay as they are."""
_INLINE_BYTES = 256
_ALIGNMENT = 64
_MIDDLE = 128


def with_precision(
    model: onnx.ModelProto, scheme: str, exact: Set[str] = frozenset()
) -> onnx.ModelProto:
    """The model with its large weights stored as ``scheme`` says; the model itself changes.

    Args:
        model: traced.
        scheme: one of :data:`SCHEMES`.
        exact: initializers that stay as they are; see :func:`kept_exact`.
    """
    if scheme not in SCHEMES:
        raise ValueError(f"unknown scheme {scheme!r}")
    _lift_constants(model.graph)
    if scheme == "int8-dynamic":
        _dynamic_products(model.graph, exact)
    if scheme != "fp32":
        _store(model.graph, "fp16" if scheme == "fp16" else "int8", exact)
    return model


def kept_exact(model: onnx.ModelProto, module: nn.Module) -> set[str]:
    """Initializers that were not learnt: mel bands and windows, whose small numbers matter."""
    _lift_constants(model.graph)
    saved = {id(t) for t in module.state_dict(keep_vars=True).values()}
    fixed = {
        array.tobytes() for buffer in module.buffers() if id(buffer) not in saved
        for array in _forms(buffer.detach().cpu().numpy())
    }
    return {t.name for t in _large(model.graph).values()
            if numpy_helper.to_array(t).tobytes() in fixed}


def _forms(array: np.ndarray) -> list[np.ndarray]:
    return [array, np.ascontiguousarray(array.T)]


def _lift_constants(graph: onnx.GraphProto) -> None:
    """Large Constant nodes as initializers."""
    nodes = []
    for node in graph.node:
        value = next((a.t for a in node.attribute if a.name == "value"), None)
        if node.op_type == "Constant" and value is not None and _size(value) >= LARGE:
            value.name = node.output[0]
            graph.initializer.append(value)
        else:
            nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)


def _size(tensor: TensorProto) -> int:
    return int(np.prod(tensor.dims, dtype=np.int64))


def _large(graph: onnx.GraphProto, exact: Set[str] = frozenset()) -> dict[str, TensorProto]:
    return {
        t.name: t for t in graph.initializer
        if t.data_type == TensorProto.FLOAT and _size(t) >= LARGE and t.name not in exact
    }


def _channel_axis(graph: onnx.GraphProto, name: str) -> int:
    """The axis of a weight whose every place gets a scale of its own."""
    kinds = Counter(n.op_type for n in graph.node if name in n.input)
    return 1 if {"MatMul", "ConvTranspose"} & set(kinds) else 0


def quantised(values: np.ndarray, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Eight bits, symmetrical about zero.

    Args:
        values: float32 of any shape.
        axis: each place along it has its own scale.

    Returns:
        int8 of the same shape, -127 to 127, and float32 scales that broadcast to it.
    """
    others = tuple(i for i in range(values.ndim) if i != axis)
    scale = np.abs(values).max(axis=others, keepdims=True).astype(np.float32) / 127
    scale = np.maximum(scale, np.float32(1e-12))
    return np.clip(np.rint(values / scale), -127, 127).astype(np.int8), scale


def _store(graph: onnx.GraphProto, scheme: str, exact: Set[str]) -> None:
    """Replaces large weights by stored ones and the operators that expand them."""
    expand = []
    for name, tensor in _large(graph, exact).items():
        values = numpy_helper.to_array(tensor)
        graph.initializer.remove(tensor)
        if scheme == "fp16" or values.ndim < 2:
            if np.abs(values).max() > np.finfo(np.float16).max:
                graph.initializer.append(tensor)
                continue
            stored = numpy_helper.from_array(values.astype(np.float16), f"{name}_fp16")
            expand.append(helper.make_node("Cast", [stored.name], [name], f"{name}_expand",
                                           to=TensorProto.FLOAT))
            graph.initializer.append(stored)
            continue
        small, scale = quantised(values, _channel_axis(graph, name))
        graph.initializer.append(numpy_helper.from_array(small, f"{name}_int8"))
        graph.initializer.append(numpy_helper.from_array(scale, f"{name}_scale"))
        expand += [
            helper.make_node("Cast", [f"{name}_int8"], [f"{name}_whole"], f"{name}_cast",
                             to=TensorProto.FLOAT),
            helper.make_node("Mul", [f"{name}_whole", f"{name}_scale"], [name], f"{name}_expand"),
        ]
    nodes = [*expand, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _dynamic_products(graph: onnx.GraphProto, exact: Set[str]) -> None:
    """Products with a weight matrix, in 8 bits: the left side is quantised as it comes.

    Weights are stored as uint8 about 128, whose products no processor's kernels saturate.
    """
    weights, nodes, stored = _large(graph, exact), [], {}
    inputs: dict[str, tuple[str, str, str]] = {}
    for node in graph.node:
        if node.op_type != "MatMul" or node.input[1] not in weights:
            nodes.append(node)
            continue
        left, name = node.input
        if name not in stored:
            small, scale = quantised(numpy_helper.to_array(weights[name]), 1)
            stored[name] = True
            graph.initializer.extend([
                numpy_helper.from_array((small.astype(np.int16) + _MIDDLE).astype(np.uint8),
                                        f"{name}_uint8"),
                numpy_helper.from_array(np.full(small.shape[1], _MIDDLE, np.uint8),
                                        f"{name}_middle"),
                numpy_helper.from_array(scale[0], f"{name}_scale"),
            ])
        if left not in inputs:
            inputs[left] = (f"{left}_uint8", f"{left}_step", f"{left}_zero")
            nodes.append(helper.make_node("DynamicQuantizeLinear", [left], list(inputs[left]),
                                          f"{left}_quantize"))
        whole, step, zero = inputs[left]
        out = node.output[0]
        nodes += [
            helper.make_node("MatMulInteger", [whole, f"{name}_uint8", zero, f"{name}_middle"],
                             [f"{out}_int32"], f"{out}_product"),
            helper.make_node("Cast", [f"{out}_int32"], [f"{out}_float"], f"{out}_cast",
                             to=TensorProto.FLOAT),
            helper.make_node("Mul", [step, f"{name}_scale"], [f"{out}_scale"], f"{out}_rescale"),
            helper.make_node("Mul", [f"{out}_float", f"{out}_scale"], [out], f"{out}_mul"),
        ]
    used = {name for node in nodes for name in node.input}
    for name in stored:
        if name not in used:
            graph.initializer.remove(weights[name])
    del graph.node[:]
    graph.node.extend(nodes)


@dataclass
class Blob:
    """The weights of a part, each once, whatever number of graphs has it.

    Attributes:
        file: name, beside the graphs.
        data: content.
    """

    file: str
    data: bytearray = field(default_factory=bytearray)
    _places: dict[bytes, tuple[int, int]] = field(default_factory=dict)

    def take(self, model: onnx.ModelProto) -> bytes:
        """Moves a model's weights into the file; returns the model's own bytes."""
        for tensor in model.graph.initializer:
            raw = numpy_helper.to_array(tensor).tobytes()
            if len(raw) < _INLINE_BYTES:
                continue
            offset, size = self._place(raw)
            for cleared in ("raw_data", "float_data", "int32_data", "int64_data", "external_data"):
                tensor.ClearField(cleared)
            tensor.data_location = TensorProto.EXTERNAL
            for key, value in (("location", self.file), ("offset", offset), ("length", size)):
                entry = tensor.external_data.add()
                entry.key, entry.value = key, str(value)
        return model.SerializeToString(deterministic=True)

    def _place(self, raw: bytes) -> tuple[int, int]:
        key = hashlib.sha256(raw).digest()
        if key not in self._places:
            self.data.extend(bytes(-len(self.data) % _ALIGNMENT))
            self._places[key] = len(self.data), len(raw)
            self.data.extend(raw)
        return self._places[key]
