"""Voices of a bundle: what enrolling computes, in a small file, so that a phone need not.

A file is safetensors; its metadata has one key, ``voice``, with JSON.

| tensor | dtype, axes | meaning |
| --- | --- | --- |
| ``timbre`` | float32 (D,) | how it sounds |
| ``prompt_codes`` | int32 (Q,) | tokens that the language model continues; Q may be 0 |
| ``prompt_phonemes`` | int32 (P,) | what is said in them, rows of the symbol table |
| ``prompt_spoken`` | int32 (Q,) or (0,) | which of the phonemes each token says; (0,): not known |
| ``equalizer`` | float32 (K,) or (0,) | gains in dB that its sound gets; (0,): none |
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from voice.audio.equalizer import BANDS, usable
from voice.errors import ModelFileError, VoiceFileError
from voice.spec.load import from_dict
from voice.synth.voicefile import Voice

_MOST_BYTES = 1 << 22
_TENSORS = {"timbre": "float32", "prompt_codes": "int32", "prompt_phonemes": "int32",
            "prompt_spoken": "int32", "equalizer": "float32"}


@dataclass(frozen=True)
class _Description:
    name: str
    model: str
    revision: str
    languages: tuple[str, ...]
    consent: str
    consent_date: str
    source_hash: str
    pitch_hz: float = 0.0


@dataclass(frozen=True, eq=False)
class BundleVoice:
    """A voice and which phoneme each of its tokens says.

    Attributes:
        voice: see :class:`Voice`.
        spoken: (Q,) int64, or None if not known.
    """

    voice: Voice
    spoken: np.ndarray | None = None


def voice_bytes(voice: BundleVoice) -> bytes:
    """The content of a voice's file, the same bytes each time."""
    own = voice.voice
    text = json.dumps(asdict(_Description(
        own.name, own.model, own.revision, own.languages, own.consent, own.consent_date,
        own.source_hash, own.pitch_hz)), ensure_ascii=False, separators=(",", ":"))
    spoken = np.zeros(0) if voice.spoken is None else voice.spoken
    arrays = {"timbre": own.timbre, "prompt_codes": own.prompt_codes,
              "prompt_phonemes": own.prompt_phonemes, "prompt_spoken": spoken,
              "equalizer": np.zeros(0) if own.equalizer is None else own.equalizer}
    plain = {k: np.ascontiguousarray(v, _TENSORS[k]) for k, v in arrays.items()}
    return save(plain, {"voice": text})


def read_bundle_voice(path: Path) -> BundleVoice:
    """Reads a voice of a bundle.

    Raises:
        VoiceFileError: the file is missing, damaged or of another kind.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise VoiceFileError(f"{path}: too large for a voice")
        with safe_open(path, "np") as file:
            text = (file.metadata() or {}).get("voice", "")
            arrays = {k: file.get_tensor(k) for k in file.keys()}  # noqa: SIM118 (not a dict)
        known = from_dict(_Description, json.loads(text), str(path))
    except (OSError, SafetensorError, ValueError, ModelFileError) as error:
        raise VoiceFileError(f"{path}: not a usable voice of a bundle",
                             "Copy or export the bundle again.") from error
    if {k: str(v.dtype) for k, v in arrays.items()} != _TENSORS:
        raise VoiceFileError(f"{path}: other tensors than a bundle's voice has")
    gains = arrays["equalizer"]
    if len(gains) and not usable(gains):
        raise VoiceFileError(f"{path}: its equalizer does not have {BANDS} usable gains")
    spoken = arrays["prompt_spoken"].astype(np.int64)
    voice = Voice(
        name=known.name, model=known.model, timbre=arrays["timbre"], revision=known.revision,
        prompt_codes=arrays["prompt_codes"].astype(np.int64),
        prompt_phonemes=arrays["prompt_phonemes"].astype(np.int64), languages=known.languages,
        consent=known.consent, consent_date=known.consent_date, source_hash=known.source_hash,
        pitch_hz=known.pitch_hz, equalizer=gains if len(gains) else None,
    )
    return BundleVoice(voice, spoken if len(spoken) else None)
