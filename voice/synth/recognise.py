"""What a recording says, by speech recognition where a recogniser is installed.

The recogniser is Whisper (Radford et al. 2022) by faster-whisper (MIT), an optional package: the
program speaks without it. Its weights are looked for in ``HOME/recogniser/`` (the files of one
CTranslate2 model), else fetched there once from the model hub.
"""

from __future__ import annotations

import importlib.util
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voice.audio.files import read
from voice.audio.resample import resample
from voice.errors import DependencyError
from voice.synth.library import default_folder

PACKAGE = "faster_whisper"
INSTALL = "Install it with `make recogniser` (or `pip install faster-whisper`) and start again."
SIZE = "base"
FOLDER = "recogniser"
LANGUAGES = ("en", "zh", "ja", "ko", "yue")
_RATE = 16000
_LONGEST_SECONDS = 60.0
_HINTS = {"zh": "以下是普通话的句子。", "yue": "以下係廣東話嘅句子。"}
"""Whisper writes the script and the punctuation of what it is told came before."""
_lock = threading.Lock()
_loaded: dict[str, Any] = {}


@dataclass(frozen=True)
class Transcript:
    """What was heard.

    Attributes:
        text: of the recording; may be empty.
        language: its code, such as ``en``.
    """

    text: str
    language: str


def can_recognise() -> bool:
    """Whether a recogniser is installed."""
    return importlib.util.find_spec(PACKAGE) is not None


def transcribe(
    recording: str | os.PathLike[str], home: str | os.PathLike[str] | None = None,
    language: str = "auto",
) -> Transcript:
    """Writes down what a recording says.

    Args:
        recording: a file of up to 60 s.
        home: folder of the program's data; None is the platform's own for this user.
        language: of the recording; ``auto`` finds out.

    Raises:
        AudioFileError: the recording is missing or unusable.
        DependencyError: no recogniser is installed, or its weights are not here and cannot be
            fetched.
    """
    if not can_recognise():
        raise DependencyError("Speech recognition is not installed", INSTALL)
    audio = read(recording, _LONGEST_SECONDS)
    samples = resample(audio.samples, audio.sample_rate, _RATE)
    known = language if language in LANGUAGES else None
    with _lock:  # one at a time: it uses all threads it gets
        model = _model(default_folder(home).parent / FOLDER)
        if known is None:
            known = str(model.detect_language(samples)[0])
        pieces, _ = model.transcribe(
            samples, language=known, beam_size=5, initial_prompt=_HINTS.get(known),
            condition_on_previous_text=False,
        )
        text = "".join(piece.text for piece in pieces).strip()
    return Transcript(text, known)


def _model(folder: Path) -> Any:
    """The recogniser, loaded once."""
    if str(folder) in _loaded:
        return _loaded[str(folder)]
    from faster_whisper import WhisperModel  # pyright: ignore[reportMissingImports]

    here = (folder / "model.bin").is_file()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        loaded = WhisperModel(
            str(folder) if here else SIZE, device="cpu", compute_type="int8",
            download_root=None if here else str(folder),
        )
    except Exception as error:
        raise DependencyError(
            "The weights of the speech recogniser are not here and cannot be fetched",
            f"Put the files of a CTranslate2 Whisper model (model.bin, config.json, "
            f"tokenizer.json) into {folder}, or connect to the network once.",
        ) from error
    _loaded[str(folder)] = loaded
    return loaded
