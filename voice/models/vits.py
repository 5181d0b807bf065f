"""VITS decoder of GPT-SoVITS: codes, phonemes and a timbre to a waveform.

Source: VITS (Kim et al. 2021, arXiv 2106.06103) as GPT-SoVITS changed it
(https://github.com/RVC-Boss/GPT-SoVITS, MIT); written anew. One class, configured by data, is the
official v1, v2, v2Pro and v2ProPlus decoder and the embedded model's.

- ``timbre`` and ``tokens``: see :class:`ContentPrior`; ``mean_timbre`` joins several timbres.
- ``prior``: codes and phonemes to a distribution; ``flow`` maps it to the latent and back.
- ``pitch``: the contour, for a model that predicts it; told to ``waveform`` through the latent.
- ``posterior``: a recording to the latent, in training.
- ``latent`` and ``waveform``: the two steps of ``decode``; ``waveform_chunks`` for streaming.

Axes: B batch, T codes, P phonemes, F latent frames, C latent width, K bins, D timbre width,
N samples.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from voice.errors import OptionError
from voice.models.content_prior import ContentPrior
from voice.models.prior import Posterior, PosteriorEncoder, Prior
from voice.models.vocoder import make_vocoder
from voice.nn.flow import Flow
from voice.nn.pitch import Pitch, PitchModel
from voice.nn.style import mean_timbre
from voice.spec.vits import VitsSpec

MOST_FRAMES = 400  # of one row that become sound at once, so that a long piece needs no more memory

__all__ = [
    "DecodeSettings", "Latent", "Posterior", "Prior", "TrainingBatch", "TrainingOutput", "Vits",
    "mean_timbre", "slice_rows",
]


@dataclass(frozen=True)
class DecodeSettings:
    """How a latent is drawn.

    Attributes:
        noise_scale: of the prior's standard deviation; 0 takes the mean.
        speed: over 1 is faster.
        generators: one a row, on the CPU, so that a row's noise does not depend on its batch;
            the global generator if not given.
        steps: of a decoder by flow matching; 0 takes what its specification says.
        voice_hz: the middle pitch of each row's voice, 0 where unknown, for a model that predicts
            pitch; it then speaks at that pitch.
        spoken: (B, T) int64, see :meth:`Vits.prior`.
        equalizer: (B, K) gains in dB, see :meth:`VocosVocoder.forward`; for models with that
            waveform decoder.
    """

    noise_scale: float = 0.5
    speed: float = 1.0
    generators: Sequence[torch.Generator] | None = None
    steps: int = 0
    voice_hz: Sequence[float] | None = None
    spoken: Tensor | None = None
    equalizer: Tensor | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.noise_scale <= 2:
            raise OptionError(f"noise scale {self.noise_scale} is outside 0 to 2")
        if not 0.25 <= self.speed <= 4:
            raise OptionError(f"speed {self.speed} is outside 0.25 to 4")
        if not 0 <= self.steps <= 1000:
            raise OptionError(f"{self.steps} steps are outside 0 to 1000")


@dataclass(frozen=True)
class Latent:
    """What the waveform decoder takes.

    Attributes:
        z: (B, C, F), with a pitch (B, C + 3 U, F); 0 behind a row's length.
        lengths: (B,) int64 frames.
    """

    z: Tensor
    lengths: Tensor


@dataclass(frozen=True)
class TrainingBatch:
    """Utterances with a reference of the same voice each.

    Attributes:
        codes, code_lengths: (B, T) int64, (B,) int64.
        phoneme_ids, phoneme_lengths: (B, P) int64, (B,) int64.
        spectrum, spectrum_lengths: (B, K, F') and (B,) as ``spec.posterior.spectrum``; F' may
            differ from stretch * T, the shorter of the two counts for each row.
        reference, reference_lengths: (B, K', R) and (B,) as ``spec.timbre.spectrum``.
        speaker: (B, S) speaker vectors, for a model that takes them.
    """

    codes: Tensor
    code_lengths: Tensor
    phoneme_ids: Tensor
    phoneme_lengths: Tensor
    spectrum: Tensor
    spectrum_lengths: Tensor
    reference: Tensor
    reference_lengths: Tensor
    speaker: Tensor | None = None


@dataclass(frozen=True)
class TrainingOutput:
    """What the losses of a VITS take.

    Attributes:
        audio: (B, segment * samples a frame), decoded from a random segment of each row.
        starts: (B,) first latent frame of each segment (times ``spec.frame_samples``: sample).
        segment_lengths: (B,) frames of the segment that are inside the row.
        timbre: (B, D).
        posterior: sample and distribution.
        flowed: (B, C, F), the posterior's sample in the prior's space.
        prior: distribution.
    """

    audio: Tensor
    starts: Tensor
    segment_lengths: Tensor
    timbre: Tensor
    posterior: Posterior
    flowed: Tensor
    prior: Prior


class Vits(ContentPrior):
    """The decoder.

    Args:
        spec: sizes.
        posterior: also hold the posterior encoder, which only training needs; it is not in the
            files that models are shipped in.
    """

    def __init__(self, spec: VitsSpec, posterior: bool = False) -> None:
        super().__init__(spec)
        self.spec = spec
        style = spec.timbre
        self.flow = Flow(spec.flow, spec.latent, style.width)
        self.posterior = (
            PosteriorEncoder(spec.posterior, spec.latent, style.width) if posterior else None
        )
        self.waveform = make_vocoder(
            spec.vocoder, spec.latent, style.width, spec.sample_rate, spec.pitch is not None
        )
        self.pitch = None
        if spec.pitch is not None:
            seconds = spec.frame_samples / spec.sample_rate / spec.pitch.points
            self.pitch = PitchModel(
                spec.pitch, spec.prior.width, style.width, spec.latent, seconds
            )

    def prior(  # noqa: PLR0913 - one meaning each
        self,
        codes: Tensor,
        code_lengths: Tensor,
        phoneme_ids: Tensor,
        phoneme_lengths: Tensor,
        timbre: Tensor,
        speed: float = 1.0,
        *,
        spoken: Tensor | None = None,
    ) -> Prior:
        """What is said, as a distribution in the flow's space.

        Args:
            codes: (B, T) int64; anything valid behind a row's length.
            code_lengths: (B,) int64.
            phoneme_ids: (B, P) int64; anything valid behind a row's length.
            phoneme_lengths: (B,) int64, at least 1.
            timbre: (B, D).
            speed: stretches time by its inverse.
            spoken: (B, T) int64, which of its row's phonemes each code says, negative where that
                is not known; for a model that reads.

        Returns:
            Prior with stretch * T frames at speed 1.
        """
        return self.encoder.project(*self.state(
            codes, code_lengths, phoneme_ids, phoneme_lengths, timbre, speed, spoken=spoken
        ))

    def latent(
        self,
        codes: Tensor,
        code_lengths: Tensor,
        phoneme_ids: Tensor,
        phoneme_lengths: Tensor,
        timbre: Tensor,
        settings: DecodeSettings = DecodeSettings(),  # noqa: B008 - frozen
    ) -> Latent:
        """First step of decoding; arguments as :meth:`prior`."""
        prior = self.prior(
            codes, code_lengths, phoneme_ids, phoneme_lengths, timbre, settings.speed,
            spoken=settings.spoken,
        )
        z = prior.mean
        if settings.noise_scale:
            z = z + _noise(prior, settings) * prior.log_scale.exp() * settings.noise_scale
        voice_hz = None
        if settings.voice_hz is not None:
            voice_hz = torch.tensor(settings.voice_hz, dtype=torch.float32, device=z.device)
        return Latent(self.shaped(prior, z, timbre, voice_hz), prior.lengths)

    def shaped(
        self, prior: Prior, z: Tensor, timbre: Tensor, voice_hz: Tensor | None = None
    ) -> Tensor:
        """From the flow's space to the latent, with the pitch where the model predicts one.

        Args:
            prior: its state and mask are used.
            z: (B, C, F), drawn from it.
            timbre: (B, D).
            voice_hz: (B,), see :meth:`PitchModel.contour`.

        Returns:
            (B, C, F), with a pitch (B, C + 3 U, F); 0 behind a row's length.
        """
        z = self.flow(z * prior.mask, prior.mask, timbre, reverse=True)
        if self.pitch is not None:
            z = self.pitched(z, self.pitch.contour(prior.hidden, prior.mask, timbre, voice_hz))
        return z * prior.mask

    def pitched(self, z: Tensor, pitch: Pitch) -> Tensor:
        """(B, C, F) to (B, C + 3 U, F): told of the pitch, and the excitation behind it."""
        assert self.pitch is not None
        return torch.cat([z + self.pitch(pitch), self.pitch.excitation(pitch)], 1)

    @torch.inference_mode()
    def decode(
        self,
        codes: Tensor,
        code_lengths: Tensor,
        phoneme_ids: Tensor,
        phoneme_lengths: Tensor,
        timbre: Tensor,
        settings: DecodeSettings = DecodeSettings(),  # noqa: B008 - frozen
    ) -> Tensor:
        """Speaks; arguments as :meth:`prior`.

        Returns:
            (B, N) float32; a row has ``code_length * spec.code_samples`` samples at speed 1, then
            zeros.
        """
        latent = self.latent(
            codes, code_lengths, phoneme_ids, phoneme_lengths, timbre, settings
        )
        if len(latent.z) == 1 and latent.z.shape[2] > MOST_FRAMES:
            chunks = self.waveform_chunks(latent.z, timbre, MOST_FRAMES, settings.equalizer)
            return torch.cat(list(chunks), 1)
        more = {} if settings.equalizer is None else {"equalizer": settings.equalizer}
        return self.waveform(latent.z, timbre, latent.lengths, **more)

    @torch.inference_mode()
    def waveform_chunks(
        self, z: Tensor, timbre: Tensor, frames: int, equalizer: Tensor | None = None
    ) -> Iterator[Tensor]:
        """Decodes a latent piece by piece; the pieces joined equal the whole.

        Args:
            z: (B, C, F), rows of equal length.
            timbre: (B, D).
            frames: latent frames a piece.
            equalizer: see :class:`DecodeSettings`.

        Yields:
            (B, N) float32, N = frames * samples a frame (the last may be shorter).
        """
        if frames < 1:
            raise OptionError(f"{frames} frames a chunk", "Give at least 1.")
        context, size = self.waveform.context_frames, self.spec.frame_samples
        more = {} if equalizer is None else {"equalizer": equalizer}
        for start in range(0, z.shape[2], frames):
            stop = min(start + frames, z.shape[2])
            left, right = max(0, start - context), min(z.shape[2], stop + context)
            audio = self.waveform(z[:, :, left:right], timbre, **more)
            yield audio[:, (start - left) * size : (stop - left) * size]

    def forward(
        self, batch: TrainingBatch, segment: int, generator: torch.Generator | None = None
    ) -> TrainingOutput:
        """One pass of training, without losses.

        Args:
            batch: utterances and references.
            segment: latent frames that are decoded of each row.
            generator: of the posterior's noise and the segments, on the batch's device.

        Returns:
            TrainingOutput.

        Raises:
            OptionError: the model was made without a posterior encoder.
        """
        if self.posterior is None:
            raise OptionError("no posterior encoder to train with", "Use posterior=True.")
        timbre = self.timbre(batch.reference, batch.reference_lengths, batch.speaker)
        prior = self.prior(
            batch.codes, batch.code_lengths, batch.phoneme_ids, batch.phoneme_lengths, timbre
        )
        frames = prior.mean.shape[2]
        spectrum = batch.spectrum[:, :, :frames]
        spectrum = nn.functional.pad(spectrum, (0, frames - spectrum.shape[2]))
        lengths = torch.minimum(batch.spectrum_lengths, prior.lengths)
        posterior = self.posterior(spectrum, lengths, timbre, generator)
        flowed = self.flow(posterior.z, posterior.mask, timbre)
        room = (lengths - segment).clamp_min(0) + 1
        draw = torch.rand(len(lengths), generator=generator, device=lengths.device)
        starts = (draw * room).long().minimum(room - 1)
        pieces = slice_rows(posterior.z, starts, segment)
        inside = (lengths - starts).clamp(max=segment)
        audio = self.waveform(pieces, timbre, inside)
        return TrainingOutput(audio, starts, inside, timbre, posterior, flowed, prior)


def slice_rows(x: Tensor, starts: Tensor, size: int) -> Tensor:
    """A piece of each row.

    Args:
        x: (B, ..., F).
        starts: (B,) int64 first places.
        size: of the pieces.

    Returns:
        (B, ..., size); zeros behind F.
    """
    places = starts[:, None] + torch.arange(size, device=x.device)
    inside = places < x.shape[-1]
    shape = (len(x), *[1] * (x.ndim - 2), size)
    index = places.clamp(max=x.shape[-1] - 1).view(shape).expand(*x.shape[:-1], size)
    return x.gather(-1, index).masked_fill(~inside.view(shape), 0)


def _noise(prior: Prior, settings: DecodeSettings) -> Tensor:
    """(B, C, F) standard normal; each row's from its own generator, and of its own length."""
    if settings.generators is None:
        return torch.randn_like(prior.mean)
    if len(settings.generators) != len(prior.mean):
        raise OptionError(
            f"{len(settings.generators)} generators for {len(prior.mean)} rows", "Give one a row."
        )
    noise = torch.zeros(prior.mean.shape)
    channels = noise.shape[1]
    for row, generator, frames in zip(noise, settings.generators, prior.lengths, strict=True):
        row[:, : int(frames)] = torch.randn(channels, int(frames), generator=generator)
    return noise.to(prior.mean)
