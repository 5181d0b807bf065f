"""Semantic tokens to sound; :mod:`voice.synth.finish` makes it fit beside other sound.

Axes: T tokens, P phonemes, N samples.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from voice.decode.alignment import align_codes
from voice.models.vits import DecodeSettings, Vits
from voice.synth.finish import PEAK, fade, finish, frame_levels_db

if TYPE_CHECKING:
    from voice.checkpoints.store import Model
    from voice.models.flow_matching import AcousticPrompt

__all__ = ["PEAK", "Utterance", "decode", "fade", "finish", "frame_levels_db"]


@dataclass(frozen=True, eq=False)
class Utterance:
    """What the decoder is given.

    Attributes:
        codes: (T,) int64, T >= 1.
        phoneme_ids: (P,) int64; P may be 0 where nothing was read of the tokens.
        timbre: (D,) float32.
        noise_scale, speed: see the settings.
        seed: of the noise.
        prompt: what a decoder that continues sound continues; None for others.
        steps: of such a decoder; 0 takes what its specification says.
        voice_hz: middle pitch of the voice, 0 where unknown.
        equalizer: (K,) dB, see :mod:`voice.audio.equalizer`; None for sound as it is.
    """

    codes: np.ndarray
    phoneme_ids: np.ndarray
    timbre: np.ndarray
    noise_scale: float
    speed: float
    seed: int
    prompt: AcousticPrompt | None = None
    steps: int = 0
    voice_hz: float = 0.0
    equalizer: np.ndarray | None = None


def decode(model: Model, utterance: Utterance) -> np.ndarray:
    """The sound of tokens, as the model makes it and the voice's equaliser colours it.

    Returns:
        (N,) float32.
    """
    device = model.device
    codes = torch.from_numpy(np.asarray(utterance.codes, np.int64))[None].to(device)
    ids = np.asarray(utterance.phoneme_ids, np.int64)
    ids = ids if len(ids) else np.zeros(1, np.int64)  # the decoder takes one at least: padding
    phonemes = torch.from_numpy(ids)[None].to(device)
    timbre = torch.from_numpy(np.asarray(utterance.timbre, np.float32))[None].to(device)
    lengths = [torch.tensor([x.shape[1]], device=device) for x in (codes, phonemes)]
    settings = DecodeSettings(
        utterance.noise_scale, utterance.speed, [torch.Generator().manual_seed(utterance.seed)],
        utterance.steps, [utterance.voice_hz], _spoken(model, utterance.codes, ids),
        _equalizer(model, utterance),
    )
    more = {} if utterance.prompt is None else {"prompt": utterance.prompt}
    audio = model.decoder.decode(
        codes, lengths[0], phonemes, lengths[1], timbre, settings, **more
    )
    return np.nan_to_num(audio[0].float().cpu().numpy())


def _equalizer(model: Model, utterance: Utterance) -> torch.Tensor | None:
    """(1, K) for a model whose voices have one; None where this voice has none."""
    if utterance.equalizer is None or not model.spec.equalized:
        return None
    return torch.from_numpy(np.asarray(utterance.equalizer, np.float32))[None].to(model.device)


def _spoken(model: Model, codes: np.ndarray, ids: np.ndarray) -> torch.Tensor | None:
    """Which phoneme each code says, (1, T), for a decoder that reads; None where not known."""
    if not (isinstance(model.decoder, Vits) and model.decoder.spec.prior.reads and model.reads):
        return None
    spoken = align_codes(model.tokenizer, codes, ids)
    return torch.from_numpy(spoken.astype(np.int64))[None].to(model.device) if len(spoken) else None
