"""``blend``: a new voice of others."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import click

from voice.cli.options import device_options, load_synthesizer
from voice.cli.output import emit, json_option
from voice.errors import OptionError

if TYPE_CHECKING:
    from voice.cli.app import Environment


@click.command("blend")
@click.argument("name")
@click.option("--of", "parents", multiple=True, required=True, metavar="NAME_OR_FILE=WEIGHT",
              help="A parent and its weight, 0 or more; give two or more.")
@click.option("--prosody-of", metavar="NAME_OR_FILE",
              help="The parent whose manner of speaking is taken; the heaviest if not given.")
@click.option("--replace", is_flag=True, help="Replace a voice of that name.")
@device_options
@json_option
@click.pass_obj
def command(environment: Environment, name: str, parents: tuple[str, ...], **options: Any) -> None:
    """Make a new voice of others, by timbre."""
    from voice.cli.describe import voice_facts
    from voice.cli.enroll import check_free
    from voice.synth.labels import check_name
    from voice.synth.library import VoiceLibrary

    name = check_name(name)
    weights = parse_weights(parents)
    check_free(VoiceLibrary.at_home(environment.folder), name, options["replace"])
    synthesizer = load_synthesizer(options, environment)
    voices = {who: synthesizer.voice(who) for who in weights}
    prosody = None
    if options["prosody_of"]:
        prosody = voices.get(options["prosody_of"])
        if prosody is None:
            raise OptionError(f"--prosody-of {options['prosody_of']} is not blended",
                              f"Name one of {', '.join(voices)}.")
    blended = synthesizer.blend({voices[w]: x for w, x in weights.items()}, prosody, name)
    kept = synthesizer.library.add(blended, overwrite=options["replace"])
    shares = ", ".join(f"{who} {share:.2f}" for who, share in kept.parents.items())
    emit(voice_facts(kept), options["as_json"], [f"kept voice {kept.name} ({shares})"])


def parse_weights(parents: tuple[str, ...]) -> dict[str, float]:
    """``NAME=WEIGHT`` to weights by name.

    Raises:
        OptionError: a weight is missing, none, negative or not finite; a parent comes twice;
            fewer than two.
    """
    weights: dict[str, float] = {}
    for parent in parents:
        who, sign, weight = parent.rpartition("=")
        try:
            value = float(weight)
        except ValueError:
            value = math.nan
        if not sign or not who or not math.isfinite(value) or value < 0:
            raise OptionError(f"--of {parent}: not NAME_OR_FILE=WEIGHT",
                              "The weight is a number from 0, such as ada=0.5.")
        if who in weights:
            raise OptionError(f"--of {who} is given twice", "Give each parent once.")
        weights[who] = value
    if len(weights) < 2:  # noqa: PLR2004 - a blend is of two
        raise OptionError("--of is given once", "Give two or more parents.")
    return weights
