"""Official checkpoints to our own model folders, once; later starts map them.

A folder gets ``spec.json`` (the version's preset), ``text2semantic.safetensors``,
``decoder.safetensors`` and ``origin.json``: which files it was made of, and what was written.
Nothing is lost: numbers are kept in half precision where they are exactly that (the published files
are), in single precision where weight norm or a LoRA had to be worked out. Left out on purpose are
the weights that only training needs; the maps (``keymaps/*.json``) name them.
"""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from voice.audio.atomic import atomic_file, output_error
from voice.checkpoints.components import KINDS, VOCABULARY, WEIGHTS, write_spec
from voice.checkpoints.official_flow_matching import load_official_flow_matching, merge_lora
from voice.checkpoints.official_parts import load_part
from voice.checkpoints.official_vits import load_official_vits
from voice.checkpoints.recognise import weights_of
from voice.checkpoints.rename import keymap, rename
from voice.checkpoints.store import load_strictly, make_decoder, save_spec
from voice.checkpoints.survey import Pair, Source
from voice.checkpoints.tensors import write_tensors
from voice.errors import ModelFileError, OptionError, OutputError
from voice.models.flow_matching import FlowMatchingDecoder
from voice.models.text2semantic import Text2Semantic
from voice.spec.model import ModelSpec, preset
from voice.spec.official import SHARED_KINDS

ORIGIN = "origin.json"
_BLOCK = 1 << 20
_LICENCES = {"hubert": "MIT", "bert": "Apache-2.0", "speaker": "Apache-2.0", "bigvgan": "MIT",
             "vocoder": "MIT"}
_UNKNOWN_LICENCE = "unknown: that of whoever made the imported files"


@dataclass(frozen=True)
class Target:
    """Where and how a folder is written.

    Attributes:
        root: folder that the new one is made in.
        name: of the new one.
        replace: whether one that is there already is replaced.
    """

    root: Path
    name: str
    replace: bool = False

    @property
    def path(self) -> Path:
        """The new folder."""
        return self.root / self.name


Specs = Callable[[str], ModelSpec]


def import_pair(pair: Pair, target: Target, specs: Specs = preset) -> Path:
    """Makes a model folder of a GPT and a SoVITS file.

    Args:
        pair: of the files.
        target: of the folder.
        specs: the specification of a version.

    Returns:
        The folder.

    Raises:
        ModelFileError: weights are missing, unknown, or of another shape; the message lists them.
        OutputError: the folder cannot be written; nothing is left of it.
    """
    spec = specs(pair.version)
    licence = spec.licence if target.name == pair.version else _UNKNOWN_LICENCE
    spec = replace(spec, name=target.name, licence=licence)
    sources = [s for s in (pair.gpt, pair.sovits, pair.base) if s]
    with new_folder(target) as folder:
        _write(folder / "text2semantic.safetensors", _text2semantic(spec, pair.gpt))
        _write(folder / "decoder.safetensors", _decoder(spec, pair))
        save_spec(folder, spec)
        write_origin(folder, sources)
    return target.path


def import_component(source: Source, root: Path, replace: bool = False) -> Path:
    """Makes a folder of a shared part.

    Args:
        source: the file.
        root: folder of the shared parts.
        replace: whether one that is there already is replaced.

    Raises:
        ModelFileError, OutputError: as :func:`import_pair`.
    """
    kind = source.found.kind
    made = KINDS[kind]
    sizes = made.spec()
    module = made.module(sizes)
    weights = source.opened.tensors(weights_of(source.opened, kind))
    with new_folder(Target(root, SHARED_KINDS[kind], replace)) as folder:
        load_part(module, weights, made.keymap, str(source.path))
        del weights
        _write(folder / WEIGHTS, module)
        if kind == "bert":
            _copy_vocabulary(source.path, folder)
        write_spec(folder, kind, sizes, _LICENCES[kind])
        write_origin(folder, [source])
    return root / SHARED_KINDS[kind]


def _copy_vocabulary(weights: Path, folder: Path) -> None:
    beside = weights.parent / VOCABULARY
    try:
        data = beside.read_bytes()
    except OSError:
        raise ModelFileError(f"{beside}: missing; the BERT cannot read text without it",
                             "Put it beside the weights.") from None
    with atomic_file(folder / VOCABULARY) as file:
        file.write(data)


def _text2semantic(spec: ModelSpec, source: Source) -> nn.Module:
    where = str(source.path)
    weights = source.opened.tensors(weights_of(source.opened, "gpt"))
    net = Text2Semantic(spec.text2semantic)
    load_strictly(net, rename(weights, keymap("text2semantic"), net.state_dict(), where), where)
    return net


def _decoder(spec: ModelSpec, pair: Pair) -> nn.Module:
    source, where = pair.sovits, str(pair.sovits.path)
    weights = source.opened.tensors(weights_of(source.opened, source.found.kind))
    if pair.base is not None:
        base = pair.base.opened.tensors(weights_of(pair.base.opened, "sovits"))
        weights = merge_lora(base, weights, where)
        del base
    net: Any = make_decoder(spec.decoder)
    if isinstance(net, FlowMatchingDecoder):
        load_official_flow_matching(net, weights, where)
    else:
        load_official_vits(net, weights, where)
    return net


def _write(path: Path, module: nn.Module) -> None:
    write_tensors(path, _compact(module.state_dict()))


def _compact(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """In half precision whatever is exactly that."""
    out = {}
    for name, value in tensors.items():
        half = value.half() if value.is_floating_point() else value
        out[name] = half if (half.to(value.dtype) == value).all() else value
    return out


def check_name(name: str) -> str:
    """A name for a model.

    Raises:
        OptionError: it cannot be a folder's name everywhere.
    """
    bad = set('<>:"/\\|?*') & set(name) or any(ord(c) < 32 for c in name)
    if not name.strip() or bad or name.startswith((".", "-", " ")) or len(name.encode()) > 200:
        raise OptionError(f"--name {name!r}: cannot be a model's name",
                          "Use up to 60 letters, digits, - and _.")
    return name


@contextmanager
def new_folder(target: Target) -> Iterator[Path]:
    """A folder to fill that gets its name when the block ends well; else nothing is left of it.

    Raises:
        OutputError: it cannot be written, or is there already and shall not be replaced.
    """
    path = target.path
    if path.exists() and not target.replace:
        raise OutputError(f"{path} exists already", "Choose another --name, or use --replace.")
    mark = secrets.token_hex(4)
    beside, old = target.root / f".{mark}.part", target.root / f".{mark}.old"
    try:
        beside.mkdir(parents=True)
        yield beside
        if path.exists():
            os.replace(path, old)
        os.replace(beside, path)
    except OSError as error:
        raise output_error(path, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def write_origin(folder: Path, sources: list[Source]) -> None:
    """Notes what a folder was made of, and the digests of what is in it."""
    note = {
        "made_of": [
            {"file": s.path.name, "what": s.found.describe(), **_digest(s.path)} for s in sources
        ],
        "files": {p.name: _digest(p) for p in sorted(folder.iterdir())},
    }
    with atomic_file(folder / ORIGIN) as file:
        file.write((json.dumps(note, indent=2, ensure_ascii=False) + "\n").encode())


def _digest(path: Path) -> dict[str, Any]:
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
    return {"bytes": path.stat().st_size, "sha256": found.hexdigest()}
