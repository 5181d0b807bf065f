"""Speed of an official model's networks with made-up weights: what ``benchmark --filled`` does.

Speed does not depend on what the weights are, so that it can be measured anywhere: networks of the
official sizes are filled from a fixed seed and made to speak a fixed number of tokens. The text
front-end and the recording's tokens are left out.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from voice.errors import OptionError
from voice.evaluation.probes import ProbeOptions, peak_mebibytes
from voice.spec.flow_matching import FlowMatchingSpec
from voice.spec.model import ModelSpec, preset
from voice.spec.official import SHARED_KINDS

if TYPE_CHECKING:
    import torch
    from torch import nn

    from voice.decode.stepper import Stepper
    from voice.models.text2semantic import Text2Semantic

PHONEMES, PROMPT = 100, 125  # of the text and its prompt; five seconds of tokens
SECONDS = 10.0  # of sound that the decoder makes
BATCH = 4
PLAIN = "plain loop"  # of voice.evaluation.plain, the measure of the others


@dataclass(frozen=True)
class FilledOptions:
    """What is measured.

    Attributes:
        version: of the official models.
        device: ``cpu``, ``cuda`` or ``cuda:N``; ``auto`` takes CUDA where there is one.
        threads: of torch.
        repeats: of each measurement; medians are reported.
        tokens: that the language model makes.
        parts: ``gpt`` and ``decoder``, or one of them.
    """

    version: str
    device: str = "auto"
    threads: int = os.cpu_count() or 1
    repeats: int = 3
    tokens: int = 300
    parts: tuple[str, ...] = ("gpt", "decoder")

    def __post_init__(self) -> None:
        if min(self.threads, self.repeats) < 1 or not 2 <= self.tokens <= 1500:  # noqa: PLR2004
            raise OptionError("threads and repeats must be at least 1, tokens from 2 to 1500")


def run_filled(options: FilledOptions, progress: Callable[[str], None]) -> dict[str, Any]:
    """Measures in a fresh process.

    Returns:
        ``model, device, threads, tokens, machine, gpt, decoder, peak_mebibytes``; ``gpt`` has for
        each way of computing the seconds to the first token, the tokens a second of one sentence
        and of four, and how many times the plain loop's that is; ``decoder`` has the seconds of
        sound a second.

    Raises:
        OptionError: there is no such official version.
        VoiceError: the measurement failed.
    """
    from voice.evaluation.benchmark import machine, probe

    preset(options.version)
    asked = ProbeOptions(
        options.version, "", options.device, options.threads, options.repeats, options.tokens
    )
    report: dict[str, Any] = {"model": options.version, "tokens": options.tokens}
    for part in options.parts:
        progress(part)
        found = probe(f"filled_{part}", asked)
        report |= {"device": found["device"], "threads": options.threads, part: found}
    report["peak_mebibytes"] = max(report[part].pop("peak_mebibytes") for part in options.parts)
    return report | {"machine": machine()}


def filled_table(report: dict[str, Any]) -> list[str]:
    """The report as lines of text."""
    where = report["machine"]
    name = where["gpu"] if report["device"] != "cpu" else where["processor"]
    lines = [f"{report['model']}, made-up weights, on {name}, {report['threads']} threads"]
    for way, figures in report.get("gpt", {}).get("ways", {}).items():
        lines.append(
            f"GPT {way:<22} {figures['tokens_per_second']:8.1f} tokens/s "
            f"({figures['batch_tokens_per_second']:.1f} in a batch of {BATCH}), "
            f"first after {figures['first_token_seconds']:.3f} s, {figures['times_plain']:.2f} x"
        )
    if found := report.get("decoder"):
        steps = f", {found['steps']} steps" if found["steps"] else ""
        lines.append(
            f"decoder {found['seconds']:g} s{steps:<15} {found['sound_per_second']:8.2f} "
            "s of sound a second"
        )
    return [*lines, f"peak memory {report['peak_mebibytes']:.0f} MiB"]


def gpt_probe(options: ProbeOptions) -> dict[str, Any]:
    """Tokens a second of the language model; ``options.characters`` is how many are made."""
    import torch

    from voice.checkpoints.store import choose_device
    from voice.models.text2semantic import Text2Semantic

    torch.set_num_threads(options.threads)
    device = choose_device(options.device)
    torch.manual_seed(0)
    net = Text2Semantic(preset(options.model).text2semantic).eval().requires_grad_(False)
    net.head.weight[net.spec.end] = 0  # never among the likeliest, so that no row ends early
    net = net.to(device)
    ways = {name: _gpt_figures(way(), options) for name, way in _ways(net, device.type).items()}
    plain = ways[PLAIN]["tokens_per_second"]
    for figures in ways.values():
        figures["times_plain"] = figures["tokens_per_second"] / plain
    return {"device": str(device), "ways": ways, "peak_mebibytes": _peak(device)}


def _ways(net: Text2Semantic, device: str) -> dict[str, Callable[[], Stepper]]:
    """Ways of computing, each to be made when its turn has come; halving ``net`` comes last."""
    from voice.decode.graph import GraphStepper
    from voice.decode.stepper import EagerStepper
    from voice.decode.traced import TracedStepper
    from voice.evaluation.plain import PlainStepper

    ways: dict[str, Callable[[], Stepper]] = {PLAIN: lambda: PlainStepper(net)}
    if device == "cuda":
        return ways | {
            "float32": lambda: EagerStepper(net), "float32 graph": lambda: GraphStepper(net),
            "float16": lambda: EagerStepper(net.half()),
            "float16 graph": lambda: GraphStepper(net.half()),
        }
    return ways | {
        "float32": lambda: TracedStepper(net),
        "packed float16": lambda: TracedStepper(net.quick()),
        "packed int8": lambda: TracedStepper(net.quick(eight_bit=True)),
    }


def _gpt_figures(stepper: Stepper, options: ProbeOptions) -> dict[str, float]:
    turns = range(options.repeats + 1)  # the first one warms up
    one = [_generation(stepper, 1, options.characters, turn) for turn in turns][1:]
    many = [_generation(stepper, BATCH, options.characters, turn) for turn in turns][1:]
    return {
        "first_token_seconds": statistics.median(first for first, _ in one),
        "tokens_per_second": statistics.median(rate for _, rate in one),
        "batch_tokens_per_second": BATCH * statistics.median(rate for _, rate in many),
    }


def _generation(stepper: Stepper, rows: int, tokens: int, seed: int) -> tuple[float, float]:
    """Seconds to the first tokens, and steps a second behind them."""
    import numpy as np

    from voice.decode.loop import GenerateRequest, generate
    from voice.decode.sampling import SamplingSettings

    rng = np.random.default_rng(seed)
    requests = [
        GenerateRequest(
            rng.integers(0, stepper.spec.phonemes, PHONEMES), (seed * rows + row,),
            rng.integers(0, stepper.spec.codes, PROMPT),
        )
        for row in range(rows)
    ]
    times = [time.perf_counter()]
    made = generate(
        stepper, requests, SamplingSettings(max_tokens=tokens), guard=None,
        on_tokens=lambda _: times.append(time.perf_counter()),
    )
    assert all(len(row.codes) == tokens for row in made)
    # A step is over when the logits of the next token are there: the first is the prefill's end.
    return times[1] - times[0], (len(times) - 2) / (times[-1] - times[1])


def decoder_probe(options: ProbeOptions) -> dict[str, Any]:
    """Seconds of sound a second of the decoder, its first run left out."""
    import torch

    from voice.checkpoints.store import choose_device, make_decoder

    torch.set_num_threads(options.threads)
    device = choose_device(options.device)
    torch.manual_seed(0)
    spec = preset(options.model)
    net: Any = make_decoder(spec.decoder).eval().requires_grad_(False).to(device)
    speak = _speaker(spec, net, device)
    rates = []
    for turn in range(options.repeats + 1):
        started = time.perf_counter()
        seconds = speak().shape[1] / spec.decoder.sample_rate
        if turn:  # the first one warms up
            rates.append(seconds / (time.perf_counter() - started))
    return {
        "device": str(device), "seconds": seconds, "sound_per_second": statistics.median(rates),
        "steps": spec.decoder.steps if isinstance(spec.decoder, FlowMatchingSpec) else 0,
        "peak_mebibytes": _peak(device),
    }


def _speaker(
    spec: ModelSpec, net: Any, device: torch.device
) -> Callable[[], torch.Tensor]:
    """Something that decodes ten seconds and waits until they are there."""
    import torch

    decoder = spec.decoder
    tokens = round(SECONDS * decoder.sample_rate / decoder.code_samples)
    codes = torch.randint(decoder.codes, (1, tokens), device=device)
    phonemes = torch.randint(decoder.phonemes, (1, PHONEMES), device=device)
    lengths = [torch.tensor([x.shape[1]], device=device) for x in (codes, phonemes)]
    timbre = torch.randn(1, decoder.timbre.width, device=device)
    more: dict[str, Any] = {}
    if isinstance(decoder, FlowMatchingSpec):
        from voice.models.flow_matching import AcousticPrompt

        vocoder = _vocoder(decoder.vocoder).to(device)
        net.vocoder = lambda: vocoder
        frames = round(5 * decoder.mel.frame_rate)
        mel = torch.randn(decoder.mel.bands, frames, device=device) - 5
        more["prompt"] = AcousticPrompt(mel, codes[0, :PROMPT], phonemes[0])

    def speak() -> torch.Tensor:
        return net.decode(codes, lengths[0], phonemes, lengths[1], timbre, **more).cpu()

    return speak


def _vocoder(name: str) -> nn.Module:
    from voice.checkpoints.components import KINDS

    kind = KINDS[next(k for k, known in SHARED_KINDS.items() if known == name)]
    return kind.module(kind.spec()).eval().requires_grad_(False)


def _peak(device: torch.device) -> float:
    """The most memory held so far: of the device, or of this process."""
    import torch

    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    return peak_mebibytes()
