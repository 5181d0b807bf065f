"""Voice cloning: text to speech in the voice of a few seconds of somebody's speech.

Only the public names live here, and each is imported when it is first used, so that
``import voice`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voice.audio.note import read_note
    from voice.errors import (
        AudioFileError,
        ConsentError,
        DependencyError,
        DeviceError,
        ModelFileError,
        NothingToSayError,
        OptionError,
        OutputError,
        UnknownTextError,
        VoiceError,
        VoiceFileError,
    )
    from voice.synth.batch_input import BatchItem, column_names, looks_like_dialogue, read_items
    from voice.synth.batch_session import BatchSession
    from voice.synth.batch_speak import speak_item
    from voice.synth.imports import (
        DownloadOptions,
        Imported,
        ImportOptions,
        Offer,
        download_model,
        import_models,
        offers,
    )
    from voice.synth.library import VoiceLibrary
    from voice.synth.model_cards import ModelCard, delete_model, model_cards
    from voice.synth.models import usual_settings
    from voice.synth.passage import Passage, respeak
    from voice.synth.pipeline import Synthesizer
    from voice.synth.recognise import can_recognise, transcribe
    from voice.synth.settings import PRECISIONS, SynthesisSettings
    from voice.synth.speech import Speech
    from voice.synth.voice_space import Likeness, TimbreMap, draw_voice, likenesses
    from voice.synth.voicefile import Voice

__version__ = "0.1.0"

__all__ = [
    "PRECISIONS",
    "AudioFileError",
    "BatchItem",
    "BatchSession",
    "ConsentError",
    "DependencyError",
    "DeviceError",
    "DownloadOptions",
    "ImportOptions",
    "Imported",
    "Likeness",
    "ModelCard",
    "ModelFileError",
    "NothingToSayError",
    "Offer",
    "OptionError",
    "OutputError",
    "Passage",
    "Speech",
    "SynthesisSettings",
    "Synthesizer",
    "TimbreMap",
    "UnknownTextError",
    "Voice",
    "VoiceError",
    "VoiceFileError",
    "VoiceLibrary",
    "can_recognise",
    "column_names",
    "delete_model",
    "download_model",
    "draw_voice",
    "import_models",
    "likenesses",
    "looks_like_dialogue",
    "model_cards",
    "offers",
    "read_items",
    "read_note",
    "respeak",
    "speak_item",
    "transcribe",
    "usual_settings",
]

_HOMES = {
    "PRECISIONS": "voice.synth.settings",
    "BatchItem": "voice.synth.batch_input",
    "BatchSession": "voice.synth.batch_session",
    "DownloadOptions": "voice.synth.imports",
    "ImportOptions": "voice.synth.imports",
    "Imported": "voice.synth.imports",
    "Likeness": "voice.synth.voice_space",
    "ModelCard": "voice.synth.model_cards",
    "Offer": "voice.synth.imports",
    "Passage": "voice.synth.passage",
    "Speech": "voice.synth.speech",
    "SynthesisSettings": "voice.synth.settings",
    "Synthesizer": "voice.synth.pipeline",
    "TimbreMap": "voice.synth.voice_space",
    "Voice": "voice.synth.voicefile",
    "VoiceLibrary": "voice.synth.library",
    "can_recognise": "voice.synth.recognise",
    "column_names": "voice.synth.batch_input",
    "delete_model": "voice.synth.model_cards",
    "download_model": "voice.synth.imports",
    "draw_voice": "voice.synth.voice_space",
    "import_models": "voice.synth.imports",
    "likenesses": "voice.synth.voice_space",
    "looks_like_dialogue": "voice.synth.batch_input",
    "model_cards": "voice.synth.model_cards",
    "offers": "voice.synth.imports",
    "read_items": "voice.synth.batch_input",
    "read_note": "voice.audio.note",
    "respeak": "voice.synth.passage",
    "speak_item": "voice.synth.batch_speak",
    "transcribe": "voice.synth.recognise",
    "usual_settings": "voice.synth.models",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'voice' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES.get(name, "voice.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
