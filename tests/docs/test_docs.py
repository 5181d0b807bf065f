"""What the documents say exists does exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path for path in [*ROOT.glob("*.md"), *ROOT.glob("recipes/**/*.md"), *ROOT.glob("docs/**/*.md")]
    if "node_modules" not in path.parts
)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")
NAMED = re.compile(r"`([\w.-]+(?:/[\w.-]+)*/?)`")
TOP = {"voice", "webui", "recipes", "tests", "pretrained", "docs", ".ci"}
MADE_LATER = {"pretrained/manifest.json"}
TEXT_KINDS = {".py", ".md", ".toml", ".txt", ".json", ".css", ".js", ".jsonl", ""}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_links_lead_to_files(document: Path) -> None:
    for target in LINK.findall(document.read_text("utf8")):
        if "://" not in target and not target.startswith("mailto:"):
            assert (document.parent / target).exists(), f"{document.name} links to {target}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.relative_to(ROOT).as_posix())
def test_named_files_exist(document: Path) -> None:
    for name in NAMED.findall(document.read_text("utf8")):
        if name.split("/")[0] in TOP and "/" in name and name not in MADE_LATER:
            assert (ROOT / name).exists(), f"{document.name} names {name}"


def test_make_targets_named_in_the_documents_exist() -> None:
    rules = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf8"), re.M))
    for document in DOCUMENTS:
        for target in re.findall(r"`make ([a-z-]+)", document.read_text("utf8")):
            assert target in rules, f"{document.name} names make {target}"


def test_the_program_does_not_know_the_shared_folder() -> None:
    """Only recipes, which take it as an argument in their READMEs, and tests may name it."""
    for folder in ("voice", "webui"):
        for path in (ROOT / folder).rglob("*"):
            if path.is_file() and path.suffix in TEXT_KINDS and "__pycache__" not in path.parts:
                assert "../shared" not in path.read_text("utf8", errors="replace"), path
