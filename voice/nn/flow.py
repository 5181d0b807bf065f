"""WaveNet and the normalising flow of VITS (Kim et al. 2021, arXiv 2106.06103).

Mean-only affine couplings with a channel flip after each. Axes: B batch, C channels, F frames,
D width of the condition.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from voice.spec.vits import FlowSpec


class WaveNet(nn.Module):
    """Gated convolutions with residual and skip paths, conditioned by one vector a row.

    Args:
        width: C.
        kernel: odd size of the convolutions.
        layers: number of them.
        condition: D.
    """

    def __init__(self, width: int, kernel: int, layers: int, condition: int) -> None:
        super().__init__()
        self.width = width
        self.condition = nn.Linear(condition, 2 * width * layers)
        self.gates = nn.ModuleList(
            nn.Conv1d(width, 2 * width, kernel, padding=kernel // 2) for _ in range(layers)
        )
        self.mixes = nn.ModuleList(
            nn.Conv1d(width, width if i == layers - 1 else 2 * width, 1) for i in range(layers)
        )
        for conv in self.gates:
            nn.init.xavier_uniform_(conv.weight)  # pyright: ignore[reportArgumentType]
        nn.init.normal_(self.condition.weight, std=0.5 * condition**-0.5)
        nn.init.zeros_(self.condition.bias)

    def forward(self, x: Tensor, mask: Tensor, condition: Tensor) -> Tensor:
        """(B, C, F), (B, 1, F) and (B, D) to (B, C, F)."""
        total = torch.zeros_like(x)
        biases = self.condition(condition)[..., None].chunk(len(self.gates), 1)
        for gate, mix, bias in zip(self.gates, self.mixes, biases, strict=True):
            value, opening = (gate(x) + bias).chunk(2, 1)
            y = mix(torch.tanh(value) * torch.sigmoid(opening))
            if y.shape[1] == 2 * self.width:
                x = (x + y[:, : self.width]) * mask
                total = total + y[:, self.width :]
            else:
                total = total + y
        return total * mask


class Coupling(nn.Module):
    """Moves one half of the channels by what a WaveNet makes of the other half.

    Args:
        spec: sizes of the WaveNet.
        channels: C, even.
        condition: D.
    """

    def __init__(self, spec: FlowSpec, channels: int, condition: int) -> None:
        super().__init__()
        self.input = nn.Conv1d(channels // 2, spec.width, 1)
        self.net = WaveNet(spec.width, spec.kernel, spec.layers, condition)
        self.output = nn.Conv1d(spec.width, channels // 2, 1)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)  # pyright: ignore[reportArgumentType]

    def forward(self, x: Tensor, mask: Tensor, condition: Tensor, reverse: bool) -> Tensor:
        """(B, C, F) to (B, C, F); ``reverse`` undoes it."""
        still, moved = x.chunk(2, 1)
        shift = self.output(self.net(self.input(still) * mask, mask, condition)) * mask
        moved = (moved - shift) if reverse else (moved + shift)
        return torch.cat([still, moved * mask], 1)


class Flow(nn.Module):
    """Couplings with a flip of the channels after each (before each when undone).

    Args:
        spec: sizes.
        channels: C.
        condition: D.
    """

    def __init__(self, spec: FlowSpec, channels: int, condition: int) -> None:
        super().__init__()
        self.couplings = nn.ModuleList(
            Coupling(spec, channels, condition) for _ in range(spec.couplings)
        )

    def forward(self, z: Tensor, mask: Tensor, timbre: Tensor, reverse: bool = False) -> Tensor:
        """Maps posterior samples to the prior's space, or back.

        Args:
            z: (B, C, F).
            mask: (B, 1, F) float.
            timbre: (B, D).
            reverse: from the prior's space to the latent that is decoded.

        Returns:
            (B, C, F). Volumes are kept: the log-determinant is 0.
        """
        if reverse:
            for coupling in reversed(self.couplings):
                z = coupling(z.flip(1), mask, timbre, True)
        else:
            for coupling in self.couplings:
                z = coupling(z, mask, timbre, False).flip(1)
        return z
