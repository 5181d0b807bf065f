"""Decoder by flow matching of GPT-SoVITS v3 and v4: codes, phonemes, timbre and a prompt to sound.

Source: GPT-SoVITS (https://github.com/RVC-Boss/GPT-SoVITS, MIT); written anew. The content of codes
and phonemes, as in the other decoders, is stretched to mel frames and guides a flow from noise to
mel bands, which continues the prompt's; a vocoder makes samples of them.

Axes: B batch, T codes, P phonemes, F mel frames, M mel bands, W width of features, D timbre width,
N samples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from voice.audio.mel import normalize_mel, restore_mel
from voice.errors import OptionError
from voice.models.chunks import ChunkSizes, Continued, Flow, mel_in_turn, sound_side_by_side
from voice.models.content_prior import ContentPrior
from voice.models.estimator import Estimator, integrate
from voice.models.vits import DecodeSettings
from voice.nn.flow import WaveNet
from voice.spec.flow_matching import FlowMatchingSpec

SLOPE = 0.01  # of the leaky ReLU behind the bridge


@dataclass(frozen=True)
class AcousticPrompt:
    """A recording that speech continues, sound included.

    Attributes:
        mel: (M, F) natural logarithms, as ``spec.mel``.
        codes: (T,) int64, what is said in it.
        phoneme_ids: (P,) int64, the same as phonemes.
    """

    mel: Tensor
    codes: Tensor
    phoneme_ids: Tensor


class FlowMatchingDecoder(ContentPrior):
    """The decoder, without the vocoder, which models share.

    Args:
        spec: sizes.
    """

    def __init__(self, spec: FlowMatchingSpec) -> None:
        super().__init__(spec)
        self.spec = spec
        width = spec.feature_width
        self.bridge = nn.Linear(spec.prior.width, width)
        self.feature_input = nn.Linear(width, width)
        self.feature_net = WaveNet(
            width, spec.feature_kernel, spec.feature_layers, spec.timbre.width
        )
        self.feature_output = nn.Linear(width, width)
        self.estimator = Estimator(spec.estimator, spec.mel.bands, width)
        self.vocoder: Callable[[], Callable[[Tensor], Tensor]] | None = None
        """Gives the vocoder: (B, M, F) natural logarithms to (B, N). Set by whoever has it."""

    @property
    def sizes(self) -> ChunkSizes:
        """Lengths of the chunks that long speech is made in."""
        spec = self.spec
        return ChunkSizes(spec.prompt_frames, spec.chunk_frames, spec.overlap_frames)

    def features(
        self, codes: Tensor, phoneme_ids: Tensor, timbre: Tensor, speed: float = 1.0
    ) -> Tensor:
        """What is said, at the rate of mel frames.

        Args:
            codes: (1, T) int64.
            phoneme_ids: (1, P) int64.
            timbre: (1, D).
            speed: stretches time by its inverse.

        Returns:
            (1, W, F), F = T * stretch * feature_stretch at speed 1, rounded down.
        """
        lengths = [torch.tensor([x.shape[1]], device=x.device) for x in (codes, phoneme_ids)]
        state, _ = self.state(codes, lengths[0], phoneme_ids, lengths[1], timbre, speed)
        x = functional.leaky_relu(self.bridge(state), SLOPE).mT
        x = functional.interpolate(x, scale_factor=self.spec.feature_stretch, mode="nearest")
        known = int(codes.shape[1] * self.spec.masked_frames / speed) + (speed != 1)
        mask = (torch.arange(x.shape[2], device=x.device) < known).to(x)[None, None]
        x = self.feature_net(self.feature_input(x.mT).mT * mask, mask, timbre)
        return self.feature_output(x.mT).mT * mask

    def continued(self, prompt: AcousticPrompt, timbre: Tensor) -> Continued:
        """A prompt as the flow takes it: (M, F) mel of one voice (1, D)."""
        features = self.features(prompt.codes[None], prompt.phoneme_ids[None], timbre)
        return Continued(normalize_mel(prompt.mel)[None].to(features), features)

    @torch.inference_mode()
    def decode(  # noqa: PLR0913, PLR0917 - as Vits.decode, and the prompt
        self,
        codes: Tensor,
        code_lengths: Tensor,
        phoneme_ids: Tensor,
        phoneme_lengths: Tensor,
        timbre: Tensor,
        settings: DecodeSettings = DecodeSettings(),  # noqa: B008 - frozen
        prompt: AcousticPrompt | None = None,
    ) -> Tensor:
        """Speaks, each row for itself, chunk after chunk.

        Args:
            codes, code_lengths: (B, T) int64, (B,) int64.
            phoneme_ids, phoneme_lengths: (B, P) int64, (B,) int64.
            timbre: (B, D).
            settings: ``noise_scale`` does not count here.
            prompt: what all rows continue.

        Returns:
            (B, N) float32; zeros behind a row's end.

        Raises:
            OptionError: there is no prompt, or nothing in it.
        """
        rows = []
        for i, (size, count) in enumerate(zip(code_lengths, phoneme_lengths, strict=True)):
            generator = settings.generators[i] if settings.generators else None
            mel = self.mel(
                (codes[i : i + 1, : int(size)], phoneme_ids[i : i + 1, : int(count)]),
                timbre[i : i + 1], _present(prompt), settings, generator,
            )
            rows.append(self._vocode(mel)[0])
        return nn.utils.rnn.pad_sequence(rows, batch_first=True)

    def mel(
        self, said: tuple[Tensor, Tensor], timbre: Tensor, prompt: AcousticPrompt,
        settings: DecodeSettings, generator: torch.Generator | None = None,
    ) -> Tensor:
        """Mel of one sentence.

        Args:
            said: codes (1, T) and phonemes (1, P), int64.
            timbre: (1, D).
            prompt: to continue.
            settings: speed and steps.
            generator: of the noise, on the CPU.

        Returns:
            (1, M, F) normalised; see :func:`voice.audio.mel.normalize_mel`.
        """
        features = self.features(*said, timbre, settings.speed)
        flow = self.flow(settings.steps, generator)
        return mel_in_turn(flow, self.continued(prompt, timbre), features, self.sizes)

    @torch.inference_mode()
    def decode_many(
        self, sentences: Sequence[tuple[Tensor, Tensor]], timbre: Tensor, prompt: AcousticPrompt,
        settings: DecodeSettings = DecodeSettings(),  # noqa: B008 - frozen
    ) -> list[Tensor]:
        """Speaks several sentences in equal chunks at once: faster where there is room for them.

        Args:
            sentences: codes (1, T) and phonemes (1, P) of each, int64.
            timbre: (1, D).
            prompt: that all continue.
            settings: the first generator is used.

        Returns:
            (N,) float32 of each.
        """
        known = self.continued(_present(prompt), timbre)
        features = [self.features(*said, timbre, settings.speed) for said in sentences]
        generator = settings.generators[0] if settings.generators else None
        flow = self.flow(settings.steps, generator)
        return sound_side_by_side(flow, self._vocode, known, features, self.sizes)

    def flow(self, steps: int = 0, generator: torch.Generator | None = None) -> Flow:
        """The flow with so many steps; 0 takes what the specification says."""
        def run(features: Tensor, prompt: Tensor) -> Tensor:
            shape = (len(features), self.spec.mel.bands, features.shape[1])
            noise = torch.randn(shape, generator=generator).to(features)
            return integrate(self.estimator, features, prompt, noise, steps or self.spec.steps)

        return run

    def _vocode(self, mel: Tensor) -> Tensor:
        """Normalised mel (B, M, F) to samples (B, N)."""
        if self.vocoder is None:
            raise OptionError("this decoder has no vocoder", "Load it with its model.")
        return self.vocoder()(restore_mel(mel))


def _present(prompt: AcousticPrompt | None) -> AcousticPrompt:
    if prompt is None or not len(prompt.codes) or not len(prompt.phoneme_ids):
        raise OptionError(
            "this model continues a recording and needs its words",
            "Enroll the voice with the transcript of its recording.",
        )
    return prompt
