"""A cloned voice as a value and as a ``.voice`` file.

A file is safetensors: arrays, and one line of JSON under the metadata key ``voice``. Reading is
strict: sizes are checked before anything is unpacked, unknown or missing parts are refused, and
nothing in a file is ever executed.

| tensor | dtype, axes | meaning |
| --- | --- | --- |
| ``timbre`` | float32 (D,) | the reference encoder's output |
| ``prompt_codes`` | int64 (T,) | semantic tokens that the text model continues, 25 a second |
| ``prompt_phonemes`` | int64 (P,) | what is said in them, rows of the symbol table |
| ``prompt_mel`` | float32 (M * F,) | optional: its sound, for decoders that continue sound |
| ``equalizer`` | float32 (K,) | optional: gains in dB that its sound gets |
| ``preview`` | int16 (N,) | optional: how the voice sounds |
"""

from __future__ import annotations

import json
import os
import struct
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from voice.audio.atomic import atomic_file
from voice.audio.equalizer import BANDS, usable
from voice.errors import ModelFileError, OptionError, VoiceFileError
from voice.spec.load import from_dict
from voice.synth.labels import MAX_TEXT, check_name, check_tags

FORMAT = "voice"
FORMAT_VERSION = 1
SUFFIX = ".voice"
MAX_FILE_BYTES = 16 << 20
_MAX_HEADER = 1 << 18
_MAX_PARENTS = 64
_MAX_CODE = 1 << 20
_MAX_PITCH_HZ = 2000
_ARRAYS: dict[str, tuple[str, int]] = {
    # name: dtype, most elements
    "timbre": ("float32", 1 << 16),
    "prompt_codes": ("int64", 60 * 50),
    "prompt_phonemes": ("int64", 4000),
    "prompt_mel": ("float32", 1 << 20),
    "equalizer": ("float32", BANDS),
    "preview": ("int16", 60 * 48000),
}
_SHARES = ("parents", "prosody")
_OPTIONAL = frozenset({"preview", "prompt_mel", "equalizer"})
_PICKLE_STARTS = (b"\x80", b"PK", b"(", b"c__", b"\x1f\x8b")


def _no_codes() -> np.ndarray:
    return np.zeros(0, np.int64)


@dataclass(frozen=True)
class Continued:
    """The part of a recording that a voice continues.

    Attributes:
        recording: its path, or what it is called.
        start, stop: in seconds.
        seconds: of the whole recording.
        weights: of each recording in the timbre, in their order.
    """

    recording: str
    start: float
    stop: float
    seconds: float
    weights: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Voice:
    """Somebody's voice, ready to speak. Voices are compared by identity.

    Attributes:
        name: checked by :func:`voice.synth.labels.check_name`; empty for a voice that is not kept.
        model: name of the model that made it; other models cannot use it.
        timbre: (D,) float32, how it sounds.
        pitch_hz: its middle pitch; 0 where unknown.
        equalizer: (K,) float32 gains in dB that its sound gets (:mod:`voice.audio.equalizer`), or
            None.
        revision: digest of the model's weights.
        prompt_codes: (T,) int64 semantic tokens to continue; may be empty.
        prompt_phonemes: (P,) int64, what is said in them.
        prompt_text: transcript of the prompt, if known.
        prompt_mel: (M * F,) float32 mel of the prompt, a band after the other, for models whose
            decoder continues sound; else None.
        languages: spoken in the recordings, most spoken first.
        consent: the statement under which the voice may be kept; empty if none was given.
        consent_date: UTC day or time of the statement, ISO 8601.
        source_hash: SHA-256 of the recordings it was made of.
        preview: (N,) int16, how it sounds, or None.
        preview_rate: of the preview, in Hz.
        parents: weight by name, where it is a blend.
        prosody: the same of its manner of speaking, where that was weighed apart.
        tags: words to find it by; see :func:`voice.synth.labels.check_tags`.
        created: UTC time, ISO 8601.
        continued: where the prompt is in the recordings; not kept in files.
    """

    name: str
    model: str
    timbre: np.ndarray
    revision: str = ""
    pitch_hz: float = 0.0
    equalizer: np.ndarray | None = None
    prompt_codes: np.ndarray = field(default_factory=_no_codes)
    prompt_phonemes: np.ndarray = field(default_factory=_no_codes)
    prompt_text: str = ""
    prompt_mel: np.ndarray | None = None
    languages: tuple[str, ...] = ()
    consent: str = ""
    consent_date: str = ""
    source_hash: str = ""
    preview: np.ndarray | None = None
    preview_rate: int = 24000
    parents: dict[str, float] = field(default_factory=dict)
    prosody: dict[str, float] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    created: str = ""
    continued: Continued | None = None

    def with_name(self, name: str) -> Voice:
        """The same voice under another name."""
        return replace(self, name=check_name(name))

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = True) -> None:
        """Writes the voice to a file; see :func:`write_voice`."""
        write_voice(path, self, overwrite=overwrite)

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Voice:
        """Reads a voice from a file; see :func:`read_voice`."""
        return read_voice(path)


@dataclass(frozen=True)
class _Parent:
    name: str
    weight: float


@dataclass(frozen=True)
class _Metadata:
    """The JSON part of a file; its fields are those of :class:`Voice`."""

    name: str
    model: str
    revision: str
    prompt_text: str
    languages: tuple[str, ...]
    consent: str
    consent_date: str
    source_hash: str
    preview_rate: int
    parents: tuple[_Parent, ...]
    created: str
    pitch_hz: float = 0.0
    prosody: tuple[_Parent, ...] = ()
    tags: tuple[str, ...] = ()


def write_voice(path: str | os.PathLike[str], voice: Voice, *, overwrite: bool = True) -> None:
    """Writes a voice to a file, whole or not at all.

    Raises:
        OutputError: the file cannot be written, or is there and may not be overwritten.
        VoiceFileError: the voice itself breaks the rules of such files.
    """
    data = to_bytes(voice)
    with atomic_file(path, overwrite=overwrite) as file:
        file.write(data)


def to_bytes(voice: Voice) -> bytes:
    """The content of a voice's file.

    Raises:
        VoiceFileError: the voice breaks the rules of such files.
    """
    values: dict[str, Any] = {k: getattr(voice, k) for k in _Metadata.__dataclass_fields__}
    for key in _SHARES:
        values[key] = tuple(_Parent(n, float(w)) for n, w in values[key].items())
    meta = _Metadata(**values)
    arrays = {
        k: np.ascontiguousarray(getattr(voice, k), dtype)
        for k, (dtype, _) in _ARRAYS.items()
        if getattr(voice, k) is not None
    }
    where = f"voice {voice.name!r}"
    _check_metadata(meta, where)
    _check_arrays(arrays, where)
    text = json.dumps(asdict(meta), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    data = save(arrays, {"format": FORMAT, "format_version": str(FORMAT_VERSION), "voice": text})
    if struct.unpack_from("<Q", data)[0] > _MAX_HEADER:
        raise VoiceFileError(f"{where}: its description is too long to be kept")
    return data


def read_voice(path: str | os.PathLike[str]) -> Voice:
    """Reads a voice from a file.

    Raises:
        VoiceFileError: the file is missing, not a voice, corrupt, truncated, too large, made by
            a newer version, or holds pickled code.
    """
    file = Path(path)
    try:
        if file.is_dir():
            raise VoiceFileError(f"{file} is a folder", f"Name a {SUFFIX} file.")
        if not file.exists():
            raise VoiceFileError(f"{file} does not exist", f"Name a {SUFFIX} file.")
        if not file.is_file() or file.stat().st_size > MAX_FILE_BYTES:
            raise VoiceFileError(
                f"{file} is not a regular file of at most {MAX_FILE_BYTES >> 20} MiB",
                f"Name a {SUFFIX} file.",
            )
        with open(file, "rb") as handle:
            data = handle.read(MAX_FILE_BYTES + 1)
    except (OSError, ValueError) as error:
        raise VoiceFileError(f"{file} cannot be read ({error})") from error
    return from_bytes(data, str(file))


def from_bytes(data: bytes, where: str = "voice") -> Voice:
    """The inverse of :func:`to_bytes`.

    Args:
        data: content of a file.
        where: what to call it in messages.

    Raises:
        VoiceFileError: as for :func:`read_voice`.
    """
    _check_envelope(data, where)
    header = _header(data, where)
    meta = _metadata(header.get("__metadata__"), where)
    try:
        arrays = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise VoiceFileError(f"{where} is corrupt or truncated") from error
    _check_arrays(arrays, where)
    _check_metadata(meta, where)
    fields: dict[str, Any] = {k: getattr(meta, k) for k in _Metadata.__dataclass_fields__}
    fields.update({k: {p.name: p.weight for p in getattr(meta, k)} for k in _SHARES})
    fields.update(arrays)
    return Voice(**fields)


def _check_envelope(data: bytes, where: str) -> None:
    if not data:
        raise VoiceFileError(f"{where} is empty", f"Name a {SUFFIX} file.")
    header_ok = len(data) > 9 and data[8:9] == b"{"
    if not header_ok and data.startswith(_PICKLE_STARTS):
        raise VoiceFileError(
            f"{where} is a pickle or an archive, which could hold code, and is refused",
            f"Name a {SUFFIX} file.",
        )
    if not header_ok or len(data) > MAX_FILE_BYTES:
        raise VoiceFileError(f"{where} is not a voice file", f"Name a {SUFFIX} file.")


def _header(data: bytes, where: str) -> dict[str, Any]:
    """The safetensors header, checked before the library sees the file."""
    size = struct.unpack_from("<Q", data)[0]
    if size > min(_MAX_HEADER, len(data) - 8):
        raise VoiceFileError(f"{where} is corrupt, truncated or not a voice file")
    try:
        header = json.loads(data[8 : 8 + size])
    except (ValueError, RecursionError) as error:
        raise VoiceFileError(f"{where} is corrupt") from error
    if not isinstance(header, dict):
        raise VoiceFileError(f"{where} is corrupt")
    return header


def _metadata(raw: Any, where: str) -> _Metadata:
    if not isinstance(raw, dict) or raw.get("format") != FORMAT or "voice" not in raw:
        raise VoiceFileError(
            f"{where} is a tensor file of another kind, not a voice", f"Name a {SUFFIX} file."
        )
    if raw.get("format_version") != str(FORMAT_VERSION):
        raise VoiceFileError(
            f"{where} has the format version {str(raw.get('format_version'))[:20]!r}, "
            f"this program reads {FORMAT_VERSION}", "Update the program, or make the voice again."
        )
    try:
        return from_dict(_Metadata, json.loads(raw["voice"]), where)
    except ModelFileError as error:
        raise VoiceFileError(str(error)[:500]) from error
    except (ValueError, TypeError, RecursionError) as error:
        raise VoiceFileError(f"{where} is corrupt: its description cannot be read") from error


def _check_metadata(meta: _Metadata, where: str) -> None:
    texts = (meta.model, meta.revision, meta.prompt_text, meta.consent, meta.consent_date,
             meta.source_hash, meta.created, *meta.languages)
    if any(len(text) > MAX_TEXT for text in texts) or len(meta.languages) > _MAX_PARENTS:
        raise VoiceFileError(f"{where}: a text in its description is too long")
    if not meta.model:
        raise VoiceFileError(f"{where} does not say which model it was made for")
    if not 1 <= meta.preview_rate <= 192000:
        raise VoiceFileError(f"{where} has a preview of {meta.preview_rate} Hz")
    if not 0.0 <= meta.pitch_hz <= _MAX_PITCH_HZ:  # also refuses NaN
        raise VoiceFileError(f"{where} has a pitch of {meta.pitch_hz} Hz")
    shares = (*meta.parents, *meta.prosody)
    if max(len(meta.parents), len(meta.prosody)) > _MAX_PARENTS:
        raise VoiceFileError(f"{where} has more than {_MAX_PARENTS} parents")
    for parent in shares:
        if not 0.0 <= parent.weight <= 1.0:  # also refuses NaN
            raise VoiceFileError(f"{where} has a parent of weight {parent.weight}")
    try:
        for name in (meta.name, *(p.name for p in shares)):
            if name and check_name(name) != name:
                raise OptionError(f"The name {ascii(name)} is not in normal form")
        if check_tags(meta.tags) != meta.tags:
            raise OptionError("Its tags are not in normal form")
    except OptionError as error:
        raise VoiceFileError(f"{where}: {error.message}") from error


def _check_arrays(arrays: dict[str, np.ndarray], where: str) -> None:
    if unknown := sorted(set(arrays) - set(_ARRAYS)):
        raise VoiceFileError(f"{where} has unknown parts: {', '.join(unknown)[:200]}")
    if missing := sorted(set(_ARRAYS) - _OPTIONAL - set(arrays)):
        raise VoiceFileError(f"{where} lacks {', '.join(missing)}")
    for name, array in arrays.items():
        dtype, most = _ARRAYS[name]
        if array.dtype != dtype or array.ndim != 1 or len(array) > most:
            raise VoiceFileError(
                f"{where}: {name} is {array.dtype} {array.shape}, not {dtype} (up to {most},)"
            )
    timbre = arrays["timbre"]
    if not len(timbre) or not np.isfinite(timbre).all() or not timbre.any():
        raise VoiceFileError(f"{where}: its timbre is empty or not finite")
    equalizer = arrays.get("equalizer", np.zeros(BANDS, np.float32))
    if not usable(equalizer):
        raise VoiceFileError(f"{where}: its equalizer does not have {BANDS} usable gains")
    for name in ("prompt_codes", "prompt_phonemes"):
        values = arrays[name]
        if len(values) and not 0 <= values.min() <= values.max() < _MAX_CODE:
            raise VoiceFileError(f"{where}: {name} has rows out of range")
