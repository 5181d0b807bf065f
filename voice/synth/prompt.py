"""The sound of a prompt, which decoders by flow matching (v3 and v4) continue besides its words.

Axes: M mel bands, F mel frames.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from voice.audio.mel import spectrum
from voice.errors import VoiceFileError
from voice.spec.flow_matching import FlowMatchingSpec

if TYPE_CHECKING:
    from voice.audio.prepare import Prepared
    from voice.checkpoints.store import Model
    from voice.models.flow_matching import AcousticPrompt
    from voice.synth.voicefile import Voice


def mel_of(model: Model, recording: Prepared) -> np.ndarray | None:
    """A recording's prompt as the model's decoder continues it.

    Returns:
        (M * F,) float32 natural logarithms, a band after the other; None for a decoder that
        continues no sound.
    """
    spec = model.spec.decoder
    if not isinstance(spec, FlowMatchingSpec):
        return None
    samples = torch.from_numpy(recording.prompt_at(spec.mel.sample_rate).astype(np.float32))
    return spectrum(samples, spec.mel).flatten().numpy()


def check_prompt(model: Model, voice: Voice) -> None:
    """Refuses a voice without what this model's decoder continues.

    Raises:
        VoiceFileError: the model continues a recording, and the voice has none with its words.
    """
    spec = model.spec.decoder
    if not isinstance(spec, FlowMatchingSpec):
        return
    mel = voice.prompt_mel
    if mel is None or not len(voice.prompt_codes) or not len(voice.prompt_phonemes):
        named = f"voice {voice.name}" if voice.name else "the voice"
        raise VoiceFileError(
            f"{named} has no transcript of its recording, which {model.name} continues",
            "Enroll it again with what the recording says (--reference-text).",
        )
    if not len(mel) or len(mel) % spec.mel.bands or not np.isfinite(mel).all():
        raise VoiceFileError(f"voice {voice.name or ''}: its recording's spectrum is unusable",
                             "Enroll its recordings again with this model.")


def acoustic_prompt(model: Model, voice: Voice) -> AcousticPrompt | None:
    """What the decoder continues of a voice; None for a decoder that continues no sound.

    Raises:
        VoiceFileError: as for :func:`check_prompt`.
    """
    spec = model.spec.decoder
    if not isinstance(spec, FlowMatchingSpec):
        return None
    from voice.models.flow_matching import AcousticPrompt

    check_prompt(model, voice)
    mel = np.asarray(voice.prompt_mel, np.float32).reshape(spec.mel.bands, -1)
    parts = mel, voice.prompt_codes, voice.prompt_phonemes
    return AcousticPrompt(*(torch.from_numpy(np.array(p)).to(model.device) for p in parts))
