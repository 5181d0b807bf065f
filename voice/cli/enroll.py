"""``enroll``: keeps a voice in the library."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from voice.cli.options import (
    FilePath,
    device_options,
    language_option,
    load_synthesizer,
    weighted,
)
from voice.cli.output import emit, json_option

if TYPE_CHECKING:
    from voice.cli.app import Environment


@click.command("enroll")
@click.argument("name")
@click.option(
    "--reference",
    "references",
    multiple=True,
    required=True,
    metavar="A.wav[=WEIGHT]",
    type=FilePath(),
    help="A recording of the speaker, 3 to 60 s; may be given several times, with weights.",
)
@click.option("--reference-text", metavar="TEXT", help="What the first reference says.")
@click.option(
    "--consent",
    required=True,
    metavar="STATEMENT",
    help='The speaker\'s consent, kept with the voice, such as "I am the speaker".',
)
@click.option("--replace", is_flag=True, help="Replace a voice of that name.")
@language_option
@device_options
@json_option
@click.pass_obj
def command(environment: Environment, name: str, **options: Any) -> None:
    """Keep a voice in the library."""
    from voice.cli.describe import voice_facts
    from voice.synth.labels import check_consent, check_name
    from voice.synth.library import VoiceLibrary

    name, consent = check_name(name), check_consent(options["consent"])
    check_free(VoiceLibrary.at_home(environment.folder), name, options["replace"])
    synthesizer = load_synthesizer(options, environment)
    made = synthesizer.enroll(
        weighted(options["references"]),
        transcript=options["reference_text"],
        language=options["language"],
        name=name,
        consent=consent,
    )
    kept = synthesizer.library.add(made, overwrite=options["replace"])
    emit(voice_facts(kept), options["as_json"], [f"kept voice {kept.name}"])


def check_free(library: Any, name: str, replace: bool) -> None:
    """Refuses a name that is taken, before a model is loaded.

    Raises:
        OutputError: it is taken, and may not be replaced.
    """
    from voice.errors import OutputError

    if not replace and library.path(name).exists():
        raise OutputError(
            f"a voice named {name} is kept already",
            "Remove it, choose another name, or add --replace.",
        )
