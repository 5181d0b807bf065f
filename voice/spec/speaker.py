"""Sizes of the speaker-verification network of official v2Pro and v2ProPlus models: ERes2NetV2."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class SpeakerSpec:
    """Configuration of :class:`voice.models.eres2net.ERes2Net`.

    Attributes:
        sample_rate: of the recordings, in Hz.
        bands: of the filter bank.
        width: channels of the first stage; doubled by each further one.
        blocks: of each of the four stages.
        base_width: channels of one part of a block are ``stage width * base_width // 64``.
        parts: that a block's channels are split into.
        expansion: channels behind a block, over the stage's width.
        fusion_reduction: bottleneck of the fusions of the last two stages.
        clip: upper limit of the blocks' rectifiers.
    """

    sample_rate: int = 16000
    bands: int = 80
    width: int = 64
    blocks: tuple[int, ...] = (3, 4, 6, 3)
    base_width: int = 24
    parts: int = 4
    expansion: int = 4
    fusion_reduction: int = 4
    clip: float = 20.0

    @property
    def vector_width(self) -> int:
        """Width of the speaker vector: channels times the bands left after three halvings."""
        return self.width * 8 * self.expansion * (self.bands // 8)
