"""The velocity of a flow from noise to mel bands, guided by content features and a prompt.

Source: F5-TTS (Chen et al. 2024, arXiv 2410.06885) as GPT-SoVITS v3 changed it
(https://github.com/RVC-Boss/GPT-SoVITS, MIT), with the step size as a second time (shortcut models,
Frans et al. 2024, 2410.12557); written anew.
Axes: B batch, M mel bands, F frames, W width of the features, D width.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from voice.nn.dit import (
    EPSILON,
    ConvolutionalPositions,
    DitBlock,
    GlobalResponseBlock,
    TimeEmbedding,
    rotation,
)
from voice.spec.flow_matching import EstimatorSpec


class Estimator(nn.Module):
    """The Transformer.

    Args:
        spec: sizes.
        bands: M.
        features: W.
    """

    positions: Tensor

    def __init__(self, spec: EstimatorSpec, bands: int, features: int) -> None:
        super().__init__()
        self.spec = spec
        width = spec.width
        self.time = TimeEmbedding(width, spec.time_width)
        self.step = TimeEmbedding(width, spec.time_width)
        self.guides = nn.Sequential(*(
            GlobalResponseBlock(features, spec.text_hidden, spec.text_kernel)
            for _ in range(spec.text_layers)
        ))
        self.input = nn.Linear(2 * bands + features, width)
        self.place = ConvolutionalPositions(width, spec.position_kernel, spec.position_groups)
        self.blocks = nn.ModuleList(
            DitBlock(width, spec.heads, spec.hidden) for _ in range(spec.layers)
        )
        self.condition = nn.Linear(width, 2 * width)
        self.norm = nn.LayerNorm(width, EPSILON, elementwise_affine=False)
        self.output = nn.Linear(width, bands)
        table = guide_positions(spec.text_positions, features)
        self.register_buffer("positions", table, persistent=False)

    def guide(self, features: Tensor) -> Tensor:
        """Content features as the Transformer takes them; the same at every time.

        Args:
            features: (B, F, W); zeros leave the content open.

        Returns:
            (B, F, W).
        """
        place = torch.arange(features.shape[1], device=features.device)
        place = place.clamp(max=self.spec.text_positions - 1)
        return self.guides(features + self.positions[place].to(features))

    def forward(
        self, x: Tensor, prompt: Tensor, times: Tensor, guide: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """The velocity.

        Args:
            x: (B, M, F), where the flow is.
            prompt: (B, M, F), mel of the prompt, 0 behind it.
            times: (2, B): time and step size.
            guide: (B, F, W) of :meth:`guide`.
            mask: (B, F) bool, False behind a row's length; None where rows are full.

        Returns:
            (B, M, F).
        """
        time = functional.silu(self.time(times[0]) + self.step(times[1]))
        x = self.place(self.input(torch.cat([x.mT, prompt.mT, guide], -1)))
        turn = rotation(x.shape[1], self.spec.rotated, x)
        for block in self.blocks:
            x = block(x, time, turn, mask)
        scale, shift = self.condition(time)[:, None].chunk(2, -1)
        return self.output(self.norm(x) * (1 + scale) + shift).mT


def guide_positions(rows: int, width: int) -> Tensor:
    """(rows, width) float32: cosines in the first half, sines in the second, base 10000."""
    rates = 1 / 10000 ** (torch.arange(0, width, 2).float() / width)
    angles = torch.outer(torch.arange(rows).float(), rates)
    return torch.cat([angles.cos(), angles.sin()], -1)


def integrate(
    estimator: Estimator, features: Tensor, prompt: Tensor, noise: Tensor, steps: int,
    guidance: float = 0.0,
) -> Tensor:
    """Follows the flow from noise to mel bands, in equal steps.

    Args:
        estimator: of the velocity.
        features: (B, F, W).
        prompt: (1 or B, M, P), P <= F: mel of the first frames.
        noise: (B, M, F).
        steps: at least 1.
        guidance: how far to go beyond what content and prompt add; production takes 0.

    Returns:
        (B, M, F); zeros where the prompt is.
    """
    frames = prompt.shape[2]
    known = functional.pad(prompt, (0, noise.shape[2] - frames)).expand_as(noise)
    guide = estimator.guide(features)
    free = estimator.guide(torch.zeros_like(features)) if guidance else None
    x, size = noise.clone(), 1 / steps
    x[..., :frames] = 0
    time = 0.0
    for _ in range(steps):
        times = x.new_tensor([[time], [size]]).expand(2, len(x))
        velocity = estimator(x, known, times, guide)
        if free is not None:
            alone = estimator(x, torch.zeros_like(known), times, free)
            velocity = velocity + (velocity - alone) * guidance
        x = x + size * velocity
        x[..., :frames] = 0
        time += size
    return x
