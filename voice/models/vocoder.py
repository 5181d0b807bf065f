"""Waveform decoders: the latent and a timbre to samples.

Vocos (Siuzdak 2023, arXiv 2306.00814): ConvNeXt blocks and an inverse Fourier transform, here with
a learned upsampling and the timbre scaling every block; where the pitch is known they filter an
excitation (:mod:`voice.nn.source`). HiFi-GAN (Kong et al. 2020, arXiv
2010.05646), as the official GPT-SoVITS files have it. Both see only ``context_frames`` latent
frames to each side, so that a long latent can be decoded piece by piece.
Axes: B batch, C latent width, F latent frames, D timbre width, N samples, K equaliser bands.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from voice.audio.equalizer import bin_weights
from voice.nn.conv import ConvNeXtBlock
from voice.nn.istft import InverseStft
from voice.nn.resblock import SLOPE, ResidualBlock
from voice.nn.source import VALUES, Source
from voice.spec.mel_vocoder import MelHifiganSpec
from voice.spec.vits import HifiganSpec, VocosSpec

MAX_LOG_MAGNITUDE = 4.6  # of a bin, about ln(100): keeps a bad step finite
FINAL_SLOPE = 0.01  # HiFi-GAN's last leaky ReLU has the default slope


class VocosVocoder(nn.Module):
    """ConvNeXt blocks that predict magnitudes and phases.

    Args:
        spec: sizes.
        latent: C.
        timbre: D.
        sample_rate: of the sound, in Hz.
        excited: whether it filters an excitation, which then follows the latent's C channels; else
            it makes the sound itself.
    """

    nepers: Tensor

    def __init__(
        self, spec: VocosSpec, latent: int, timbre: int, sample_rate: int, excited: bool = False
    ) -> None:
        super().__init__()
        self.spec, self.latent = spec, latent
        self.source = (
            Source(sample_rate, spec.fft_samples, spec.hop_samples) if excited else None
        )
        self.input = nn.Conv1d(
            latent, spec.upsample * spec.width, spec.kernel, padding=spec.kernel // 2
        )
        self.input_norm = nn.LayerNorm(spec.width)
        self.condition = nn.Linear(timbre, spec.condition_width)
        self.blocks = nn.ModuleList(
            ConvNeXtBlock(
                spec.width, spec.block_hidden, spec.kernel, spec.condition_width, 1 / spec.blocks
            )
            for _ in range(spec.blocks)
        )
        self.output_norm = nn.LayerNorm(spec.width)
        bins = spec.fft_samples // 2 + 1
        self.output = nn.Linear(spec.width, bins * (3 if excited else 2))
        nn.init.trunc_normal_(self.output.weight, std=0.02)
        nn.init.zeros_(self.output.bias)
        self.inverse = InverseStft(spec.fft_samples, spec.hop_samples)
        # Gains in dB of the bands to natural logarithms of the bins' magnitudes, (bins, K).
        nepers = bin_weights(spec.fft_samples, sample_rate) * math.log(10) / 20
        self.register_buffer("nepers", torch.from_numpy(nepers).float(), persistent=False)

    @property
    def context_frames(self) -> int:
        """Latent frames to each side that a sample depends on."""
        reach = self.spec.kernel // 2
        overlap = -(-self.spec.fft_samples // self.spec.hop_samples)
        overlap *= 1 if self.source is None else 2  # the excitation's own frames reach as far
        return reach + -(-(self.spec.blocks * reach + overlap) // self.spec.upsample)

    def forward(
        self, z: Tensor, timbre: Tensor, lengths: Tensor | None = None,
        equalizer: Tensor | None = None,
    ) -> Tensor:
        """Decodes.

        Args:
            z: (B, C, F); (B, C + 3 * upsample, F) with an excitation.
            timbre: (B, D).
            lengths: (B,) frames of each row; all F if not given.
            equalizer: (B, K) gains in dB that the magnitudes get, see
                :mod:`voice.audio.equalizer`.

        Returns:
            (B, N) float32, N = F * samples a frame; zeros behind a row's length.
        """
        mask = None
        if lengths is not None:
            z = z * _mask(lengths, z.shape[2])
            mask = _mask(lengths * self.spec.upsample, z.shape[2] * self.spec.upsample)
            mask = mask.transpose(1, 2)
        x = self.input(z[:, : self.latent].to(self.input.weight.dtype))
        x = x.transpose(1, 2).reshape(len(x), -1, self.spec.width)  # (B, upsample * F, width)
        x = self.input_norm(x)
        condition = functional.silu(self.condition(timbre))
        for block in self.blocks:
            x = block(x, condition, mask)
        filters = self.output(self.output_norm(x)).float()
        with torch.autocast(z.device.type, enabled=False):
            gains = None if equalizer is None else (equalizer.float() @ self.nepers.T)[:, None]
            return self.inverse(*self._spectrum(filters, z, gains), mask)

    def _spectrum(
        self, filters: Tensor, z: Tensor, gains: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Real and imaginary parts (B, frames, bins) of the sound."""
        if self.source is None:
            magnitude, phase = filters.chunk(2, -1)
            magnitude = _coloured(magnitude, gains).clamp(max=MAX_LOG_MAGNITUDE).exp()
            return magnitude * phase.cos(), magnitude * phase.sin()
        voice, phase, breath = filters.chunk(3, -1)
        voice, breath = (
            _coloured(x, gains).clamp(max=MAX_LOG_MAGNITUDE).exp() for x in (voice, breath)
        )
        values = z[:, self.latent :].float().mT
        excitation = self.source(values.reshape(len(z), -1, VALUES))
        (a, b), (c, d) = excitation.pulses, excitation.noise
        cos, sin = voice * phase.cos(), voice * phase.sin()
        return a * cos - b * sin + c * breath, a * sin + b * cos + d * breath


class HifiganVocoder(nn.Module):
    """Transposed convolutions, each followed by the mean of parallel residual blocks.

    Args:
        spec: sizes.
        latent: C; mel bands, where the vocoder stands alone.
        timbre: D; 0 for a vocoder that takes none.
    """

    def __init__(self, spec: HifiganSpec, latent: int, timbre: int) -> None:
        super().__init__()
        self.spec = spec
        width = spec.initial_width
        self.input = nn.Conv1d(latent, width, 7, padding=3)
        self.condition = nn.Linear(timbre, width) if timbre else None
        self.upsamplers = nn.ModuleList()
        self.blocks = nn.ModuleList()
        for rate, kernel in zip(spec.upsample_rates, spec.upsample_kernels, strict=True):
            self.upsamplers.append(
                nn.ConvTranspose1d(width, width // 2, kernel, rate, padding=(kernel - rate) // 2)
            )
            width //= 2
            self.blocks.extend(
                ResidualBlock(width, k, spec.block_dilations) for k in spec.block_kernels
            )
        self.output = nn.Conv1d(width, 1, 7, padding=3, bias=spec.final_bias)

    @property
    def context_frames(self) -> int:
        """Latent frames to each side that a sample depends on."""
        spec = self.spec
        block = (max(spec.block_kernels) // 2) * sum(d + 1 for d in spec.block_dilations)
        reach, scale = 3.0, 1  # in latent frames; frames of the current stage a latent frame
        for rate, kernel in zip(spec.upsample_rates, spec.upsample_kernels, strict=True):
            reach += -(-kernel // rate) / scale
            scale *= rate
            reach += block / scale
        return int(reach + 3 / scale) + 1

    def forward(
        self, z: Tensor, timbre: Tensor | None = None, lengths: Tensor | None = None
    ) -> Tensor:
        """Args and result as :meth:`VocosVocoder.forward`."""
        x, scale = z, 1
        mask = None if lengths is None else _mask(lengths, z.shape[2])
        x = self.input(x if mask is None else x * mask)
        if self.condition is not None:
            x = x + self.condition(timbre)[..., None]
        kinds = len(self.spec.block_kernels)
        for index, upsample in enumerate(self.upsamplers):
            x = functional.leaky_relu(x if mask is None else x * mask, SLOPE)
            x = upsample(x)
            scale *= self.spec.upsample_rates[index]
            if lengths is not None:
                mask = _mask(lengths * scale, x.shape[2])
            blocks = list(self.blocks)[index * kinds : (index + 1) * kinds]
            total = blocks[0](x, mask)
            for block in blocks[1:]:
                total = total + block(x, mask)
            x = total / kinds
        x = functional.leaky_relu(x if mask is None else x * mask, FINAL_SLOPE)
        audio = torch.tanh(self.output(x).float())
        return (audio if mask is None else audio * mask)[:, 0]


class MelHifigan(HifiganVocoder):
    """A HiFi-GAN that stands alone, on mel bands: (B, M, F) natural logarithms to (B, N).

    Args:
        spec: sizes.
    """

    def __init__(self, spec: MelHifiganSpec) -> None:
        super().__init__(spec.network, spec.bands, 0)


def make_vocoder(
    spec: VocosSpec | HifiganSpec, latent: int, timbre: int, sample_rate: int,
    excited: bool = False,
) -> VocosVocoder | HifiganVocoder:
    """The waveform decoder that a specification describes; arguments as the classes'."""
    if isinstance(spec, VocosSpec):
        return VocosVocoder(spec, latent, timbre, sample_rate, excited)
    return HifiganVocoder(spec, latent, timbre)


def _coloured(logs: Tensor, gains: Tensor | None) -> Tensor:
    """Logarithms of magnitudes with gains, where there are any."""
    return logs if gains is None else logs + gains


def _mask(lengths: Tensor, size: int) -> Tensor:
    """(B, 1, size) float."""
    return (torch.arange(size, device=lengths.device) < lengths[:, None])[:, None].float()
