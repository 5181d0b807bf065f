"""Errors a caller can act on: each says which input is wrong, why, and what would be right.

Every class has a stable ``code``; interfaces (command line, page) show ``str(error)``, one line.
"""

from __future__ import annotations


class VoiceError(Exception):
    """Base of all errors that a caller can act on.

    Args:
        message: one sentence naming the input and what is wrong with it.
        remedy: what would be right; appended to the message. May be empty.
    """

    code = "voice_error"

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(f"{message.rstrip('.')}. {remedy}" if remedy else message)
        self.message = message
        self.remedy = remedy


class OptionError(VoiceError):
    """An option is outside its range, of another type, or contradicts another one."""

    code = "bad_option"


class NothingToSayError(VoiceError):
    """The text is empty, or holds only spaces or punctuation."""

    code = "nothing_to_say"


class UnknownTextError(VoiceError):
    """The text has characters or a language that the model has no sounds for."""

    code = "unknown_text"


class AudioFileError(VoiceError):
    """A recording is missing, not audio, corrupt, silent, or too short or long to use."""

    code = "bad_audio"


class VoiceFileError(VoiceError):
    """A ``.voice`` file or a library entry is missing, corrupt, or of another kind."""

    code = "bad_voice"


class ModelFileError(VoiceError):
    """A model file or folder is missing, corrupt, unsafe, or of another kind."""

    code = "bad_model"


class ConsentError(VoiceError):
    """A voice may not be kept or used because the consent statement is missing."""

    code = "no_consent"


class OutputError(VoiceError):
    """A result cannot be written: no permission, no folder, no space."""

    code = "bad_output"


class DeviceError(VoiceError):
    """The requested device does not exist or cannot run this model."""

    code = "bad_device"


class DependencyError(VoiceError):
    """An installed package is missing, or is not what it claims to be."""

    code = "bad_dependency"
