"""``voices``: the library of kept voices."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from voice.cli.options import FilePath
from voice.cli.output import emit, json_option, warn

if TYPE_CHECKING:
    from voice.cli.app import Environment
    from voice.synth.library import VoiceLibrary


def library_of(environment: Environment) -> VoiceLibrary:
    """The library of this environment."""
    from voice.synth.library import VoiceLibrary

    return VoiceLibrary.at_home(environment.folder)


@click.group("voices", invoke_without_command=True)
@json_option
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the library of kept voices, and the examples that come with the models."""
    if context.invoked_subcommand is None:
        show(context.obj, as_json)


def show(environment: Environment, as_json: bool) -> None:
    """Prints all voices."""
    from voice.cli.describe import voice_facts
    from voice.synth.library import VoiceLibrary
    from voice.synth.models import model_folders

    library = library_of(environment)
    kept, problems = library.scan()
    rows = [voice_facts(v, file=library.path(v.name)) for v in kept]
    names = {row["name"] for row in rows}
    for folder in model_folders(environment.folder):
        examples = VoiceLibrary(folder.voices)
        for voice in examples.voices():
            if voice.name not in names:
                rows.append(voice_facts(voice, builtin=True, file=examples.path(voice.name)))
    warn(problems)
    lines = [_line(row) for row in rows] or ["no voices are kept yet; voice enroll keeps one"]
    emit({"folder": str(library.folder), "voices": rows, "problems": problems}, as_json, lines)


def _line(row: dict[str, Any]) -> str:
    kind = "example" if row["builtin"] else "blend" if row["parents"] else "voice"
    return f"{row['name']}\t{kind}\t{row['model']}\t{','.join(row['languages'])}\t{row['created']}"


@command.command("list")
@json_option
@click.pass_obj
def list_voices(environment: Environment, as_json: bool) -> None:
    """List the voices."""
    show(environment, as_json)


@command.command("remove")
@click.argument("name")
@json_option
@click.pass_obj
def remove(environment: Environment, name: str, as_json: bool) -> None:
    """Delete a kept voice."""
    library_of(environment).remove(name)
    emit({"removed": name}, as_json, [f"removed voice {name}"])


@command.command("export")
@click.argument("name")
@click.argument("file", type=FilePath(), metavar="F.voice")
@click.option("--replace", is_flag=True, help="Replace the file if it is there.")
@json_option
@click.pass_obj
def export(environment: Environment, name: str, file: Path, replace: bool, as_json: bool) -> None:
    """Write a kept voice to a file."""
    written = library_of(environment).export(name, file, overwrite=replace)
    emit({"voice": name, "out": str(written)}, as_json, [f"wrote {written}"])


@command.command("import")
@click.argument("file", type=FilePath(), metavar="F.voice")
@click.option("--name", help="Keep it under another name.")
@click.option("--replace", is_flag=True, help="Replace a voice of that name.")
@json_option
@click.pass_obj
def import_voice(
    environment: Environment, file: Path, name: str | None, replace: bool, as_json: bool
) -> None:
    """Keep the voice of a .voice file."""
    from voice.cli.describe import voice_facts

    kept = library_of(environment).import_file(file, name=name, overwrite=replace)
    emit(voice_facts(kept), as_json, [f"kept voice {kept.name}"])


@command.command("rename")
@click.argument("name")
@click.argument("new_name")
@json_option
@click.pass_obj
def rename(environment: Environment, name: str, new_name: str, as_json: bool) -> None:
    """Give a kept voice another name."""
    from voice.cli.describe import voice_facts

    library = library_of(environment)
    library.path(name)  # a name, not a path
    kept = library.add(library.get(name).with_name(new_name))
    library.remove(name)
    emit(voice_facts(kept), as_json, [f"renamed {name} to {kept.name}"])
