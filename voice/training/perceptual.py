"""Does the made sound say the same, in the same voice? Distances in the space of frozen networks.

Deep feature losses (Johnson et al. 2016, arXiv 1603.08155; for speech, Kaneko et al. 2019 and
others with HuBERT-like features): what is said is compared by the features of the semantic
tokenizer and by the phones that a linear probe, which learns beside, reads from them (a phonetic
posteriorgram; Hazen et al. 2009); the voice by the timbre encoder that training began with.
Axes: W windows, N samples at 24 kHz, F frames (50/s), D width, K phones.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
import torchaudio
from torch import Tensor, nn
from torch.nn import functional

from voice.audio.mel import Spectrum
from voice.models.tokenizer import MEL_MEAN, MEL_SCALE, SemanticTokenizer
from voice.models.vits import Vits
from voice.training.corpus import FRAME, RATE, UNKNOWN


@dataclass(frozen=True)
class Distances:
    """How far made sound is from the real one; scalars.

    Attributes:
        content: of the content features, of order one where nothing fits.
        phonetic: cross-entropy of the right phones, as the probe hears them in the made sound.
        voice: one minus the cosine of the timbres.
        probe: cross-entropy of the right phones in the real sound; teaches the probe and no other.
    """

    content: Tensor
    phonetic: Tensor
    voice: Tensor
    probe: Tensor


class Perception(nn.Module):
    """Frozen listeners, and a probe that is not.

    Args:
        tokenizer: whose content features are compared.
        vits: whose timbre encoder is copied, as ``style``.
        mel: the timbre encoder's spectrum.
        phones: K.
    """

    def __init__(
        self, tokenizer: SemanticTokenizer, vits: Vits, mel: Spectrum, phones: int
    ) -> None:
        super().__init__()
        self.spectrum = tokenizer.spectrum
        self.content = tokenizer.content
        self.rate = tokenizer.spec.content.spectrum.sample_rate
        self.style, self.timbre_spec = copy.deepcopy(vits.style), vits.timbre_spec
        self.mel = mel
        self.eval().requires_grad_(False)
        self.probe = nn.Linear(tokenizer.spec.content.width, phones)

    def said(self, audio: Tensor) -> Tensor:
        """Content features (W, F, D) of (W, N), differentiable."""
        low = torchaudio.functional.resample(audio, RATE, self.rate)
        mel = (self.spectrum(low) - MEL_MEAN) / MEL_SCALE
        frames = torch.full((len(mel),), mel.shape[2], device=mel.device)
        return self.content(mel, frames).float()

    def voice(self, audio: Tensor) -> Tensor:
        """Timbres (W, D) of (W, N), differentiable."""
        sound = (self.mel(audio) - self.timbre_spec.mean) / self.timbre_spec.scale
        mask = torch.ones(len(sound), sound.shape[2], 1, device=sound.device)
        return self.style(sound, mask).float()

    def forward(self, made: Tensor, real: Tensor, phones: Tensor, margin: int = 0) -> Distances:
        """Compares.

        Args:
            made, real: (W, N) at 24 kHz.
            phones: (W, F) of the whole window, ``UNKNOWN`` where nobody knows: there the real
                sound's own posteriors are what is right.
            margin: samples at both ends that are context only, the same in both.
        """
        edge = margin // FRAME
        inner = slice(edge, phones.shape[1] - edge)
        heart = slice(margin, made.shape[1] - margin)
        with torch.no_grad():
            wanted, timbre = self.said(real)[:, inner], self.voice(real[:, heart])
        found = self.said(made)[:, inner]
        content = functional.l1_loss(found, wanted) / wanted.abs().mean()
        voice = (1 - functional.cosine_similarity(self.voice(made[:, heart]), timbre)).mean()
        heard, labels = self.probe(wanted), phones[:, inner]
        known = labels != UNKNOWN
        errors = functional.cross_entropy(heard[known], labels[known], reduction="sum")
        probe = errors / known.sum().clamp_min(1)
        with torch.no_grad():
            right = heard.softmax(-1)
            right[known] = functional.one_hot(labels[known], right.shape[-1]).to(right.dtype)
        # Copies: the probe may be taught before the gradients of these scores are computed.
        weight, bias = (p.detach().clone() for p in (self.probe.weight, self.probe.bias))
        scores = functional.linear(found, weight, bias)
        phonetic = functional.cross_entropy(scores.flatten(0, 1), right.flatten(0, 1))
        return Distances(content, phonetic, voice, probe)
