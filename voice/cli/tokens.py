"""``tokens``: semantic tokens of a recording as a tool of its own, and sound of tokens."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import numpy as np

from voice.cli.options import (
    FilePath,
    VoiceChoice,
    device_options,
    load_synthesizer,
    number_option,
    voice_options,
)
from voice.cli.output import emit, json_option
from voice.errors import OptionError

if TYPE_CHECKING:
    from voice.cli.app import Environment
    from voice.synth.pipeline import Synthesizer
    from voice.synth.voicefile import Voice


@click.command("tokens")
@click.argument("input_file", metavar="A.wav|T.json", type=FilePath())
@click.option(
    "--features",
    type=FilePath(),
    metavar="F.npy",
    help="Keep the content features, (frames, width) float32, 50 frames a second.",
)
@click.option(
    "--out",
    type=FilePath(),
    metavar="O.wav",
    help="Turn the tokens back to sound: in the recording's own voice, or in the one given.",
)
@voice_options
@number_option("seed")
@number_option("noise_scale")
@device_options
@json_option
@click.pass_obj
def command(environment: Environment, input_file: Path, **options: Any) -> None:
    """Content features, semantic tokens and the phonemes they carry, of a recording.

    With a .json file that --json has printed before, its tokens are turned to sound.
    """
    from voice.cli.say import check_folder
    from voice.synth.speech import check_format

    choice = VoiceChoice.of(options, required=False)
    out, features = options["out"], options["features"]
    for path in (out, features):
        if path is not None:
            check_folder(path)
    if out is not None:
        check_format(out)
    from_tokens = input_file.suffix.lower() == ".json"
    if from_tokens and (out is None or not choice.given or features is not None):
        raise OptionError(
            f"{input_file} holds tokens, not sound",
            "Give --out O.wav and --voice or --reference, and no --features.",
        )
    codes = read_codes(input_file) if from_tokens else None
    synthesizer = load_synthesizer(options, environment)
    result, codes = _facts(synthesizer, input_file, codes, features)
    if out is not None:
        voice = _voice(synthesizer, choice, input_file)
        speech = synthesizer.speak_tokens(
            codes, voice, seed=options["seed"], noise_scale=options["noise_scale"]
        )
        speech.save(out)
        result |= {
            "out": str(out),
            "seconds_out": round(speech.seconds, 4),
            "voice": voice.name,
            "seed": speech.info["seed"],
            "sample_rate": speech.sample_rate,
        }
    emit(
        result,
        options["as_json"],
        [
            f"tokens: {' '.join(map(str, result['tokens']))}",
            *([f"phonemes: {' '.join(result['phonemes'])}"] if "phonemes" in result else []),
        ],
    )


def _facts(
    synthesizer: Synthesizer, file: Path, codes: np.ndarray | None, features: Path | None
) -> tuple[dict[str, Any], np.ndarray]:
    base = {
        "model": synthesizer.name,
        "revision": synthesizer.revision,
        "input": str(file),
        "rate": synthesizer.model.tokenizer.rate,
    }
    if codes is not None:
        return base | {"tokens": codes.tolist()}, codes
    report = synthesizer.tokens(file)
    if features is not None:
        write_array(features, report.features)
    base |= {
        "tokens": report.codes.tolist(),
        "phonemes": list(report.phonemes),
        "features_shape": list(report.features.shape),
        "features_rate": report.rate * synthesizer.model.spec.tokenizer.stride,
        "features": str(features) if features else None,
        "seconds": round(len(report.codes) / report.rate, 4),
    }
    return base, report.codes


def _voice(synthesizer: Synthesizer, choice: VoiceChoice, file: Path) -> Voice:
    return choice.resolve(synthesizer) if choice.given else synthesizer.enroll([file])


def read_codes(path: Path) -> np.ndarray:
    """The tokens in a JSON file: a list, or an object with the list ``tokens``.

    Raises:
        OptionError: it holds none.
    """
    try:
        data = json.loads(path.read_text("utf8"))
    except (OSError, ValueError, RecursionError) as error:
        raise OptionError(f"{path}: cannot be read as JSON ({error})") from error
    codes = data.get("tokens") if isinstance(data, dict) else data
    whole = isinstance(codes, list) and all(type(c) is int and abs(c) < 2**31 for c in codes)
    if not whole or not codes:
        raise OptionError(
            f"{path}: holds no list of tokens", "Give what voice tokens A.wav --json prints."
        )
    return np.asarray(codes, np.int64)


def write_array(path: Path, array: np.ndarray) -> None:
    """Writes an .npy file, whole or not at all."""
    from voice.audio.atomic import atomic_file

    whole = io.BytesIO()  # np.save itself does not say why it could not write
    np.save(whole, array, allow_pickle=False)
    with atomic_file(path) as file:
        file.write(whole.getbuffer())
