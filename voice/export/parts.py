"""What the graphs of a bundle do, one by one, arrays in and out: no text, no randomness.

Axes: N samples, T codes, P phonemes, C channels, F latent frames, D timbre width.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import chain, repeat
from pathlib import Path

import numpy as np

from voice.audio.equalizer import BANDS
from voice.errors import OptionError
from voice.export.alignment import align
from voice.export.manifest import Manifest
from voice.export.sessions import Sessions
from voice.synth import selfcheck
from voice.synth.voicefile import Voice

_REMEMBERED = 4


class BundleParts:
    """The graphs of a bundle but for the token loop, which :mod:`voice.export.decoding` has.

    Args:
        folder: of the bundle.
        manifest: its manifest.
        threads: that a graph may use.
    """

    def __init__(self, folder: Path, manifest: Manifest, threads: int = 1) -> None:
        self.folder, self.manifest = folder, manifest
        self.sessions = Sessions(folder, manifest, threads)
        self._heard: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}

    def _hear(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Classes (F,) and log-probabilities (F, S) of (T,) codes; the last ones are remembered,
        since the self-check asks before the sound does."""
        key = np.asarray(codes, np.int64).tobytes()
        if key not in self._heard:
            for old in list(self._heard)[: 1 - _REMEMBERED]:
                del self._heard[old]
            classes, scores = self.sessions.run("read", {"codes": codes[None]})
            self._heard[key] = classes[0], scores[0]
        return self._heard[key]

    def read(self, codes: np.ndarray) -> np.ndarray:
        """The phonemes that (T,) codes carry, (Q,) int64 rows of the symbol table."""
        numbers = self.manifest.tokenizing
        if not len(codes) or numbers is None:
            return np.zeros(0, np.int64)
        return selfcheck.collapse(self._hear(codes)[0], numbers.blank)

    def scores(self, codes: np.ndarray) -> np.ndarray:
        """Log-probabilities of the symbols and, last, the blank, (F, S), in (T,) codes."""
        numbers = self.manifest.tokenizing
        if not len(codes) or numbers is None:
            return np.zeros((0, (numbers.blank if numbers else 0) + 1), np.float32)
        return self._hear(codes)[1]

    def spoken(self, codes: np.ndarray, phoneme_ids: np.ndarray) -> np.ndarray:
        """Which of (P,) phonemes each of (T,) codes says, (T,) int64; -1 where not known."""
        numbers = self.manifest.tokenizing
        if not len(codes) or numbers is None:
            return np.full(len(codes), -1, np.int64)
        return align(self._hear(codes)[1], phoneme_ids, numbers.blank, numbers.reader_stride)

    def latent(
        self, codes: np.ndarray, phoneme_ids: np.ndarray, voice: Voice, noise: np.ndarray
    ) -> np.ndarray:
        """(T,), (P,) and scaled noise (1, C, F) to (1, C, F)."""
        inputs = {
            "codes": np.asarray(codes, np.int64)[None],
            "phoneme_ids": np.asarray(phoneme_ids, np.int64)[None],
            "timbre": np.asarray(voice.timbre, np.float32)[None], "noise": noise,
        }
        if self.manifest.sound.takes_pitch:
            inputs["voice_hz"] = np.array([voice.pitch_hz], np.float32)
        if self.manifest.sound.takes_spoken:
            inputs["spoken"] = self.spoken(codes, phoneme_ids)[None]
        return self.sessions.run("latent", inputs)[0]

    def waveform_chunks(
        self, latent: np.ndarray, voice: Voice, *frames: int
    ) -> Iterator[np.ndarray]:
        """Samples of a latent (1, C, F), piece by piece; see :meth:`Vits.waveform_chunks`.

        Args:
            latent: (1, C, F).
            voice: whose timbre and equaliser.
            frames: of the first chunks; the last number is that of all further ones.
        """
        if min(frames) < 1:
            raise OptionError(f"{min(frames)} frames a chunk", "Give at least 1.")
        context = self.manifest.sound.context_frames
        size, total = self.manifest.sound.frame_samples, latent.shape[2]
        own, start = {"timbre": np.asarray(voice.timbre, np.float32)[None]}, 0
        if self.manifest.sound.takes_equalizer:
            gains = np.zeros(BANDS) if voice.equalizer is None else voice.equalizer
            own["equalizer"] = np.asarray(gains, np.float32)[None]
        for count in chain(frames, repeat(frames[-1])):
            stop = min(start + count, total)
            left, right = max(0, start - context), min(total, stop + context)
            part = np.ascontiguousarray(latent[:, :, left:right])
            audio = self.sessions.run("waveform", {"latent": part, **own})[0][0]
            yield np.nan_to_num(audio[(start - left) * size : (stop - left) * size])
            start = stop
            if start == total:
                return

    def tokenize(self, samples: np.ndarray) -> np.ndarray:
        """Codes (T,) int64 of (N,) samples at ``manifest.tokenizing.sample_rate``.

        Raises:
            ModelFileError: the bundle has no tokenizer.
        """
        numbers = self.manifest.tokenizing
        size = numbers.token_samples if numbers else 1
        count = math.ceil(len(samples) / size) * size
        padded = np.pad(np.asarray(samples, np.float32), (0, count - len(samples)))
        return self.sessions.run("tokenize", {"samples": padded[None]})[0][0]

    def timbre(self, samples: np.ndarray) -> np.ndarray:
        """Timbre (D,) of 1 to 10 s of samples (N,) at ``manifest.sound.timbre_rate``."""
        return self.sessions.run("timbre", {"samples": np.asarray(samples, np.float32)[None]})[0][0]
