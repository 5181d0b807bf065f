"""Specification of a whole model, and the presets of the official versions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from voice.errors import ModelFileError, OptionError
from voice.spec.flow_matching import FlowMatchingSpec
from voice.spec.load import from_dict, read_json
from voice.spec.official import OfficialTokenizerSpec
from voice.spec.text2semantic import Text2SemanticSpec
from voice.spec.tokenizer import TokenizerSpec
from voice.spec.vits import VitsSpec, VocosSpec

PRESETS = Path(__file__).parent / "presets"


@dataclass(frozen=True)
class ModelSpec:
    """What a model folder holds, ``spec.json``.

    Attributes:
        name: of the model.
        symbols: version of the phoneme table (``v1`` or ``v2``).
        languages: that it speaks.
        licence: of the weights.
        tokenizer, text2semantic, decoder: its parts.
        version: of the official model that it is, or was fine-tuned from; empty for others.
        bert: name of the shared part that gives features of Chinese text; empty for none.
        speaker: name of the shared part that gives speaker vectors; empty for none.
        short_pauses: whether short texts get the pauses in front that official models were served
            with.
        equalized: whether a voice's equaliser is fitted when it is made
            (:mod:`voice.synth.colour`): needs a tokenizer that reads, and a Vocos decoder.
    """

    name: str
    symbols: str
    languages: tuple[str, ...]
    licence: str
    tokenizer: TokenizerSpec | OfficialTokenizerSpec
    text2semantic: Text2SemanticSpec
    decoder: VitsSpec | FlowMatchingSpec
    version: str = ""
    bert: str = ""
    speaker: str = ""
    short_pauses: bool = False
    equalized: bool = False

    def __post_init__(self) -> None:
        vocoder = self.decoder.vocoder if isinstance(self.decoder, VitsSpec) else None
        able = isinstance(vocoder, VocosSpec) and isinstance(self.tokenizer, TokenizerSpec)
        if self.equalized and not able:
            raise ModelFileError(f"model {self.name}: only a Vocos decoder with a tokenizer that "
                                 "reads can be equalized")

    @property
    def shared_parts(self) -> tuple[str, ...]:
        """Names of the parts it shares with other models, of which it can do without ``bert``."""
        encoder = getattr(self.tokenizer, "encoder", "")
        vocoder = self.decoder.vocoder if isinstance(self.decoder, FlowMatchingSpec) else ""
        return tuple(name for name in (encoder, self.bert, self.speaker, vocoder) if name)


def preset(version: str) -> ModelSpec:
    """The specification of an official version.

    Raises:
        OptionError: there is no such version here.
    """
    known = {path.stem: path for path in sorted(PRESETS.glob("*.json")) if "." not in path.stem}
    path = known.get(version.lower())
    if path is None:
        raise OptionError(f"there is no official version {version!r} here",
                          f"Versions: {', '.join(known)}.")
    return from_dict(ModelSpec, read_json(path), str(path))


def read_spec(folder: Path) -> ModelSpec:
    """The specification of a model folder.

    Raises:
        ModelFileError: the folder has none, or it is not a valid one.
    """
    if not (folder / "spec.json").is_file():
        raise ModelFileError(f"{folder}: not a model folder (it has no spec.json)")
    return from_dict(ModelSpec, read_json(folder / "spec.json"), str(folder / "spec.json"))
