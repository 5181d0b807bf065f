"""``batch``: many lines, in several processes, with resume."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from voice.cli.options import (
    FilePath,
    VoiceChoice,
    check_watermark,
    device_options,
    load_synthesizer,
    settings_options,
    voice_options,
)
from voice.cli.output import Progress, emit, json_option, warn
from voice.errors import VoiceError, VoiceFileError
from voice.synth.settings import SynthesisSettings

if TYPE_CHECKING:
    from voice.cli.app import Environment
    from voice.synth.batch import Speak
    from voice.synth.batch_input import BatchItem
    from voice.synth.pipeline import Synthesizer
    from voice.synth.voicefile import Voice


@dataclass(frozen=True)
class WorkerSetup:
    """What a worker process needs; plain data, so that it can be sent there."""

    environment: Environment
    device: Mapping[str, str]  # values of device_options
    choice: VoiceChoice
    settings: SynthesisSettings
    folder: Path


@click.command("batch")
@click.argument("input_file", metavar="INPUT", type=FilePath())
@click.option("--out", required=True, type=FilePath(), metavar="DIR",
              help="Folder of the recordings and of manifest.jsonl.")
@voice_options
@click.option("--jobs", type=click.IntRange(1, 64), default=1, show_default=True,
              help="Worker processes; each loads the model.")
@click.option("--resume", is_flag=True, help="Keep lines that are done and whole.")
@device_options
@settings_options
@json_option
@click.pass_obj
def command(
    environment: Environment, input_file: Path, settings: SynthesisSettings, **options: Any
) -> int:
    """Speak many lines: .txt, .csv, .jsonl or .list."""
    from voice.synth.batch import BatchRun, run_batch
    from voice.synth.batch_input import read_items
    from voice.synth.models import find_model

    check_watermark(settings, environment)
    choice = VoiceChoice.of(options, required=False)
    items = read_items(input_file)
    find_model(options["model"], environment.folder)
    device = {name: options[name] for name in ("model", "device", "precision")}
    setup = WorkerSetup(environment, device, choice, settings, input_file.resolve().parent)
    if choice.given:
        _check_choice(setup)
    run = BatchRun(functools.partial(make_speaker, setup), options["out"], options["jobs"],
                   options["resume"])
    with Progress("lines", len(items)) as progress:
        report = run_batch(items, run, lambda row: progress.step(
            "" if row["status"] == "done" else f"{row['id']}: {row['error']}"))
    seconds = sum(row["seconds"] or 0 for row in report.rows)
    result = {
        "out": str(options["out"]), "manifest": str(options["out"] / "manifest.jsonl"),
        "lines": report.total, "done": report.done, "failed": report.failed,
        "kept": report.kept, "seconds": round(seconds, 3), "interrupted": report.interrupted,
    }
    emit(result, options["as_json"], [
        f"{report.done} done, {report.failed} failed, {report.kept} kept of {report.total} lines"])
    if report.interrupted:
        raise KeyboardInterrupt
    failed = [row for row in report.rows if row["status"] == "failed"]
    warn(f"line {row['id']}: {row['error']}" for row in failed[:10])
    return 1 if failed and len(failed) == report.total else 0


def _check_choice(setup: WorkerSetup) -> None:
    """Finds out about a wrong default voice before any worker starts."""
    from voice.audio.files import read
    from voice.synth.library import VoiceLibrary
    from voice.synth.models import find_model

    for reference in setup.choice.files:
        read(reference)
    if setup.choice.voice:
        folder = find_model(setup.device["model"], setup.environment.folder)
        library = VoiceLibrary.at_home(setup.environment.folder)
        if setup.choice.voice not in VoiceLibrary(folder.voices).names():
            library.get(setup.choice.voice)


def make_speaker(setup: WorkerSetup, stopped: Callable[[], bool]) -> Speak:
    """Loads the model and gives the function that speaks an item to a file."""
    from voice.synth.batch_speak import speak_item

    synthesizer = load_synthesizer(setup.device, setup.environment)
    default = setup.choice.resolve(synthesizer) if setup.choice.given else None
    kept: dict[str, Voice] = {}

    def speak(item: BatchItem, out: Path) -> dict[str, Any]:
        voice = _voice_of(item, synthesizer, default, kept, setup.folder)
        changes = {name: getattr(item, name) for name in ("language", "speed", "seed")}
        settings = setup.settings.replace(**{k: v for k, v in changes.items() if v is not None})
        return speak_item(synthesizer.stream, item.text, voice, settings.seeded(), out, stopped)

    return speak


def _voice_of(
    item: BatchItem, synthesizer: Synthesizer, default: Voice | None, kept: dict[str, Voice],
    folder: Path,
) -> Voice:
    """The voice of a line: its own, or the run's.

    Raises:
        VoiceError: there is none.
    """
    if item.voice:
        beside = folder / item.voice
        name = str(beside) if item.voice.endswith(".voice") and beside.is_file() else item.voice
        try:
            if name not in kept:
                kept[name] = synthesizer.voice(name)
            return kept[name]
        except VoiceFileError:
            if not item.optional_voice or default is None:
                raise
    if default is None:
        raise VoiceError("no voice: the line names none and there is no default",
                         "Add --voice or --reference.")
    return default

