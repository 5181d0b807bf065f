"""Spectra: against the recorded official figures, and as parts of a training graph."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from voice.audio import mel as mels
from voice.errors import OptionError
from voice.spec import spectrum as presets
from voice.spec.spectrum import SpectrumSettings

PARITY = Path(__file__).parents[1] / "data/parity"
ALL = [
    presets.MINI_CONTENT, presets.MINI_DECODER, presets.OFFICIAL_REFERENCE, presets.OFFICIAL_V3,
    presets.OFFICIAL_V4,
]


def _fixture(name: str) -> dict[str, torch.Tensor]:
    with np.load(PARITY / f"{name}.npz") as data:
        return {k: torch.from_numpy(data[k]) for k in data}


def _distance(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    assert ours.shape == theirs.shape
    return float((ours - theirs).abs().max() / theirs.square().mean().sqrt())


def _noise(*shape: int) -> torch.Tensor:
    return 0.1 * torch.randn(*shape, generator=torch.Generator().manual_seed(7))


def test_official_reference_spectrum() -> None:
    signals, expected = _fixture("signals"), _fixture("refspec")
    for name in "ab":
        wave = mels.limit_peak(signals[f"ref_{name}_32k"])
        got = mels.spectrum(wave, presets.OFFICIAL_REFERENCE)
        assert _distance(got, expected[f"spec_{name}"]) < 1e-5


def test_loud_reference_is_limited_first() -> None:
    expected = _fixture("mel")
    wave = _fixture("signals")["ref_a_32k"]
    loud = wave / wave.abs().max() * 1.7
    got = mels.spectrum(mels.limit_peak(loud), presets.OFFICIAL_REFERENCE)[..., :20]
    assert _distance(got, expected["spec_loud_first20"]) < 1e-5


@pytest.mark.parametrize(
    ("version", "signal", "settings"),
    [("v3", "ref_a_24k", presets.OFFICIAL_V3), ("v4", "ref_a_32k", presets.OFFICIAL_V4)],
)
def test_official_mels(version: str, signal: str, settings: SpectrumSettings) -> None:
    expected, wave = _fixture("mel"), _fixture("signals")[signal]
    got = mels.spectrum(wave, settings)
    # in 64 bits the same rule is 1.2e-4 from the fixture: the rounding of 32-bit FFTs in bins of
    # near silence, which the logarithm enlarges; a wrong epsilon (1e-9) would show as 4e-3
    assert _distance(got, expected[f"mel_{version}"]) < 2e-4
    assert _distance(got.exp(), expected[f"mel_{version}"].exp()) < 1e-5
    normed = mels.normalize_mel(got)
    assert _distance(normed, expected[f"mel_{version}_normed"]) < 5e-4
    assert _distance(mels.restore_mel(normed), got) < 1e-5
    bank = torch.from_numpy(mels.filterbank(settings))
    assert float((bank - expected[f"filterbank_{version}"]).abs().max()) < 1e-7


def test_official_frame_counts() -> None:
    expected = _fixture("mel")
    assert presets.OFFICIAL_REFERENCE.frames(32123) == int(expected["spec_odd_len_frames"])
    assert presets.OFFICIAL_V4.frames(32123) == int(expected["mel_v4_odd_len_frames"])
    got = mels.spectrum(_noise(1, 24077), presets.OFFICIAL_V3).shape[-1]
    assert got == int(expected["mel_v3_odd_len_frames"]) == 94


@pytest.mark.parametrize("settings", ALL)
@pytest.mark.parametrize("samples", [0, 1, 239, 320, 700, 5000, 24001])
def test_frames_are_samples_over_hop(settings: SpectrumSettings, samples: int) -> None:
    got = mels.spectrum(_noise(2, samples), settings)
    assert got.shape == (2, settings.bins, samples // settings.hop_samples)
    assert torch.isfinite(got).all()


@pytest.mark.parametrize("settings", ALL)
def test_padded_batch_equals_single_rows(settings: SpectrumSettings) -> None:
    lengths = torch.tensor([9000, 12000, 300, 5001])
    batch = _noise(4, 12000)  # what lies behind a row's end is loud: it must not be heard
    module = mels.Spectrum(settings)
    got = module(batch, lengths)
    for row, length in enumerate(lengths.tolist()):
        alone = module(batch[row : row + 1, :length])
        frames = settings.frames(length)
        torch.testing.assert_close(got[row, :, :frames], alone[0], rtol=1e-4, atol=1e-5)
        assert (got[row, :, frames:] == module.quiet).all()


@pytest.mark.parametrize("settings", ALL)
def test_gradient_is_finite_even_in_silence(settings: SpectrumSettings) -> None:
    wave = torch.cat([torch.zeros(1, 6000), _noise(1, 6000)], 1).requires_grad_()
    mels.spectrum(wave, settings).sum().backward()
    assert wave.grad is not None
    assert torch.isfinite(wave.grad).all()
    assert float(wave.grad[:, 8000:].abs().sum()) > 0


def test_gradients_after_a_first_use_without_them() -> None:
    mels._module.cache_clear()
    wave = _noise(1, 6000).requires_grad_()
    with torch.inference_mode():
        before = mels.spectrum(wave.detach(), presets.MINI_CONTENT)
    after = mels.spectrum(wave, presets.MINI_CONTENT)
    after.sum().backward()
    assert torch.equal(before, after.detach())
    assert wave.grad is not None and float(wave.grad.abs().max()) > 0


def test_tone_is_loudest_in_its_band() -> None:
    settings = presets.MINI_DECODER
    wave = 0.5 * torch.sin(2 * torch.pi * 1500 * torch.arange(24000) / 24000)
    got = mels.spectrum(wave, settings)
    assert got.shape == (100, 100)
    bank = mels.filterbank(settings)
    expected = int(bank[:, round(1500 / 24000 * 1024)].argmax())
    assert set(got[:, 10:90].argmax(0).tolist()) == {expected}


@pytest.mark.parametrize("settings", [presets.MINI_CONTENT, presets.MINI_DECODER])
def test_no_band_is_empty(settings: SpectrumSettings) -> None:
    assert (mels.filterbank(settings).max(1) > 0).all()


def test_autocast_does_not_change_it() -> None:
    wave = _noise(2, 8000)
    plain = mels.spectrum(wave, presets.MINI_CONTENT)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        mixed = mels.spectrum(wave, presets.MINI_CONTENT)
    assert mixed.dtype == torch.float32
    assert torch.equal(plain, mixed)


def test_module_saves_nothing() -> None:
    assert mels.Spectrum(presets.MINI_DECODER).state_dict() == {}


def test_bad_settings_and_shapes_are_refused() -> None:
    with pytest.raises(OptionError, match="even"):
        SpectrumSettings(16000, 1024, 321, 1024)
    with pytest.raises(OptionError, match="high_hz"):
        SpectrumSettings(16000, 1024, 320, 1024, bands=80, high_hz=9000.0)
    with pytest.raises(OptionError, match="3 axes"):
        mels.spectrum(torch.zeros(1, 1, 5), presets.MINI_CONTENT)
