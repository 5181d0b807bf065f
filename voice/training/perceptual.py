"""Does the made sound say the same, in the same voice? Distances in the space of frozen networks.

Deep feature losses (Johnson et al. 2016, arXiv 1603.08155; for speech, Kaneko et al. 2019 and
others with HuBERT-like features): what is said is compared by the features of the semantic
tokenizer, the voice by the timbre encoder that training began with.
Axes: W windows, N samples at 24 kHz, F frames (50/s), D width.
"""

from __future__ import annotations

import copy

import torch
import torchaudio
from torch import Tensor, nn
from torch.nn import functional

from voice.audio.mel import Spectrum
from voice.models.tokenizer import MEL_MEAN, MEL_SCALE, SemanticTokenizer
from voice.models.vits import Vits
from voice.training.corpus import RATE


class Perception(nn.Module):
    """Frozen listeners.

    Args:
        tokenizer: whose content features are compared.
        vits: whose timbre encoder is copied, as ``style``.
        mel: the timbre encoder's spectrum.
    """

    def __init__(self, tokenizer: SemanticTokenizer, vits: Vits, mel: Spectrum) -> None:
        super().__init__()
        self.spectrum = tokenizer.spectrum
        self.content = tokenizer.content
        self.rate = tokenizer.spec.content.spectrum.sample_rate
        self.style, self.timbre_spec = copy.deepcopy(vits.style), vits.timbre_spec
        self.mel = mel
        self.eval().requires_grad_(False)

    def hear(self, audio: Tensor) -> tuple[Tensor, Tensor]:
        """Content features (W, F, D) and timbres (W, D) of (W, N), differentiable."""
        low = torchaudio.functional.resample(audio, RATE, self.rate)
        mel = (self.spectrum(low) - MEL_MEAN) / MEL_SCALE
        frames = torch.full((len(mel),), mel.shape[2], device=mel.device)
        said = self.content(mel, frames).float()
        sound = (self.mel(audio) - self.timbre_spec.mean) / self.timbre_spec.scale
        mask = torch.ones(len(sound), sound.shape[2], 1, device=sound.device)
        return said, self.style(sound, mask).float()

    def forward(self, made: Tensor, real: Tensor) -> tuple[Tensor, Tensor]:
        """Distances of content and of timbre.

        Args:
            made, real: (W, N) at 24 kHz.

        Returns:
            Mean distance of the content features (of order one where nothing fits), and one minus
            the cosine of the timbres.
        """
        with torch.no_grad():
            wanted = self.hear(real)
        found = self.hear(made)
        content = functional.l1_loss(found[0], wanted[0]) / wanted[0].abs().mean()
        return content, (1 - functional.cosine_similarity(found[1], wanted[1])).mean()
