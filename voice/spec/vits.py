"""Sizes of a VITS decoder: one tree of dataclasses serves the official files and the embedded one.

The defaults are those of the embedded model; the official versions are presets (JSON).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from voice.errors import ModelFileError
from voice.spec.spectrum import MINI_DECODER, SpectrumSettings

MINI_POSTERIOR = SpectrumSettings(24000, 1024, 480, 1024)
"""Input of the embedded model's posterior encoder: log linear bins, 50 frames/s."""


@dataclass(frozen=True)
class PriorSpec:
    """Encoder of codes and phonemes.

    Attributes:
        width, heads, hidden, kernel: of its attention layers; ``hidden`` and ``kernel`` are the
            convolutional feed-forward's.
        window: reach of the relative positions, in positions to each side.
        content_layers: on the codes, before the phonemes are attended to.
        text_layers: on the phonemes.
        joint_layers: after the phonemes were attended to.
        cross_width, cross_heads: of the attention from codes to phonemes.
        dropout: rate during training.
        reads: each code is also told which phonemes it says; not in the official models.
    """

    width: int = 192
    heads: int = 2
    hidden: int = 384
    kernel: int = 3
    window: int = 4
    content_layers: int = 2
    text_layers: int = 3
    joint_layers: int = 2
    cross_width: int = 256
    cross_heads: int = 4
    dropout: float = 0.05
    reads: bool = False


@dataclass(frozen=True)
class TimbreSpec:
    """Encoder of a reference's spectrum to a timbre embedding.

    Attributes:
        spectrum: of the reference.
        bins: its first rows that are used.
        width: of the embedding.
        content_width: of the embedding that the prior takes; a projection where it differs.
        hidden, kernel, heads: of the encoder.
        speaker_width: of a speaker-verification vector that is added; 0 for a model without.
        mean, scale: the encoder sees ``(x - mean) / scale``.
        dropout: rate during training.
    """

    spectrum: SpectrumSettings = MINI_DECODER
    bins: int = 100
    width: int = 256
    content_width: int = 256
    hidden: int = 192
    kernel: int = 5
    heads: int = 2
    speaker_width: int = 0
    mean: float = -6.0
    scale: float = 3.0
    dropout: float = 0.05


@dataclass(frozen=True)
class FlowSpec:
    """Normalising flow: affine couplings, each with a WaveNet.

    Attributes:
        couplings: number of them.
        layers, width, kernel: of each WaveNet.
    """

    couplings: int = 4
    layers: int = 3
    width: int = 192
    kernel: int = 3


@dataclass(frozen=True)
class PosteriorSpec:
    """Encoder of a recording's spectrum to the latent; used in training only.

    Attributes:
        spectrum: of the recording; one frame a latent frame.
        layers, width, kernel: of its WaveNet.
        mean, scale: the encoder sees ``(x - mean) / scale``.
    """

    spectrum: SpectrumSettings = MINI_POSTERIOR
    layers: int = 8
    width: int = 192
    kernel: int = 5
    mean: float = -5.0
    scale: float = 3.0


@dataclass(frozen=True)
class PitchSpec:
    """Predictor of the pitch, and what the waveform decoder is told of it.

    Attributes:
        width, layers, kernel: of the predictor's convolutions.
        points: pitch values a latent frame; the waveform decoder's ``upsample``.
        spread: of a contour around its middle when speaking; over 1 is livelier than predicted, for
            a prediction has about half of the spread of speech (docs/training.md).
    """

    width: int = 192
    layers: int = 4
    kernel: int = 5
    points: int = 2
    spread: float = 1.0


@dataclass(frozen=True)
class VocosSpec:
    """Waveform decoder of ConvNeXt blocks and an inverse Fourier transform.

    Attributes:
        width, blocks, kernel: of the ConvNeXt stack.
        block_hidden: width inside a block.
        condition_width: bottleneck between the timbre embedding and the blocks.
        upsample: frames of the stack for each latent frame.
        fft_samples, hop_samples: of the inverse transform.
    """

    width: int = 384
    blocks: int = 8
    kernel: int = 7
    block_hidden: int = 640
    condition_width: int = 128
    upsample: int = 2
    fft_samples: int = 960
    hop_samples: int = 240

    @property
    def frame_samples(self) -> int:
        """Samples of a latent frame."""
        return self.upsample * self.hop_samples


@dataclass(frozen=True)
class HifiganSpec:
    """Waveform decoder of transposed convolutions and residual blocks (HiFi-GAN).

    Attributes:
        initial_width: channels before the first upsampling; halved by each.
        upsample_rates, upsample_kernels: of the transposed convolutions.
        block_kernels: of the parallel residual blocks of a stage.
        block_dilations: of the convolutions in each residual block.
        final_bias: whether the last convolution has a bias.
    """

    initial_width: int
    upsample_rates: tuple[int, ...]
    upsample_kernels: tuple[int, ...]
    block_kernels: tuple[int, ...] = (3, 7, 11)
    block_dilations: tuple[int, ...] = (1, 3, 5)
    final_bias: bool = False

    @property
    def frame_samples(self) -> int:
        """Samples of a latent frame."""
        return math.prod(self.upsample_rates)


@dataclass(frozen=True)
class VitsSpec:
    """Configuration of :class:`voice.models.vits.Vits`.

    Attributes:
        sample_rate: of the sound it makes, in Hz.
        codes, code_width: of the codebook.
        stretch: latent frames a code.
        content_width: of the content features that this file's own tokenizer head takes
            (official files carry one); 0 for a model without.
        phonemes: rows of the phoneme table.
        latent: width of the latent.
        prior, timbre, flow, posterior, vocoder: the parts.
        pitch: a pitch predictor; none in the official models.
    """

    sample_rate: int = 24000
    codes: int = 1024
    code_width: int = 256
    stretch: int = 2
    content_width: int = 0
    phonemes: int = 732
    latent: int = 192
    prior: PriorSpec = PriorSpec()
    timbre: TimbreSpec = TimbreSpec()
    flow: FlowSpec = FlowSpec()
    posterior: PosteriorSpec = PosteriorSpec()
    vocoder: VocosSpec | HifiganSpec = VocosSpec()
    pitch: PitchSpec | None = None

    def __post_init__(self) -> None:
        sizes = ("sample_rate", "codes", "code_width", "stretch", "phonemes", "latent")
        if bad := [name for name in sizes if getattr(self, name) < 1]:
            raise ModelFileError(f"decoder spec: {', '.join(bad)} must be at least 1")
        if self.latent % 2:
            raise ModelFileError("decoder spec: latent must be even")
        if self.pitch is not None and self.pitch.points != getattr(self.vocoder, "upsample", 0):
            raise ModelFileError("decoder spec: pitch.points must be the vocoder's upsample")
        hop = self.posterior.spectrum.hop_samples
        if hop != self.frame_samples:
            raise ModelFileError(
                f"decoder spec: the posterior's hop of {hop} samples is not the vocoder's "
                f"{self.frame_samples} samples a latent frame"
            )
        if self.timbre.bins > self.timbre.spectrum.bins:
            raise ModelFileError("decoder spec: timbre.bins is more than its spectrum has")

    @property
    def frame_samples(self) -> int:
        """Samples of a latent frame."""
        return self.vocoder.frame_samples

    @property
    def code_samples(self) -> int:
        """Samples of a code at speed 1."""
        return self.stretch * self.frame_samples
