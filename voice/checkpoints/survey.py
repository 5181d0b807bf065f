"""Which files of a folder, or of a list, make models: GPT and SoVITS files in pairs.

Folders are those that users of GPT-SoVITS have: ``GPT_SoVITS/pretrained_models`` with the published
files, ``GPT_weights_v2Pro/NAME-e15.ckpt`` beside ``SoVITS_weights_v2Pro/NAME_e8_s96.pth`` with
fine-tuned ones. Of several epochs of a name the last is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from voice.checkpoints.containers import Checkpoint, open_checkpoint
from voice.checkpoints.recognise import PUBLISHED, Finding, recognise, require_sure
from voice.errors import ModelFileError, OptionError
from voice.spec.load import read_json

SUFFIXES = (".ckpt", ".pth", ".bin", ".pt")
_TRAINED = re.compile(r"(?P<stem>.*?)(?:[-_]e(?P<epoch>\d+))(?:_s(?P<step>\d+))?(?:_l\d+)?")
_DISCRIMINATOR = re.compile(r"s2D.*\.pth|D_\d+\.pth")
_MOST = 20_000  # files of a folder


@dataclass(frozen=True, eq=False)
class Source:
    """A file and what it is."""

    path: Path
    opened: Checkpoint
    found: Finding

    @property
    def stem(self) -> str:
        """Its name without epoch and step."""
        match = _TRAINED.fullmatch(self.path.stem)
        return match["stem"] if match else self.path.stem

    @property
    def age(self) -> tuple[int, int]:
        """Epoch and step of its name."""
        match = _TRAINED.fullmatch(self.path.stem)
        return (int(match["epoch"]), int(match["step"] or 0)) if match else (0, 0)


@dataclass(frozen=True, eq=False)
class Pair:
    """What a model is made of.

    Attributes:
        name: for the model.
        version: of it.
        gpt, sovits: the files; ``sovits`` may be a LoRA fine-tune of ``base``.
        base: only for a LoRA fine-tune.
    """

    name: str
    version: str
    gpt: Source
    sovits: Source
    base: Source | None = None


@dataclass(frozen=True, eq=False)
class Survey:
    """What was found.

    Attributes:
        pairs: that make models.
        components: shared parts, one of each kind.
        left: files that were left alone, and why, a line each.
        sources: all files that were recognised.
    """

    sources: tuple[Source, ...]
    pairs: tuple[Pair, ...]
    components: tuple[Source, ...]
    left: tuple[str, ...]


def survey(paths: Sequence[Path], version: str = "") -> Survey:
    """Finds models in files and folders.

    Args:
        paths: files, which must be what a model is made of, and folders, in which anything else
            may be.
        version: of the SoVITS files that do not say it themselves; empty for unknown.

    Raises:
        ModelFileError: a file is unusable or its version is not sure, or a partner is missing.
    """
    sources: list[Source] = []
    left: list[str] = []
    folders = [p for p in paths if p.is_dir()]
    for path in (p for p in paths if not p.is_dir()):
        sources.append(_source(path, version))
    for path in (f for folder in folders for f in _files(folder)):
        try:
            sources.append(_source(path, version))
        except (ModelFileError, OptionError) as error:
            left.append(str(error))
    components = {s.found.kind: s for s in reversed(sources) if not s.found.versions}
    pairs, alone = _pairs([s for s in sources if s.found.versions], chosen=not folders)
    left += alone
    return Survey(tuple(sources), tuple(pairs), tuple(components.values()), tuple(left))


def require_something(found: Survey, paths: Sequence[Path]) -> None:
    """Refuses a survey that found neither a model nor a shared part.

    Raises:
        ModelFileError: saying why each file was left alone.
    """
    if found.pairs or found.components:
        return
    where = ", ".join(str(p) for p in paths)
    why = f": {'; '.join(found.left[:4])}" if found.left else f" (files {', '.join(SUFFIXES)})"
    raise ModelFileError(f"{where}: no model found{why}",
                         "Give the .ckpt (GPT) and the .pth (SoVITS) of a model.")


def _source(path: Path, version: str) -> Source:
    opened = open_checkpoint(path)
    found = recognise(opened)
    if version and found.kind in ("sovits", "lora"):
        found = recognise(opened, version)
    if found.kind in ("sovits", "lora"):
        require_sure(found, path)
    return Source(path, opened, found)


def _files(folder: Path) -> Iterator[Path]:
    seen = 0
    for path in sorted(folder.rglob("*")):
        seen += 1
        if seen > _MOST:
            raise ModelFileError(f"{folder}: more than {_MOST} files in it",
                                 "Name the folder of the models.")
        if path.suffix in SUFFIXES and path.is_file() and not _DISCRIMINATOR.fullmatch(path.name):
            yield path


def _pairs(sources: list[Source], chosen: bool) -> tuple[list[Pair], list[str]]:
    """Every SoVITS file with its GPT; ``chosen`` files must all find one."""
    gpts = [s for s in sources if s.found.kind == "gpt"]
    decoders = [s for s in sources if s.found.kind != "gpt"]
    bases = {s.found.version: s for s in decoders if _published_version(s) == s.found.version}
    newest: dict[tuple[str, str], Source] = {}
    for source in sorted(decoders, key=lambda s: s.age):
        newest[source.stem, source.found.version] = source
    found, left = [], []
    for source in newest.values():
        version = source.found.version
        base = bases.get(version) or _any_base(decoders, version)
        gpt = _partner(source, gpts)
        if gpt is None:
            problem = f"{source.path}: a SoVITS decoder of {version} without its GPT (.ckpt)"
        elif source.found.kind == "lora" and base is None:
            problem = f"{source.path}: a LoRA fine-tune without the base model s2G{version}.pth"
        elif chosen and source is base and any(s.found.kind == "lora" for s in decoders):
            continue  # given for the fine-tune
        else:
            lora = source.found.kind == "lora"
            found.append(Pair(_name(source), version, gpt, source, base if lora else None))
            continue
        if chosen:
            raise ModelFileError(problem, "Give that file too.")
        left.append(problem)
    if chosen and gpts and not decoders:
        raise ModelFileError(f"{gpts[0].path}: a GPT without its SoVITS decoder (.pth)",
                             "Give that file too.")
    return found, left


def _any_base(decoders: list[Source], version: str) -> Source | None:
    whole = [s for s in decoders if s.found.kind == "sovits" and s.found.version == version]
    return whole[0] if len(whole) == 1 else None


def _partner(source: Source, gpts: list[Source]) -> Source | None:
    """The GPT of the same name and the last epoch; else the published one of the version."""
    version = source.found.version
    fits = sorted((g for g in gpts if version in g.found.versions), key=lambda g: g.age)
    folder = source.path.parent.name.removeprefix("SoVITS_weights")
    same = [g for g in fits if g.stem == source.stem]
    beside = [g for g in same if g.path.parent.name.removeprefix("GPT_weights") == folder]
    if beside or same:
        return (beside or same)[-1]
    published = [g for g in fits if g.path.name == _published_gpt(version)]
    if published:
        return published[-1]
    return fits[0] if len(fits) == 1 else None


def _published_gpt(version: str) -> str:
    return Path(read_json(PUBLISHED)["models"][version][0]).name


def _published_version(source: Source) -> str:
    """The version whose published decoder has this file name; empty for others."""
    models = read_json(PUBLISHED)["models"]
    return next((v for v, (_, path) in models.items() if Path(path).name == source.path.name), "")


def _name(source: Source) -> str:
    """The version for a published file, else the file's name and the version."""
    version = source.found.version
    return version if _published_version(source) == version else f"{source.stem}-{version}"
