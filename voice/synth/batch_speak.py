"""One line of a batch: spoken to a file, chunk by chunk, so that it can be stopped at any time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from voice.synth.batch import Stopped
from voice.synth.settings import SynthesisSettings
from voice.synth.speech import Speech, open_sound, summary
from voice.synth.voicefile import Voice


def speak_item(
    stream: Callable[..., Iterator[Speech]], text: str, voice: Voice,
    settings: SynthesisSettings, out: Path, stopped: Callable[[], bool],
) -> dict[str, Any]:
    """Speaks one line to a file, which appears when it is whole.

    Args:
        stream: as ``Synthesizer.stream``.
        text, voice, settings: of the line; the settings have a seed.
        out: the recording.
        stopped: asked all the time; True ends the line.

    Returns:
        What to add to its row: ``seconds, voice, language, seed, skipped`` and the sums over its
        pieces.

    Raises:
        Stopped: the run was interrupted; no file is left.
        VoiceError: the line cannot be spoken.
    """
    pieces, seconds = [], 0.0
    try:
        chunks = stream(text, voice, settings, cancelled=stopped)
        first = next(chunks)
        note = first.origin.note() if first.origin else None
        with open_sound(out, first.sample_rate, note) as writer:
            chunk: Speech | None = first
            while chunk is not None:
                writer.write(chunk.samples)
                pieces += chunk.pieces
                seconds += chunk.seconds
                if stopped():
                    raise Stopped
                chunk = next(chunks, None)
    except Exception as error:
        if stopped() and not isinstance(error, Stopped):
            raise Stopped from error
        raise
    skipped = first.origin.skipped if first.origin else ""
    return {"seconds": round(seconds, 4), "voice": voice.name, "language": settings.language,
            "seed": settings.seed, "skipped": skipped} | summary(pieces)
