"""What the page works with, made once and passed in: the model, voices, folders, limits, jobs."""

from __future__ import annotations

import json
import logging
import os
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from voice import Speech, SynthesisSettings, Voice, VoiceLibrary
from webui.adding import AddingNow
from webui.background import Background
from webui.feeds import Feeds
from webui.jobs import Job, Jobs
from webui.messages import PageError
from webui.settings import StudioSettings
from webui.turns import Turns

logger = logging.getLogger("webui")
EXAMPLES = Path(__file__).parent / "examples"
RECENT_VOICES = 64


class SpeakingModel(Protocol):
    """What the page needs of ``voice.Synthesizer``."""

    def enroll(
        self, references: Sequence[str | os.PathLike[str] | Any], transcript: str | None = None,
        language: str = "auto", name: str = "", consent: str = "",
    ) -> Voice: ...

    def stream(
        self, text: str, voice: Voice, settings: SynthesisSettings | None = None,
        *, cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Speech]: ...

    def blend(
        self, weights: Mapping[Voice, float], prosody_of: Voice | None = None, name: str = "",
        *, prosody: Mapping[Voice, float] | None = None, require_consent: bool = False,
    ) -> Voice: ...

    def examples(self) -> list[Voice]: ...

    def plan(self, text: str, settings: SynthesisSettings | None = None) -> Any: ...

    def prepare(
        self, text: str, voice: Voice, settings: SynthesisSettings | None = None,
        *, cancelled: Callable[[], bool] | None = None,
    ) -> bool: ...


class ModelSlot:
    """The model, loaded in the background; the page is usable before it is there."""

    def __init__(self) -> None:
        self.ready = threading.Event()
        self.error: Exception | None = None
        self.name = ""
        self._model: SpeakingModel | None = None
        self._latest: object | None = None

    @property
    def state(self) -> str:
        """``loading``, ``ready`` or ``failed``."""
        if self.error is not None:
            return "failed"
        return "ready" if self.ready.is_set() else "loading"

    def start(self, name: str, load: Callable[[], SpeakingModel]) -> threading.Thread:
        """Loads in a thread of its own; errors are kept for whoever asks."""
        self.name = name
        self.error = None
        self.ready.clear()
        self._latest = latest = object()

        def work() -> None:
            model, problem = None, None
            try:
                model = load()
            except Exception as error:
                logger.exception("the model cannot be loaded")
                problem = error
            if self._latest is latest:  # else another was asked for in the meantime
                self._model, self.error = model, problem
                self.ready.set()

        thread = threading.Thread(target=work, name="load-model", daemon=True)
        thread.start()
        return thread

    def get(self, job: Job | None = None) -> SpeakingModel:
        """The model, after waiting for it.

        Raises:
            VoiceError: it cannot be loaded; what was wrong with it.
            JobCancelledError: the visitor no longer waits.
        """
        job = job or Job()
        while not job.wait(self.ready):
            pass
        if self.error is not None:
            raise self.error
        assert self._model is not None
        return self._model


@dataclass(frozen=True)
class ExampleVoice:
    """A recording that comes with the page.

    Attributes:
        name: shown.
        file: of the recording.
        language: spoken in it.
        transcript: what it says.
    """

    name: str
    file: Path
    language: str
    transcript: str


def example_voices(folder: Path = EXAMPLES) -> dict[str, ExampleVoice]:
    """The example voices by name; empty if there are none."""
    index = folder / "voices.json"
    if not index.exists():
        return {}
    rows = json.loads(index.read_text(encoding="utf-8"))["voices"]
    return {
        row["name"]: ExampleVoice(
            row["name"], folder / row["file"], row["language"], row["transcript"]
        )
        for row in rows
    }


class RecentVoices:
    """Voices made on the page and not kept, by a random token; the oldest are forgotten."""

    def __init__(self, size: int = RECENT_VOICES) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._voices: OrderedDict[str, Voice] = OrderedDict()
        self._advice: dict[str, tuple[str, ...]] = {}

    def add(self, voice: Voice, token: str | None = None, advice: tuple[str, ...] = ()) -> str:
        """Remembers a voice; the same token replaces the one before.

        Args:
            voice: to be remembered.
            token: of its own; None draws one.
            advice: sentences on the recording it was made of.
        """
        token = token or secrets.token_urlsafe(12)
        with self._lock:
            self._voices[token] = voice
            if advice:
                self._advice[token] = advice
            self._voices.move_to_end(token)
            while len(self._voices) > self._size:
                self._advice.pop(self._voices.popitem(last=False)[0], None)
        return token

    def get(self, token: str) -> Voice | None:
        """The voice of a token, or None if it is not known any more."""
        with self._lock:
            if token in self._voices:
                self._voices.move_to_end(token)
            return self._voices.get(token)

    def forget(self) -> None:
        """Forgets all voices, as when another model is loaded."""
        with self._lock:
            self._voices.clear()
            self._advice.clear()

    def advice(self, token: str) -> tuple[str, ...]:
        """What was said of the recording of a voice."""
        with self._lock:
            return self._advice.get(token, ())


class LatestUpload:
    """The latest recording that each browser sent, so that a reloaded page has it again."""

    def __init__(self, size: int = 256) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._files: OrderedDict[str, Path] = OrderedDict()

    def set(self, visitor: str, path: str | None) -> None:
        """Remembers a recording; None forgets the one before."""
        with self._lock:
            self._files.pop(visitor, None)
            if path:
                self._files[visitor] = Path(path)
            while len(self._files) > self._size:
                self._files.popitem(last=False)

    def get(self, visitor: str) -> Path | None:
        """The recording, if it is still there."""
        with self._lock:
            path = self._files.get(visitor)
        return path if path and path.is_file() else None


@dataclass(frozen=True)
class Limits:
    """What a visitor may ask for.

    Attributes:
        text: characters.
        upload_bytes: of a file.
        model_bytes: of a file where visitors may add models.
        queue: visitors that may wait.
        sessions: browser tabs and programs whose state is kept, the latest; a megabyte each.
    """

    text: int = 10_000
    upload_bytes: int = 50 << 20
    model_bytes: int = 4 << 30
    queue: int = 64
    sessions: int = 256


@dataclass
class AppContext:
    """Everything the tabs and actions share.

    Attributes:
        model: loaded in the background.
        library: kept voices.
        outputs: folder of what is made here; everything in it can be asked for by the page.
        examples: voices that come with the page.
        hosts: names by which the page may be asked for; empty takes any.
        password: whether visitors are asked for one.
        administration: whether visitors may change what everybody uses (models, device).
        allow_no_watermark: whether the administrator allows recordings without the mark.
        settings: of the Settings tab.
        load: makes the model that settings ask for.
    """

    model: ModelSlot
    library: VoiceLibrary
    outputs: Path
    examples: dict[str, ExampleVoice] = field(default_factory=example_voices)
    limits: Limits = field(default_factory=Limits)
    jobs: Jobs = field(default_factory=Jobs)
    recent: RecentVoices = field(default_factory=RecentVoices)
    turns: Turns = field(default_factory=Turns)
    feeds: Feeds = field(default_factory=Feeds)
    background: Background = field(default_factory=Background)
    adding: AddingNow = field(default_factory=AddingNow)
    latest: LatestUpload = field(default_factory=LatestUpload)
    hosts: frozenset[str] = frozenset()
    password: bool = False
    administration: bool = False
    allow_no_watermark: bool = False
    settings: StudioSettings = field(default_factory=StudioSettings)
    load: Callable[[StudioSettings], SpeakingModel] | None = None

    @property
    def upload_bytes(self) -> int:
        """The largest upload that is taken."""
        return self.limits.model_bytes if self.administration else self.limits.upload_bytes

    def kept(self, name: str) -> Voice:
        """A voice of the library by its name; what looks like a path is only a name here.

        Raises:
            PageError: there is none.
        """
        for voice in self.library.voices():
            if voice.name == name:
                return voice
        raise PageError("error_voice_gone", name=name)
