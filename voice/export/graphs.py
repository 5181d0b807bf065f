"""The graphs of a bundle: what each takes and gives, and the modules that are traced for them.

Everything is batch 1 but the step, whose rows are the candidates of one text. State is explicit.

Axes: B rows, P phonemes, Q prompt codes, T codes, S cache slots, H heads, E head width, C classes,
L layers, F frames, C' latent width with what is told of the pitch, D timbre width, N samples.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional

from voice.audio.equalizer import BANDS
from voice.export.layers import GrowingCache, SplitCache, exportable
from voice.models.text2semantic import Text2Semantic, visibility
from voice.models.tokenizer import MEL_MEAN, MEL_SCALE, SemanticTokenizer
from voice.models.vits import Vits
from voice.nn import reading
from voice.nn.source import VALUES


@dataclass(frozen=True)
class Graph:
    """One graph to be traced.

    Attributes:
        name: of the graph and of its file.
        part: graphs of one part share the file that holds their weights.
        says: what it is for, one sentence.
        module: called with the examples, in order.
        examples: by input name.
        axes: name of each axis that may change, by input and axis number.
        outputs: output names; their axes' names, or sizes as numbers.
    """

    name: str
    part: str
    says: str
    module: nn.Module
    examples: dict[str, Tensor]
    axes: dict[str, dict[int, str]]
    outputs: dict[str, tuple[str | int, ...]] = field(default_factory=dict)


def _length(ids: Tensor) -> Tensor:
    """(B,) int64, the length of unpadded rows, as a graph computes it."""
    return torch.ones_like(ids).sum(1)


def _split(
    model: Text2Semantic, rest: tuple[Tensor, ...]
) -> tuple[Tensor | None, list[tuple[Tensor, Tensor]]]:
    """What the reading head sees, if there is one, and keys with their values."""
    seen, past = (rest[0], rest[1:]) if model.spec.reads else (None, rest)
    return seen, list(zip(past[::2], past[1::2], strict=True))


class Prefill(nn.Module):
    """Phonemes and a prompt's codes to the first logits and the cache."""

    def __init__(self, model: Text2Semantic) -> None:
        super().__init__()
        self.model = exportable(model)

    def forward(self, phoneme_ids: Tensor, codes: Tensor, extra: Tensor | None = None) -> list:
        """(1, P), (1, Q) and what the model has beside them: ``spoken`` (1, Q) or BERT (1, P, W).

        Returns:
            Outputs (1, O) of the last position; the window (1, P, D) of a model that reads; then
            key and value (1, H, P + Q, E) by layer.
        """
        model, cache = self.model, GrowingCache([])
        bert = extra if model.spec.bert_width else None
        text, first = model.embed_text(phoneme_ids, _length(phoneme_ids), bert)
        audio, then = model.embed_codes(codes, _length(codes))
        window = []
        if model.spec.reads:
            assert extra is not None
            window = [model.look(phoneme_ids, _length(phoneme_ids))]
            audio = audio + reading.at(window[0], reading.before(extra))
        x, mask = torch.cat([text, audio], 1), visibility(torch.cat([first, then], 1))
        for index, block in enumerate(model.layers):
            x = block(x, mask, cache, index)
        outputs = model.head(model.norm(x)[:, -1])
        return [outputs, *window, *(t for pair in cache.all for t in pair)]


class Step(nn.Module):
    """One more code for every row; the cache grows by a position."""

    def __init__(self, model: Text2Semantic) -> None:
        super().__init__()
        self.model = exportable(model)

    def forward(self, codes: Tensor, position: Tensor, *rest: Tensor) -> list:
        """(B,), (B,), what the reading head sees (B, D) if there is one, and key, value by layer.

        Returns:
            Outputs (B, O), then the longer keys and values (B, H, S + 1, E).
        """
        seen, past = _split(self.model, rest)
        cache = GrowingCache(past)
        outputs = self.model.step(codes, position, cache, seen)  # pyright: ignore
        return [outputs, *(t for pair in cache.all for t in pair)]


class FixedStep(nn.Module):
    """One more code for every row; the cache's size stays, the caller writes the new position."""

    def __init__(self, model: Text2Semantic) -> None:
        super().__init__()
        self.model = exportable(model, split=True)

    def forward(self, codes: Tensor, position: Tensor, length: Tensor, *rest: Tensor) -> list:
        """As :class:`Step`, and (B,) written slots; gives only the new keys and values."""
        seen, past = _split(self.model, rest)
        cache = SplitCache(past, length)
        outputs = self.model.step(codes, position, cache, seen)  # pyright: ignore
        return [outputs, *(t for pair in cache.new for t in pair)]


class Read(nn.Module):
    """Codes to the phonemes they carry."""

    def __init__(self, tokenizer: SemanticTokenizer) -> None:
        super().__init__()
        self.tokenizer = tokenizer

    def forward(self, codes: Tensor) -> list:
        """(1, T) to the likeliest class of each frame (1, F) and log-probabilities (1, F, S)."""
        scores = self.tokenizer.read(codes, _length(codes))
        return [scores.argmax(-1), scores]


class Tokenize(nn.Module):
    """A recording to codes."""

    def __init__(self, tokenizer: SemanticTokenizer) -> None:
        super().__init__()
        self.tokenizer = exportable(tokenizer)

    def forward(self, samples: Tensor) -> Tensor:
        """(1, N), N a multiple of a token's samples, to (1, T)."""
        model = self.tokenizer
        mel = (model.spectrum(samples) - MEL_MEAN) / MEL_SCALE
        features = model.content(mel, _length(mel[:, 0]).long())
        return model.codebook.nearest(model.project(features.transpose(1, 2)).transpose(1, 2))


class Timbre(nn.Module):
    """A recording to its timbre."""

    def __init__(self, decoder: Vits) -> None:
        super().__init__()
        self.decoder = decoder
        self.spectrum = exportable(_Spectrum(decoder)).spectrum

    def forward(self, samples: Tensor, speaker: Tensor | None = None) -> Tensor:
        """(1, N) and, for a model with speaker vectors, (1, S): (1, D)."""
        spectrum = self.spectrum(samples)
        return self.decoder.timbre(spectrum, _length(spectrum[:, 0]).long(), speaker)


class _Spectrum(nn.Module):
    def __init__(self, decoder: Vits) -> None:
        from voice.audio.mel import Spectrum

        super().__init__()
        self.spectrum = Spectrum(decoder.spec.timbre.spectrum)


class Latent(nn.Module):
    """Codes, phonemes, timbre and noise to the latent."""

    def __init__(self, decoder: Vits) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(
        self, codes: Tensor, phoneme_ids: Tensor, timbre: Tensor, noise: Tensor, *told: Tensor
    ) -> Tensor:
        """(1, T), (1, P), (1, D), (1, C, F) to the latent (1, C', F); F sets the pace.

        ``told``: ``voice_hz`` (1,) and ``spoken`` (1, T), each for models that take it.
        """
        model = self.decoder
        voice_hz = told[0] if model.pitch is not None else None
        state, _ = model.state(
            codes, _length(codes), phoneme_ids, _length(phoneme_ids), timbre,
            spoken=told[-1] if model.spec.prior.reads else None,
        )
        state = functional.interpolate(state.mT, size=noise.shape[2:], mode="linear").mT
        prior = model.encoder.project(state, _length(noise[:, 0]).long())
        z = prior.mean + noise * prior.log_scale.exp()
        return model.shaped(prior, z, timbre, voice_hz)


class Waveform(nn.Module):
    """A latent to samples; pieces with enough context joined are the whole."""

    def __init__(self, decoder: Vits) -> None:
        super().__init__()
        self.waveform = exportable(decoder.waveform)

    def forward(self, latent: Tensor, timbre: Tensor, *equalizer: Tensor) -> Tensor:
        """(1, C', F), (1, D) and, for a model whose voices have one, (1, K): to (1, N)."""
        return self.waveform(latent, timbre, None, *equalizer)


class Decode(nn.Module):
    """:class:`Latent` and :class:`Waveform` in one."""

    def __init__(self, decoder: Vits, equalized: bool) -> None:
        super().__init__()
        self.equalized = equalized
        self.latent = Latent(decoder)
        self.waveform = Waveform(decoder)

    def forward(
        self, codes: Tensor, phoneme_ids: Tensor, timbre: Tensor, noise: Tensor, *told: Tensor
    ) -> Tensor:
        """As :class:`Latent`, an equaliser behind the others where there is one; to (1, N)."""
        count = len(told) - self.equalized
        latent = self.latent(codes, phoneme_ids, timbre, noise, *told[:count])
        return self.waveform(latent, timbre, *told[count:])


def text2semantic_graphs(model: Text2Semantic) -> list[Graph]:
    """Prefill and the two kinds of steps."""
    spec = model.spec
    heads, width = spec.heads, spec.width // spec.heads
    outputs = model.head.out_features
    pairs = [f"{kind}_{i}" for i in range(spec.layers) for kind in ("key", "value")]
    prefill = {"phoneme_ids": torch.arange(7)[None] % spec.phonemes,
               "codes": torch.arange(5)[None] % spec.codes}
    axes = {"phoneme_ids": {1: "P"}, "codes": {1: "Q"}}
    step = {"codes": torch.zeros(2).long(), "position": torch.full((2,), 5)}
    fixed = step | {"length": torch.tensor([9, 7])}
    window: dict[str, tuple[str | int, ...]] = {}
    if spec.bert_width:
        prefill["bert"], axes["bert"] = torch.ones(1, 7, spec.bert_width), {1: "P"}
    if spec.reads:
        prefill["spoken"], axes["spoken"] = torch.arange(5)[None], {1: "Q"}
        window["window"] = (1, "P", spec.width)
        step["seen"] = fixed["seen"] = torch.ones(2, spec.width)
    past = {f"past_{name}": torch.zeros(2, heads, 12, width) for name in pairs}
    rows = {name: {0: "B"} for name in step}
    rows |= {name: {0: "B", 2: "S"} for name in past}
    logits: dict[str, tuple[str | int, ...]] = {"outputs": ("B", outputs)}
    return [
        Graph("prefill", "text2semantic", "Reads a text and a prompt; the cache it gives holds "
              "S = P + Q positions.", Prefill(model), prefill, axes,
              {"outputs": (1, outputs), **window, **{n: (1, heads, "S", width) for n in pairs}}),
        Graph("step", "text2semantic", "One more code for each row; gives the whole cache, one "
              "position longer.", Step(model), step | past, rows,
              logits | {n: ("B", heads, "S + 1", width) for n in pairs}),
        Graph("step_fixed", "text2semantic", "One more code for each row with a cache of any fixed "
              "size: write each row's new key and value to its slot length, and add one to length.",
              FixedStep(model), fixed | past, rows | {"length": {0: "B"}},
              logits | {f"new_{n}": ("B", heads, 1, width) for n in pairs}),
    ]


def tokenizer_graphs(model: SemanticTokenizer, enroll: bool) -> list[Graph]:
    """The self-check's reader and, for enrolling, the tokenizer."""
    codes = {"codes": torch.arange(6)[None] % model.spec.codes}
    frames = f"{model.spec.stride} * T"
    found = [Graph("read", "read", "The phonemes of codes, for the self-check: of the likeliest "
                   f"class of each frame, drop repeats, then blanks ({model.blank}).",
                   Read(model), codes, {"codes": {1: "T"}},
                   {"classes": (1, frames), "scores": (1, frames, model.blank + 1)})]
    if enroll:
        token = model.spec.content.spectrum.hop_samples * model.spec.stride
        found.append(Graph(
            "tokenize", "tokenize", "Codes of a recording, padded with zeros to a whole number of "
            "tokens.", Tokenize(model), {"samples": torch.linspace(-0.5, 0.5, 30 * token)[None]},
            {"samples": {1: "N"}}, {"codes": (1, f"N / {token}")}))
    return found


def decoder_graphs(model: Vits, equalized: bool = False) -> list[Graph]:
    """Timbre, latent, waveform, and the two last in one.

    Args:
        model: the decoder.
        equalized: whether its voices have an equaliser.
    """
    spec = model.spec
    timbre = torch.linspace(-1, 1, spec.timbre.width)[None]
    inputs = {
        "codes": torch.arange(6)[None] % spec.codes,
        "phoneme_ids": torch.arange(7)[None] % spec.phonemes, "timbre": timbre,
        "noise": torch.zeros(1, spec.latent, 6 * spec.stretch + 1),
    }
    if spec.pitch:
        inputs["voice_hz"] = torch.tensor([150.0])
    if spec.prior.reads:
        inputs["spoken"] = torch.arange(6)[None]
    axes: dict[str, dict[int, str]] = {
        "codes": {1: "T"}, "phoneme_ids": {1: "P"}, "noise": {2: "F"}}
    if spec.prior.reads:
        axes["spoken"] = {1: "T"}
    seconds = spec.timbre.spectrum.sample_rate
    reference = {"samples": torch.linspace(-0.5, 0.5, seconds)[None]}
    if spec.timbre.speaker_width:
        reference["speaker"] = torch.ones(1, spec.timbre.speaker_width)
    samples = (1, f"{spec.frame_samples} * F")
    colour = {"equalizer": torch.linspace(-3, 3, BANDS)[None]} if equalized else {}
    told = " equalizer is the voice's gains in dB, zeros for none." if equalized else ""
    width = spec.latent + (VALUES * spec.pitch.points if spec.pitch else 0)
    return [
        Graph("timbre", "timbre", "The timbre of a recording of 1 to 10 s.", Timbre(model),
              reference, {"samples": {1: "N"}}, {"timbre": (1, spec.timbre.width)}),
        Graph("latent", "decoder", "The latent of codes, phonemes and timbre; noise is standard "
              f"normal times the noise scale, F = {spec.stretch} * T at speed 1, else "
              f"int({spec.stretch} * T / speed) + 1."
              + (" voice_hz is the voice's middle pitch, 0 if unknown." if spec.pitch else "")
              + (" spoken is the phoneme that each code says, -1 if unknown." if spec.prior.reads
                 else ""),
              Latent(model), inputs, axes,
              {"latent": (1, width, "F")}),
        Graph("waveform", "decoder", "Samples of a latent or a piece of one." + told,
              Waveform(model),
              {"latent": torch.zeros(1, width, 6 * spec.stretch + 1), "timbre": timbre} | colour,
              {"latent": {2: "F"}}, {"samples": samples}),
        Graph("decode", "decoder", "Latent and waveform in one.", Decode(model, equalized),
              inputs | colour, axes,
              {"samples": samples}),
    ]
