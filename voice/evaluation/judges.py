"""The judges: a recogniser, a speaker verifier and a naturalness predictor score recordings.

Recogniser: Whisper base (Radford et al. 2022; CTranslate2, int8, beam 5). Verifier: Resemblyzer
(GE2E, Wan et al. 2018). Naturalness: DNSMOS P.835 overall (Reddy et al. 2022). Their packages are
in requirements-eval.txt and nowhere else in the program. Nothing here trains; no loss may use
these networks, or the figures would flatter.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from voice.errors import DependencyError
from voice.evaluation.wording import edit_distance, units

PUNCTUATION_HINT = {"zh": "以下是普通话的句子。"}  # Whisper writes simplified characters after it
HEARING_RATE = 16000
WHISPER_FILES = ("model.bin", "config.json", "tokenizer.json")


@dataclass
class Judges:
    """Loaded judges; embeddings of recordings heard before are kept.

    Attributes:
        whisper: folder of a Whisper base model in CTranslate2's format.
        threads: CPU threads of the recogniser.
    """

    whisper: Path
    threads: int = 1
    _recognizer: Any = None
    _verifier: Any = None
    _embeddings: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if missing := [n for n in WHISPER_FILES if not (self.whisper / n).is_file()]:
            raise DependencyError(
                f"{self.whisper}: no Whisper model there ({', '.join(missing)} missing)",
                "Name the folder of a CTranslate2 Whisper base model (`make setup-eval` makes one)",
            )
        try:
            from faster_whisper import WhisperModel  # pyright: ignore[reportMissingImports]
            from resemblyzer import VoiceEncoder  # pyright: ignore[reportMissingImports]
        except ImportError as error:
            raise DependencyError(
                f"the judges' package {error.name} is not installed", "Run `make setup-eval`"
            ) from error
        self._recognizer = WhisperModel(
            str(self.whisper), device="cpu", compute_type="int8", cpu_threads=self.threads
        )
        self._verifier = VoiceEncoder("cpu", verbose=False)

    def heard(self, wav: Path, language: str) -> str:
        """What the recogniser understands of a recording."""
        segments, _ = self._recognizer.transcribe(
            str(wav), language=language, beam_size=5, condition_on_previous_text=False,
            initial_prompt=PUNCTUATION_HINT.get(language),
        )
        return "".join(segment.text for segment in segments)

    def embedding(self, wav: Path) -> np.ndarray:
        """(256,) float32 of length 1: who speaks in a recording."""
        key = str(wav)
        if key not in self._embeddings:
            from resemblyzer import preprocess_wav  # pyright: ignore[reportMissingImports]

            self._embeddings[key] = self._verifier.embed_utterance(preprocess_wav(wav))
        return self._embeddings[key]

    def similarity(self, wav: Path, reference: Path) -> float:
        """Cosine of two recordings' embeddings: about 0.9 one speaker, 0.55 two people."""
        return float(self.embedding(wav) @ self.embedding(reference))

    def naturalness(self, wav: Path) -> float:
        """DNSMOS overall, 1 to 5."""
        import librosa  # pyright: ignore[reportMissingImports]
        from speechmos import dnsmos  # pyright: ignore[reportMissingImports]

        samples, _ = librosa.load(wav, sr=HEARING_RATE)
        return float(dnsmos.run(np.clip(samples, -1, 1), HEARING_RATE)["ovrl_mos"])

    def score(self, row: dict[str, Any]) -> dict[str, Any]:
        """Scores one row.

        Args:
            row: ``wav``, ``text``, ``lang`` and optional ``reference`` and ``others`` (further
                recordings to compare the voice with); paths as strings.

        Returns:
            The row with ``heard, errors, length, mos, seconds``; with a reference, ``sim``; with
            others, ``other_sims`` in their order.
        """
        import soundfile

        wav = Path(row["wav"])
        heard = self.heard(wav, row["lang"])
        wanted = units(row["text"], row["lang"])
        scored = dict(
            row, heard=heard, errors=edit_distance(wanted, units(heard, row["lang"])),
            length=len(wanted), mos=self.naturalness(wav), seconds=soundfile.info(wav).duration,
        )
        if row.get("reference"):
            scored["sim"] = self.similarity(wav, Path(row["reference"]))
        if row.get("others"):
            scored["other_sims"] = [self.similarity(wav, Path(other)) for other in row["others"]]
        return scored
