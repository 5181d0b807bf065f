"""Snake activations without aliasing, and the residual block BigVGAN builds of them.

BigVGAN (Lee et al. 2023, arXiv 2206.04658): the signal is doubled in rate, passed through
``x + sin^2(a x) / b`` with learned a and b of each channel, filtered and halved again; the filters
after StyleGAN3 (Karras et al. 2021, 2106.12423). Axes: B batch, C channels, F frames.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

TINY = 1e-9  # keeps the division finite


def kaiser_lowpass(taps: int) -> Tensor:
    """Windowed sinc that halves the band: cutoff 1/4 of the rate, transition 0.6 of the cutoff.

    Returns:
        (taps,) float32 of sum 1; ``taps`` is even.
    """
    width = 4 * 0.3
    attenuation = 2.285 * (taps // 2 - 1) * math.pi * width + 7.95
    beta = 0.0
    if attenuation > 50:
        beta = 0.1102 * (attenuation - 8.7)
    elif attenuation >= 21:
        beta = 0.5842 * (attenuation - 21) ** 0.4 + 0.07886 * (attenuation - 21)
    window = torch.kaiser_window(taps, periodic=False, beta=beta)
    place = torch.arange(-(taps // 2), taps // 2) + 0.5
    kernel = window * torch.sinc(place / 2) / 2
    return kernel / kernel.sum()


class SmoothSnake(nn.Module):
    """The activation at twice the rate.

    Args:
        width: C.
        taps: of both filters.
    """

    kernel: Tensor

    def __init__(self, width: int, taps: int) -> None:
        super().__init__()
        self.frequency = nn.Parameter(torch.zeros(width))  # both as logarithms
        self.amplitude = nn.Parameter(torch.zeros(width))
        self.register_buffer("kernel", kaiser_lowpass(taps)[None, None], persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, F) to (B, C, F)."""
        taps, (batch, channels, frames) = self.kernel.shape[-1], x.shape
        reach = taps // 2 - 1
        flat = x.reshape(batch * channels, 1, frames)  # one filter for all channels
        flat = functional.pad(flat, (reach, reach), mode="replicate")
        fine = 2 * functional.conv_transpose1d(flat, self.kernel.to(x), stride=2)
        edge = 2 * reach + (taps - 2) // 2
        fine = fine[..., edge:-edge].reshape(batch, channels, 2 * frames)
        rate, gain = self.frequency.exp()[:, None], self.amplitude.exp()[:, None]
        fine = fine + torch.sin(fine * rate).square() / (gain + TINY)
        flat = fine.reshape(batch * channels, 1, 2 * frames)
        flat = functional.pad(flat, (reach, reach + 1), mode="replicate")
        return functional.conv1d(flat, self.kernel.to(x), stride=2).view(x.shape)


class SnakeBlock(nn.Module):
    """Pairs of a dilated and a plain convolution behind activations, each pair with a residual.

    Args:
        width: C.
        kernel: odd.
        dilations: one a pair.
        taps: of the activations' filters.
    """

    def __init__(self, width: int, kernel: int, dilations: tuple[int, ...], taps: int) -> None:
        super().__init__()
        self.dilated = nn.ModuleList(
            nn.Conv1d(width, width, kernel, dilation=d, padding=d * (kernel // 2))
            for d in dilations
        )
        self.plain = nn.ModuleList(
            nn.Conv1d(width, width, kernel, padding=kernel // 2) for _ in dilations
        )
        self.activations = nn.ModuleList(
            SmoothSnake(width, taps) for _ in range(2 * len(dilations))
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, F) to (B, C, F)."""
        for i, (dilated, plain) in enumerate(zip(self.dilated, self.plain, strict=True)):
            y = dilated(self.activations[2 * i](x))
            x = x + plain(self.activations[2 * i + 1](y))
        return x
