"""Traced modules to ONNX models, the same bytes each time.

The exporter that follows one run of the module is used: its graphs keep operator set 17, which
phones' runtimes have had for years.
"""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import onnx
import torch
from torch.onnx import utils

from voice.errors import ModelFileError
from voice.export.graphs import Graph

OPSET = 17
_MOST_BYTES = 2 << 30


def trace(graph: Graph) -> onnx.ModelProto:
    """Makes an ONNX model of a graph, weights inside.

    Raises:
        ModelFileError: the module uses something that ONNX has no operator for.
    """
    buffer = io.BytesIO()
    axes = {name: dict(found) for name, found in graph.axes.items()}
    for name, shape in graph.outputs.items():
        moving = {i: str(size) for i, size in enumerate(shape) if isinstance(size, str)}
        if moving:
            axes[name] = moving
    with _quiet(), torch.no_grad():
        try:
            torch.onnx.export(
                graph.module.eval(), tuple(graph.examples.values()),
                buffer,  # type: ignore[arg-type] - a file object, which the tracer takes
                dynamo=False,
                input_names=list(graph.examples), output_names=list(graph.outputs),
                dynamic_axes=axes, opset_version=OPSET, do_constant_folding=True,
            )
        except (RuntimeError, torch.onnx.errors.OnnxExporterError) as error:
            first = str(error).strip().split("\n")[0]
            raise ModelFileError(f"graph {graph.name} cannot be exported: {first}") from error
    model = onnx.load_from_string(buffer.getvalue())
    return tidy(model, graph)


def tidy(model: onnx.ModelProto, graph: Graph) -> onnx.ModelProto:
    """Drops what differs from run to run, and names axes as the graph does."""
    for node in model.graph.node:
        node.ClearField("doc_string")
    model.graph.ClearField("value_info")
    model.graph.name, model.doc_string = graph.name, graph.says
    model.producer_name, model.producer_version = "voice", ""
    used = {name for node in model.graph.node for name in node.input}
    unused = [i for i in model.graph.initializer if i.name not in used]
    for initializer in unused:
        model.graph.initializer.remove(initializer)
    for value, shape in zip(model.graph.output, graph.outputs.values(), strict=True):
        dims = value.type.tensor_type.shape
        dims.ClearField("dim")
        for size in shape:
            dim = dims.dim.add()
            if isinstance(size, str):
                dim.dim_param = size
            else:
                dim.dim_value = size
    wanted, found = set(graph.examples), {i.name for i in model.graph.input}
    if wanted != found:
        raise ModelFileError(f"graph {graph.name} lost its inputs {sorted(wanted - found)}")
    if model.ByteSize() > _MOST_BYTES:
        raise ModelFileError(f"graph {graph.name} is larger than 2 GB")
    return model


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """No advice of the tracer, and the plain form of torch's own transformer layers."""
    for name, symbolic in _OPERATORS.items():
        utils.register_custom_op_symbolic(name, symbolic, OPSET)
    fast = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    logger = logging.getLogger("torch.onnx")
    level, _ = logger.level, logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for name in _OPERATORS:
            utils.unregister_custom_op_symbolic(name, OPSET)
        logger.setLevel(level)
        torch.backends.mha.set_fastpath_enabled(fast)


def _transpose(graph: Any, x: Any) -> Any:
    """``Tensor.mT``, which the exporter does not know."""
    axes = list(range(x.type().dim()))
    axes[-2:] = reversed(axes[-2:])
    return graph.op("Transpose", x, perm_i=axes)


def _unflatten(graph: Any, x: Any, dim: Any, sizes: Any) -> Any:
    """``Tensor.unflatten``; the exporter's own takes the example's other axes for fixed ones."""
    place = dim.node().t("value").item() % x.type().dim()
    def constant(*values: int) -> Any:
        return graph.op("Constant", value_t=torch.tensor(values))

    if sizes.node().kind() == "prim::ListConstruct":
        wanted = [graph.op("Reshape", v, constant(1)) for v in sizes.node().inputs()]
    else:
        wanted = [constant(*sizes.node().t("value").tolist())]
    shape = graph.op("Shape", x)
    before = graph.op("Slice", shape, constant(0), constant(place), constant(0))
    after = graph.op("Slice", shape, constant(place + 1), constant(99), constant(0))
    shape = graph.op("Concat", before, *wanted, after, axis_i=0)
    return graph.op("Reshape", x, shape)


def _power_of_two(graph: Any, x: Any) -> Any:
    """``Tensor.exp2``, which the exporter does not know for this operator set."""
    return graph.op("Pow", graph.op("Constant", value_t=torch.tensor(2.0)), x)


_OPERATORS = {
    "aten::mT": _transpose, "aten::unflatten": _unflatten, "aten::exp2": _power_of_two,
}
