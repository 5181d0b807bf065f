"""ERes2NetV2: a recording to a vector of the speaker, for official v2Pro and v2ProPlus decoders.

Source: ERes2NetV2 (Chen et al. 2024, arXiv 2406.02167; 3D-Speaker, Apache 2.0), written anew.
The decoders take the fused map before the network's own pooling, averaged over time.
Axes: B batch, C channels, K bands, F frames of 10 ms, D = width of the vector.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from voice.audio.kaldi import kaldi_filterbank
from voice.spec.speaker import SpeakerSpec

FUSED_STAGES = (2, 3)  # their blocks weigh their parts against each other


class Fusion(nn.Module):
    """Attentional feature fusion: how much of each of two maps, place by place.

    Args:
        width: C.
        reduction: of the bottleneck.
    """

    def __init__(self, width: int, reduction: int) -> None:
        super().__init__()
        inner = width // reduction
        self.reduce = nn.Conv2d(2 * width, inner, 1)
        self.reduce_norm = nn.BatchNorm2d(inner)
        self.restore = nn.Conv2d(inner, width, 1)
        self.restore_norm = nn.BatchNorm2d(width)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Two (B, C, K, F) to one."""
        inner = functional.silu(self.reduce_norm(self.reduce(torch.cat([x, y], 1))))
        share = torch.tanh(self.restore_norm(self.restore(inner)))
        return x * (1 + share) + y * (1 - share)


class SplitBlock(nn.Module):
    """A residual block whose channels are convolved in parts, each taking in the one before.

    Args:
        spec: of the network.
        inputs: channels before the block.
        width: of the stage.
        stride: in bands and time.
        fused: join parts by :class:`Fusion` instead of a sum.
    """

    def __init__(
        self, spec: SpeakerSpec, inputs: int, width: int, stride: int, fused: bool
    ) -> None:
        super().__init__()
        self.clip = spec.clip
        self.part = width * spec.base_width // 64
        inner, outputs = self.part * spec.parts, width * spec.expansion
        self.expand = nn.Conv2d(inputs, inner, 1, stride, bias=False)
        self.expand_norm = nn.BatchNorm2d(inner)
        self.convs = nn.ModuleList(
            nn.Conv2d(self.part, self.part, 3, padding=1, bias=False) for _ in range(spec.parts)
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(self.part) for _ in range(spec.parts))
        self.fusions = nn.ModuleList(
            Fusion(self.part, spec.fusion_reduction) for _ in range(spec.parts - 1 if fused else 0)
        )
        self.contract = nn.Conv2d(inner, outputs, 1, bias=False)
        self.contract_norm = nn.BatchNorm2d(outputs)
        same = stride == 1 and inputs == outputs
        self.shortcut = None if same else nn.Conv2d(inputs, outputs, 1, stride, bias=False)
        self.shortcut_norm = None if same else nn.BatchNorm2d(outputs)

    def _rectify(self, x: Tensor) -> Tensor:
        return x.clamp(0, self.clip)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, K, F) to (B, outputs, K / stride, F / stride)."""
        pieces = self._rectify(self.expand_norm(self.expand(x))).split(self.part, 1)
        done: list[Tensor] = []
        for i, (piece, conv, norm) in enumerate(zip(pieces, self.convs, self.norms, strict=True)):
            y = piece
            if i:
                y = self.fusions[i - 1](done[-1], y) if len(self.fusions) else done[-1] + y
            done.append(self._rectify(norm(conv(y))))
        y = self.contract_norm(self.contract(torch.cat(done, 1)))
        if self.shortcut is not None and self.shortcut_norm is not None:
            x = self.shortcut_norm(self.shortcut(x))
        return self._rectify(x + y)


class ERes2Net(nn.Module):
    """The network up to its pooling.

    Args:
        spec: sizes.
    """

    def __init__(self, spec: SpeakerSpec) -> None:
        super().__init__()
        self.spec = spec
        self.stem = nn.Conv2d(1, spec.width, 3, padding=1, bias=False)
        self.stem_norm = nn.BatchNorm2d(spec.width)
        self.stages = nn.ModuleList()
        inputs = spec.width
        for stage, count in enumerate(spec.blocks):
            width = spec.width << stage
            blocks = []
            for i in range(count):
                stride = 2 if stage and i == 0 else 1
                blocks.append(SplitBlock(spec, inputs, width, stride, stage in FUSED_STAGES))
                inputs = width * spec.expansion
            self.stages.append(nn.Sequential(*blocks))
        self.shrink = nn.Conv2d(inputs // 2, inputs, 3, 2, padding=1, bias=False)
        self.fusion = Fusion(inputs, spec.fusion_reduction)

    def forward(self, bands: Tensor) -> Tensor:
        """Speaker vectors of filter banks.

        Args:
            bands: (B, F, K), as :func:`kaldi_filterbank`; F >= 1.

        Returns:
            (B, D) float, D = ``spec.vector_width``.
        """
        x = torch.relu(self.stem_norm(self.stem(bands.mT[:, None])))
        before = x
        for stage in self.stages:
            before, x = x, stage(x)
        return self.fusion(x, self.shrink(before)).flatten(1, 2).mean(-1)

    @torch.inference_mode()
    def vector(self, samples: Tensor) -> Tensor:
        """The speaker of one recording.

        Args:
            samples: (N,) float in [-1, 1] at ``spec.sample_rate``; at least 25 ms.

        Returns:
            (D,) float32.
        """
        bands = kaldi_filterbank(samples.float(), self.spec.sample_rate, self.spec.bands)
        return self(bands[None].to(self.stem.weight))[0].float()
