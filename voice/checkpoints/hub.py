"""Published files from the Hugging Face hub, or a mirror of it.

Which files a model needs, and the size and SHA-256 of each as far as they are known, is the table
``published.json``; the revision is pinned. A broken download goes on where it stopped, in this call
and in the next. Nothing is sent but the names of the files: no token, no telemetry.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from voice.audio.atomic import output_error
from voice.checkpoints.recognise import PUBLISHED
from voice.errors import ModelFileError, OptionError, OutputError, VoiceError
from voice.spec.load import read_json
from voice.spec.model import preset
from voice.spec.official import SHARED_KINDS

HUB = "https://huggingface.co"
_BLOCK = 1 << 20
_SPARE = 1 << 28  # bytes left free on the disk
_PATIENCE_S = 15


@dataclass(frozen=True)
class Published:
    """What is known of published files.

    Attributes:
        repository, revision: on the hub.
        files: ``{path: {"sha256": hex, "bytes": n}}``, either may be missing.
        models: ``{version: [GPT, SoVITS]}``.
        components: ``{kind: [paths]}``.
    """

    repository: str
    revision: str
    files: dict[str, dict[str, Any]]
    models: dict[str, list[str]]
    components: dict[str, list[str]]

    def kinds_for(self, version: str) -> list[str]:
        """Kinds of shared parts that a version needs."""
        wanted = preset(version).shared_parts
        return [kind for kind, name in SHARED_KINDS.items() if name in wanted]

    def url(self, path: str, mirror: str = HUB) -> str:
        """Where a file is."""
        return f"{mirror.rstrip('/')}/{self.repository}/resolve/{self.revision}/{path}"


def published(path: Path = PUBLISHED) -> Published:
    """The table of published files."""
    data = read_json(path)
    return Published(**{k: data[k] for k in Published.__dataclass_fields__})


@dataclass(frozen=True)
class Fetch:
    """A download.

    Attributes:
        folder: where files go, under their paths.
        table: of what is known.
        mirror: address of the hub or of a mirror.
        report: told of each file before it is fetched.
        bars: show the progress of each file on stderr.
        progress: told how many bytes of how many are there; what it raises ends the download.
    """

    folder: Path
    table: Published = field(default_factory=published)
    mirror: str = HUB
    report: Callable[[str], None] = lambda line: None
    bars: bool = False
    progress: Callable[[int, int], None] | None = None

    def get(self, paths: Iterable[str]) -> list[Path]:
        """Fetches files that are not there yet, and checks all of them.

        Returns:
            Where they are.

        Raises:
            ModelFileError: the hub cannot be reached, has no such file, or gives other bytes than
                were published; the message says how to get the files by hand.
            OutputError: the disk is full or the folder cannot be written.
        """
        wanted = list(paths)
        self._check_room(wanted)
        total = sum(self.table.files[p].get("bytes", 0) for p in wanted)
        before, reached = 0, False
        for number, path in enumerate(wanted, 1):
            target, own = self.folder / path, self.table.files[path].get("bytes", 0)
            if target.is_file():
                if not self._problem(path):
                    before += own
                    continue
                target.unlink()  # the library would take it for whole
            self.report(f"fetching {number}/{len(wanted)}: {path}{_size(self.table.files[path])}")
            if not reached:
                self._reach(path)
                reached = True
            self._download(path, _Count(self.progress, before, max(total, 1)))
            before += own
            if problem := self._problem(path):
                target.unlink(missing_ok=True)
                raise ModelFileError(
                    f"{self.table.url(path, self.mirror)}: the file fetched is not the published "
                    f"one: {problem}", "It was thrown away; try again, or another --mirror."
                )
        return [self.folder / path for path in wanted]

    def _reach(self, path: str) -> None:
        """One quick question: the library would try for half a minute before it gives up."""
        try:
            asked = urllib.request.Request(self.table.url(path, self.mirror), method="HEAD")
            urllib.request.urlopen(asked, timeout=_PATIENCE_S).close()
        except urllib.error.HTTPError:
            return  # an answer; the library judges it
        except (OSError, ValueError) as error:
            raise self._unreachable(path, error) from None

    def _download(self, path: str, count: _Count) -> None:
        import huggingface_hub
        from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError

        try:
            with _quiet_library():
                huggingface_hub.hf_hub_download(
                    self.table.repository, path, revision=self.table.revision,
                    endpoint=self.mirror.rstrip("/"), local_dir=self.folder, token=False,
                    library_name="voice", tqdm_class=None if self.bars else _silent_bar(count),
                )
        except (EntryNotFoundError, RepositoryNotFoundError) as error:
            if not isinstance(error, OSError) or _offline(error):
                raise self._unreachable(path, error) from None
            raise ModelFileError(
                f"{self.table.url(path, self.mirror)}: there is no such file there",
                "Check --mirror." if self.mirror != HUB else "",
            ) from None
        except OSError as error:
            if error.errno is not None:
                raise output_error(self.folder / path, error) from None
            raise self._unreachable(path, error) from None
        except Exception as error:  # the library lets those of its HTTP client through
            if isinstance(error, VoiceError) or error is count.stopped:
                raise
            raise self._unreachable(path, error) from None

    def _unreachable(self, path: str, error: Exception) -> ModelFileError:
        reason = " ".join(str(error).split())[:160] or type(error).__name__
        return ModelFileError(
            f"{self.mirror} cannot be reached, or broke off ({reason})",
            "Try again (what was fetched is kept), or another --mirror; or fetch by hand and put "
            f"{self.table.url(path)} to {self.folder / path}",
        )

    def _problem(self, path: str) -> str:
        """What is the matter with a file that is there; empty if nothing is."""
        known, target = self.table.files[path], self.folder / path
        size = target.stat().st_size
        if known.get("bytes") not in (None, size):
            return f"it has {size} bytes instead of {known['bytes']}"
        wanted = known.get("sha256")
        if wanted is None:
            return ""
        found = hashlib.sha256()
        with open(target, "rb") as file:
            while block := file.read(_BLOCK):
                found.update(block)
        if found.hexdigest() == wanted:
            return ""
        return f"its SHA-256 is {found.hexdigest()[:16]}..., not {wanted[:16]}..."

    def _check_room(self, paths: list[str]) -> None:
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise output_error(self.folder, error) from error
        missing = [p for p in paths if not (self.folder / p).is_file()]
        need = sum(self.table.files[p].get("bytes", 0) for p in missing)
        free = shutil.disk_usage(self.folder).free
        if need and need + _SPARE > free:
            raise OutputError(f"{self.folder}: {need / 1e9:.1f} GB are needed, {free / 1e9:.1f} GB "
                              "are free", "Free some space, or set VOICE_HOME to another disk.")


def files_by_hand(table: Published, paths: Iterable[str], folder: Path) -> list[str]:
    """A line for each file: its address, and where it goes."""
    return [f"{table.url(path)} -> {folder / path}" for path in paths]


def wanted_files(table: Published, name: str, kinds: Iterable[str]) -> list[str]:
    """Files of a model or shared part, and of the shared parts of some kinds.

    Raises:
        OptionError: there is no model of this name to fetch.
    """
    versions = {v.lower(): v for v in table.models}
    if name.lower() in versions:
        own = table.models[versions[name.lower()]]
        return [*own, *(p for kind in kinds for p in table.components[kind])]
    if name in table.components:
        return list(table.components[name])
    raise OptionError(f"there is no model {name!r} to download",
                      f"Models: {', '.join(table.models)}; parts: {', '.join(table.components)}.")


def _size(known: dict[str, Any]) -> str:
    return f" ({known['bytes'] / 1e6:.0f} MB)" if "bytes" in known else ""


def _offline(error: Exception) -> bool:
    from huggingface_hub.errors import LocalEntryNotFoundError

    return isinstance(error, LocalEntryNotFoundError)


@dataclass
class _Count:
    """Bytes of a file as they come, on top of those ``before`` it.

    Attributes:
        stopped: what the listener raised to end the download.
    """

    progress: Callable[[int, int], None] | None
    before: int
    total: int
    stopped: Exception | None = None

    def add(self, size: int) -> None:
        self.before += size
        if self.progress is None:
            return
        try:
            self.progress(min(self.before, self.total), self.total)
        except Exception as error:
            self.stopped = error
            raise


def _silent_bar(count: _Count) -> Any:
    """A progress bar that shows nothing, but counts."""
    from tqdm import tqdm

    class SilentBar(tqdm):  # type: ignore[type-arg]
        """The library makes one for each file."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **{**options, "disable": True})
            count.add(int(options.get("initial") or 0))

        def update(self, n: float | None = 1) -> bool | None:
            count.add(int(n or 0))
            return None

    return SilentBar


@contextlib.contextmanager
def _quiet_library() -> Iterator[None]:
    """Keeps the library's own log lines off the screen while it works."""
    from huggingface_hub.utils import logging as messages

    before = messages.get_verbosity()
    messages.set_verbosity(logging.CRITICAL)
    try:
        yield
    finally:
        messages.set_verbosity(before)
