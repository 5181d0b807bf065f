"""Puts the trained parts together into a model folder; see README.md beside this file."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import torch
from torch import nn

from voice.checkpoints.store import PARTS, load_model, load_strictly, save_part, save_spec
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


@dataclass(frozen=True)
class Part:
    """A part of a model: its module, filled, and what it is made of."""

    module: nn.Module
    spec: Any


def trained_part(runs: Path, name: str) -> Part | None:
    """The averaged weights of one part's run; None if there is no such run."""
    folder = runs / ("reader" if name == "tokenizer" else name)
    if not (folder / "state.safetensors").exists():
        return None
    if name == "tokenizer":
        tokenizer = trained_tokenizer(folder)
        return Part(tokenizer, tokenizer.spec)
    data = read_json(folder / "spec.json")
    if name == "text2semantic":
        spec = from_dict(Text2SemanticSpec, data)
        module, weights = Text2Semantic(spec), averaged(folder, "text2semantic")
    else:
        spec = from_dict(VitsSpec, data)
        module, weights = Vits(spec), averaged(folder, "vits")
        weights = {k: v for k, v in weights.items() if not k.startswith("posterior.")}
    load_strictly(module, weights, str(folder))
    return Part(module, spec)


def mixed(new: nn.Module, old: nn.Module, share: float) -> None:
    """Moves the weights of ``new`` to the mean of both in which it has so large a share.

    The mean of two stages of one run is often better than either (Wortsman et al. 2022, arXiv
    2203.05482).

    Raises:
        click.UsageError: the two are not of the same sizes.
    """
    others = old.state_dict()
    if {k: v.shape for k, v in new.state_dict().items()} != {k: v.shape for k, v in others.items()}:
        raise click.UsageError("--mix: the base's weights have other names or sizes")
    with torch.no_grad():
        for name, value in new.state_dict().items():
            if value.is_floating_point():
                value.lerp_(others[name].to(value), 1 - share)


def parts_of(runs: Path, base: Path | None, share: float = 1.0) -> dict[str, Part]:
    """The parts that RUNS has, the others from a model.

    Args:
        runs, base: where from.
        share: of RUNS' decoder in its mean with the base's.

    Raises:
        click.UsageError: RUNS lacks a part and there is no model to take it from.
    """
    if not 0 <= share <= 1:
        raise click.UsageError(f"--mix {share} is outside 0 to 1")
    if share < 1 and base is None:
        raise click.UsageError("--mix needs --base MODEL")
    model = load_model(base, "cpu") if base else None
    parts: dict[str, Part] = {}
    for name in PARTS:
        found = trained_part(runs, name)
        if found is None and model is not None:
            found = Part(getattr(model, name), getattr(model.spec, name))
        elif name == "decoder" and share < 1 and model is not None:
            mixed(found.module, model.decoder, share)
        if found is None:
            raise click.UsageError(f"{runs} has no run of the {name}: give --base MODEL")
        parts[name] = found
    return parts


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
    "--base",
    type=click.Path(path_type=Path, exists=True),
    help="Model whose parts are taken where RUNS has none.",
)
@click.option("--mix", default=1.0, help="Share of RUNS' decoder in its mean with the base's.")
@click.option(
    "--manifest",
    type=click.Path(path_type=Path),
    help="List of known files for `models verify`; this entry is replaced.",
)
def main(
    runs: Path, out: Path, name: str, base: Path | None, mix: float, manifest: Path | None
) -> None:
    """Writes the averaged weights of RUNS in half precision, with their specification, to OUT."""
    parts = parts_of(runs, base, mix)
    out.mkdir(parents=True, exist_ok=True)
    for part, found in parts.items():
        save_part(out, part, found.module)
    specs = [found.spec for found in parts.values()]
    save_spec(out, ModelSpec(name, "v2", ("en", "zh", "ja"), "MIT", *specs, equalized=True))
    model = load_model(out, "cpu")
    if manifest:
        write_manifest(manifest, name, out)
    size = sum(f.stat().st_size for f in out.glob("*.safetensors")) / 1e6
    click.echo(f"{out}: revision {model.revision}, {size:.1f} MB")


if __name__ == "__main__":
    main()
