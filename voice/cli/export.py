"""``export``: a model and voices as one bundle for phones."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from voice.cli.output import emit, json_option
from voice.errors import OptionError

if TYPE_CHECKING:
    from voice.cli.app import Environment


@click.command("export")
@click.option("--model", default="mini", metavar="NAME_OR_DIR",
              help="Default mini, which comes with the program.")
@click.option("--voice", "voices", multiple=True, metavar="NAME_OR_FILE",
              help="A kept voice, or a .voice file; may be given several times.")
@click.option("--out", required=True, type=click.Path(path_type=Path), metavar="DIR",
              help="The bundle to make; an older bundle there is replaced.")
@click.option("--precision", type=click.Choice(("fp32", "fp16", "int8")), default="int8",
              help="Of the weights; int8 keeps parts that lose too much in fp16. Default int8.")
@click.option("--language", "languages", multiple=True, metavar="L",
              help="Text data to add: en, zh or ja; all that the model speaks if not given.")
@click.option("--enroll", is_flag=True,
              help="Add what makes new voices on the phone: tokenizer and timbre encoder.")
@click.option("--ort", is_flag=True, help="Add the graphs in onnxruntime's own format.")
@json_option
@click.pass_obj
def command(environment: Environment, out: Path, **options: Any) -> None:
    """Make a bundle for phones: graphs, text data, voices, fixtures."""
    if not options["voices"]:
        raise OptionError("no voice is given", "Add --voice NAME_OR_FILE.")
    from voice.checkpoints.store import load_model
    from voice.export.bundle import BundleOptions, write_bundle
    from voice.export.judged import read_judged
    from voice.synth.models import find_model, shared_parts
    from voice.synth.pipeline import Synthesizer

    started = time.perf_counter()
    home = environment.folder
    folder = find_model(options["model"], home)
    chosen = BundleOptions(options["precision"], options["languages"], options["enroll"],
                           options["ort"], read_judged(folder.path))
    model = load_model(folder.path, "cpu", shared_parts(home))
    synthesizer = Synthesizer(model, folder, home)
    voices = [synthesizer.voice(name) for name in options["voices"]]
    manifest = write_bundle(model, voices, out, chosen, synthesizer.limits,
                            lambda step: click.echo(f"exporting: {step}", err=True))
    size = sum(entry.bytes for entry in manifest.files)
    precision = {g.weights.split("/")[-1].removesuffix(".bin"): g.precision
                 for g in manifest.graphs}
    result = {
        "out": str(out), "bytes": size, "files": len(manifest.files), "model": manifest.model,
        "revision": manifest.revision, "precision": precision,
        "languages": list(manifest.languages), "voices": [v.name for v in manifest.voices],
        "elapsed": round(time.perf_counter() - started, 2),
    }
    parts = ", ".join(f"{part} {scheme}" for part, scheme in precision.items())
    emit(result, options["as_json"], [f"{out}: {size / 1e6:.1f} MB ({parts})"])
