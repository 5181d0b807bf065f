"""The project's Python files as syntax trees, and what they import."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("voice", "webui", "recipes", "tests")


@dataclass(frozen=True)
class Source:
    """A file, read when it is first looked into: every test process collects these tests.

    Attributes:
        path: from the repository's root, with slashes.
    """

    path: str

    @cached_property
    def text(self) -> str:
        """What is in it."""
        return (ROOT / self.path).read_text("utf8")

    @cached_property
    def tree(self) -> ast.Module:
        """Parsed."""
        return ast.parse(self.text, self.path)

    @property
    def lines(self) -> int:
        """Number of lines."""
        return self.text.count("\n") + 1

    @property
    def module(self) -> str:
        """Dotted name."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


@dataclass(frozen=True)
class Import:
    """An imported module: absolute dotted name, line, and whether only type checkers see it."""

    name: str
    line: int
    typing_only: bool


@cache
def sources(*folders: str) -> tuple[Source, ...]:
    """All files of some top folders (default: all)."""
    every = _every()
    return tuple(s for s in every if s.path.split("/")[0] in (folders or FOLDERS))


@cache
def _every() -> tuple[Source, ...]:
    return tuple(
        Source(path.relative_to(ROOT).as_posix())
        for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))
    )


def each(*folders: str) -> Callable[[Callable[[Source], None]], Callable[[], None]]:
    """Makes a test of what is to hold of each file of some top folders (default: all)."""

    def made(check: Callable[[Source], None]) -> Callable[[], None]:
        def test() -> None:
            for source in sources(*folders):
                check(source)

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        return test

    return made


def imports(source: Source) -> list[Import]:
    """Everything a file imports, also inside functions; ``from a import b`` counts as ``a.b``
    where that is a module of ours, else as ``a``."""
    hidden = {
        id(child)
        for node in ast.walk(source.tree) if isinstance(node, ast.If) and _checks_types(node.test)
        for part in node.body for child in ast.walk(part)
    }
    found = []
    for node in ast.walk(source.tree):
        only = id(node) in hidden
        if isinstance(node, ast.Import):
            found += [Import(alias.name, node.lineno, only) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _base(source, node)
            for alias in node.names:
                inner = f"{base}.{alias.name}"
                found.append(Import(inner if _is_module(inner) else base, node.lineno, only))
    return found


def dotted(node: ast.AST) -> str:
    """``a.b.c`` of a name or attribute chain; empty for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (base := dotted(node.value)):
        return f"{base}.{node.attr}"
    return ""


def _checks_types(test: ast.expr) -> bool:
    return dotted(test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def _base(source: Source, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = source.module.split(".")
    if not source.path.endswith("__init__.py"):
        package = package[:-1]
    package = package[: len(package) - node.level + 1]
    return ".".join([*package, *([node.module] if node.module else [])])


def _is_module(name: str) -> bool:
    path = ROOT / name.replace(".", "/")
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()
