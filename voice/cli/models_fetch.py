"""``models import`` and ``models download``: official models into the user's folder."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from voice.cli.options import FilePath
from voice.cli.output import emit, json_option, warn

if TYPE_CHECKING:
    from voice.cli.app import Environment
    from voice.synth.imports import DownloadOptions, Imported

VERSIONS = ("v1", "v2", "v2Pro", "v2ProPlus", "v3", "v4")
_replace = click.option("--replace", is_flag=True, help="Replace a model of the same name.")


@click.command("import")
@click.argument("paths", metavar="FILE|FOLDER...", nargs=-1, required=True,
                type=FilePath())
@click.option("--name", default="", help="Name of the model; that of its files if not given.")
@click.option("--version", default="", metavar="V",
              help=f"Version of a file that does not say it: {', '.join(VERSIONS)}.")
@_replace
@click.option("--dry-run", is_flag=True, help="Only say what the files are.")
@json_option
@click.pass_obj
def import_models(environment: Environment, as_json: bool, **options: Any) -> None:
    """Make models of official GPT-SoVITS files.

    Give a .ckpt (GPT) and a .pth (SoVITS), or a folder such as GPT_SoVITS/pretrained_models or one
    with SoVITS_weights... and GPT_weights... in it. Nothing in the files is ever executed.
    """
    from voice.synth.imports import ImportOptions
    from voice.synth.imports import import_models as run

    paths = options.pop("paths")
    made = run(paths, ImportOptions(home=environment.folder, report=_say, **options))
    _show(made, as_json, options["dry_run"])


@click.command("download")
@click.argument("name")
@click.option("--mirror", default="", metavar="URL", help="Another address of the hub.")
@click.option("--no-bert", "bert", is_flag=True, flag_value=False, default=True,
              help="Leave out the Chinese BERT (650 MB); Chinese sounds flatter without it.")
@click.option("--keep", is_flag=True, help="Keep the fetched files beside the model.")
@click.option("--list", "list_only", is_flag=True,
              help="Only print the address of each file and where it goes.")
@_replace
@json_option
@click.pass_obj
def download_model(
    environment: Environment, name: str, list_only: bool, as_json: bool, **options: Any
) -> None:
    """Fetch an official model (v1, v2, v2Pro, v2ProPlus, v3, v4) from the Hugging Face hub.

    A broken download goes on where it stopped when the command is run again. On a machine without
    network: fetch what --list prints elsewhere, and import the folder.
    """
    from voice.synth.imports import DownloadOptions
    from voice.synth.imports import download_model as run

    chosen = DownloadOptions(
        home=environment.folder, bars=sys.stderr.isatty(), report=_say, **options)
    if list_only:
        _list(name, chosen, as_json)
    else:
        _show(run(name, chosen), as_json)


def _list(name: str, options: DownloadOptions, as_json: bool) -> None:
    """Prints the address of each file and where it goes."""
    from voice.checkpoints.hub import HUB, published
    from voice.synth.imports import downloads, files_of

    table, folder = published(), downloads(options.home)
    rows = [{"url": table.url(path, options.mirror or HUB), "path": str(folder / path),
             "bytes": table.files[path].get("bytes"), "sha256": table.files[path].get("sha256")}
            for path in files_of(name, options)]
    emit({"name": name, "files": rows, "then": f"python -m voice models import {folder}"}, as_json,
         [*(f"{row['url']}\t{row['path']}" for row in rows),
          f"then: python -m voice models import {folder}"])


def _say(line: str) -> None:
    click.echo(line, err=True)


def _show(made: Imported, as_json: bool, dry_run: bool = False) -> None:
    for line in made.left:
        _say(f"left alone: {line}")
    if made.missing:
        warn([f"the shared part {name} is not here yet; get it with: python -m voice models "
              f"download {_kind(name)}" for name in made.missing])
    result: dict[str, Any] = {
        "models": [{"name": p.name, "path": str(p)} for p in made.models],
        "components": [{"name": p.name, "path": str(p)} for p in made.components],
        "files": list(made.files), "left": list(made.left), "missing": list(made.missing),
    }
    lines = [f"{p.name}\t{p}" for p in (*made.models, *made.components)]
    emit(result, as_json, list(made.files) if dry_run else lines)


def _kind(name: str) -> str:
    from voice.spec.official import SHARED_KINDS

    return next((kind for kind, known in SHARED_KINDS.items() if known == name), name)
