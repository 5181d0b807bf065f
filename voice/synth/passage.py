"""A spoken text as something to work on: its pieces, one of them spoken anew, kept in a folder.

A passage's folder holds ``passage.json`` and ``speech.wav``; the WAV is the finished recording,
and its pieces are cut from it by their lengths.

Axes: N samples.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from voice.audio.atomic import atomic_file
from voice.audio.note import now
from voice.errors import OptionError
from voice.synth.plan import Plan
from voice.synth.settings import SynthesisSettings
from voice.synth.speech import Origin, PieceReport, Speech, join

if TYPE_CHECKING:
    from voice.synth.pipeline import Synthesizer
    from voice.synth.voicefile import Voice

FORMAT = 1
RECORD, SOUND = "passage.json", "speech.wav"


@dataclass(frozen=True, eq=False)
class Passage:
    """A text and how it was spoken.

    Attributes:
        text: all of it.
        speech: what was made, with a report for each piece.
        choices: plain data of the caller, kept with it.
        created: UTC time, ISO 8601.
    """

    text: str
    speech: Speech
    choices: dict[str, Any] = field(default_factory=dict)
    created: str = field(default_factory=now)

    def piece(self, index: int) -> Speech:
        """One piece as it is in the recording, its pause included.

        Raises:
            OptionError: there is no such piece.
        """
        start, stop = self._bounds(index)
        speech = self.speech
        return Speech(speech.samples[start:stop], speech.sample_rate, speech.origin,
                      (speech.pieces[index],))

    def with_piece(self, index: int, new: Speech) -> Passage:
        """The same with another reading of one piece.

        Raises:
            OptionError: there is no such piece, or the reading has another sample rate.
        """
        start, stop = self._bounds(index)
        old = self.speech
        if new.sample_rate != old.sample_rate or len(new.pieces) != 1:
            raise OptionError("the new reading is not one piece of the same recording")
        samples = np.concatenate([old.samples[:start], new.samples, old.samples[stop:]])
        pieces = (*old.pieces[:index], new.pieces[0], *old.pieces[index + 1 :])
        return replace(self, speech=Speech(samples, old.sample_rate, old.origin, pieces))

    def _bounds(self, index: int) -> tuple[int, int]:
        pieces, rate = self.speech.pieces, self.speech.sample_rate
        if not 0 <= index < len(pieces):
            raise OptionError(f"piece {index + 1} does not exist",
                              f"There are {len(pieces)} pieces.")
        lengths = [round(piece.seconds * rate) for piece in pieces]
        start = sum(lengths[:index])
        return start, start + lengths[index]

    def subtitles(self) -> str:
        """The pieces as SubRip (.srt) subtitles."""
        rows, start = [], 0.0
        for number, piece in enumerate(self.speech.pieces, 1):
            stop = start + piece.seconds
            said = " ".join(piece.text.split())
            rows.append(f"{number}\n{_clock(start)} --> {_clock(stop)}\n{said}\n")
            start = stop
        return "\n".join(rows)

    def save(self, folder: Path) -> None:
        """Writes the passage into a folder, which is made.

        Raises:
            OutputError: it cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.speech.save(folder / SOUND)
        record = {
            "format": FORMAT, "text": self.text, "created": self.created,
            "choices": self.choices,
            "origin": asdict(self.speech.origin) if self.speech.origin else None,
            "pieces": [asdict(piece) for piece in self.speech.pieces],
        }
        with atomic_file(folder / RECORD) as file:
            file.write(json.dumps(record, ensure_ascii=False).encode("utf8"))

    @staticmethod
    def load(folder: Path) -> Passage:
        """The passage of a folder.

        Raises:
            OptionError: there is none, or it is damaged.
        """
        from voice.audio.files import read

        try:
            record = json.loads((folder / RECORD).read_text("utf8"))
            if record["format"] != FORMAT:
                raise OptionError(f"{folder.name}: a passage of another version")
            pieces = tuple(PieceReport(**row) for row in record["pieces"])
            origin = Origin(**record["origin"]) if record["origin"] else None
            text, choices, created = record["text"], record["choices"], record["created"]
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise OptionError(f"{folder.name}: not a passage, or damaged ({error})") from error
        sound = read(folder / SOUND)
        return Passage(
            text, Speech(sound.samples, sound.sample_rate, origin, pieces), choices, created
        )


def _clock(seconds: float) -> str:
    """Seconds as SubRip writes them: ``00:01:02,345``."""
    millis = round(seconds * 1000)
    return f"{millis // 3600000:02d}:{millis // 60000 % 60:02d}:{millis // 1000 % 60:02d}," + (
        f"{millis % 1000:03d}"
    )


def respeak(
    synthesizer: Synthesizer, passage: Passage, index: int, voice: Voice, seed: int,
    cancelled: Callable[[], bool] | None = None,
) -> Speech:
    """Another reading of one piece of a passage, everything else as it was.

    Args:
        synthesizer: with the passage's model.
        passage: of text and settings.
        index: of the piece, from 0.
        voice: that spoke it.
        seed: of the new reading; the old one repeats it exactly.
        cancelled: asked at every step.

    Raises:
        OptionError: the text is cut differently now, or there is no such piece.
    """
    origin = passage.speech.origin
    settings = SynthesisSettings(**(origin.settings if origin else {})).replace(seed=seed)
    plan = synthesizer.plan(passage.text, settings)
    if len(plan.pieces) != len(passage.speech.pieces) or not 0 <= index < len(plan.pieces):
        raise OptionError("the text is cut otherwise than it was", "Speak it again as a whole.")
    one = Plan((plan.pieces[index],), plan.skipped)
    return join(synthesizer.speak(one, voice, settings, cancelled))
