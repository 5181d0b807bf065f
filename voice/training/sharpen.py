"""Undoes a part of the blur of a trained waveform decoder, in the weights of its last layer.

A decoder trained by distances says the middle of what could be said: the envelopes of its spectra
vary less than those of recordings. Statistical speech synthesis lifts the variance again behind
the model (global variance, Toda and Tokuda 2007; Takamichi et al. 2016, modulation spectrum
postfilters). Here the model's last layer is linear in the logarithm of the magnitudes, so that the
lift is folded into its weights: no step more at synthesis, on phones neither.
Axes: S sounds, N samples, M mel bands, Q cepstral coefficients, K bins, F frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from voice.audio.mel import filterbank, spectrum
from voice.models.vocoder import VocosVocoder
from voice.spec.spectrum import SpectrumSettings

BANDS, COEFFICIENTS, TOP_HZ = 64, 32, 7600.0
SPEECH_NATS = 7.0
"""Frames so far below the loudest, in natural logarithms of the mean band, are no speech."""
LARGEST_GAIN = 2.0


@dataclass(frozen=True)
class Blur:
    """What a decoder's envelopes lack.

    Attributes:
        ratio: (Q,) standard deviation of each cepstral coefficient of the made sound over that of
            the real one; 1 where nothing is lacking.
        mean: (outputs,) mean of the last layer's outputs, about which they are lifted.
    """

    ratio: np.ndarray
    mean: Tensor


class BlurMeter:
    """Compares made sound with the recordings it should be.

    Args:
        sample_rate: of both.
        fft_samples: of the decoder, so that the bins are its own.
    """

    def __init__(self, sample_rate: int, fft_samples: int) -> None:
        self.settings = SpectrumSettings(
            sample_rate=sample_rate, fft_samples=fft_samples, hop_samples=fft_samples // 4,
            window_samples=fft_samples, bands=BANDS, low_hz=0.0, high_hz=TOP_HZ, epsilon=1e-8,
            log_floor=1e-5,
        )
        self.parts: list[tuple[Tensor, Tensor]] = []
        self.outputs: list[Tensor] = []

    @torch.no_grad()
    def add(self, made: Tensor, real: Tensor, outputs: Tensor) -> None:
        """One batch.

        Args:
            made, real: (S, N), the same words at the same time.
            outputs: (S, F, outputs) of the decoder's last layer.
        """
        logs = [spectrum(wave.float(), self.settings) for wave in (made, real)]
        loudness = logs[1].mean(1)
        spoken = loudness > loudness.max() - SPEECH_NATS
        transform = cosines().to(made.device)
        a, b = ((transform @ log)[:, :COEFFICIENTS].mT[spoken] for log in logs)
        self.parts.append((a, b))
        self.outputs.append(outputs.float().mean((0, 1)))

    def blur(self) -> Blur:
        """What all batches say together."""
        made, real = (torch.cat(side).std(0) for side in zip(*self.parts, strict=True))
        ratio = (made / real.clamp_min(1e-6)).cpu().numpy()
        return Blur(ratio, torch.stack(self.outputs).mean(0))


def cosines() -> Tensor:
    """The orthonormal cosine transform, (M, M), of log mel bands to cepstral coefficients."""
    n = torch.arange(BANDS, dtype=torch.float64)
    table = torch.cos(torch.pi * (n[None] + 0.5) * n[:, None] / BANDS) * (2 / BANDS) ** 0.5
    table[0] /= 2**0.5
    return table.float()


def lift(settings: SpectrumSettings, ratio: np.ndarray, share: float) -> Tensor:
    """The linear map (K, K) of log magnitudes to what is added to them.

    Args:
        settings: of :class:`BlurMeter`.
        ratio: (Q,) of :class:`Blur`.
        share: of the lacking variance that is given back, 0 to 1; loudness is left alone.
    """
    gains = np.zeros(BANDS)
    gains[1 : len(ratio)] = np.clip(ratio[1:] ** -share, 1.0, LARGEST_GAIN) - 1.0
    bank = filterbank(settings).astype(np.float64)  # (M, K)
    total = bank.sum(1, keepdims=True).clip(1e-9)
    bins = np.arange(bank.shape[1])
    centres = (bank @ bins) / total[:, 0]
    table = cosines().double().numpy()
    smooth = table.T @ (gains[:, None] * table)  # (M, M)
    spread = np.stack([np.interp(bins, centres, column) for column in np.eye(BANDS)], 1)  # (K, M)
    return torch.from_numpy(spread @ smooth @ (bank / total)).float()


@torch.no_grad()
def sharpen(vocoder: VocosVocoder, meter: BlurMeter, blur: Blur, share: float) -> None:
    """Folds the lift into a decoder's last layer: x + L (x - mean) for x = W h + b.

    Args:
        vocoder: changed in place.
        meter, blur: of it.
        share: see :func:`lift`.
    """
    matrix = lift(meter.settings, blur.ratio, share).to(vocoder.output.weight.device)
    bins = len(matrix)
    blocks = vocoder.output.weight.shape[0] // bins
    magnitudes = (0,) if blocks == 2 else (0, 2)  # noqa: PLR2004 - the others are phases
    for block in magnitudes:
        rows = slice(block * bins, (block + 1) * bins)
        weight, bias = vocoder.output.weight[rows], vocoder.output.bias[rows]
        bias += matrix @ (bias - blur.mean[rows].to(bias))
        weight += matrix @ weight
