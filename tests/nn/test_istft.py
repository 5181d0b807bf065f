"""The inverse transform undoes the project's spectra, whole and padded."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from voice.nn.istft import InverseStft


def forward(wave: Tensor, fft: int, hop: int) -> Tensor:
    """(B, N) to complex (B, F, K), mirrored at the ends as all spectra here."""
    pad = (fft - hop) // 2
    padded = functional.pad(wave[:, None], (pad, pad), mode="reflect")[:, 0]
    window = torch.hann_window(fft)
    return torch.stft(padded, fft, hop, fft, window, center=False, return_complex=True).mT


@pytest.mark.parametrize(("fft", "hop"), [(960, 240), (1024, 240), (64, 16)])
def test_samples_come_back(fft: int, hop: int) -> None:
    wave = torch.randn(2, 20 * hop, generator=torch.Generator().manual_seed(0))
    spectrum = forward(wave, fft, hop)
    assert spectrum.shape == (2, 20, fft // 2 + 1)
    back = InverseStft(fft, hop)(spectrum.real, spectrum.imag)
    torch.testing.assert_close(back, wave, atol=2e-5, rtol=0)


def test_a_padded_row_ends_as_it_does_alone() -> None:
    inverse, spectrum = InverseStft(64, 16), torch.randn(1, 12, 33) * (1 + 1j)
    alone = inverse(spectrum[:, :7].real, spectrum[:, :7].imag)
    mask = (torch.arange(12) < 7)[None, :, None].float()
    padded = inverse(spectrum.real, spectrum.imag, mask)
    torch.testing.assert_close(padded[:, : 7 * 16], alone, atol=1e-6, rtol=0)
    assert padded[:, 7 * 16 :].abs().max() == 0
