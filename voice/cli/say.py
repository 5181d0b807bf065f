"""``say``: text in a cloned voice, to a file or as raw sound to stdout."""

from __future__ import annotations

import contextlib
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from voice.cli.options import (
    FilePath,
    VoiceChoice,
    check_watermark,
    device_options,
    load_synthesizer,
    settings_options,
    voice_options,
)
from voice.cli.output import Progress, emit, json_option, warn
from voice.errors import NothingToSayError, OptionError
from voice.synth.settings import SynthesisSettings

if TYPE_CHECKING:
    from voice.cli.app import Environment
    from voice.synth.speech import Speech

MAX_TEXT_BYTES = 16 << 20


@click.command("say")
@click.option("--text", metavar="T", help="What to say.")
@click.option("--text-file", type=FilePath(), metavar="F",
              help="A UTF-8 text to say; - is stdin.")
@voice_options
@click.option("--out", type=FilePath(), metavar="O.wav",
              help="The recording: .wav, .flac, .ogg or .mp3.")
@click.option("--stream", is_flag=True,
              help="Raw 16-bit little-endian mono PCM to stdout while it is being made.")
@click.option("--bundle", type=FilePath(), metavar="DIR",
              help="An exported bundle instead of a model; runs without torch.")
@device_options
@settings_options
@json_option
@click.pass_obj
def command(environment: Environment, settings: SynthesisSettings, **options: Any) -> None:
    """Speak text in a cloned voice."""
    started = time.perf_counter()
    check_watermark(settings, environment)
    out, stream, as_json = options["out"], options["stream"], options["as_json"]
    _check_output(out, stream, as_json)
    text = read_text(options["text"], options["text_file"])
    choice = VoiceChoice.of(options)
    synthesizer: Any = _open(options, environment)
    settings = settings.seeded()
    plan = synthesizer.plan(text, settings)
    if plan.skipped:
        warn([f"skipped {len(plan.skipped)} kinds of characters without sounds: {plan.skipped}"])
    voice = choice.resolve(synthesizer)
    part = voice.continued
    if part and part.stop - part.start < part.seconds - 1:
        warn([f"{part.recording}: {part.start:.1f} to {part.stop:.1f} s of {part.seconds:.1f} s "
              "are continued"])
    ready = time.perf_counter()
    totals = _Totals()
    with _sinks(out, stream, synthesizer.sample_rate) as write, \
            Progress("speaking", len(plan.pieces)) as progress:
        for chunk in synthesizer.speak(plan, voice, settings):
            totals.add(chunk, time.perf_counter() - ready)
            write(chunk)
            progress.step()
    elapsed = time.perf_counter() - ready
    if not totals.passed:
        warn([f"the self-check doubts {totals.failed} of {len(plan.pieces)} pieces: "
              "words may be missing or repeated; another --seed may help"])
    result = {
        "out": str(out) if out else None, "seconds": round(totals.seconds, 4),
        "sample_rate": synthesizer.sample_rate, "elapsed": round(elapsed, 4),
        "rtf": round(elapsed / max(totals.seconds, 1e-9), 4),
        "first_chunk_seconds": round(totals.first, 4), "load_seconds": round(ready - started, 4),
        "model": synthesizer.name, "revision": synthesizer.revision, "voice": voice.name,
        "language": plan.language, "semantic_tokens": totals.tokens, "seed": settings.seed,
        "device": synthesizer.device, "checked": totals.checked, "passed": totals.passed,
        "retries": totals.retries, "pieces": len(plan.pieces), "skipped": plan.skipped,
        "watermark": settings.watermark,
        "reference": asdict(voice.continued) if voice.continued else None,
    }
    if not stream:
        emit(result, as_json, [
            f"{out}: {totals.seconds:.1f} s in {elapsed:.1f} s "
            f"(seed {settings.seed}, {totals.retries} redrawn)"
        ])


def _open(options: dict[str, Any], environment: Environment) -> Any:
    """The synthesizer of a model, or of a bundle, which speaks in the same words."""
    if options["bundle"] is None:
        return load_synthesizer(options, environment)
    if options["references"]:
        raise OptionError("--reference is given with --bundle, which speaks in its own voices",
                          "Give --voice NAME, or a .voice file.")
    from voice.export.run import BundleSynthesizer

    return BundleSynthesizer.load(options["bundle"])


def _check_output(out: Path | None, stream: bool, as_json: bool) -> None:
    from voice.synth.speech import check_format

    if stream and as_json:
        raise OptionError("--stream and --json both write to stdout", "Give one of them.")
    if out is None and not stream:
        raise OptionError("--out is missing", "Add --out O.wav, or --stream.")
    if out is not None:
        check_format(out)
        check_folder(out)


def check_folder(out: Path) -> None:
    """Refuses an output that could not be written, before work is put into it.

    Raises:
        OutputError: its folder is missing, or it is a folder itself.
    """
    import errno

    from voice.audio.atomic import output_error

    try:
        if not out.parent.is_dir():
            raise OSError(errno.ENOENT, "")
        if out.is_dir():
            raise OSError(errno.EISDIR, "")
    except OSError as error:
        raise output_error(out, error) from error


def read_text(text: str | None, file: Path | None) -> str:
    """The text of ``--text`` or ``--text-file``.

    Raises:
        OptionError: both, none, or a file that cannot be read.
        NothingToSayError: it is empty.
    """
    if (text is None) == (file is None):
        raise OptionError("give either --text or --text-file",
                          "Both are there." if text is not None else "None is there.")
    if file is not None:
        text = _read_file(file)
    assert text is not None
    if not text.strip():
        raise NothingToSayError(
            f"nothing to say: {file or '--text'} is empty", "Give a text with words.")
    return text


def _read_file(file: Path) -> str:
    try:
        if str(file) == "-":
            data = sys.stdin.buffer.read(MAX_TEXT_BYTES + 1)
        else:
            with open(file, "rb") as handle:
                data = handle.read(MAX_TEXT_BYTES + 1)
    except OSError as error:
        raise OptionError(f"--text-file {file}: cannot be read ({error.strerror})",
                          "Name a text file.") from error
    if len(data) > MAX_TEXT_BYTES:
        raise OptionError(f"--text-file {file}: longer than {MAX_TEXT_BYTES >> 20} MiB",
                          "Cut it into several.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise OptionError(f"--text-file {file}: not UTF-8 text (byte {error.start})",
                          "Save it as UTF-8.") from error


class _Totals:
    """Sums over chunks; the chunks themselves are not kept."""

    def __init__(self) -> None:
        self.seconds = self.first = 0.0
        self.tokens = self.retries = self.failed = self.count = 0
        self.checked = True

    @property
    def passed(self) -> bool:
        """Whether every piece passed the self-check."""
        return self.failed == 0

    def add(self, chunk: Speech, now: float) -> None:
        """One more chunk, made ``now`` seconds after the start."""
        self.first = self.first if self.count else now
        self.count += 1
        self.seconds += chunk.seconds
        for piece in chunk.pieces:
            self.tokens += piece.semantic_tokens
            self.retries += piece.retries
            self.failed += not piece.passed
            self.checked = self.checked and piece.checked


@contextlib.contextmanager
def _sinks(out: Path | None, stream: bool, sample_rate: int) -> Any:
    """A function that writes a chunk to the file, to stdout, or to both."""
    from voice.audio.wav import to_int16
    from voice.synth.speech import open_sound

    with contextlib.ExitStack() as stack:
        writer: Any = None

        def write(chunk: Speech) -> None:
            nonlocal writer
            if out is not None and writer is None:
                note = chunk.origin.note() if chunk.origin else None
                writer = stack.enter_context(open_sound(out, sample_rate, note))
            if writer is not None:
                writer.write(chunk.samples)
            if stream:
                sys.stdout.buffer.write(to_int16(chunk.samples).astype("<i2").tobytes())
                sys.stdout.buffer.flush()

        yield write
