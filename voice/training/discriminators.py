"""Discriminators of waveforms: by period and by spectrum, narrow enough for small machines.

Multi-period discriminator of HiFi-GAN (arXiv 2010.05646) and multi-resolution discriminator of
UnivNet (arXiv 2106.07889). Axes: B batch, N samples.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.parametrizations import weight_norm

PERIODS = (2, 3, 5, 7, 11)
RESOLUTIONS = (2048, 1024, 512)


class _Stack(nn.Module):
    """Convolutions whose inner features are kept."""

    def __init__(self, convolutions: list[nn.Conv2d], out: nn.Conv2d) -> None:
        super().__init__()
        self.convolutions = nn.ModuleList(weight_norm(c) for c in convolutions)
        self.out = weight_norm(out)

    def run(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        features = []
        for convolution in self.convolutions:
            x = functional.leaky_relu(convolution(x), 0.1)
            features.append(x)
        return self.out(x).flatten(1), features


class PeriodDiscriminator(_Stack):
    """Judges samples a period apart.

    Args:
        period: in samples.
        width: channels of the first convolution; doubled by the next ones.
    """

    def __init__(self, period: int, width: int) -> None:
        widths = [1, width, 2 * width, 4 * width, 4 * width]
        convolutions = [
            nn.Conv2d(a, b, (5, 1), (3, 1), (2, 0))
            for a, b in zip(widths, widths[1:], strict=False)
        ]
        super().__init__(convolutions, nn.Conv2d(widths[-1], 1, (3, 1), padding=(1, 0)))
        self.period = period

    def forward(self, audio: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(B, N) to scores (B, n) and inner features."""
        audio = functional.pad(audio, (0, -audio.shape[1] % self.period))
        return self.run(audio.reshape(len(audio), 1, -1, self.period))


class SpectrumDiscriminator(_Stack):
    """Judges the magnitude spectrum.

    Args:
        size: of the transform, samples.
        width: channels.
    """

    def __init__(self, size: int, width: int) -> None:
        convolutions = [
            nn.Conv2d(1, width, (9, 3), (2, 1), (4, 1)),  # most of the work is in the first two
            *(nn.Conv2d(width, width, (9, 3), (2, 1), (4, 1)) for _ in range(3)),
            nn.Conv2d(width, width, (3, 3), padding=(1, 1)),
        ]
        super().__init__(convolutions, nn.Conv2d(width, 1, (3, 3), padding=(1, 1)))
        self.size = size

    def forward(self, audio: Tensor) -> tuple[Tensor, list[Tensor]]:
        """(B, N) to scores (B, n) and inner features."""
        window = torch.hann_window(self.size, device=audio.device)
        with torch.autocast(audio.device.type, enabled=False):
            spectrum = torch.stft(
                audio.float(), self.size, self.size // 4, window=window, return_complex=True
            ).abs()
        return self.run(torch.log(spectrum[:, None] + 1e-3))


class Discriminators(nn.Module):
    """All of them.

    Args:
        width: channels of the narrowest convolution.
    """

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.judges = nn.ModuleList(
            [PeriodDiscriminator(p, width) for p in PERIODS]
            + [SpectrumDiscriminator(s, width) for s in RESOLUTIONS]
        )

    def forward(
        self, audio: Tensor, pick: list[int] | None = None
    ) -> tuple[list[Tensor], list[list[Tensor]]]:
        """Scores and features of each discriminator.

        Args:
            audio: (B, N).
            pick: only these discriminators (one in turn saves time on a CPU).
        """
        judges = [self.judges[i] for i in (range(len(self.judges)) if pick is None else pick)]
        results = [judge(audio.float()) for judge in judges]
        return [r[0] for r in results], [r[1] for r in results]
