"""Options that several commands share, and what they become."""

from __future__ import annotations

import functools
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from voice.errors import OptionError
from voice.synth.settings import (
    LANGUAGES,
    PRECISIONS,
    RANGES,
    SPLITS,
    SynthesisSettings,
    check_number,
)

if TYPE_CHECKING:
    from voice.cli.app import Environment
    from voice.synth.pipeline import Synthesizer
    from voice.synth.voicefile import Voice

F = TypeVar("F", bound=Callable[..., Any])


class Number(click.ParamType):
    """A number of :data:`voice.synth.settings.RANGES`; out of range names option and range."""

    def __init__(self, option: str) -> None:
        self.option = option
        self.name = "integer" if RANGES[option].whole else "number"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        label = f"--{self.option.replace('_', '-')}"
        try:
            number = int(value) if RANGES[self.option].whole else float(value)
        except (TypeError, ValueError, OverflowError):
            number = value
        check_number(self.option, number, label)
        return number


class FilePath(click.ParamType):
    """A path that a file system can have at all."""

    name = "path"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        label = param.opts[0] if param and param.opts[0].startswith("-") else "path"
        try:
            if "\0" in str(value):
                raise ValueError("a zero byte")
            os.fsencode(value)
        except ValueError as error:
            raise OptionError(f"{label}: {value!r} is no path ({error})", "Name a file.") from error
        return Path(value)


def number_option(name: str) -> Callable[[F], F]:
    """The option of a number in :data:`RANGES`, with its default in the help."""
    default = getattr(SynthesisSettings(), name)
    shown = "" if default is None else f" Default {default:g}."
    limits = RANGES[name]
    text = f"{limits.help[0].upper()}{limits.help[1:]}; {limits}.{shown}"
    return click.option(
        f"--{name.replace('_', '-')}", name, type=Number(name), default=default, help=text
    )


def language_option(function: F) -> F:
    """``--language``."""
    return click.option(
        "--language",
        type=click.Choice(LANGUAGES),
        default="auto",
        help="Of the text; auto tells scripts apart and splits mixed text.",
    )(function)


def device_options(function: F) -> F:
    """``--model``, ``--device`` and ``--precision``."""
    function = click.option(
        "--precision",
        type=click.Choice(PRECISIONS),
        default="auto",
        help="Of the language model; which ones there are depends on the device.",
    )(function)
    function = click.option(
        "--device",
        default="auto",
        metavar="auto|cpu|cuda[:N]",
        help="Where to compute.",
    )(function)
    return click.option(
        "--model",
        default="mini",
        metavar="NAME_OR_DIR",
        help="Default mini, which comes with the program.",
    )(function)


def voice_options(function: F) -> F:
    """``--voice``, ``--reference`` and what it says: whose voice."""
    function = click.option(
        "--reference-language", type=click.Choice(LANGUAGES), default="auto",
        help="Of --reference-text.",
    )(function)
    function = click.option(
        "--reference-text",
        metavar="TEXT",
        help="What the (first) reference says; improves the manner of speaking.",
    )(function)
    function = click.option(
        "--reference",
        "references",
        multiple=True,
        type=FilePath(),
        metavar="A.wav[=WEIGHT]",
        help="Speak in the voice of this recording, 3 to 60 s; may be given several times, "
        "with weights such as A.wav=0.7 for their shares in the timbre. The best 3 to 10 s of "
        "the first are continued.",
    )(function)
    return click.option(
        "--voice",
        metavar="NAME_OR_FILE",
        help="A kept voice, or a .voice file.",
    )(function)


NUMBERS = (
    "seed",
    "speed",
    "temperature",
    "top_k",
    "top_p",
    "repetition_penalty",
    "pause",
    "noise_scale",
    "sample_steps",
    "candidates",
    "retries",
)


def settings_options(function: F) -> F:
    """All options of :class:`SynthesisSettings`; the command gets them as ``settings``."""

    @functools.wraps(function)
    def command(*args: Any, **options: Any) -> Any:
        chosen = {
            name: options.pop(name) for name in (*NUMBERS, "language", "split", "skip_unknown")
        }
        chosen["check"] = options.pop("check")
        chosen["prompt"] = options.pop("prompt")
        chosen["watermark"] = not options.pop("no_watermark")
        return function(*args, settings=SynthesisSettings(**chosen), **options)

    for name in reversed(NUMBERS):
        command = number_option(name)(command)
    command = click.option(
        "--split",
        type=click.Choice(SPLITS),
        default="auto",
        help="How long text is cut: auto by duration, cut0 to cut5 as GPT-SoVITS.",
    )(command)
    command = click.option(
        "--skip-unknown",
        is_flag=True,
        help="Leave out characters the model has no sounds for, and list them.",
    )(command)
    command = click.option(
        "--check/--no-check",
        default=True,
        help="Read every piece back and draw it again where words are missing or repeated.",
    )(command)
    command = click.option(
        "--prompt/--no-prompt",
        default=True,
        help="Take the reference's manner of speaking too, or its timbre alone.",
    )(command)
    command = click.option(
        "--no-watermark",
        is_flag=True,
        help="Without the inaudible mark; an administrator must allow it.",
    )(command)
    return language_option(command)  # type: ignore[return-value]


def check_watermark(settings: SynthesisSettings, environment: Environment) -> None:
    """Refuses ``--no-watermark`` where the administrator has not allowed it.

    Raises:
        OptionError: not allowed.
    """
    if not settings.watermark and not environment.allow_no_watermark:
        raise OptionError(
            "--no-watermark is not allowed here",
            "An administrator sets VOICE_ALLOW_NO_WATERMARK=1 in the environment.",
        )


@dataclass(frozen=True)
class VoiceChoice:
    """Whose voice: a kept one, or references.

    Raises:
        OptionError: none or both were given, a transcript without a reference, or a weight that
            is not over 0.
    """

    voice: str | None
    references: tuple[Path, ...]
    reference_text: str | None = None
    required: bool = True
    reference_language: str = "auto"

    @classmethod
    def of(cls, options: dict[str, Any], required: bool = True) -> VoiceChoice:
        """The choice in the options of a command that has :func:`voice_options`."""
        return cls(options["voice"], options["references"], options["reference_text"], required,
                   options["reference_language"])

    def __post_init__(self) -> None:
        for reference in self.references:
            split_weight(reference)
        if self.voice and self.references:
            raise OptionError("--voice and --reference are both given", "Give one of them.")
        if self.reference_text is not None and not self.references:
            raise OptionError(
                "--reference-text is given without --reference", "Add --reference A.wav."
            )
        if self.required and not self.given:
            raise OptionError("no voice is given", "Add --voice NAME_OR_FILE or --reference A.wav.")

    @property
    def given(self) -> bool:
        """Whether there is one."""
        return bool(self.voice or self.references)

    @property
    def files(self) -> tuple[Path, ...]:
        """The recordings, without their weights."""
        return tuple(split_weight(reference)[0] for reference in self.references)

    def resolve(self, synthesizer: Synthesizer) -> Voice:
        """The voice, loaded or made."""
        if self.voice:
            return synthesizer.voice(self.voice)
        return synthesizer.enroll(
            weighted(self.references), transcript=self.reference_text,
            language=self.reference_language,
        )


def split_weight(reference: Path) -> tuple[Path, float | None]:
    """``A.wav=0.7`` as a path and its weight; a file of that very name is taken as it is.

    Raises:
        OptionError: the weight is not over 0.
    """
    name, sign, number = str(reference).rpartition("=")
    if not sign or not name or reference.exists():
        return reference, None
    try:
        weight = float(number)
    except ValueError:
        return reference, None
    if not math.isfinite(weight) or weight <= 0:
        raise OptionError(f"--reference {name}: its weight is {number}", "It must be over 0.")
    return Path(name), weight


def weighted(references: Sequence[Path]) -> tuple[Path, ...] | dict[Path, float]:
    """Recordings, with their weights if any has one (1 for the others)."""
    pairs = [split_weight(reference) for reference in references]
    if all(weight is None for _, weight in pairs):
        return tuple(path for path, _ in pairs)
    out: dict[Path, float] = {}
    for path, weight in pairs:
        out[path] = out.get(path, 0.0) + (1.0 if weight is None else weight)
    return out


def load_synthesizer(options: Mapping[str, Any], environment: Environment) -> Synthesizer:
    """The synthesizer of :func:`device_options`, with the voices of this environment."""
    from voice.synth.pipeline import Synthesizer

    return Synthesizer.load(
        options["model"], device=options["device"], home=environment.folder,
        precision=options["precision"],
    )
