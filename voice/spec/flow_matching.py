"""Sizes of a decoder by flow matching, as official v3 and v4 models have it.

The defaults are what both versions share; what differs are presets (JSON).
"""

from __future__ import annotations

from dataclasses import dataclass

from voice.errors import ModelFileError
from voice.spec.spectrum import SpectrumSettings
from voice.spec.vits import PriorSpec, TimbreSpec


@dataclass(frozen=True)
class EstimatorSpec:
    """Transformer that estimates the flow's velocity (DiT).

    Attributes:
        width, layers, heads, hidden: of the Transformer.
        rotated: channels of queries and keys that are rotated by their position.
        time_width: of the sinusoids of time and step size.
        text_layers, text_hidden, text_kernel: convolutional layers on the content features.
        text_positions: rows of their table of positions; further frames share the last.
        position_kernel, position_groups: of the convolutional positions.
    """

    width: int = 1024
    layers: int = 22
    heads: int = 16
    hidden: int = 2048
    rotated: int = 64
    time_width: int = 256
    text_layers: int = 4
    text_hidden: int = 1024
    text_kernel: int = 7
    text_positions: int = 4096
    position_kernel: int = 31
    position_groups: int = 16


@dataclass(frozen=True)
class FlowMatchingSpec:
    """Configuration of :class:`voice.models.flow_matching.FlowMatchingDecoder`.

    Attributes:
        sample_rate: of the sound it makes, in Hz.
        mel: that the flow makes, and that a prompt is given as.
        feature_stretch: mel frames a frame of the prior, of which a code has ``stretch``.
        vocoder: name of the shared part that makes samples of mel.
        frame_samples: that it makes of a mel frame.
        feature_width: of the content features that guide the flow.
        feature_layers, feature_kernel: of the gated convolutions on them.
        masked_frames: features behind so many frames a code are 0: at another speed than 1 that
            may be the last one.
        prompt_frames: most mel frames of the prompt that are continued.
        chunk_frames: mel frames of prompt and speech that are made at once.
        overlap_frames: between chunks that are made side by side.
        steps: of the flow, unless the caller says otherwise.
        codes, code_width, stretch, content_width, phonemes, latent, prior, timbre: as for
            :class:`voice.spec.vits.VitsSpec`; ``latent`` is the width of a layer that is in the
            files but not used.
        estimator: the flow.
    """

    sample_rate: int
    mel: SpectrumSettings
    feature_stretch: float
    masked_frames: float
    prompt_frames: int
    chunk_frames: int
    steps: int
    vocoder: str
    frame_samples: int
    feature_width: int = 512
    feature_layers: int = 8
    feature_kernel: int = 5
    overlap_frames: int = 12
    codes: int = 1024
    code_width: int = 768
    stretch: int = 2
    content_width: int = 768
    phonemes: int = 732
    latent: int = 192
    prior: PriorSpec = PriorSpec()
    timbre: TimbreSpec = TimbreSpec()
    estimator: EstimatorSpec = EstimatorSpec()

    def __post_init__(self) -> None:
        if not 0 < self.overlap_frames < self.prompt_frames < self.chunk_frames:
            raise ModelFileError(
                "decoder spec: overlap_frames, prompt_frames, chunk_frames must grow from above 0"
            )
        if min(self.feature_stretch, self.steps, self.frame_samples) < 1:
            raise ModelFileError(
                "decoder spec: feature_stretch, steps and frame_samples must be at least 1"
            )

    @property
    def code_samples(self) -> float:
        """Samples of a code at speed 1."""
        return self.stretch * self.feature_stretch * self.frame_samples
