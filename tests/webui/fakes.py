"""A stand-in for ``voice.Synthesizer``: the methods the page uses, with tones for speech."""

from __future__ import annotations

import hashlib
import logging
import threading
import time
import wave
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from voice import (
    AudioFileError,
    ConsentError,
    NothingToSayError,
    Speech,
    SynthesisSettings,
    UnknownTextError,
    Voice,
    VoiceError,
)
from voice.synth.speech import Origin, PieceReport

RATE = 24000
log = logging.getLogger("voice.fake")


@dataclass(frozen=True)
class FakePlan:
    """What ``Synthesizer.plan`` tells: the pieces."""

    pieces: tuple[str, ...]
    skipped: str = ""


def sentences_of(text: str) -> list[str]:
    return [part for part in text.replace("!", ".").split(".") if part.strip()]


class Gate:
    """Lets pieces of speech through, all of them unless a test holds them back.

    A test that looks at work in its middle holds it there: however slow the machine is, it is
    still in its middle when the browser has come so far.
    """

    def __init__(self) -> None:
        self._left = float("inf")
        self._changed = threading.Lock()

    @contextmanager
    def held(self, after: int = 0) -> Iterator[Gate]:
        """While the block runs, `after` more pieces are made and then no other."""
        self._left = after
        try:
            yield self
        finally:
            self.open()

    def let(self, count: int) -> None:
        """Lets some more through."""
        with self._changed:
            self._left += count

    def open(self) -> None:
        """Lets all through."""
        self._left = float("inf")

    def passed(self) -> bool:
        """Takes one of the pieces that may be made."""
        with self._changed:
            if self._left < 1:
                return False
            self._left -= 1
            return True


@dataclass
class FakeSynthesizer:
    """Each word of a text is 0.2 s of a tone whose pitch comes from the voice.

    Attributes:
        gate: what a piece waits for before it is made.
        enrolled: what recordings were listened to.
        closed: how many times speaking came to an end, or was ended.
        prepared: texts and names of the voices they were prepared for.
    """

    gate: Gate = field(default_factory=Gate)
    enrolled: list[str] = field(default_factory=list)
    closed: int = 0
    prepared: list[tuple[str, str]] = field(default_factory=list)

    def enroll(
        self, references: Sequence[str | Path], transcript: str | None = None,
        language: str = "auto", name: str = "", consent: str = "",
    ) -> Voice:
        data = Path(references[0]).read_bytes()
        self.enrolled.append(Path(references[0]).name)
        if Path(references[0]).suffix == ".wav":
            try:
                with wave.open(str(references[0])) as file:
                    seconds = file.getnframes() / file.getframerate()
            except (wave.Error, EOFError) as error:
                raise AudioFileError(f"{references[0]} is not a recording") from error
            if seconds < 1:
                raise AudioFileError(
                    f"{references[0]} holds {seconds:.1f} s of sound", "Give 3 to 15 s."
                )
        if "noisy" in Path(references[0]).name:
            log.warning("%s is noisy (%d dB): record it in a quieter room.", references[0], 12)
        digest = hashlib.sha256(data).digest()
        timbre = np.frombuffer(digest, np.uint8).astype(np.float32)
        return Voice(
            name=name, model="fake", timbre=timbre, languages=("en",), consent=consent,
            source_hash=digest.hex(), prompt_text=transcript or "",
        )

    def stream(
        self, text: str, voice: Voice, settings: SynthesisSettings | None = None,
        *, cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Speech]:
        settings = (settings or SynthesisSettings()).seeded()
        if not any(letter.isalnum() for letter in text):
            raise NothingToSayError("the text holds only punctuation", "Add words.")
        if "☃" in text:
            raise UnknownTextError("the model has no sounds for ☃")
        return self.speak(self.plan(text), voice, settings, cancelled)

    def speak(
        self, plan: Any, voice: Voice, settings: SynthesisSettings,
        cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Speech]:
        return self._tones(plan.pieces, voice, settings, cancelled or (lambda: False))

    def _tones(
        self, pieces: Sequence[str], voice: Voice, settings: SynthesisSettings,
        cancelled: Callable[[], bool],
    ) -> Iterator[Speech]:
        origin = Origin("fake", "abc123", voice.name, "cpu", settings.as_dict(), True)
        try:
            for sentence in pieces:
                while not self.gate.passed():
                    if cancelled():
                        raise RuntimeError("cancelled")
                    time.sleep(0.01)
                count = int(0.2 * RATE * max(2, len(sentence.split())) / settings.speed)
                pitch = 120 + float(voice.timbre.mean()) + (settings.seed or 0) % 7
                samples = 0.3 * np.sin(2 * np.pi * pitch * np.arange(count) / RATE)
                report = PieceReport(sentence.strip(), count / RATE, 5, checked=True)
                yield Speech(samples.astype(np.float32), RATE, origin, (report,))
        finally:
            self.closed += 1

    def blend(
        self, weights: Mapping[Voice, float], prosody_of: Voice | None = None, name: str = "",
        *, prosody: Mapping[Voice, float] | None = None, require_consent: bool = False,
    ) -> Voice:
        if require_consent and not all(voice.consent for voice in weights):
            raise ConsentError("No consent statement was given")
        total = sum(weights.values())
        timbre = sum(voice.timbre * weight for voice, weight in weights.items()) / total
        consents = [voice.consent for voice in weights]
        parents: dict[str, Any] = {voice.name: w / total for voice, w in weights.items()}
        return Voice(
            name=name, model="fake", timbre=timbre, parents=parents,
            prosody={v.name: w / sum((prosody or {}).values()) for v, w in (prosody or {}).items()},
            consent="; ".join(consents) if all(consents) else "",
        )

    def plan(self, text: str, settings: SynthesisSettings | None = None) -> FakePlan:
        if not any(letter.isalnum() for letter in text):
            raise NothingToSayError("the text holds only punctuation", "Add words.")
        if "☃" in text:
            raise UnknownTextError("the model has no sounds for ☃")
        return FakePlan(tuple(sentences_of(text)))

    def prepare(
        self, text: str, voice: Voice, settings: SynthesisSettings | None = None,
        *, cancelled: Callable[[], bool] | None = None,
    ) -> bool:
        if cancelled is not None and cancelled():
            raise VoiceError("cancelled")
        self.plan(text)
        self.prepared.append((text, voice.name))
        return True

    def examples(self) -> list[Voice]:
        return []
