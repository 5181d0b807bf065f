"""``models``: what is here, whether its files are whole, and how to get more."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from voice.cli.models_fetch import download_model, import_models
from voice.cli.options import FilePath
from voice.cli.output import Progress, emit, json_option
from voice.errors import ModelFileError, VoiceError

if TYPE_CHECKING:
    from voice.cli.app import Environment
    from voice.synth.models import ModelFolder


@click.group("models", invoke_without_command=True)
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List, get and verify models: those of the program, and folders under the data folder."""
    if context.invoked_subcommand is None:
        show(context.obj, as_json)


command.add_command(import_models)
command.add_command(download_model)


def show(environment: Environment, as_json: bool) -> None:
    """Prints all models."""
    from voice.synth.models import model_folders

    rows = [_facts(folder, environment) for folder in model_folders(environment.folder)]
    lines = [
        f"{r['name']}\t{','.join(r['languages'])}\t{r['bytes'] / 1e6:.1f} MB\t{r['path']}"
        + (f"\t{r['problem']}" if r["problem"] else "")
        + (f"\tneeds {', '.join(r['missing'])}" if r["missing"] else "")
        for r in rows
    ]
    emit(
        {"models": rows, "folder": str(environment.folder / "models")},
        as_json,
        lines or ["no models here"],
    )


def _facts(folder: ModelFolder, environment: Environment) -> dict[str, Any]:
    from voice.spec.model import read_spec
    from voice.synth.imports import missing_parts

    row = {
        "name": folder.name,
        "path": str(folder.path),
        "packaged": folder.packaged,
        "bytes": folder.size,
        "languages": [],
        "licence": None,
        "sample_rate": None,
        "version": None,
        "missing": [],
        "problem": None,
    }
    try:
        spec = read_spec(folder.path)
    except ModelFileError as error:
        return row | {"problem": str(error)}
    return row | {
        "languages": list(spec.languages),
        "licence": spec.licence,
        "sample_rate": spec.decoder.sample_rate,
        "version": spec.version or None,
        "missing": missing_parts([folder.path], environment.folder),
    }


@command.command("list")
@json_option
@click.pass_obj
def list_models(environment: Environment, as_json: bool) -> None:
    """List the models."""
    show(environment, as_json)


@command.command("verify")
@click.argument("name", required=False)
@json_option
@click.pass_obj
def verify_models(environment: Environment, name: str | None, as_json: bool) -> None:
    """Check that files are whole.

    SHA-256 of those in the program's list and of imported ones; others must load.
    """
    from voice.synth.models import find_model, model_folders

    folders = [find_model(name, environment.folder)] if name else model_folders(environment.folder)
    rows = [_verified(folder) for folder in folders]
    bad = [f"{row['name']}: {p['file']} {p['problem']}" for row in rows for p in row["problems"]]
    if bad:
        raise ModelFileError("; ".join(bad), "Fetch the model again.")
    emit(
        {"ok": True, "models": rows},
        as_json,
        [f"{row['name']}: {row['files']} files whole ({row['how']})" for row in rows],
    )


@command.command("calibrate")
@click.argument("name")
@click.argument("rows", metavar="ROWS.jsonl", type=FilePath())
@json_option
@click.pass_obj
def calibrate(environment: Environment, name: str, rows: Path, as_json: bool) -> None:
    """Measure the self-check's limits on recordings that say their text.

    ROWS holds wav, text and lang, as evaluate takes them, 10 or more of each language. The limits
    are written to selfcheck.json in the model's folder.
    """
    from voice.audio.atomic import atomic_file
    from voice.evaluation.rows import read_rows
    from voice.synth.models import find_model
    from voice.synth.pipeline import Synthesizer
    from voice.synth.selfcheck import LIMITS_FILE, measured

    folder = find_model(name, environment.folder)
    entries = read_rows(rows)
    synthesizer = Synthesizer.load(folder.path, home=environment.folder)
    found: dict[str, list[Any]] = {}
    with Progress("reading", len(entries)) as progress:
        for row in entries:
            reading = synthesizer.read_aloud(row["wav"], row["text"], row["lang"])
            found.setdefault(row["lang"], []).append(reading)
            progress.step()
    limits = {lang: asdict(measured(readings)) for lang, readings in sorted(found.items())}
    target = folder.path / LIMITS_FILE
    with atomic_file(target) as file:
        file.write((json.dumps(limits, indent=2) + "\n").encode())
    emit({"out": str(target), "limits": limits}, as_json, [f"wrote {target}"])


def _verified(folder: ModelFolder) -> dict[str, Any]:
    from voice.synth.models import read_manifest, read_origin, verify

    entry = read_manifest().get(folder.name) if folder.packaged else read_origin(folder)
    if entry is not None:
        checks = verify(folder, entry["files"])
        problems = [{"file": c.file, "problem": c.problem} for c in checks if c.problem]
        return {"name": folder.name, "how": "SHA-256", "files": len(checks), "problems": problems}
    return {
        "name": folder.name,
        "how": "loaded",
        "files": _count(folder.path),
        "problems": _load_problems(folder),
    }


def _load_problems(folder: ModelFolder) -> list[dict[str, str]]:
    from voice.checkpoints.store import load_model

    try:
        load_model(folder.path, "cpu")
    except VoiceError as error:
        return [{"file": str(folder.path), "problem": str(error)}]
    return []


def _count(path: Path) -> int:
    return len([*path.glob("*.safetensors"), path / "spec.json"])
