"""What a bundle holds: ``manifest.json``, read first, strictly, and checked against every file.

Plain data, written the same way each time. ``digest`` is the SHA-256 of the manifest's own bytes
with 64 zeros in its place, so that a changed letter is found as surely as a changed graph.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from voice.errors import ModelFileError, OutputError
from voice.spec.load import from_dict, to_dict

NAME = "manifest.json"
FORMAT = "voice-bundle"
VERSION = 5  # 3: losses have intervals; 4: equalisers; 5: each row of a step has its length
_ZEROS = "0" * 64
_DIGEST = re.compile(rb'("digest": ")([0-9a-f]{64})(")')
_MOST_BYTES = 4 << 20
_BLOCK = 1 << 20


@dataclass(frozen=True)
class FileEntry:
    """A file of the bundle; ``path`` has slashes and is relative to the manifest."""

    path: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class TensorEntry:
    """An input or output; axes that may change are named, such as ``S`` or ``2 * T``."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]


@dataclass(frozen=True)
class GraphEntry:
    """An ONNX graph.

    Attributes:
        name: what programs ask for.
        file: of the graph.
        weights: file beside it that holds its weights; graphs of one part share it.
        precision: scheme of its weights, see :mod:`voice.export.weights`.
        says: what it is for.
        inputs, outputs: in the graph's order.
    """

    name: str
    file: str
    weights: str
    precision: str
    says: str
    inputs: tuple[TensorEntry, ...]
    outputs: tuple[TensorEntry, ...]


@dataclass(frozen=True)
class VoiceEntry:
    """A voice and the record of its speaker's consent."""

    name: str
    file: str
    languages: tuple[str, ...]
    consent: str
    consent_date: str
    source_hash: str


@dataclass(frozen=True)
class LimitsEntry:
    """Limits of the self-check for a language; see :class:`voice.synth.selfcheck.Limits`."""

    language: str
    errors: float
    run: int
    tokens_low: float
    tokens_high: float


@dataclass(frozen=True)
class Reading:
    """How the reading head of the language model moves; see :mod:`voice.nn.reading`.

    Attributes:
        moves: what the outputs behind the classes stand for, in phonemes.
        patience: a row ends when the head has stayed at the last phoneme for so many tokens.
        near_end: and not before the head is this near the last phoneme.
    """

    moves: tuple[int, ...]
    patience: int
    near_end: int


@dataclass(frozen=True)
class Decoding:
    """Numbers of the token loop.

    Attributes:
        rate: tokens a second.
        codes: of the codebook; ``codes`` itself is the end.
        layers, heads, head_width: of the cache.
        bert_width: of the BERT features of each phoneme; 0 for a model without.
        top_k, top_p, temperature, repetition_penalty, noise_scale: defaults.
        candidates, retries: of the self-check.
        alone: from so many candidates on, every second one does without the prompt.
        min_tokens, max_tokens: of a piece.
        tokens_base, tokens_per_phoneme: a piece has at most ``base + per_phoneme * phonemes``.
        longest_period, cycle_tokens: when a row is stuck, see ``decode.loop.LoopGuard``.
        reading: of a model with a reading head.
    """

    rate: float
    codes: int
    layers: int
    heads: int
    head_width: int
    bert_width: int
    top_k: int
    top_p: float
    temperature: float
    repetition_penalty: float
    noise_scale: float
    candidates: int
    alone: int
    retries: int
    min_tokens: int
    max_tokens: int
    tokens_base: int
    tokens_per_phoneme: float
    longest_period: int
    cycle_tokens: int
    reading: Reading | None


@dataclass(frozen=True)
class Sound:
    """Numbers of the decoder.

    Attributes:
        sample_rate: of the sound it makes.
        latent: channels.
        stretch: latent frames a code.
        frame_samples: samples a latent frame.
        context_frames: latent frames to each side that a chunk needs to be exact.
        timbre_width: of a timbre.
        timbre_rate: sample rate that the timbre graph takes.
        speaker_width: of the speaker vector that it takes too; 0 for none.
        takes_pitch: whether the decoder is told the voice's middle pitch.
        takes_spoken: whether it is told which phoneme each code says.
        takes_equalizer: whether it is told the voice's equaliser.
    """

    sample_rate: int
    latent: int
    stretch: int
    frame_samples: int
    context_frames: int
    timbre_width: int
    timbre_rate: int
    speaker_width: int
    takes_pitch: bool = False
    takes_spoken: bool = False
    takes_equalizer: bool = False


@dataclass(frozen=True)
class Tokenizing:
    """Numbers of the tokenizer, where the bundle has it.

    Attributes:
        sample_rate: that it takes.
        token_samples: samples a token.
        reader_stride: frames that the reader gives for a token.
        blank: the reader's class that is no phoneme.
    """

    sample_rate: int
    token_samples: int
    reader_stride: int
    blank: int


@dataclass(frozen=True)
class TextEntry:
    """Files of the text front-end for one language; see docs/phone.md for their formats."""

    language: str
    files: tuple[str, ...]


@dataclass(frozen=True)
class LossEntry:
    """What a precision costs, measured against the fp32 bundle.

    Attributes:
        part: ``all`` or a part's name.
        precision: its scheme.
        figure: what was measured.
        value: the loss (positive is worse).
        rows: number of sentences.
        how: the command.
        interval: that holds the middle 95 % of bootstrap draws; empty where none was made.
    """

    part: str
    precision: str
    figure: str
    value: float
    rows: int
    how: str
    interval: tuple[float, ...] = ()


@dataclass(frozen=True)
class Manifest:
    """See the fields' own classes; ``digest`` is filled in by :func:`render`."""

    format: str
    version: int
    digest: str
    model: str
    revision: str
    licence: str
    languages: tuple[str, ...]
    symbols: str
    opset: int
    files: tuple[FileEntry, ...]
    graphs: tuple[GraphEntry, ...]
    operators: tuple[str, ...]
    decoding: Decoding
    sound: Sound
    tokenizing: Tokenizing | None
    selfcheck: tuple[LimitsEntry, ...]
    text: tuple[TextEntry, ...]
    voices: tuple[VoiceEntry, ...]
    fixtures: str
    losses: tuple[LossEntry, ...]

    def graph(self, name: str) -> GraphEntry | None:
        """The graph of a name."""
        return next((g for g in self.graphs if g.name == name), None)


def precision_of(manifest: Manifest) -> str:
    """``fp32``, ``fp16`` or ``int8``: what the bundle was asked to be."""
    schemes = {graph.precision for graph in manifest.graphs}
    if any(scheme.startswith("int8") for scheme in schemes):
        return "int8"
    return "fp16" if "fp16" in schemes else "fp32"


def render(manifest: Manifest) -> bytes:
    """The content of the manifest's file, its digest filled in."""
    data = to_dict(manifest) | {"digest": _ZEROS}
    text = json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n"
    blank = text.encode("utf8")
    digest = hashlib.sha256(blank).hexdigest()
    return blank.replace(_ZEROS.encode(), digest.encode(), 1)


def read_manifest(folder: Path) -> Manifest:
    """Reads ``manifest.json`` of a bundle.

    Raises:
        ModelFileError: it is missing, damaged, changed, of another kind or of another version.
    """
    path = folder / NAME
    if not folder.is_dir() or not path.is_file():
        raise ModelFileError(f"{folder}: not a bundle (it has no {NAME})",
                             "Make one with: python -m voice export --out DIR.")
    try:
        with open(path, "rb") as file:
            raw = file.read(_MOST_BYTES + 1)
        data = json.loads(raw)
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{path}: damaged, it cannot be read as JSON") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise ModelFileError(f"{path}: not the manifest of a bundle")
    if data.get("version") != VERSION:
        raise ModelFileError(
            f"{path}: the bundle has format version {str(data.get('version'))[:20]}, this program "
            f"reads {VERSION}", "Update the program, or export the bundle again.")
    found = _DIGEST.search(raw)
    blank = _DIGEST.sub(rb"\g<1>" + _ZEROS.encode() + rb"\g<3>", raw, count=1)
    if found is None or hashlib.sha256(blank).hexdigest() != found[2].decode():
        raise ModelFileError(f"{path}: damaged or changed (its digest does not fit)",
                             "Copy or export the bundle again.")
    manifest = from_dict(Manifest, data, str(path))
    for entry in manifest.files:
        _check_path(entry.path, path)
    return manifest


def _check_path(name: str, where: Path) -> None:
    parts = PurePosixPath(name).parts
    if not parts or name.startswith("/") or "\\" in name or ":" in name or ".." in parts:
        raise ModelFileError(f"{where}: {name!r} is no path inside the bundle")


def check_files(folder: Path, manifest: Manifest) -> None:
    """Compares every file with its size and SHA-256.

    Raises:
        ModelFileError: names the first file that is missing, truncated or changed.
    """
    for entry in manifest.files:
        path = folder / entry.path
        try:
            size = path.stat().st_size
            digest = file_digest(path)
        except OSError as error:
            raise ModelFileError(f"{path}: missing from the bundle, or unreadable",
                                 "Copy or export the bundle again.") from error
        if size != entry.bytes:
            raise ModelFileError(f"{path}: has {size} bytes instead of {entry.bytes}",
                                 "Copy or export the bundle again.")
        if digest != entry.sha256:
            raise ModelFileError(f"{path}: damaged or changed (SHA-256)",
                                 "Copy or export the bundle again.")


def file_digest(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(_BLOCK):
            found.update(block)
    return found.hexdigest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Writes ``manifest.json``, whole or not at all.

    Raises:
        OutputError: it cannot be written.
    """
    from voice.audio.atomic import atomic_file

    data = render(manifest)
    if len(data) > _MOST_BYTES:
        raise OutputError(f"{folder / NAME}: the manifest would be too large")
    with atomic_file(folder / NAME) as file:
        file.write(data)
