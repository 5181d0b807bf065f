"""The page for makers of native apps, written from a bundle's manifest so that it cannot go stale.

Prose is ``data/phone.md``, in Chinese ``data/phone.zh-CN.md``; tables and calls come from the
graphs' signatures. Tensors of the language model's layers, ``past_key_0`` to ``past_key_5``, are
one line.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from voice.export.manifest import FORMAT, VERSION, GraphEntry, Manifest, TensorEntry

TEMPLATES = Path(__file__).parent / "data"
NAMES = ("phone.md", "phone.zh-CN.md")
_LAYERED = re.compile(r"(.+)_(\d+)$")
_READING = {"phone.md": (
    "   - the model reads along (`decoding.reading`): `seen` is row `place` of prefill's `window`; "
    "`place` starts at the phoneme that the prompt's last code says, and after each step "
    "`moves[argmax(outputs[codes + 1 ...])]` is added, within 0 and P - 1. No end before "
    "`near_end` phonemes from the last; the end for certain once it has stayed there for "
    "`patience` steps.\n"
), "phone.zh-CN.md": (
    "   - 模型边说边看（`decoding.reading`）：`seen` 是 prefill 的 `window` 的第 `place` 行；"
    "`place` 从提示最后一个编码所说的音素开始，每一步之后加上 "
    "`moves[argmax(outputs[codes + 1 ...])]`，保持在 0 到 P - 1 之间。离最后一个音素还有 "
    "`near_end` 个以上时不能结束；在最后停留 `patience` 步后必定结束。\n"
)}


@dataclass(frozen=True)
class _Line:
    """A tensor, or the same tensor of every layer."""

    tensor: TensorEntry
    base: str = ""  # the name without the layer's number

    @property
    def name(self) -> str:
        return f"{self.base}_i" if self.base else self.tensor.name


def render(manifest: Manifest, name: str = NAMES[0]) -> str:
    """The page as Markdown; ``name`` is one of :data:`NAMES`."""
    return Template((TEMPLATES / name).read_text("utf8")).substitute(
        model=manifest.model, revision=manifest.revision, format=FORMAT, version=VERSION,
        operators="\n".join(manifest.operators),
        reading=_READING[name] if manifest.decoding.reading else "",
        graphs="\n\n".join(_graph(graph, manifest.decoding.layers) for graph in manifest.graphs)
        + "\n",
    )


def _lines(tensors: Sequence[TensorEntry]) -> list[_Line]:
    found, seen = [], set()
    for tensor in tensors:
        match = _LAYERED.match(tensor.name)
        base = match[1] if match else ""
        if base and base in seen:
            continue
        seen.add(base)
        found.append(_Line(tensor, base))
    return found


def _graph(graph: GraphEntry, layers: int) -> str:
    inputs, outputs = _lines(graph.inputs), _lines(graph.outputs)
    rows = [f"| {kind} | `{line.name}` | {line.tensor.dtype} | "
            f"({', '.join(map(str, line.tensor.shape))}) |"
            for kind, lines in (("in", inputs), ("out", outputs)) for line in lines]
    note = f" Layers: i = 0 to {layers - 1}." if any(x.base for x in inputs + outputs) else ""
    table = "\n".join(["| | tensor | type | axes |", "| --- | --- | --- | --- |", *rows])
    return (f"### {graph.name}\n\n{graph.says}{note}\n\n{table}\n\n"
            f"```kotlin\n{_kotlin(graph.name, inputs, outputs)}\n```\n\n"
            f"```swift\n{_swift(graph.name, inputs, outputs)}\n```")


def _maker(tensor: TensorEntry) -> str:
    return "longs" if tensor.dtype == "int64" else "floats"


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _axes(tensor: TensorEntry) -> str:
    return ", ".join(str(x).lower() for x in tensor.shape)


def _kotlin(name: str, inputs: Sequence[_Line], outputs: Sequence[_Line]) -> str:
    lines = ["val inputs = mutableMapOf<String, OnnxTensor>("]
    lines += [f'    "{x.name}" to {_maker(x.tensor)}({_camel(x.name)}, {_axes(x.tensor)}),'
              for x in inputs if not x.base]
    lines.append(")")
    if layered := [x for x in inputs if x.base]:
        lines.append("for (i in 0 until layers) {")
        lines += [f'    inputs["{x.base}_$i"] = '
                  f"{_maker(x.tensor)}({_camel(x.base)}[i], {_axes(x.tensor)})" for x in layered]
        lines.append("}")
    lines.append(f"{_camel(name)}.run(inputs).use {{ out ->")
    lines += [f'    val {_camel(x.name)} = out.tensor("{x.name}").{_buffer(x.tensor)}'
              for x in outputs if not x.base]
    if layered := [x for x in outputs if x.base]:
        lines.append("    for (i in 0 until layers) {")
        lines += [f'        {_camel(x.base)}[i] = out.tensor("{x.base}_$i").{_buffer(x.tensor)}'
                  for x in layered]
        lines.append("    }")
    return "\n".join([*lines, "}"])


def _buffer(tensor: TensorEntry) -> str:
    return "longBuffer" if tensor.dtype == "int64" else "floatBuffer"


def _swift(name: str, inputs: Sequence[_Line], outputs: Sequence[_Line]) -> str:
    lines = ["var inputs: [String: ORTValue] = ["]
    lines += [f'    "{x.name}": try {_maker(x.tensor)}({_camel(x.name)}, {_axes(x.tensor)}),'
              for x in inputs if not x.base]
    lines.append("]")
    if layered := [x for x in inputs if x.base]:
        lines.append("for i in 0..<layers {")
        lines += [f'    inputs["{x.base}_\\(i)"] = '
                  f"try {_maker(x.tensor)}({_camel(x.base)}[i], {_axes(x.tensor)})"
                  for x in layered]
        lines.append("}")
    plain = ", ".join(f'"{x.name}"' for x in outputs if not x.base)
    names = f"let names: Set<String> = [{plain}]"
    if layered := [x for x in outputs if x.base]:
        parts = ", ".join(f'"{x.base}_\\($0)"' for x in layered)
        names = (f"let names = Set<String>([{plain}] + "
                 f"(0..<layers).flatMap {{ [{parts}] }})")
    lines.append(names)
    lines.append(f"let out = try {_camel(name)}.run(withInputs: inputs, outputNames: names, "
                 "runOptions: nil)")
    lines += [f'let {_camel(x.name)} = try out["{x.name}"]!.tensorData() as Data'
              for x in outputs if not x.base]
    return "\n".join(lines)
