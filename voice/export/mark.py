"""The inaudible mark as a graph: sound to marked sound, at the model's own sample rate.

The same network as :mod:`voice.audio.watermark` (Perth, Resemble AI, MIT licence), with resampling
and transforms as convolutions. Axes: N samples, M samples at 8 kHz, K bins below 2 kHz, F frames.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from voice.audio.watermark import watermarker
from voice.export.graphs import Graph
from voice.export.layers import angles

RATE = 8000
_FFT, _HOP, _BINS = 512, 80, 128
_SCALE, _FLOOR, _FLOOR_DB, _RANGE_DB = 4.0, 1e-9, -180.0, 195.0
_ACTIVE = 0.05
_TAPS = 16
"""Of the resampling filter, to each side, in samples at 8 kHz."""
_SPARE = 1600
"""Silence behind the sound, so that the shortest is long enough for the network."""
_FADE_SECONDS = 0.005


def mark_graphs(sample_rate: int) -> list[Graph]:
    """The graph that marks; none at rates that are no multiple of 8 kHz."""
    if sample_rate % RATE:
        return []
    example = {"samples": torch.linspace(-0.5, 0.5, sample_rate)[None]}
    return [Graph("mark", "mark", "Puts the inaudible mark into a piece of sound.",
                  Mark(sample_rate), example, {"samples": {1: "N"}}, {"marked": (1, "N")})]


class Mark(nn.Module):
    """See :meth:`voice.audio.watermark.Watermarker.embed`.

    Args:
        sample_rate: a multiple of 8000 Hz.
    """

    def __init__(self, sample_rate: int) -> None:
        super().__init__()
        self.encoder = watermarker().encoder
        self.ratio = sample_rate // RATE
        self.fade = round(_FADE_SECONDS * sample_rate)
        taps = _TAPS * self.ratio
        place = np.arange(-taps, taps + 1)
        kernel = np.sinc(place / self.ratio) * np.kaiser(2 * taps + 1, 8.0)
        kernel = torch.from_numpy((kernel / kernel.sum()).astype(np.float32))
        self.register_buffer("kernel", kernel[None, None], persistent=False)
        self.register_buffer("window", torch.hann_window(_FFT), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        """(1, N) to (1, N) float32 in [-1, 1]."""
        taps, ratio = _TAPS * self.ratio, self.ratio
        padded = functional.pad(samples[:, None], (taps, taps + ratio))
        low = functional.conv1d(padded, self.kernel, stride=ratio)  # type: ignore[arg-type]
        added = self._added(functional.pad(low, (0, _SPARE)))
        high = functional.conv_transpose1d(
            added, self.kernel * ratio, stride=ratio)  # type: ignore[operator]
        high = high[:, 0, taps : taps + samples.shape[1]]
        place = torch.ones_like(samples).cumsum(1) - 0.5
        behind = place.flip(1)
        near = torch.minimum(place, behind) / self.fade
        return (samples + high * (0.5 - 0.5 * torch.cos(math.pi * near.clamp(max=1)))).clamp(-1, 1)

    def _added(self, low: Tensor) -> Tensor:
        """What is added to sound at 8 kHz, (1, 1, M) to the same."""
        turns = angles(_BINS, _FFT, _FFT)
        window: Tensor = self.window  # type: ignore[assignment]
        cosine, sine = turns.cos()[:, None] * window, -turns.sin()[:, None] * window
        half = _FFT // 2
        padded = functional.pad(low, (half, half), mode="reflect")
        real = functional.conv1d(padded, cosine, stride=_HOP)
        imaginary = functional.conv1d(padded, sine, stride=_HOP)
        size = (real.square() + imaginary.square()).sqrt()
        levels = (20 / math.log(10) * (_SCALE * size).clamp_min(_FLOOR).log() - _FLOOR_DB)
        levels = levels / _RANGE_DB
        sums = levels.sum(1, keepdim=True)
        active = (sums > sums.amax(2, keepdim=True) * _ACTIVE).float()
        gain = torch.exp(self.encoder(levels) * active * (_RANGE_DB / 20 * math.log(10))) - 1
        # The inverse: every bin but the first has a mirror image.
        weight = torch.full((_BINS, 1, 1), 2.0 / _FFT)
        weight[0] = 1.0 / _FFT
        back = functional.conv_transpose1d(real * gain, weight * cosine, stride=_HOP)
        back = back + functional.conv_transpose1d(imaginary * gain, weight * sine, stride=_HOP)
        power = functional.conv_transpose1d(torch.ones_like(real[:, :1]),
                                            window.square()[None, None], stride=_HOP)
        back = back / power.clamp_min(1e-6)
        # A last frame may end before the sound does; nothing is added there.
        return functional.pad(back[:, :, half:-half], (0, _HOP))[:, :, : low.shape[2]]
