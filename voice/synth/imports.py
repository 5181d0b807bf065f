"""Official models into the user's folder: from files they have, or from the hub."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from voice.errors import OptionError, OutputError
from voice.synth.models import PACKAGED, data_folder, shared_parts

Report = Callable[[str], None]


@dataclass(frozen=True)
class Imported:
    """What an import made.

    Attributes:
        models: folders of models.
        components: folders of shared parts.
        files: what each one was recognised as, a line each.
        left: files that were left alone and why, a line each.
        missing: shared parts that the models need and that are not here.
    """

    models: tuple[Path, ...] = ()
    components: tuple[Path, ...] = ()
    files: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImportOptions:
    """How files are imported.

    Attributes:
        home: the user's folder of voices and models; None is the platform's.
        name: for the model; empty for that of its files.
        version: of SoVITS files that do not say it.
        replace: whether a model of that name may be replaced.
        dry_run: only say what would be done.
        report: told what is being done, a line each.
    """

    home: Path | None = None
    name: str = ""
    version: str = ""
    replace: bool = False
    dry_run: bool = False
    report: Report = lambda line: None


def import_models(
    paths: Sequence[Path], options: ImportOptions = ImportOptions()  # noqa: B008 - frozen
) -> Imported:
    """Makes model folders of official GPT-SoVITS files.

    Args:
        paths: .ckpt and .pth files, or folders with them.
        options: how.

    Raises:
        ModelFileError: a file is unusable, unsafe or not recognised, or a partner is missing.
        OptionError: the name or version cannot be.
        OutputError: the folder cannot be written, or is there already.
    """
    from voice.checkpoints.convert import Target, check_name, import_component, import_pair
    from voice.checkpoints.survey import require_something, survey

    found = survey(paths, options.version)
    if not (options.dry_run and found.sources):
        require_something(found, paths)
    if options.name and len(found.pairs) != 1:
        raise OptionError(f"--name {options.name}: {len(found.pairs)} models were found",
                          "A name fits one; name its two files instead of the folder.")
    root = data_folder(options.home) / "models"
    targets = [Target(root, check_name(options.name or p.name), options.replace)
               for p in found.pairs]
    _check_free([t.path for t in targets], options.replace or options.dry_run)
    made_of = tuple(f"{s.path}: {s.found.describe()}" for s in found.sources)
    shared = shared_parts(options.home)
    models, components = [], []
    for source in found.components:
        options.report(f"{source.path.name}: {source.found.describe()}")
        if not options.dry_run:
            at = _component_at(source.found.kind, shared)
            if options.replace or not at.exists():
                import_component(source, shared, options.replace)
            components.append(at)
    for pair, target in zip(found.pairs, targets, strict=True):
        options.report(f"{target.name}: {pair.gpt.path.name} and {pair.sovits.path.name}: "
                       f"{pair.sovits.found.describe()}")
        if not options.dry_run:
            models.append(import_pair(pair, target))
    missing = [] if options.dry_run else missing_parts(models, options.home)
    return Imported(tuple(models), tuple(components), made_of, found.left, tuple(missing))


@dataclass(frozen=True)
class DownloadOptions:
    """How a model is fetched.

    Attributes:
        home: the user's folder of voices and models; None is the platform's.
        mirror: address of the hub or of a mirror; empty for the hub.
        bert: also fetch the Chinese BERT (650 MB), without which Chinese sounds flatter.
        keep: keep the fetched files beside the model that was made of them.
        replace: whether a model of that name may be replaced.
        bars: show the progress of each file on stderr.
        report: told what is being done, a line each.
        progress: told how many bytes of how many are there; what it raises ends the download,
            which can be taken up again.
    """

    home: Path | None = None
    mirror: str = ""
    bert: bool = True
    keep: bool = False
    replace: bool = False
    bars: bool = False
    report: Report = lambda line: None
    progress: Callable[[int, int], None] | None = None


@dataclass(frozen=True)
class Offer:
    """A model that can be fetched.

    Attributes:
        name: of the version.
        size: bytes to fetch, with the shared parts that are not here.
        installed: whether it is here already.
    """

    name: str
    size: int
    installed: bool


def offers(options: DownloadOptions = DownloadOptions()) -> list[Offer]:  # noqa: B008 - frozen
    """The official models that :func:`download_model` can fetch."""
    from voice.checkpoints.hub import published

    table, folder = published(), data_folder(options.home) / "models"
    return [
        Offer(name, sum(table.files[p].get("bytes", 0) for p in files_of(name, options)),
              (folder / name / "spec.json").is_file())
        for name in table.models
    ]


def download_model(
    name: str, options: DownloadOptions = DownloadOptions()  # noqa: B008 - frozen
) -> Imported:
    """Fetches an official model and the shared parts that are not here, and imports them.

    Args:
        name: a version, such as ``v2ProPlus``, or a kind of shared part, such as ``hubert``.
        options: how.

    Raises:
        OptionError: there is no such model.
        ModelFileError: the hub cannot be reached, or gives other files than were published.
        OutputError: there is no room.
    """
    from voice.checkpoints.hub import HUB, Fetch, published

    mirror = options.mirror or HUB
    if not mirror.startswith(("http://", "https://")):
        raise OptionError(f"--mirror {mirror}: not an address", "Give one such as https://HOST.")
    paths = files_of(name, options)
    fetch = Fetch(downloads(options.home), published(), mirror, options.report, options.bars,
                  options.progress)
    version = next((v for v in fetch.table.models if v.lower() == name.lower()), "")
    if version:
        _check_free([data_folder(options.home) / "models" / version], options.replace)
    got = fetch.get(paths)
    weights = [path for path in got if path.suffix != ".json"]
    made = import_models(weights, ImportOptions(
        options.home, name=version, version=version, replace=options.replace,
        report=options.report,
    ))
    if not options.keep:
        shutil.rmtree(fetch.folder, ignore_errors=True)
    return made


def files_of(name: str, options: DownloadOptions) -> list[str]:
    """Paths on the hub of the files that a download would need.

    Raises:
        OptionError: there is no such model.
    """
    from voice.checkpoints.hub import published, wanted_files

    table = published()
    version = next((v for v in table.models if v.lower() == name.lower()), "")
    kinds = table.kinds_for(version) if version else []
    shared = shared_parts(options.home)
    wanted = [kind for kind in kinds
              if (options.bert or kind != "bert") and not _component_at(kind, shared).exists()]
    return wanted_files(table, name, wanted)


def downloads(home: Path | None) -> Path:
    """Where fetched files are until they are imported."""
    return data_folder(home) / "downloads" / "GPT-SoVITS"


def missing_parts(folders: Sequence[Path], home: Path | None) -> list[str]:
    """Shared parts that models need and that are not here."""
    from voice.spec.model import read_spec

    shared = shared_parts(home)
    names: list[str] = []
    for folder in folders:
        names += [n for n in read_spec(folder).shared_parts if n not in names]
    return [n for n in names if not (shared / n / "spec.json").is_file()]


def _component_at(kind: str, shared: Path) -> Path:
    from voice.spec.official import SHARED_KINDS

    return shared / SHARED_KINDS[kind]


def _check_free(folders: Sequence[Path], replace: bool) -> None:
    """Refuses names that are taken, before any work is done."""
    for path in folders:
        if (PACKAGED / path.name / "spec.json").is_file():
            raise OptionError(f"--name {path.name}: that is a model of the program",
                              "Choose another --name.")
        if path.exists() and not replace:
            raise OutputError(f"{path} exists already", "Choose another --name, or use --replace.")
