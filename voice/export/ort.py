"""Graphs in onnxruntime's own format, for builds that can read nothing else, and what they need.

``ort/NAME.ort`` beside ``graphs/NAME.onnx``, weights inside; ``ort/operators.config`` is what
onnxruntime's ``build.sh --include_ops_by_config`` takes.
"""

from __future__ import annotations

from pathlib import Path

from voice.export.manifest import Manifest

FOLDER = "ort"
CONFIG = f"{FOLDER}/operators.config"


def convert(folder: Path, manifest: Manifest) -> None:
    """Writes the folder ``ort`` of a bundle."""
    import onnxruntime

    (folder / FOLDER).mkdir(exist_ok=True)
    for graph in manifest.graphs:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = 4
        # Expanding stored weights here would write them out in full; one thread, so that nothing
        # is laid out for this processor.
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.add_session_config_entry("session.save_model_format", "ORT")
        options.optimized_model_filepath = str(folder / FOLDER / f"{graph.name}.ort")
        onnxruntime.InferenceSession(
            str(folder / graph.file), options, providers=["CPUExecutionProvider"],
            disabled_optimizers=["ConstantFolding"])
    head = f"# operators of {manifest.model} {manifest.revision}: domain;operator set;operators\n"
    (folder / CONFIG).write_text(head + "".join(f"{x}\n" for x in _operators(folder)), "utf8")


def _operators(folder: Path) -> list[str]:
    """What the converted graphs use; optimisation may have joined operators."""
    from onnxruntime.tools.ort_format_model import create_config_from_models  # noqa: F401

    found = folder / FOLDER / ".found"
    create_config_from_models(sorted((folder / FOLDER).glob("*.ort")), found, False)
    lines = [line for line in found.read_text("utf8").splitlines()
             if line and not line.startswith("#")]
    found.unlink()
    return sorted(lines)
