"""Adding models: from official files that were dropped on the page, or from the hub.

One at a time for everybody, in the background: it goes on when the page is closed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from voice import (
    DownloadOptions,
    Imported,
    ImportOptions,
    Offer,
    download_model,
    import_models,
    offers,
)
from webui.actions.administration import list_models, need_administrator
from webui.adding import Adding
from webui.context import AppContext
from webui.jobs import Job, JobCancelledError, logged
from webui.messages import PageError

WORK = "add-model"
KINDS = (".ckpt", ".pth")
VERSIONS = ("v1", "v2", "v2Pro", "v2ProPlus", "v3", "v4")
STOP_SECONDS = 1.0


def downloadable(context: AppContext) -> list[Offer]:
    """The official models, with what each would fetch."""
    return offers(DownloadOptions(home=_home(context)))


def fine_tuned(context: AppContext) -> set[str]:
    """Names of the models that somebody fine-tuned and added: neither packaged nor official."""
    return {card.name for card in list_models(context)
            if not card.packaged and card.name not in VERSIONS}


def start_import(
    context: AppContext, files: Sequence[str] | None, name: str = "", version: str = ""
) -> None:
    """Begins to make models of uploaded files; the uploads are deleted at the end.

    Args:
        context: of the page.
        files: uploads.
        name: of the model; empty for that of its files.
        version: of a file that does not say it.

    Raises:
        PageError: the visitor may not, there are no files, or a model is being added already.
    """
    paths = [Path(file) for file in files or ()]

    def work(job: Job) -> Imported:
        try:
            return import_models(paths, ImportOptions(
                _home(context), name.strip(), version,
                report=lambda line: context.adding.say(job, line)))
        finally:
            for path in paths:
                path.unlink(missing_ok=True)

    need_administrator(context)
    if not paths:
        raise PageError("error_no_model_files")
    _start(context, "import_model", work)


def start_download(context: AppContext, version: str | None, mirror: str = "") -> None:
    """Begins to fetch an official model; what was fetched is kept if it breaks off.

    Args:
        context: of the page.
        version: which model.
        mirror: address of a mirror of the hub; empty for the hub.

    Raises:
        PageError: the visitor may not, no model is named, or one is being added already.
    """

    def work(job: Job) -> Imported:
        return download_model(version or "", DownloadOptions(
            _home(context), mirror.strip(),
            report=lambda line: context.adding.say(job, line),
            progress=lambda done, total: context.adding.count(job, done, total)))

    need_administrator(context)
    if version not in VERSIONS:
        raise PageError("error_no_model")
    _start(context, "download_model", work)


def stop(context: AppContext) -> None:
    """Ends the work at its next step.

    Raises:
        PageError: the visitor may not.
    """
    with logged("stop_adding"):
        need_administrator(context)
        context.background.stop(WORK, STOP_SECONDS)


def _start(context: AppContext, action: str, work: Callable[[Job], Imported]) -> None:
    def run(job: Job) -> None:
        made, problem = Imported(), None
        try:
            with logged(action) as line:
                made = work(job)
                line["models"] = len(made.models)
        except JobCancelledError:
            pass
        except Exception as error:  # noqa: BLE001 - it is kept for whoever looks
            problem = error
        finally:
            context.adding.latest = Adding(
                added=tuple(path.name for path in made.models), missing=made.missing,
                problem=problem, ended=True)

    if context.background.running(WORK):
        raise PageError("error_adding")
    context.adding.latest = Adding(running=True)
    context.background.start(WORK, run)


def _home(context: AppContext) -> Path:
    return context.library.folder.parent
