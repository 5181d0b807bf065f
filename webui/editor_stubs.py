"""Gradio without its notes for editors.

Whenever Gradio 6 is imported, it parses the source of each of its components and renders a ``.pyi``
file beside it, as a help to whoever writes a program in an editor: a third of its import, and a
write into an installed package. A page needs none of it.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType

MODULE, WRITER = "gradio.component_meta", "create_or_modify_pyi"


class _Quiet(importlib.abc.Loader):
    """Loads the module as usual; what writes the notes then does nothing."""

    def __init__(self, usual: importlib.abc.Loader) -> None:
        self._usual = usual

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        return self._usual.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        self._usual.exec_module(module)
        if hasattr(module, WRITER):
            setattr(module, WRITER, lambda *_args, **_kwargs: None)


class _Finder(importlib.abc.MetaPathFinder):
    """Finds that one module, once."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = _Quiet(spec.loader)
        return spec


def leave_out() -> None:
    """From now on Gradio is imported without them; nothing changes where it already was."""
    if MODULE not in sys.modules and not any(isinstance(f, _Finder) for f in sys.meta_path):
        sys.meta_path.insert(0, _Finder())
