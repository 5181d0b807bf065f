"""Named endpoints for programs, continued: models and settings, as far as visitors may."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from webui import messages
from webui.actions import administration as action
from webui.actions import model_files
from webui.context import AppContext


def functions(context: AppContext) -> list[Callable[..., Any]]:
    """The endpoints."""
    return [*_models(context), *_fetching(context), *_settings(context)]


def _models(context: AppContext) -> list[Callable[..., Any]]:
    def models() -> dict[str, Any]:
        """List the models that are here, and those that can be fetched.

        Returns:
            models (name, in_use, packaged, size, languages, licence, sample_rate, problem),
            offers (name, bytes to fetch, installed), state (of the one in use).
        """
        listed = [
            {"name": card.name, "in_use": card.name == context.model.name,
             "packaged": card.packaged, "size": card.size, "languages": list(card.languages),
             "licence": card.licence, "sample_rate": card.sample_rate,
             "problem": messages.without_folders(card.problem)}
            for card in action.list_models(context)
        ]
        offered = [{"name": one.name, "bytes": one.size, "installed": one.installed}
                   for one in model_files.downloadable(context)]
        return {"models": listed, "offers": offered, "state": context.model.state}

    def use_model(name: str) -> dict[str, Any]:
        """Load another model for everybody; voices of the one before do not fit it.

        Args:
            name: of a model that is here.

        Returns:
            state (loading, ready or failed).
        """
        action.use_model(context, name)
        return {"state": context.model.state}

    def remove_model(name: str) -> dict[str, Any]:
        """Delete a model that was added.

        Args:
            name: of the model.

        Returns:
            deleted.
        """
        action.remove_model(context, name)
        return {"deleted": True}

    return [models, use_model, remove_model]


def _fetching(context: AppContext) -> list[Callable[..., Any]]:
    def download_model(version: str, mirror: str = "") -> dict[str, Any]:
        """Begin to fetch an official model in the background.

        Args:
            version: v1, v2, v2Pro, v2ProPlus, v3 or v4.
            mirror: address of a mirror of the hub; empty for the hub.

        Returns:
            The state that "download_state" gives.
        """
        model_files.start_download(context, version, mirror)
        return _state()

    def download_state() -> dict[str, Any]:
        """Tell how far the fetching of a model is.

        Returns:
            running, line, done and total (bytes), added (names), missing (parts), problem.
        """
        return _state()

    def stop_download() -> dict[str, Any]:
        """Stop fetching a model; what was fetched is kept.

        Returns:
            The state that "download_state" gives.
        """
        model_files.stop(context)
        return _state()

    def _state() -> dict[str, Any]:
        now = context.adding.latest
        problem = messages.explain(now.problem, messages.LOCALES[0]) if now.problem else ""
        return {"running": now.running, "line": messages.without_folders(now.line),
                "done": now.done, "total": now.total, "added": list(now.added),
                "missing": list(now.missing), "problem": problem}

    return [download_model, download_state, stop_download]


def _settings(context: AppContext) -> list[Callable[..., Any]]:
    def settings() -> dict[str, Any]:
        """Tell what everybody's work runs on.

        Returns:
            model, device, precision, threads, watermark.
        """
        return asdict(context.settings)

    def change_settings(
        device: str | None = None, precision: str | None = None, threads: int | None = None,
        watermark: bool | None = None,
    ) -> dict[str, Any]:
        """Change what everybody's work runs on; the model is loaded again.

        Args:
            device: auto, cpu or cuda[:N]; none leaves it.
            precision: auto, float32, float16, bfloat16 or int8; none leaves it.
            threads: of the processor, 0 leaves it to the program; none leaves it.
            watermark: whether recordings are marked; none leaves it.

        Returns:
            model, device, precision, threads, watermark.
        """
        asked = {"device": device, "precision": precision, "threads": threads,
                 "watermark": watermark}
        named = {name: value for name, value in asked.items() if value is not None}
        action.change_settings(context, context.settings.changed(**named))
        return asdict(context.settings)

    return [settings, change_settings]
