"""What is known of each model that is here, for people to read; and taking one away again."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from voice.audio.atomic import output_error
from voice.errors import ModelFileError
from voice.synth.models import ModelFolder, data_folder, find_model, model_folders

CARD = "MODEL_CARD.md"
_MOST_CARD_BYTES = 64 << 10


@dataclass(frozen=True)
class ModelCard:
    """A model and what is known of it.

    Attributes:
        name: of the folder.
        packaged: came with the program; cannot be deleted.
        size: bytes of its files.
        languages: that it speaks.
        licence: of its weights; empty where it names none.
        sample_rate: of its sound, in Hz; 0 where the model cannot be read.
        text: its model card (Markdown), figures included; empty if it has none.
        problem: why it cannot be used; empty if it can.
    """

    name: str
    packaged: bool
    size: int
    languages: tuple[str, ...] = ()
    licence: str = ""
    sample_rate: int = 0
    text: str = ""
    problem: str = ""


def model_cards(home: Path | None = None) -> list[ModelCard]:
    """The cards of all models that are here.

    Args:
        home: the user's folder of voices and models; None is the platform's.
    """
    return [_card(folder) for folder in model_folders(data_folder(home))]


def _card(folder: ModelFolder) -> ModelCard:
    from voice.spec.model import read_spec

    try:
        spec = read_spec(folder.path)
    except ModelFileError as error:
        return ModelCard(folder.name, folder.packaged, folder.size, problem=str(error))
    return ModelCard(
        folder.name, folder.packaged, folder.size, tuple(spec.languages), spec.licence or "",
        spec.decoder.sample_rate, _text(folder.path / CARD),
    )


def _text(path: Path) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(_MOST_CARD_BYTES).decode("utf8", "replace")
    except OSError:
        return ""


def delete_model(name: str, home: Path | None = None) -> None:
    """Deletes a model from the user's folder.

    Raises:
        ModelFileError: there is none of this name, or it came with the program.
        OutputError: it may not be deleted.
    """
    known = {folder.name for folder in model_folders(data_folder(home))}
    if name not in known:
        raise ModelFileError(f"there is no model {name!r}", f"Models here: {', '.join(known)}.")
    folder = find_model(name, data_folder(home))
    if folder.packaged:
        raise ModelFileError(f"model {name} came with the program", "It cannot be deleted.")
    try:
        if folder.path.is_symlink():
            folder.path.unlink()
        else:
            shutil.rmtree(folder.path)
    except OSError as error:
        raise output_error(folder.path, error) from error
