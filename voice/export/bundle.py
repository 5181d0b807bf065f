"""Writes a bundle: traces the graphs, chooses each part's precision by measurement, adds the rest.

Everything is written to a folder beside, which takes the asked name when it is whole. The same
model, voices and options give the same bytes on the same machine.
"""

from __future__ import annotations

import dataclasses
import json
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import onnx

from voice.audio.atomic import output_error
from voice.decode.alignment import align_codes
from voice.decode.loop import LoopGuard
from voice.decode.sampling import SamplingSettings
from voice.decode.stepper import ReadingHead
from voice.errors import ConsentError, OptionError, OutputError
from voice.export import fixtures, measure
from voice.export.exchange import OPSET, trace
from voice.export.graphs import Graph, decoder_graphs, text2semantic_graphs, tokenizer_graphs
from voice.export.judged import Judged
from voice.export.manifest import (
    FORMAT,
    NAME,
    VERSION,
    Decoding,
    FileEntry,
    GraphEntry,
    LimitsEntry,
    LossEntry,
    Manifest,
    Reading,
    Sound,
    TensorEntry,
    TextEntry,
    Tokenizing,
    VoiceEntry,
    file_digest,
    write_manifest,
)
from voice.export.mark import mark_graphs
from voice.export.run import BundleSynthesizer
from voice.export.textdata import symbol_file, text_files
from voice.export.voices import BundleVoice, voice_bytes
from voice.export.weights import Blob, kept_exact, with_precision
from voice.models.tokenizer import SemanticTokenizer
from voice.models.vits import Vits
from voice.nn import reading
from voice.synth.selfcheck import Limits
from voice.synth.settings import ALONE, SynthesisSettings
from voice.synth.voicefile import Voice

if TYPE_CHECKING:
    from voice.checkpoints.store import Model

PRECISIONS = ("fp32", "fp16", "int8")
CANDIDATES = 4
"""Readings drawn at once on a phone, which is slower than a computer."""
GRAPHS, VOICES = "graphs", "voices"
SYMBOLS = "text/symbols.json"
_TYPES: dict[int, str] = {onnx.TensorProto.FLOAT: "float32", onnx.TensorProto.INT64: "int64"}
Progress = Callable[[str], None]


@dataclass(frozen=True)
class BundleOptions:
    """What goes into a bundle.

    Attributes:
        precision: ``fp32``, ``fp16`` or ``int8``; with ``int8``, a part that loses too much
            (:data:`voice.export.measure.BOUNDS`) is kept in ``fp16``.
        languages: whose text data is added; the model's if empty.
        enroll: add the graphs that make voices of recordings: tokenizer and timbre.
        ort: add the graphs in onnxruntime's own format, for reduced builds.
        judged: losses by the judges, which the manifest has where they are of the same schemes.
    """

    precision: str = "int8"
    languages: tuple[str, ...] = ()
    enroll: bool = False
    ort: bool = False
    judged: Judged = Judged()

    def __post_init__(self) -> None:
        if self.precision not in PRECISIONS:
            raise OptionError(f"--precision is {self.precision!r}",
                              f"It must be one of {', '.join(PRECISIONS)}.")


@dataclass
class _Work:
    """A bundle under way."""

    model: Model
    folder: Path
    options: BundleOptions
    languages: tuple[str, ...]
    graphs: list[Graph]
    traced: dict[str, onnx.ModelProto]
    exact: dict[str, set[str]]
    limits: Mapping[str, Limits]
    voices: list[VoiceEntry] = field(default_factory=list)
    text: list[TextEntry] = field(default_factory=list)


def write_bundle(
    model: Model, voices: Sequence[Voice], out: Path, options: BundleOptions,
    limits: Mapping[str, Limits] | None = None, progress: Progress = lambda step: None,
) -> Manifest:
    """Writes a bundle.

    Args:
        model: loaded on the CPU; its own parts, not those of :meth:`Text2Semantic.quick`.
        voices: made for the model, with consent; one or more.
        out: folder to make; an older bundle there is replaced.
        options: what goes in.
        limits: of the self-check, by language.
        progress: told the name of each step.

    Raises:
        OptionError: the model's decoder or an option does not fit a bundle.
        ConsentError: a voice has no consent statement.
        OutputError: the folder holds something else, or cannot be written.
    """
    languages = _languages(model, options)
    _check_voices(voices)
    _check_target(out)
    graphs = _graphs(model, options)
    beside = out.with_name(f".{out.name}.{secrets.token_hex(4)}.part")
    try:
        beside.mkdir()
        traced = {}
        for graph in graphs:
            progress(f"tracing {graph.name}")
            traced[graph.name] = trace(graph)
        exact = {g.name: kept_exact(traced[g.name], g.module) for g in graphs}
        work = _Work(model, beside, options, languages, graphs, traced, exact, limits or {})
        manifest = _fill(work, voices, progress)
        _replace(beside, out)
    except OSError as error:
        raise output_error(out, error) from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return manifest


def _languages(model: Model, options: BundleOptions) -> tuple[str, ...]:
    wanted = options.languages or model.spec.languages
    if unknown := [x for x in wanted if x not in model.spec.languages]:
        raise OptionError(f"--language {unknown[0]}: the model does not speak it",
                          f"It speaks {', '.join(model.spec.languages)}.")
    return tuple(x for x in model.spec.languages if x in wanted)


def _check_voices(voices: Sequence[Voice]) -> None:
    if not voices:
        raise OptionError("no voice is given", "Add --voice NAME_OR_FILE.")
    names = [voice.name for voice in voices]
    if len(set(names)) < len(names) or not all(names):
        raise OptionError("two voices have the same name, or one has none", "Name each once.")
    for voice in voices:
        if not voice.consent:
            raise ConsentError(f"voice {voice.name} has no consent statement",
                               "Keep it with --consent before exporting it.")


def _check_target(out: Path) -> None:
    if not out.parent.is_dir():
        raise OutputError(f"{out} cannot be written: its folder {out.parent} does not exist",
                          "Make the folder or name another one.")
    if not out.exists():
        return
    if not out.is_dir():
        raise OutputError(f"{out} exists and is no folder", "Name another one.")
    if any(out.iterdir()) and not _is_bundle(out):
        raise OutputError(f"{out} exists and is no bundle", "Remove it or name another folder.")


def _is_bundle(folder: Path) -> bool:
    try:
        return json.loads((folder / NAME).read_bytes()).get("format") == FORMAT
    except (OSError, ValueError, AttributeError):
        return False


def _replace(beside: Path, out: Path) -> None:
    """Gives the finished folder its name; an older bundle goes only when the new one is there."""
    old = beside.with_suffix(".old")
    if out.exists():
        out.rename(old)
    try:
        beside.rename(out)
    except OSError:
        if old.exists():
            old.rename(out)
        raise
    shutil.rmtree(old, ignore_errors=True)


def _graphs(model: Model, options: BundleOptions) -> list[Graph]:
    if not isinstance(model.decoder, Vits):
        raise OptionError(f"model {model.name} has a decoder by flow matching",
                          "Bundles hold models with a VITS decoder: mini, v1, v2, v2Pro(Plus).")
    found = text2semantic_graphs(model.text2semantic)
    found += decoder_graphs(model.decoder, model.spec.equalized)
    if isinstance(model.tokenizer, SemanticTokenizer):
        found += tokenizer_graphs(model.tokenizer, options.enroll)
    if not options.enroll:
        found = [g for g in found if g.name != "timbre"]
    return found + mark_graphs(model.spec.decoder.sample_rate)


def _fill(work: _Work, voices: Sequence[Voice], progress: Progress) -> Manifest:
    """Everything into the folder, the manifest last."""
    _put(work.folder, SYMBOLS, symbol_file(work.model.spec.symbols))
    for voice in voices:
        _add_voice(work, voice)
    schemes: dict[str, str] = {}
    losses: list[LossEntry] = []
    if work.options.precision == "int8":
        progress("measuring int8")
        schemes, losses = _choose(work)
    else:
        schemes = {g.part: work.options.precision for g in work.graphs}
    manifest = _write(work, work.folder, schemes)
    progress("text data")
    for language in work.languages:
        files = text_files(language)
        for name, data in files.items():
            _put(work.folder, name, data)
        work.text.append(TextEntry(language, tuple(sorted(files))))
    _put(work.folder, fixtures.TEXT, fixtures.text_fixture(
        work.languages, work.model.spec.languages, work.model.spec.symbols))
    progress("fixtures")
    synthesizer = BundleSynthesizer(work.folder, manifest)
    _put(work.folder, fixtures.SPEECH, fixtures.speech_fixture(synthesizer, work.languages))
    if work.options.ort:
        from voice.export.ort import convert

        progress("ort")
        convert(work.folder, manifest)
    judged = work.options.judged.of(work.model.revision, schemes)
    manifest = dataclasses.replace(
        manifest, files=_files(work.folder), losses=(*losses, *judged), text=tuple(work.text),
        languages=work.languages)
    write_manifest(work.folder, manifest)
    return manifest


def _put(folder: Path, name: str, data: bytes | bytearray) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _files(folder: Path) -> tuple[FileEntry, ...]:
    found = sorted(p for p in folder.rglob("*") if p.is_file() and p.name != NAME)
    return tuple(FileEntry(p.relative_to(folder).as_posix(), p.stat().st_size, file_digest(p))
                 for p in found)


def _add_voice(work: _Work, voice: Voice) -> None:
    """A voice's file and its entry; where the model reads, its tokens are aligned now."""
    spoken = None
    if work.model.spec.text2semantic.reads and len(voice.prompt_codes):
        found = align_codes(work.model.tokenizer, voice.prompt_codes, voice.prompt_phonemes)
        spoken = found.astype(np.int64) if len(found) else None
    name = f"{VOICES}/{len(work.voices) + 1}.safetensors"
    _put(work.folder, name, voice_bytes(BundleVoice(voice, spoken)))
    work.voices.append(VoiceEntry(voice.name, name, voice.languages, voice.consent,
                                  voice.consent_date, voice.source_hash))


def _write(work: _Work, folder: Path, schemes: Mapping[str, str]) -> Manifest:
    """The graphs in a precision for each part; the manifest so far."""
    blobs: dict[str, Blob] = {}
    entries, operators = [], set()
    for graph in work.graphs:
        model = onnx.ModelProto()
        model.CopyFrom(work.traced[graph.name])
        with_precision(model, schemes[graph.part], work.exact[graph.name])
        operators |= {(n.domain or "ai.onnx", n.op_type) for n in model.graph.node}
        blob = blobs.setdefault(graph.part, Blob(f"{graph.part}.bin"))
        _put(folder, f"{GRAPHS}/{graph.name}.onnx", blob.take(model))
        entries.append(GraphEntry(
            graph.name, f"{GRAPHS}/{graph.name}.onnx", f"{GRAPHS}/{blob.file}",
            schemes[graph.part], graph.says, _tensors(model.graph.input),
            _tensors(model.graph.output)))
    for blob in blobs.values():
        _put(folder, f"{GRAPHS}/{blob.file}", blob.data)
    return _manifest(work, tuple(entries), operators)


def _tensors(values: Sequence[onnx.ValueInfoProto]) -> tuple[TensorEntry, ...]:
    return tuple(
        TensorEntry(v.name, _TYPES[v.type.tensor_type.elem_type],
                    tuple(d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim))
        for v in values
    )


def _choose(work: _Work) -> tuple[dict[str, str], list[LossEntry]]:
    """The smallest precision of each part whose loss is within bounds."""
    folder = work.folder / "trial"
    parts = list(dict.fromkeys(g.part for g in work.graphs))
    work = dataclasses.replace(work, folder=folder / "fp32", voices=[])
    for voice in measure.speakers(work.model):
        _add_voice(work, voice)
    exact = _trial(work, work.folder, dict.fromkeys(parts, "fp32"))
    rows = measure.material(exact)
    chosen: dict[str, str] = {}
    found: list[LossEntry] = []
    trials: dict[str, BundleSynthesizer] = {}
    for part in parts:
        for scheme in measure.CHOICES[part]:
            if scheme not in trials:
                plan = {p: scheme if scheme in measure.CHOICES[p] else "int8" for p in parts}
                trials[scheme] = _trial(work, folder / scheme, plan)
            value = measure.losses(part, exact, trials[scheme], rows)
            found.append(measure.entry(part, scheme, value, len(rows)))
            if value <= measure.BOUNDS[part].most:
                chosen[part] = scheme
                break
        chosen.setdefault(part, "fp16")
    shutil.rmtree(folder)
    return chosen, found


def _trial(work: _Work, folder: Path, schemes: dict[str, str]) -> BundleSynthesizer:
    folder.mkdir(parents=True, exist_ok=True)
    manifest = _write(work, folder, schemes)
    return BundleSynthesizer(folder, manifest)


def _manifest(
    work: _Work, graphs: tuple[GraphEntry, ...], operators: set[tuple[str, str]]
) -> Manifest:
    spec, model = work.model.spec, work.model
    domains = sorted({domain for domain, _ in operators})
    lines = [f"{d};{OPSET};{','.join(sorted(op for own, op in operators if own == d))}"
             for d in domains]
    return Manifest(
        format=FORMAT, version=VERSION, digest="", model=model.name, revision=model.revision,
        licence=spec.licence, languages=spec.languages, symbols=spec.symbols, opset=OPSET,
        files=(), graphs=graphs, operators=tuple(lines), decoding=_decoding(model),
        sound=_sound(model), tokenizing=_tokenizing(model),
        selfcheck=tuple(LimitsEntry(name, x.errors, x.run, x.tokens_low, x.tokens_high)
                        for name, x in sorted(work.limits.items())),
        text=(), voices=tuple(work.voices), fixtures=fixtures.SPEECH, losses=(),
    )


def _decoding(model: Model) -> Decoding:
    spec, guard, usual = model.spec.text2semantic, LoopGuard(), SynthesisSettings()
    head = Reading(reading.MOVES, ReadingHead.PATIENCE, ReadingHead.NEAR_END)
    return Decoding(
        rate=float(model.tokenizer.rate), codes=spec.codes, layers=spec.layers, heads=spec.heads,
        head_width=spec.width // spec.heads, bert_width=spec.bert_width, top_k=usual.top_k,
        top_p=usual.top_p, temperature=spec.temperature,
        repetition_penalty=spec.repetition_penalty, noise_scale=usual.noise_scale,
        candidates=CANDIDATES, alone=ALONE, retries=usual.retries,
        min_tokens=SamplingSettings().min_tokens, max_tokens=SamplingSettings().max_tokens,
        tokens_base=guard.tokens_base, tokens_per_phoneme=guard.tokens_per_phoneme,
        longest_period=guard.longest_period, cycle_tokens=guard.cycle_tokens,
        reading=head if spec.reads else None,
    )


def _sound(model: Model) -> Sound:
    decoder = model.decoder
    spec = decoder.spec
    return Sound(
        sample_rate=spec.sample_rate, latent=spec.latent, stretch=spec.stretch,
        frame_samples=spec.frame_samples, context_frames=decoder.waveform.context_frames,
        timbre_width=spec.timbre.width, timbre_rate=spec.timbre.spectrum.sample_rate,
        speaker_width=spec.timbre.speaker_width, takes_pitch=spec.pitch is not None,
        takes_spoken=spec.prior.reads, takes_equalizer=model.spec.equalized,
    )


def _tokenizing(model: Model) -> Tokenizing | None:
    if not isinstance(model.tokenizer, SemanticTokenizer):
        return None
    spec = model.tokenizer.spec
    spectrum = spec.content.spectrum
    return Tokenizing(spectrum.sample_rate, spectrum.hop_samples * spec.stride, spec.stride,
                      model.tokenizer.blank)
