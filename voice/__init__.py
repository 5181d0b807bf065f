"""Voice cloning: text to speech in the voice of a few seconds of somebody's speech.

Only the public names live here, and each is imported when it is first used, so that
``import voice`` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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
    from voice.synth.library import VoiceLibrary
    from voice.synth.pipeline import Synthesizer
    from voice.synth.settings import SynthesisSettings
    from voice.synth.speech import Speech
    from voice.synth.voicefile import Voice

__version__ = "0.1.0"

__all__ = [
    "AudioFileError",
    "ConsentError",
    "DependencyError",
    "DeviceError",
    "ModelFileError",
    "NothingToSayError",
    "OptionError",
    "OutputError",
    "Speech",
    "SynthesisSettings",
    "Synthesizer",
    "UnknownTextError",
    "Voice",
    "VoiceError",
    "VoiceFileError",
    "VoiceLibrary",
]

_HOMES = {
    "Speech": "voice.synth.speech",
    "SynthesisSettings": "voice.synth.settings",
    "Synthesizer": "voice.synth.pipeline",
    "Voice": "voice.synth.voicefile",
    "VoiceLibrary": "voice.synth.library",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'voice' has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES.get(name, "voice.errors")), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
