"""The page for makers of native apps fits what bundles hold."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.export.conftest import Case
from voice.export.manifest import read_manifest
from voice.export.page import NAMES, render


@pytest.mark.parametrize("name", NAMES)
def test_the_page_has_every_tensor_of_every_graph(case: Case, name: str) -> None:
    manifest = read_manifest(case.folder)
    page = render(manifest, name)
    for graph in manifest.graphs:
        section = page.split(f"\n### {graph.name}\n")[1].split("\n### ")[0]
        for tensor in (*graph.inputs, *graph.outputs):
            base = re.sub(r"_\d+$", "", tensor.name)
            shown = tensor.name if base == tensor.name else f"{base}_i"
            row = f"| `{shown}` | {tensor.dtype} | ({', '.join(map(str, tensor.shape))}) |"
            assert row in section, (graph.name, tensor.name)
            assert section.count(f'"{base}') >= 2, (graph.name, tensor.name)  # both languages


@pytest.mark.parametrize("name", NAMES)
def test_the_page_in_the_documents_is_not_stale(case: Case, root: Path, name: str) -> None:
    manifest = read_manifest(case.folder)
    if manifest.decoding.reading is None:
        return  # the page is of a model with a reading head
    assert _shape((root / "docs" / name).read_text("utf8")) == _shape(render(manifest, name)), (
        "write it anew: python -m recipes.export.run page BUNDLE (README.md beside it)")


def _shape(page: str) -> str:
    """Without what depends on the model's sizes: numbers, its name, operators of the precision."""
    page = re.sub(r"`[^`]*`[ （(]+(weights|权重) \w+[)）]", "model", page)
    page = re.sub(r"(?m)^(ai\.onnx|com\.microsoft).*$", "operators", page)
    return re.sub(r"\d+", "0", page)
