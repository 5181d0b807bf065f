"""Lengths that keep files and functions readable, types, docstrings, and honest requirements."""

from __future__ import annotations

import ast
import re
import sys

from tests.architecture.sources import ROOT, Source, each, imports, sources

FILE_LINES, FUNCTION_LINES = 500, 80
PROGRAM = "voice", "webui", "recipes"
PACKAGE_OF = {  # module -> its name in the package index, where they differ
    "mecab": "python-mecab-ko", "perth": "resemble-perth", "pyopenjtalk": "pyopenjtalk-plus",
    "starlette": "gradio", "fastapi": "gradio", "uvicorn": "gradio",
}
# perth's weights are read; it and jieba need setuptools; then python-mecab-ko's dictionary, and
# what gradio itself imports to serve tools
INDIRECT = {"resemble-perth", "setuptools", "python-mecab-ko-dic", "mcp"}
# curves of a training run and speech recognition, where they are installed
OPTIONAL = {"matplotlib", "tensorboard", "faster_whisper"}


@each()
def test_files_and_functions_are_short(source: Source) -> None:
    assert source.lines <= FILE_LINES, f"{source.path} has {source.lines} lines"
    for node in ast.walk(source.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= FUNCTION_LINES, f"{source.path}: {node.name} has {length} lines"


@each(*PROGRAM)
def test_modules_and_public_names_say_what_they_are(source: Source) -> None:
    if source.lines > 1:
        assert ast.get_docstring(source.tree), f"{source.path} has no module docstring"
    bare = [
        node.name for node in source.tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_") and node.name != "main" and not ast.get_docstring(node)
    ]
    assert not bare, f"{source.path}: no docstring on {bare}"


@each("voice", "webui")
def test_functions_are_typed(source: Source) -> None:
    outer = [source.tree, *(n for n in ast.walk(source.tree) if isinstance(n, ast.ClassDef))]
    for node in (member for scope in outer for member in scope.body):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.returns is not None or node.name == "__init__", (
                f"{source.path}:{node.lineno}: {node.name} returns what?"
            )


def required(name: str) -> set[str]:
    """Package names of a requirements file, lower case with dashes."""
    lines = (ROOT / name).read_text("utf8").splitlines()
    names = (re.match(r"[A-Za-z0-9_.-]+", line) for line in lines if not line.startswith("#"))
    return {found.group().lower().replace("_", "-") for found in names if found}


def third_party() -> set[str]:
    """Packages that voice/ and webui/ import; the judges' are in requirements-eval.txt."""
    program = [s for s in sources("voice", "webui") if not s.path.startswith("voice/evaluation/")]
    modules = {i.name.split(".")[0] for s in program for i in imports(s)}
    modules -= {*sys.stdlib_module_names, "voice", "webui", "__future__", ""}
    return {PACKAGE_OF.get(m, m).lower().replace("_", "-") for m in modules - OPTIONAL}


def test_what_is_imported_is_required() -> None:
    missing = third_party() - required("requirements.txt")
    assert not missing, f"add to requirements.txt: {sorted(missing)}"


def test_what_is_required_is_imported() -> None:
    unused = required("requirements.txt") - third_party() - INDIRECT
    assert not unused, f"not imported anywhere: {sorted(unused)}"


def test_requirements_are_pinned() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "requirements-eval.txt",
                 "requirements-recogniser.txt"):
        for line in (ROOT / name).read_text("utf8").splitlines():
            if line.strip() and not line.startswith("#"):
                assert re.search(r"==|<", line), f"{name}: {line} has no version"
