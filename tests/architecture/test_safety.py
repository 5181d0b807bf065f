"""What no file may do: read pickles, run text as code, edit the import path, read the settings."""

from __future__ import annotations

import ast

from tests.architecture.sources import Source, dotted, each, imports, sources

PROGRAM = "voice", "webui", "recipes"
PICKLES = {"pickle", "cPickle", "dill", "joblib", "shelve", "marshal", "cloudpickle"}
CODE_FROM_TEXT = {"eval", "exec", "compile", "__import__"}


def calls(source: Source) -> list[ast.Call]:
    return [node for node in ast.walk(source.tree) if isinstance(node, ast.Call)]


@each(*PROGRAM)
def test_no_pickles(source: Source) -> None:
    found = {i.name.split(".")[0] for i in imports(source)} & PICKLES
    assert not found, f"{source.path} imports {found}"
    for call in calls(source):
        assert not (dotted(call.func) == "torch.load" and not _weights_only(call)), (
            f"{source.path}:{call.lineno}: torch.load without weights_only=True"
        )
        allows = [k for k in call.keywords if k.arg == "allow_pickle"]
        assert all(_is(k.value, False) for k in allows), f"{source.path}:{call.lineno}"


def test_torch_load_stays_out_of_the_program() -> None:
    """Our own files are safetensors; only resumable training states may be read with torch.load."""
    found = [
        f"{s.path}:{c.lineno}" for s in sources("voice", "webui") for c in calls(s)
        if dotted(c.func) == "torch.load" and not s.path.startswith("voice/training/")
    ]
    assert not found


@each(*PROGRAM)
def test_no_code_from_text(source: Source) -> None:
    found = [f"line {c.lineno}: {c.func.id}" for c in calls(source)
             if isinstance(c.func, ast.Name) and c.func.id in CODE_FROM_TEXT]
    assert not found, source.path
    for call in calls(source):
        assert not any(k.arg == "shell" and not _is(k.value, False) for k in call.keywords), (
            f"{source.path}:{call.lineno}: a shell"
        )


@each()
def test_import_path_is_left_alone(source: Source) -> None:
    used = [n.lineno for n in ast.walk(source.tree) if dotted(n) == "sys.path"]
    assert not used, f"{source.path}: sys.path in lines {used}"


@each(*PROGRAM)
def test_environment_is_read_at_the_entry_only(source: Source) -> None:
    if source.path.endswith("__main__.py"):
        return
    used = [n.lineno for n in ast.walk(source.tree)
            if dotted(n) in ("os.environ", "os.getenv", "os.putenv")]
    used += [i.line for i in imports(source) if i.name == "os.environ"]
    assert not used, f"{source.path}: the environment in lines {used}"


@each("voice")
def test_library_does_not_print(source: Source) -> None:
    found = [c.lineno for c in calls(source) if dotted(c.func) == "print"]
    assert not found, f"{source.path}: print in lines {found}"


def _weights_only(call: ast.Call) -> bool:
    return any(k.arg == "weights_only" and _is(k.value, True) for k in call.keywords)


def _is(node: ast.expr, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value
