"""Sizes of vocoders that stand alone, mel bands to samples: shared parts of v3 and v4 models."""

from __future__ import annotations

import math
from dataclasses import dataclass

from voice.spec.vits import HifiganSpec


@dataclass(frozen=True)
class BigvganSpec:
    """Vocoder of transposed convolutions and blocks of snake activations (BigVGAN v2).

    Attributes:
        bands: of the mel.
        filter_taps: of the filters around each activation.
        initial_width: channels before the first upsampling; halved by each.
        upsample_rates, upsample_kernels: of the transposed convolutions.
        block_kernels: of the parallel blocks of a stage.
        block_dilations: of the convolutions in each block.
    """

    bands: int = 100
    filter_taps: int = 12
    initial_width: int = 1536
    upsample_rates: tuple[int, ...] = (4, 4, 2, 2, 2, 2)
    upsample_kernels: tuple[int, ...] = (8, 8, 4, 4, 4, 4)
    block_kernels: tuple[int, ...] = (3, 7, 11)
    block_dilations: tuple[int, ...] = (1, 3, 5)

    @property
    def frame_samples(self) -> int:
        """Samples of a mel frame."""
        return math.prod(self.upsample_rates)


@dataclass(frozen=True)
class MelHifiganSpec:
    """HiFi-GAN on mel bands; the official v4 vocoder.

    Attributes:
        bands: of the mel.
        network: sizes.
    """

    bands: int = 100
    network: HifiganSpec = HifiganSpec(
        512, (10, 6, 2, 2, 2), (20, 12, 4, 4, 4), final_bias=True
    )

    @property
    def frame_samples(self) -> int:
        """Samples of a mel frame."""
        return self.network.frame_samples
