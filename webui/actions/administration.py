"""What an administrator may do: models, device, threads, watermark."""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path

from voice import ModelCard, OutputError, __version__, delete_model, model_cards
from webui.context import AppContext
from webui.jobs import logged
from webui.messages import PageError
from webui.settings import StudioSettings, write_settings


@dataclass(frozen=True)
class About:
    """Facts about the program and where things are.

    Attributes:
        version, python: of the program and of Python.
        device: where the model is; empty while it loads.
        data, voices, models, studio: folders of all that follow, of kept voices, of added models,
            of recordings and batches.
        studio_bytes: size of what the page made and keeps.
    """

    version: str
    python: str
    device: str
    data: Path
    voices: Path
    models: Path
    studio: Path
    studio_bytes: int


def about(context: AppContext) -> About:
    """Facts for the Settings tab."""
    device = ""
    if context.model.state == "ready":
        device = str(getattr(context.model.get(), "device", ""))
    size = sum(f.stat().st_size for f in context.outputs.rglob("*") if f.is_file())
    data = context.library.folder.parent
    return About(
        __version__, platform.python_version(), device, data, context.library.folder,
        data / "models", context.outputs, size,
    )


def list_models(context: AppContext) -> list[ModelCard]:
    """Cards of all models that are here."""
    return model_cards(context.library.folder.parent)


def remove_model(context: AppContext, name: str | None) -> None:
    """Deletes a model of the user.

    Raises:
        PageError: the visitor may not, or it is in use.
        ModelFileError: there is none, or it came with the program.
    """
    with logged("delete_model"):
        need_administrator(context)
        if name == context.model.name:
            raise PageError("error_model_in_use", name=name)
        delete_model(name or "", context.library.folder.parent)


def use_model(context: AppContext, name: str | None) -> None:
    """Loads another model in the background; voices of the one before do not fit it.

    Raises:
        PageError: the visitor may not, or there is no such model.
    """
    with logged("use_model"):
        need_administrator(context)
        if name not in [card.name for card in list_models(context)]:
            raise PageError("error_no_model")
        change_settings(context, context.settings.changed(model=name))


def change_settings(context: AppContext, settings: StudioSettings) -> None:
    """Keeps settings and loads the model again where they ask for it.

    Raises:
        PageError: the visitor may not.
        OutputError: they cannot be kept.
    """
    with logged("change_settings") as line:
        need_administrator(context)
        if not settings.watermark and not context.allow_no_watermark:
            raise PageError("error_watermark")
        before, context.settings = context.settings, settings
        try:
            write_settings(context.outputs, settings)
        except OSError as error:
            raise OutputError(f"the settings cannot be kept ({error.strerror})") from error
        reload = before.changed(watermark=settings.watermark) != settings
        line["reload"] = reload
        if reload and context.load is not None:
            context.recent.forget()
            context.model.start(settings.model, lambda: context.load(settings))  # type: ignore[misc]


def need_administrator(context: AppContext) -> None:
    """Refuses visitors from elsewhere, unless the program was told to let them.

    Raises:
        PageError: the visitor may not change what everybody uses.
    """
    if not context.administration:
        raise PageError("error_administrator")
