"""Puts the trained parts together into a model folder; see README.md beside this file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import click
from torch import nn

from voice.checkpoints.store import load_model, load_strictly, save_part, save_spec
from voice.checkpoints.tensors import whole_file
from voice.models.text2semantic import Text2Semantic
from voice.models.vits import Vits
from voice.spec.load import from_dict, read_json
from voice.spec.model import ModelSpec
from voice.spec.text2semantic import Text2SemanticSpec
from voice.spec.vits import VitsSpec
from voice.training.weights import averaged, trained_tokenizer


def write_manifest(manifest: Path, name: str, folder: Path) -> None:
    """Replaces one model's entry: size and digest of its specification and weights."""
    known = read_json(manifest) if manifest.exists() else {"models": {}}
    files = [folder / "spec.json", *sorted(folder.glob("*.safetensors"))]
    known["models"][name] = {
        "files": {
            f.name: {
                "bytes": f.stat().st_size,
                "sha256": hashlib.sha256(f.read_bytes()).hexdigest(),
            }
            for f in files
        }
    }
    with whole_file(manifest) as part:
        part.write_text(json.dumps(known, indent=2) + "\n", "utf8")


@click.command()
@click.option(
    "--runs",
    type=click.Path(path_type=Path, exists=True),
    required=True,
    help="Folder with the training states reader/, text2semantic/ and decoder/.",
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The model folder.")
@click.option("--name", default="mini")
@click.option(
    "--manifest",
    type=click.Path(path_type=Path),
    help="List of known files for `models verify`; this entry is replaced.",
)
def main(runs: Path, out: Path, name: str, manifest: Path | None) -> None:
    """Writes the averaged weights of RUNS in half precision, with their specification, to OUT."""
    tokenizer = trained_tokenizer(runs / "reader")
    text2semantic = from_dict(Text2SemanticSpec, read_json(runs / "text2semantic" / "spec.json"))
    decoder = from_dict(VitsSpec, read_json(runs / "decoder" / "spec.json"))
    parts: dict[str, nn.Module] = {
        "tokenizer": tokenizer,
        "text2semantic": Text2Semantic(text2semantic),
        "decoder": Vits(decoder),
    }
    load_strictly(
        parts["text2semantic"], averaged(runs / "text2semantic", "text2semantic"), "text2semantic"
    )
    weights = averaged(runs / "decoder", "vits")
    spoken = {k: v for k, v in weights.items() if not k.startswith("posterior.")}
    load_strictly(parts["decoder"], spoken, "decoder")
    out.mkdir(parents=True, exist_ok=True)
    for part, module in parts.items():
        save_part(out, part, module)
    save_spec(
        out,
        ModelSpec(name, "v2", ("en", "zh", "ja"), "MIT", tokenizer.spec, text2semantic, decoder),
    )
    model = load_model(out, "cpu")
    if manifest:
        write_manifest(manifest, name, out)
    size = sum(f.stat().st_size for f in out.glob("*.safetensors")) / 1e6
    click.echo(f"{out}: revision {model.revision}, {size:.1f} MB")


if __name__ == "__main__":
    main()
