"""What all decoders of GPT-SoVITS share: codes, phonemes and a timbre to a state of content.

Source: GPT-SoVITS (https://github.com/RVC-Boss/GPT-SoVITS, MIT); written anew.
Axes: B batch, T codes, P phonemes, F frames of the state (``stretch`` a code), W encoder width,
K spectrum bins, D timbre width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from voice.errors import OptionError
from voice.models.prior import PriorEncoder
from voice.nn.conv import frame_mask
from voice.nn.quantize import Codebook
from voice.nn.style import StyleEncoder
from voice.spec.flow_matching import FlowMatchingSpec
from voice.spec.vits import VitsSpec


class ContentPrior(nn.Module):
    """Codebook, tokenizer head, timbre encoder and prior encoder.

    Args:
        spec: sizes of the whole decoder.
    """

    def __init__(self, spec: VitsSpec | FlowMatchingSpec) -> None:
        super().__init__()
        style = spec.timbre
        self.timbre_spec = style
        self.codebook = Codebook(spec.codes, spec.code_width)
        self.content_projection = (
            nn.Conv1d(spec.content_width, spec.code_width, spec.stretch, spec.stretch)
            if spec.content_width else None
        )
        self.style = StyleEncoder(style)
        self.speaker = nn.Linear(style.speaker_width, style.width) if style.speaker_width else None
        self.speaker_gate = nn.PReLU(style.width) if style.speaker_width else None
        self.content_timbre = (
            nn.Linear(style.width, style.content_width)
            if style.content_width != style.width else None
        )
        self.encoder = PriorEncoder(spec)

    def timbre(
        self, spectrum: Tensor, lengths: Tensor | None = None, speaker: Tensor | None = None
    ) -> Tensor:
        """How the voices of references sound.

        Args:
            spectrum: (B, K, F) as ``spec.timbre.spectrum``; further bins are ignored.
            lengths: (B,) int64 frames of each row, all F if not given.
            speaker: (B, S) speaker-verification vectors, for a model that takes them.

        Returns:
            (B, D) float32.
        """
        style = self.timbre_spec
        if lengths is None:
            lengths = torch.full((len(spectrum),), spectrum.shape[2], device=spectrum.device)
        mask = frame_mask(lengths, spectrum.shape[2])
        result = self.style((spectrum[:, : style.bins] - style.mean) / style.scale, mask)
        if self.speaker is None or self.speaker_gate is None:
            return result
        if speaker is None:
            raise OptionError("this model's timbre needs a speaker vector beside the spectrum")
        return self.speaker_gate(result + self.speaker(speaker))

    def tokens(self, features: Tensor) -> Tensor:
        """Codes of content features, for a file with its own tokenizer head.

        Args:
            features: (B, frames, content width) float, two frames a code; an odd last is dropped.

        Returns:
            (B, T) int64.
        """
        if self.content_projection is None:
            raise OptionError("this decoder has no tokenizer head", "Use the model's tokenizer.")
        return self.codebook.nearest(self.content_projection(features.mT).mT)

    def state(  # noqa: PLR0913 - one meaning each
        self,
        codes: Tensor,
        code_lengths: Tensor,
        phoneme_ids: Tensor,
        phoneme_lengths: Tensor,
        timbre: Tensor,
        speed: float = 1.0,
        *,
        spoken: Tensor | None = None,
    ) -> tuple[Tensor, Tensor]:
        """What is said.

        Args:
            codes: (B, T) int64; anything valid behind a row's length.
            code_lengths: (B,) int64.
            phoneme_ids: (B, P) int64; anything valid behind a row's length.
            phoneme_lengths: (B,) int64, at least 1.
            timbre: (B, D).
            speed: stretches time by its inverse.
            spoken: (B, T) int64, which of its row's phonemes each code says, negative where that
                is not known; for a model that reads.

        Returns:
            The state (B, F, W), F = stretch * T at speed 1, and its lengths (B,).
        """
        inner = timbre if self.content_timbre is None else self.content_timbre(timbre)
        state = self.encoder.encode(
            self.codebook(codes), code_lengths, (phoneme_ids, phoneme_lengths), inner, spoken
        )
        lengths = code_lengths * self.encoder.stretch
        if speed != 1:
            state, lengths = self.encoder.restretch(state, lengths, speed)
        return state, lengths
