"""Prior and posterior encoders of a VITS decoder: what is said, and what was recorded, as latents.

The prior is GPT-SoVITS' (https://github.com/RVC-Boss/GPT-SoVITS, MIT): codes attend to phonemes and
take the timbre on the way; written anew. Axes: B batch, T codes, P phonemes, F latent frames,
C latent width, W encoder width, K spectrum bins, D timbre width.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from voice.nn import reading
from voice.nn.conv import frame_mask
from voice.nn.flow import WaveNet
from voice.nn.relative_attention import Attention, RelativeEncoder
from voice.spec.flow_matching import FlowMatchingSpec
from voice.spec.vits import PosteriorSpec, VitsSpec


@dataclass(frozen=True)
class Prior:
    """A distribution of the latent in the flow's space.

    Attributes:
        mean, log_scale: (B, C, F) float32; 0 behind a row's length.
        hidden: (B, W, F), the encoder's last state.
        mask: (B, 1, F) float32.
        lengths: (B,) int64 frames.
    """

    mean: Tensor
    log_scale: Tensor
    hidden: Tensor
    mask: Tensor
    lengths: Tensor


@dataclass(frozen=True)
class Posterior:
    """A sample of the latent and its distribution.

    Attributes:
        z, mean, log_scale: (B, C, F) float32; 0 behind a row's length.
        mask: (B, 1, F) float32.
    """

    z: Tensor
    mean: Tensor
    log_scale: Tensor
    mask: Tensor


class CrossMixer(nn.Module):
    """Adds to the content what it finds in the phonemes, and the timbre.

    Args:
        width: W.
        inner: width of the attention, and of the timbre it takes.
        heads: of the attention.
        timbre: width of the timbre given.
    """

    def __init__(self, width: int, inner: int, heads: int, timbre: int) -> None:
        super().__init__()
        self.content = nn.Linear(width, inner)
        self.text = nn.Linear(width, inner)
        self.attention = Attention(inner, heads)
        self.timbre = nn.Identity() if timbre == inner else nn.Linear(timbre, inner)
        self.output = nn.Linear(inner, width)

    def forward(
        self, content: Tensor, mask: Tensor, text: Tensor, text_mask: Tensor, timbre: Tensor
    ) -> Tensor:
        """(B, F, W), (B, F, 1), (B, P, W), (B, P, 1) and (B, D) to (B, F, W)."""
        content = self.content(content)
        found = self.attention(content, self.text(text), text_mask)
        mixed = found + content + self.timbre(timbre)[:, None]
        return self.output(mixed * mask)


class PriorEncoder(nn.Module):
    """Codes and phonemes to the latent's prior.

    Args:
        spec: sizes of the whole decoder.
    """

    def __init__(self, spec: VitsSpec | FlowMatchingSpec) -> None:
        super().__init__()
        self.stretch = spec.stretch
        sizes = spec.prior
        self.input = nn.Linear(spec.code_width, sizes.width)
        self.content = RelativeEncoder(sizes, sizes.content_layers)
        self.phonemes = nn.Embedding(spec.phonemes, sizes.width)
        self.text = RelativeEncoder(sizes, sizes.text_layers)
        self.cross = CrossMixer(
            sizes.width, sizes.cross_width, sizes.cross_heads, spec.timbre.content_width
        )
        self.window = reading.ReadingWindow(sizes.width) if sizes.reads else None
        self.joint = RelativeEncoder(sizes, sizes.joint_layers)
        self.output = nn.Linear(sizes.width, 2 * spec.latent)
        nn.init.normal_(self.phonemes.weight, std=0.3)
        if self.window is not None:  # a model trained without it begins as it was
            nn.init.zeros_(self.window.mix.weight)
            nn.init.zeros_(self.window.mix.bias)

    def encode(
        self,
        vectors: Tensor,
        lengths: Tensor,
        phonemes: tuple[Tensor, Tensor],
        timbre: Tensor,
        spoken: Tensor | None = None,
    ) -> Tensor:
        """The state before the projection to a mean and scale.

        Args:
            vectors: (B, T, code width).
            lengths: (B,) codes of each row.
            phonemes: ids (B, P) int64 and lengths (B,) int64.
            timbre: (B, content width of the timbre).
            spoken: (B, T) int64, which of its row's phonemes each code says, negative where that
                is not known; only an encoder that reads heeds it.

        Returns:
            (B, F, W), F = stretch * T; zeros behind a row's length.
        """
        mask = frame_mask(lengths * self.stretch, vectors.shape[1] * self.stretch)
        ids, id_lengths = phonemes
        text_mask = frame_mask(id_lengths, ids.shape[1])
        text = self.text(self.phonemes(ids), text_mask)
        x = self.input(vectors)
        if self.window is not None and spoken is not None:
            seen = reading.at(self.window(text), spoken.clamp_min(0))
            x = x + seen * (spoken >= 0)[..., None]
        x = self.content(x.repeat_interleave(self.stretch, 1), mask)
        return self.joint(self.cross(x, mask, text, text_mask, timbre), mask)

    def project(self, state: Tensor, lengths: Tensor) -> Prior:
        """The distribution of a state (B, F, W) whose rows have so many frames."""
        mask = frame_mask(lengths, state.shape[1])
        stats = (self.output(state).float() * mask).transpose(1, 2)
        mean, log_scale = stats.chunk(2, 1)
        return Prior(mean, log_scale, state.transpose(1, 2), mask.transpose(1, 2), lengths)

    @staticmethod
    def restretch(state: Tensor, lengths: Tensor, speed: float) -> tuple[Tensor, Tensor]:
        """Interpolates each row of a state (B, F, W) to ``int(frames / speed) + 1`` frames.

        Returns:
            The state (B, F', W), zeros behind a row's new length, and the lengths (B,).
        """
        rows = [
            nn.functional.interpolate(
                row[: int(n)].T[None], size=int(int(n) / speed) + 1, mode="linear"
            )[0].T
            for row, n in zip(state, lengths, strict=True)
        ]
        sizes = torch.tensor([len(row) for row in rows], device=lengths.device)
        return nn.utils.rnn.pad_sequence(rows, batch_first=True), sizes


class PosteriorEncoder(nn.Module):
    """A recording's spectrum to a sample of the latent.

    Args:
        spec: sizes.
        latent: C.
        timbre: D.
    """

    def __init__(self, spec: PosteriorSpec, latent: int, timbre: int) -> None:
        super().__init__()
        self.spec = spec
        self.input = nn.Conv1d(spec.spectrum.bins, spec.width, 1)
        self.net = WaveNet(spec.width, spec.kernel, spec.layers, timbre)
        self.output = nn.Conv1d(spec.width, 2 * latent, 1)
        with torch.no_grad():  # begin with little noise, so that the decoder has something to learn
            self.output.bias[latent:] = -1.5  # pyright: ignore[reportOptionalSubscript]

    def forward(
        self,
        spectrum: Tensor,
        lengths: Tensor,
        timbre: Tensor,
        generator: torch.Generator | None = None,
    ) -> Posterior:
        """Encodes.

        Args:
            spectrum: (B, K, F) as ``spec.spectrum`` describes.
            lengths: (B,) frames of each row.
            timbre: (B, D); no gradient goes into it.
            generator: of the noise, on the spectrum's device.

        Returns:
            Posterior with F frames.
        """
        mask = frame_mask(lengths, spectrum.shape[2]).transpose(1, 2)
        x = (spectrum - self.spec.mean) / self.spec.scale
        x = self.net(self.input(x) * mask, mask, timbre.detach())
        mean, log_scale = (self.output(x).float() * mask).chunk(2, 1)
        noise = torch.randn(mean.shape, generator=generator, device=mean.device)
        return Posterior((mean + noise * log_scale.exp()) * mask, mean, log_scale, mask)
