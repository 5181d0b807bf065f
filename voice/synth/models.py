"""Where models are: those that come with the program, those under the user's folder, any folder."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voice.errors import ModelFileError
from voice.synth.settings import SynthesisSettings

PACKAGED = Path(__file__).resolve().parents[2] / "pretrained"
MANIFEST = PACKAGED / "manifest.json"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class ModelFolder:
    """A model that is there.

    Attributes:
        name: of the folder.
        path: the folder.
        packaged: came with the program.
    """

    name: str
    path: Path
    packaged: bool

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(f.stat().st_size for f in self.path.rglob("*") if f.is_file())

    @property
    def voices(self) -> Path:
        """Folder of its example voices; may be missing."""
        return self.path / "voices"


def data_folder(home: Path | None) -> Path:
    """The user's folder of voices and models: the one given, or the platform's."""
    if home:
        return home.expanduser()
    from platformdirs import user_data_path

    return user_data_path("voice", appauthor=False)


def shared_parts(home: Path | None) -> Path:
    """Where the parts are that official models share."""
    return data_folder(home) / "components"


def model_folders(home: Path | None) -> list[ModelFolder]:
    """All models that are there; one of the program hides a user's of the same name.

    Raises:
        ModelFileError: a folder of models may not be read.
    """
    found: dict[str, ModelFolder] = {}
    for root, packaged in ((PACKAGED, True), (home / "models" if home else None, False)):
        for folder in _inside(root):
            if (folder / "spec.json").is_file() and not folder.name.startswith("."):
                found.setdefault(folder.name, ModelFolder(folder.name, folder, packaged))
    return list(found.values())


def _inside(root: Path | None) -> list[Path]:
    try:
        return sorted(root.iterdir()) if root is not None and root.is_dir() else []
    except OSError as error:
        raise ModelFileError(f"{root}: the models in it cannot be listed ({error.strerror})",
                             "Name a data folder you may read.") from error


def find_model(name_or_folder: str | Path, home: Path | None) -> ModelFolder:
    """The folder of a model.

    Args:
        name_or_folder: a name of :func:`model_folders`, or the path of a model folder.
        home: the user's folder of voices and models.

    Raises:
        ModelFileError: there is none; the message lists those that are.
    """
    known = {m.name: m for m in model_folders(home)}
    text = str(name_or_folder)
    if isinstance(name_or_folder, str) and text in known:
        return known[text]
    path = Path(name_or_folder).expanduser()
    if path.is_dir() and (path / "spec.json").is_file():
        return ModelFolder(path.resolve().name, path, False)
    if path.exists():
        raise ModelFileError(f"{path}: not a model folder (it has no spec.json)",
                             "Name a folder with spec.json and its safetensors.")
    names = ", ".join(known) or "none"
    raise ModelFileError(f"there is no model {text!r}", f"Models here: {names}; or name a folder.")


def read_manifest(path: Path = MANIFEST) -> dict[str, Any]:
    """The list of known files: ``{model: {"files": {name: {"sha256", "bytes"}}, ...}}``.

    Raises:
        ModelFileError: it is missing or not readable.
    """
    try:
        data = json.loads(path.read_text("utf8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: the list of models cannot be read ({error})") from error
    models = data.get("models") if isinstance(data, dict) else None
    if not isinstance(models, dict):
        raise ModelFileError(f"{path}: it has no object named models")
    return models


def read_origin(folder: ModelFolder) -> dict[str, Any] | None:
    """What an imported model was made of, and its files as in :func:`read_manifest`.

    Returns:
        None for a model that was not imported.

    Raises:
        ModelFileError: the note is not readable.
    """
    path = folder.path / "origin.json"
    if not path.is_file():
        return None
    try:
        data = json.loads(path.read_text("utf8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: cannot be read ({error})") from error
    if not isinstance(data, dict) or not isinstance(data.get("files"), dict):
        raise ModelFileError(f"{path}: it has no list of files")
    return data


@dataclass(frozen=True)
class FileCheck:
    """What is the matter with one file of a model; ``problem`` is empty if nothing is."""

    file: str
    problem: str


def verify(folder: ModelFolder, files: dict[str, Any]) -> list[FileCheck]:
    """Compares a model's files with the list's sizes and digests.

    Args:
        folder: of the model.
        files: ``{name: {"sha256": hex, "bytes": n}}``.
    """
    return [FileCheck(name, _problem(folder.path / name, entry)) for name, entry in files.items()]


def _problem(path: Path, entry: Any) -> str:
    if not path.is_file():
        return "missing"
    wanted = entry.get("bytes")
    if isinstance(wanted, int) and path.stat().st_size != wanted:
        return f"has {path.stat().st_size} bytes instead of {wanted}"
    if digest(path) != entry.get("sha256"):
        return "content differs (SHA-256)"
    return ""


def digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal.

    Raises:
        ModelFileError: it cannot be read.
    """
    found = hashlib.sha256()
    try:
        with open(path, "rb") as file:
            while block := file.read(_BLOCK):
                found.update(block)
    except OSError as error:
        raise ModelFileError(f"{path}: cannot be read ({error.strerror})") from error
    return found.hexdigest()


def usual_settings(
    name_or_folder: str | Path = "mini", home: Path | None = None
) -> SynthesisSettings:
    """The settings with which a model speaks where the caller has no wish.

    Raises:
        ModelFileError: there is no such model, or its specification is damaged.
    """
    from voice.spec.model import read_spec

    spec = read_spec(find_model(name_or_folder, home).path).text2semantic
    return SynthesisSettings().usual(spec.temperature, spec.repetition_penalty)
