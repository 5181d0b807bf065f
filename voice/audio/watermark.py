"""An inaudible mark in made speech, and the confidence that a recording carries it.

The networks are those of Perth (Resemble AI, MIT licence), whose weights come with the package
``resemble-perth``: an encoder writes a pattern into the magnitudes below 2 kHz, a decoder reads
from them how sure it is of the pattern. Only the package's weights are used here, read as plain
numbers: importing the package itself costs seconds, and where ``pkg_resources`` is missing it
silently has no watermarker. As nothing above 2 kHz matters, all is computed at 8 kHz, and only
the difference is added to the sound, whose own samples are never resampled.

Axes: N samples, K = 128 bins below 2 kHz, F frames of 10 ms.
"""

from __future__ import annotations

import importlib.util
import pickletools
import zipfile
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from voice.audio.resample import resample
from voice.errors import DependencyError, OptionError

_RATE = 8000
_FFT, _HOP = 512, 80
_BINS = 128
_WIDTH = 256
_SCALE = 4.0
"""Magnitudes at 8 kHz are a quarter of those at the 32 kHz that the networks were made for."""
_FLOOR, _FLOOR_DB, _RANGE_DB = 1e-9, -180.0, 195.0
_ACTIVE = 0.05
_SPEEDS = {"slow_layers": 1.25, "normal_layers": 1.0, "fast_layers": 0.75}
_FADE_SECONDS = 0.005
_MIN_SECONDS = 0.2
_WINDOW_SECONDS = 20.0
_WEIGHTS = "perth_net/pretrained/implicit/perth_net_250000.pth.tar"
_REMEDY = "Install it again: pip install --force-reinstall resemble-perth==1.0.1"
_MARKED, _UNMARKED = 0.9, 0.1


def embed(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Puts the mark into a piece of sound.

    Each piece is marked by itself, so that pieces marked while streaming, put together, are the
    same samples as those of the whole text. The mark fades out at both ends of a piece.

    Args:
        samples: (N,) float in [-1, 1]; pieces of 1 s and more are best.
        sample_rate: in Hz, at least 8000.

    Returns:
        (N,) float32 in [-1, 1].

    Raises:
        DependencyError: the watermarker is missing or not what it claims to be.
    """
    return watermarker().embed(samples, sample_rate)


def detect(samples: np.ndarray, sample_rate: int) -> float:
    """How sure it is that a recording carries the mark, from 0 to 1.

    Long recordings are looked at in windows of 20 s; the surest counts.

    Raises:
        DependencyError: the watermarker is missing or not what it claims to be.
    """
    return watermarker().detect(samples, sample_rate)


@lru_cache(maxsize=1)
def watermarker() -> Watermarker:
    """The one watermarker of the process, loaded and tried out when it is first asked for.

    Raises:
        DependencyError: the weights are missing or damaged, or a mark cannot be found again.
    """
    made = Watermarker(read_weights(_weights_file()))
    time = np.arange(2 * _RATE) / _RATE
    rng = np.random.default_rng(0)
    sound = 0.05 * rng.standard_normal(len(time)) * (1 + np.sin(2 * np.pi * 3 * time))
    marked = made.embed(sound.astype(np.float32), _RATE)
    if made.detect(marked, _RATE) < _MARKED or made.detect(sound, _RATE) > _UNMARKED:
        raise DependencyError("The watermarker does not find its own mark", _REMEDY)
    return made


def _weights_file() -> Path:
    spec = importlib.util.find_spec("perth")
    places = spec.submodule_search_locations if spec else None
    files = [Path(place) / _WEIGHTS for place in places or []]
    for file in files:
        if file.is_file():
            return file
    raise DependencyError("The weights of the watermarker (resemble-perth) are missing", _REMEDY)


def read_weights(path: Path) -> dict[str, Tensor]:
    """The arrays of a torch archive as plain numbers: its pickle is read as text, never run.

    Raises:
        DependencyError: the file is not such an archive of float32 arrays.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            table = next(n for n in archive.namelist() if n.endswith("/data.pkl"))
            folder = table[: -len("data.pkl")] + "data/"
            arrays = {}
            for name, storage in _storages(archive.read(table)).items():
                raw = archive.read(folder + storage)
                arrays[name] = torch.from_numpy(np.frombuffer(raw, "<f4").copy())
    except (OSError, ValueError, KeyError, StopIteration, zipfile.BadZipFile) as error:
        raise DependencyError(f"The watermarker's file {path} is damaged", _REMEDY) from error
    return arrays


def _storages(table: bytes) -> dict[str, str]:
    """Storage number by array name, from the strings of an archive's pickle."""
    found: dict[str, str] = {}
    name = ""
    for code, value, _ in pickletools.genops(table):
        if "UNICODE" not in code.name:
            continue
        if str(value).endswith((".weight", ".bias")):
            name = str(value)
        elif name and str(value).isdigit():
            found[name] = str(value)
            name = ""
    return found


def _stack(channels_in: int, channels_out: int) -> nn.Sequential:
    """Seven convolutions over frames with leaky rectifiers between them."""
    sizes = [channels_in, *[_WIDTH] * 6]
    layers: list[nn.Module] = []
    for i, size in enumerate(sizes):
        last = i == len(sizes) - 1
        kernel = 1 if i == 0 or last else 7
        layers.append(
            nn.Conv1d(size, channels_out if last else _WIDTH, kernel, padding=kernel // 2)
        )
        if not last:
            layers.append(nn.LeakyReLU())
    return nn.Sequential(*layers).eval().requires_grad_(False)


def _filled(stack: nn.Sequential, weights: dict[str, Tensor], prefix: str) -> nn.Sequential:
    """Gives a stack its weights.

    Raises:
        DependencyError: some are missing or of another size.
    """
    convolutions = [layer for layer in stack if isinstance(layer, nn.Conv1d)]
    for i, layer in enumerate(convolutions):
        for kind in ("weight", "bias"):
            target = getattr(layer, kind)
            source = weights.get(f"{prefix}.{i}.conv.{kind}")
            if source is None or source.numel() != target.numel():
                raise DependencyError("The watermarker has other weights than expected", _REMEDY)
            target.copy_(source.view_as(target))
    return stack


class Watermarker:
    """Writes and reads the mark.

    Args:
        weights: flat arrays by the package's names.
    """

    def __init__(self, weights: dict[str, Tensor]) -> None:
        self._encoder = _filled(_stack(_BINS, _BINS), weights, "encoder.layers")
        self._decoders = {
            name: _filled(_stack(_BINS, 2), weights, f"decoder.{name}") for name in _SPEEDS
        }
        self._window = torch.hann_window(_FFT)

    @property
    def encoder(self) -> nn.Sequential:
        """The network that writes: levels (B, K, F) to their change."""
        return self._encoder

    @torch.inference_mode()
    def embed(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
        """See :func:`embed`."""
        samples = np.asarray(samples, np.float32)
        if sample_rate < _RATE:
            raise OptionError(f"sample_rate: {sample_rate} Hz is too low for a watermark")
        if not samples.any():
            return samples.copy()
        spectrum = self._analyse(self._low(samples, sample_rate))
        low = spectrum[:_BINS]
        levels = _levels(low)  # (K, F)
        change = self._encoder(levels[None])[0] * _active(levels)
        gain = torch.exp(change * (_RANGE_DB / 20.0 * np.log(10.0)))
        spectrum = functional.pad(
            torch.view_as_real(low * (gain - 1.0)), (0, 0, 0, 0, 0, len(spectrum) - _BINS)
        )
        added = torch.istft(
            torch.view_as_complex(spectrum), _FFT, _HOP, window=self._window
        ).numpy()
        added = resample(added, _RATE, sample_rate)[: len(samples)]
        added = np.pad(added, (0, len(samples) - len(added)))
        return np.clip(samples + _faded(added, sample_rate), -1.0, 1.0)

    @torch.inference_mode()
    def detect(self, samples: np.ndarray, sample_rate: int) -> float:
        """See :func:`detect`."""
        samples = np.asarray(samples, np.float32)
        if not samples.any():
            return 0.0
        low = self._low(samples, sample_rate)
        count = max(1, round(len(low) / (_WINDOW_SECONDS * _RATE)))
        return max(self._read(part) for part in np.array_split(low, count))

    def _read(self, low: np.ndarray) -> float:
        levels = _levels(self._analyse(low)[:_BINS])
        active = _active(levels)[None, None]  # (1, 1, F)
        if not active.any():
            return 0.0
        marks, trusts = [], []
        for name, speed in _SPEEDS.items():
            size = int(levels.shape[1] * speed)
            stretched = functional.interpolate(
                levels[None], size=size, mode="linear", align_corners=True
            )
            where = functional.interpolate(active, size=size, mode="nearest")
            result = (self._decoders[name](stretched) * where).sum(2) / where.sum(2)  # (1, 2)
            trusts.append(result[0, 0])
            marks.append(result[0, 1])
        confidence = (torch.stack(trusts).softmax(0) * torch.stack(marks)).sum()
        return float(confidence.clamp(0.0, 1.0))

    def _low(self, samples: np.ndarray, sample_rate: int) -> np.ndarray:
        """At 8 kHz, and not shorter than the networks can take."""
        low = resample(samples, sample_rate, _RATE)
        return np.pad(low, (0, max(0, round(_MIN_SECONDS * _RATE) - len(low))))

    def _analyse(self, low: np.ndarray) -> Tensor:
        """(FFT / 2 + 1, F) complex."""
        return torch.stft(
            torch.from_numpy(low), _FFT, _HOP, window=self._window, return_complex=True
        )


def _levels(spectrum: Tensor) -> Tensor:
    """Magnitudes as the networks know them: dB at 32 kHz, mapped so that -180 dB is 0."""
    db = 20.0 * torch.log10((_SCALE * spectrum.abs()).clamp_min(_FLOOR))
    return (db - _FLOOR_DB) / _RANGE_DB


def _active(levels: Tensor) -> Tensor:
    """(F,) 1 where there is sound, 0 where there is digital silence."""
    sums = levels.sum(0)
    return (sums > sums.max() * _ACTIVE).float()


def _faded(added: np.ndarray, sample_rate: int) -> np.ndarray:
    """Without a step at the ends, where other pieces will be joined."""
    size = min(round(_FADE_SECONDS * sample_rate), len(added) // 2)
    if size:
        ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(size) + 0.5) / size)).astype(np.float32)
        added = added.copy()
        added[:size] *= ramp
        added[-size:] *= ramp[::-1]
    return added
