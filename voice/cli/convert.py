"""``convert``: a recording in another voice."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from voice.cli.options import (
    FilePath,
    VoiceChoice,
    check_watermark,
    device_options,
    load_synthesizer,
    number_option,
    voice_options,
)
from voice.cli.output import Progress, emit, json_option
from voice.synth.settings import LANGUAGES, SynthesisSettings

if TYPE_CHECKING:
    from voice.cli.app import Environment


@click.command("convert")
@click.option("--source", required=True, type=FilePath(), metavar="S.wav",
              help="The recording whose words and timing are kept; any length.")
@click.option("--source-text", metavar="TEXT",
              help="What the recording says, if known: it is then pronounced more clearly.")
@click.option("--source-language", type=click.Choice(LANGUAGES), default="auto",
              help="Of --source-text.")
@voice_options
@click.option("--out", required=True, type=FilePath(), metavar="O.wav",
              help="The recording to make: .wav, .flac, .ogg or .mp3.")
@number_option("seed")
@number_option("speed")
@number_option("noise_scale")
@click.option("--no-watermark", is_flag=True,
              help="Without the inaudible mark; an administrator must allow it.")
@device_options
@json_option
@click.pass_obj
def command(environment: Environment, source: Path, out: Path, **options: Any) -> None:
    """Re-speak a recording in another voice."""
    from voice.audio.files import read
    from voice.cli.say import check_folder
    from voice.synth.convert import MAX_SOURCE_SECONDS, check_source
    from voice.synth.speech import check_format

    settings = SynthesisSettings(
        language=options["source_language"], seed=options["seed"], speed=options["speed"],
        noise_scale=options["noise_scale"],
        watermark=not options["no_watermark"],
    ).seeded()
    check_watermark(settings, environment)
    check_format(out)
    check_folder(out)
    choice = VoiceChoice.of(options)
    audio = read(source, MAX_SOURCE_SECONDS)
    check_source(audio, str(source))
    synthesizer = load_synthesizer(options, environment)
    voice = choice.resolve(synthesizer)
    started = time.perf_counter()
    with Progress("converting", synthesizer.windows_of(audio)) as progress:
        seconds, tokens = write_chunks(
            out, synthesizer.convert_stream(
                audio, voice, settings, transcript=options["source_text"]), progress)
    elapsed = time.perf_counter() - started
    result = {
        "out": str(out), "source": str(source), "seconds": round(seconds, 4),
        "source_seconds": round(audio.seconds, 4), "sample_rate": synthesizer.sample_rate,
        "elapsed": round(elapsed, 4), "rtf": round(elapsed / max(seconds, 1e-9), 4),
        "model": synthesizer.name, "revision": synthesizer.revision, "voice": voice.name,
        "semantic_tokens": tokens, "seed": settings.seed, "device": synthesizer.device,
        "watermark": settings.watermark,
    }
    emit(result, options["as_json"], [f"{out}: {seconds:.1f} s in {elapsed:.1f} s"])


def write_chunks(out: Path, chunks: Any, progress: Progress) -> tuple[float, int]:
    """Writes chunks to a sound file as they come.

    Returns:
        Seconds and semantic tokens.
    """
    from voice.synth.speech import open_sound

    first = next(chunks)
    seconds, tokens = 0.0, 0
    note = first.origin.note() if first.origin else None
    with open_sound(out, first.sample_rate, note) as writer:
        chunk = first
        while chunk is not None:
            writer.write(chunk.samples)
            seconds += chunk.seconds
            tokens += sum(piece.semantic_tokens for piece in chunk.pieces)
            progress.step()
            chunk = next(chunks, None)
    return seconds, tokens
