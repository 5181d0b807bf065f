"""Pitch: predicted from what is said and by whom, and told to the waveform decoder.

Tokens say little of the pitch, and a decoder that must guess it blurs the harmonics. So it is
predicted first, as in FastSpeech 2 (Ren et al. 2020, arXiv 2006.04558, 2.3); the decoder is given
it, and filters pulses at that pitch (:mod:`voice.nn.source`). In training it is given the
recording's own.
Axes: B batch, F latent frames, U pitch values a frame, W state width, D timbre width, C latent.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from voice.nn.source import told
from voice.spec.vits import PitchSpec

MIDDLE_HZ = 200.0  # the predictor's zero
FEWEST = 5  # voiced values that have a mean worth moving


@dataclass(frozen=True)
class Pitch:
    """A contour.

    Attributes:
        octaves: (B, U * F) above 200 Hz; anything where it is unvoiced.
        voiced: (B, U * F) float, 1 where voiced.
    """

    octaves: Tensor
    voiced: Tensor


class PitchModel(nn.Module):
    """Predictor and embedding.

    Args:
        spec: sizes.
        state: W.
        timbre: D.
        latent: C.
        seconds: between two pitch values.
    """

    def __init__(
        self, spec: PitchSpec, state: int, timbre: int, latent: int, seconds: float
    ) -> None:
        super().__init__()
        self.spec, self.seconds = spec, seconds
        pad = spec.kernel // 2
        self.input = nn.Conv1d(state, spec.width, spec.kernel, padding=pad)
        self.condition = nn.Linear(timbre, spec.width)
        self.layers = nn.ModuleList(
            nn.Conv1d(spec.width, spec.width, spec.kernel, padding=pad) for _ in range(spec.layers)
        )
        self.norms = nn.ModuleList(nn.LayerNorm(spec.width) for _ in range(spec.layers))
        self.output = nn.Conv1d(spec.width, 2 * spec.points, 1)
        self.embed = nn.Conv1d(2 * spec.points, latent, 3, padding=1)
        nn.init.zeros_(self.embed.weight)
        if self.embed.bias is not None:
            nn.init.zeros_(self.embed.bias)

    def predict(self, state: Tensor, mask: Tensor, timbre: Tensor) -> tuple[Tensor, Tensor]:
        """The contour that fits.

        Args:
            state: (B, W, F), of the prior.
            mask: (B, 1, F).
            timbre: (B, D).

        Returns:
            Octaves above 200 Hz and logits of being voiced, both (B, U * F).
        """
        x = self.input(state * mask) + self.condition(timbre)[..., None]
        for layer, norm in zip(self.layers, self.norms, strict=True):
            x = x + norm(functional.gelu(layer(x * mask)).mT).mT
        octaves, logits = self.output(x).float().chunk(2, 1)  # (B, U, F)
        return octaves.mT.flatten(1), logits.mT.flatten(1)

    def contour(
        self, state: Tensor, mask: Tensor, timbre: Tensor, voice_hz: Tensor | None = None
    ) -> Pitch:
        """:meth:`predict`, decided, spread, and moved to the voice's pitch where that is known.

        Args:
            state, mask, timbre: as for :meth:`predict`.
            voice_hz: (B,) the middle pitch of each row's voice, 0 where it is not known.
        """
        octaves, logits = self.predict(state, mask, timbre)
        inside = mask.repeat_interleave(self.spec.points, 2)[:, 0]
        voiced = (logits > 0).float() * inside
        count = voiced.sum(1)
        middle = (octaves * voiced).sum(1) / count.clamp_min(1.0)
        enough = count >= FEWEST
        if self.spec.spread != 1.0:
            more = (self.spec.spread - 1.0) * enough
            octaves = octaves + more[:, None] * (octaves - middle[:, None])
        if voice_hz is not None:
            move = torch.log2(voice_hz.clamp_min(1.0) / MIDDLE_HZ) - middle
            known = (voice_hz > 0) & enough
            octaves = octaves + torch.where(known, move, torch.zeros_like(move))[:, None]
        return Pitch(octaves, voiced)

    def forward(self, pitch: Pitch) -> Tensor:
        """(B, C, F), added to the latent."""
        values = torch.stack([pitch.octaves, torch.ones_like(pitch.voiced)], -1)
        return self.embed(self._by_frame(values * pitch.voiced[..., None]))

    def excitation(self, pitch: Pitch) -> Tensor:
        """(B, 3 U, F) float32 for :class:`voice.nn.source.Source`, carried behind the latent."""
        hz = MIDDLE_HZ * torch.exp2(pitch.octaves.float()) * pitch.voiced
        return self._by_frame(told(hz, self.seconds))

    def _by_frame(self, values: Tensor) -> Tensor:
        """(B, U * F, V) to (B, U V, F)."""
        return values.reshape(len(values), -1, values.shape[2] * self.spec.points).mT
