"""Pitch: predicted from what is said and by whom, and told to the waveform decoder.

Tokens say little of the pitch, and a decoder that must guess it blurs the harmonics. So it is
predicted first, as in FastSpeech 2 (Ren et al. 2020, arXiv 2006.04558, 2.3), and the decoder is
given it with the phases of a running sine and its harmonics (neural source-filter models, Wang et
al. 2019, arXiv 1904.12088). In training the decoder sees the recording's own pitch.
Axes: B batch, F latent frames, U pitch values a frame, W state width, D timbre width, C latent.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from voice.spec.vits import PitchSpec

MIDDLE_HZ = 200.0  # the predictor's zero


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
        self.embed = nn.Conv1d(spec.points * (2 + 2 * spec.harmonics), latent, 3, padding=1)
        nn.init.zeros_(self.embed.weight)  # a decoder trained without pitch goes on as it was
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

    def contour(self, state: Tensor, mask: Tensor, timbre: Tensor) -> Pitch:
        """:meth:`predict`, decided."""
        octaves, logits = self.predict(state, mask, timbre)
        inside = mask.repeat_interleave(self.spec.points, 2)[:, 0]
        return Pitch(octaves, (logits > 0).float() * inside)

    def sines(self, pitch: Pitch) -> Tensor:
        """What the decoder is told: (B, U (2 + 2 H), F) float32."""
        hz = MIDDLE_HZ * torch.exp2(pitch.octaves) * pitch.voiced
        cycles = torch.cumsum(hz.double() * self.seconds, 1)
        cycles = (cycles - cycles.floor()).float()
        orders = torch.arange(1, self.spec.harmonics + 1, device=hz.device)
        angles = 2 * math.pi * cycles[..., None] * orders
        told = torch.stack([pitch.octaves, torch.ones_like(hz)], -1)
        told = torch.cat([told, angles.cos(), angles.sin()], -1) * pitch.voiced[..., None]
        width = told.shape[2] * self.spec.points
        return told.reshape(len(told), -1, width).mT

    def forward(self, pitch: Pitch) -> Tensor:
        """(B, C, F), added to the latent."""
        return self.embed(self.sines(pitch))
