"""The arrows of ARCHITECTURE.md: who may import whom."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT, Import, Source, each, imports, sources

BASE = {"errors", "values", "spec"}
ROOMS: dict[str, set[str]] = {  # room of voice/ -> rooms it may import, besides itself
    "errors": set(),
    "values": {"errors"},
    "spec": {"errors", "values"},
    "audio": BASE,
    "text": BASE,
    "nn": BASE,
    "models": BASE | {"nn", "audio"},
    "checkpoints": BASE | {"nn", "audio", "models"},
    "decode": BASE | {"nn", "audio", "models", "checkpoints"},
}
ROOMS["synth"] = set(ROOMS) | {"text"}
for _room in ("export", "training", "evaluation"):
    ROOMS[_room] = {*ROOMS["synth"], "synth", "text"}
ROOMS["cli"] = {*ROOMS["evaluation"], "evaluation", "training", "export"}
ROOMS["__main__"] = {"cli", "errors"}
LAZY_NAMES = "voice"  # voice/__init__ names things of every room, imported at first use
NO_TORCH = ("voice", "voice.errors", "voice.values", "voice.spec.load", "voice.text",
            "voice.evaluation.evaluate", "voice.evaluation.benchmark", "voice.cli")


def room(name: str) -> str:
    """``voice.audio.mel`` -> ``audio``; ``voice`` itself -> ``voice``."""
    return name.split(".")[1] if "." in name else name


def ours(source: Source, top: str) -> list[Import]:
    return [i for i in imports(source) if i.name.split(".")[0] == top]


def test_every_room_is_in_the_table() -> None:
    unknown = {room(s.module) for s in sources("voice")} - set(ROOMS) - {LAZY_NAMES}
    assert not unknown, f"not in ROOMS of this test nor in ARCHITECTURE.md: {sorted(unknown)}"


@each("voice")
def test_arrows_point_one_way(source: Source) -> None:
    if source.module == LAZY_NAMES:
        return
    own = room(source.module)
    wrong = [
        f"line {i.line}: {i.name}" for i in ours(source, "voice")
        if not i.typing_only and i.name != LAZY_NAMES and room(i.name) not in ROOMS[own] | {own}
    ]
    assert not wrong, f"{source.path} ({own}) may not import {wrong}"


def test_public_names_are_imported_at_first_use() -> None:
    (package,) = (s for s in sources("voice") if s.module == "voice")
    assert {i.name for i in imports(package) if not i.typing_only} <= {
        "__future__", "typing", "importlib",
    }


def test_page_uses_public_names_only() -> None:
    wrong = [
        f"{s.path}:{i.line} {i.name}"
        for s in sources("webui") for i in ours(s, "voice") if i.name != "voice"
    ]
    assert not wrong, "webui/ may import only the names of voice/__init__"


def test_recipes_do_not_go_through_the_commands_or_the_page() -> None:
    for source in sources("recipes"):
        used = imports(source)
        assert not [i for i in used if i.name.startswith(("voice.cli", "webui"))], source.path


def test_library_knows_neither_page_nor_recipes() -> None:
    for source in sources("voice"):
        tops = {i.name.split(".")[0] for i in imports(source)}
        assert not tops & {"webui", "recipes", "tests", "gradio"}, source.path


def test_actions_of_the_page_do_not_know_gradio() -> None:
    for source in sources("webui"):
        if source.path.startswith("webui/actions/"):
            assert "gradio" not in {i.name.split(".")[0] for i in imports(source)}, source.path


def test_export_reference_runs_without_torch() -> None:
    for source in sources("voice"):
        if source.module == "voice.export.run":
            assert "torch" not in {i.name.split(".")[0] for i in imports(source)}


@pytest.mark.parametrize("module", NO_TORCH)
def test_light_modules_do_not_load_torch(module: str) -> None:
    code = (
        f"import importlib, sys; importlib.import_module({module!r}); "
        "print(*sorted({m.split('.')[0] for m in sys.modules} & "
        "{'torch', 'torchaudio', 'librosa', 'gradio', 'scipy', 'jieba', 'onnxruntime'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    assert done.returncode == 0, done.stderr[-800:]
    assert done.stdout.split() == [], f"{module} loads heavy modules at import"
