"""Whether a bundle speaks as the PyTorch model does: tokens of the likeliest choice, and the sound.

See README.md beside this file.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from voice.checkpoints.store import Model
from voice.decode.alignment import align_codes
from voice.decode.loop import GenerateRequest, generate
from voice.decode.sampling import SamplingSettings
from voice.errors import OptionError
from voice.export.fixtures import GREEDY, sentences
from voice.export.run import BundleSynthesizer
from voice.synth.draw import read_back
from voice.synth.plan import Piece
from voice.synth.render import Utterance, decode
from voice.synth.voicefile import Voice


@dataclass(frozen=True)
class Parity:
    """Figures over some sentences.

    Attributes:
        sentences, tokens: how many there were.
        same_tokens: sentences whose tokens are the same, all of them.
        same_reading: sentences whose tokens are read back the same.
        audio_error: largest difference of a sample where the tokens are the same; full scale is 1.
        different: the texts of the others.
    """

    sentences: int
    tokens: int
    same_tokens: int
    same_reading: int
    audio_error: float
    different: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def compare(model: Model, bundle: BundleSynthesizer, rows: int, skip: int = 0) -> Parity:
    """Speaks the fixed sentences both ways with the bundle's first voice.

    Args:
        model: that the bundle was made of.
        bundle: in single precision.
        rows: how many sentences, languages in turns.
        skip: how many are left out at the start.

    Raises:
        OptionError: the bundle was made of other weights.
    """
    if bundle.revision != model.revision:
        raise OptionError(f"the bundle is of {bundle.name} {bundle.revision}, the model is "
                          f"{model.name} {model.revision}", "Export it again.")
    voice = bundle.voice(bundle.voices()[0])
    tokens, same, read, worst, different = 0, 0, 0, 0.0, []
    chosen = _in_turns(bundle.languages)[skip : skip + rows]
    for row in chosen:
        piece = bundle.plan(row["text"], GREEDY, language=row["language"], split="cut0").pieces[0]
        found = bundle.draw(piece, voice, GREEDY)[0]
        wanted = torch_tokens(model, bundle, piece, voice)
        tokens += len(wanted)
        if len(wanted):
            read += np.array_equal(read_back(model, [wanted])[0], bundle.read(wanted))
        if not np.array_equal(found, wanted):
            different.append(row["text"])
            continue
        same += 1
        if len(wanted):
            ids = piece.phonemes.ids
            made = bundle.sound(found, ids, voice, GREEDY)
            error = np.abs(made - torch_sound(model, wanted, ids, voice)).max()
            worst = max(worst, float(error))
    return Parity(len(chosen), tokens, same, read, worst, tuple(different))


def _in_turns(languages: tuple[str, ...]) -> list[dict[str, str]]:
    lists = [sentences([language]) for language in languages]
    return [own[i] for i in range(max(map(len, lists))) for own in lists if i < len(own)]


def torch_tokens(
    model: Model, bundle: BundleSynthesizer, piece: Piece, voice: Voice
) -> np.ndarray:
    """(T,) the likeliest tokens of a piece, by the PyTorch loop."""
    spoken = None
    if model.spec.text2semantic.reads and len(voice.prompt_codes):
        found = align_codes(model.tokenizer, voice.prompt_codes, voice.prompt_phonemes)
        spoken = found.astype(np.int64) if len(found) else None
    phonemes = voice.prompt_phonemes if len(voice.prompt_codes) else np.zeros(0, np.int64)
    request = GenerateRequest(
        np.concatenate([phonemes, piece.phonemes.ids]), (1,), voice.prompt_codes, len(phonemes),
        prompt_spoken=spoken,
    )
    usual = bundle.manifest.decoding
    settings = SamplingSettings(
        top_k=1, top_p=usual.top_p, temperature=usual.temperature,
        repetition_penalty=usual.repetition_penalty)
    codes = generate(model.text2semantic, [request], settings)[0].codes
    return np.asarray(codes, np.int64)


def torch_sound(
    model: Model, codes: np.ndarray, phoneme_ids: np.ndarray, voice: Voice
) -> np.ndarray:
    """(N,) the sound of tokens without noise, as the program makes it with PyTorch."""
    return decode(model, Utterance(codes, phoneme_ids, voice.timbre, noise_scale=0.0, speed=1.0,
                                   seed=0, voice_hz=voice.pitch_hz, equalizer=voice.equalizer))
