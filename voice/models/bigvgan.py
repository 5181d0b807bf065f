"""BigVGAN v2: mel bands to samples, the vocoder of official v3 models.

Source: BigVGAN (Lee et al. 2023, arXiv 2206.04658; NVIDIA, MIT), written anew.
Axes: B batch, M mel bands, F mel frames, N samples.
"""

from __future__ import annotations

from torch import Tensor, nn

from voice.nn.snake import SmoothSnake, SnakeBlock
from voice.spec.mel_vocoder import BigvganSpec


class BigvganVocoder(nn.Module):
    """Transposed convolutions, each followed by the mean of parallel blocks of snakes.

    Args:
        spec: sizes.
    """

    def __init__(self, spec: BigvganSpec) -> None:
        super().__init__()
        self.spec = spec
        width = spec.initial_width
        self.input = nn.Conv1d(spec.bands, width, 7, padding=3)
        self.upsamplers = nn.ModuleList()
        self.blocks = nn.ModuleList()
        for rate, kernel in zip(spec.upsample_rates, spec.upsample_kernels, strict=True):
            self.upsamplers.append(
                nn.ConvTranspose1d(width, width // 2, kernel, rate, padding=(kernel - rate) // 2)
            )
            width //= 2
            self.blocks.extend(
                SnakeBlock(width, k, spec.block_dilations, spec.filter_taps)
                for k in spec.block_kernels
            )
        self.activation = SmoothSnake(width, spec.filter_taps)
        self.output = nn.Conv1d(width, 1, 7, padding=3, bias=False)

    def forward(self, mel: Tensor) -> Tensor:
        """Speaks.

        Args:
            mel: (B, M, F) natural logarithms.

        Returns:
            (B, N) float32 in [-1, 1], N = F * samples a frame.
        """
        return self.unlimited(mel).clamp(-1, 1)

    def unlimited(self, mel: Tensor) -> Tensor:
        """As :meth:`forward`, before what is over full scale is cut off."""
        x, kinds = self.input(mel), len(self.spec.block_kernels)
        for index, upsample in enumerate(self.upsamplers):
            x = upsample(x)
            blocks = list(self.blocks)[index * kinds : (index + 1) * kinds]
            total = blocks[0](x)
            for block in blocks[1:]:
                total = total + block(x)
            x = total / kinds
        return self.output(self.activation(x))[:, 0].float()
