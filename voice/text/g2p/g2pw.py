"""Chinese readings by g2pW, a BERT that tells a character's readings apart (Chen et al. 2022,
"g2pW: A Conditional Weighted Softmax BERT for Polyphone Disambiguation in Mandarin").

The model is not part of this program. Its folder holds ``g2pW.onnx``, ``POLYPHONIC_CHARS.txt``,
``MONOPHONIC_CHARS.txt``, ``bopomofo_to_pinyin_wo_tune_dict.json``, and the vocabulary of the
Chinese BERT it was trained with, ``vocab.txt`` or ``tokenizer.json``.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from voice.errors import DependencyError, ModelFileError
from voice.text.g2p import zh

# The model was found to be worse than a dictionary for these.
_NOT_ASKED = frozenset("一不和咋嗲剖差攢倒難奔勁拗肖瘙誒泊听噢")
_NOT_LISTED = frozenset("似攢")
_LONGEST = 510


class Session(Protocol):
    """What is used of an ``onnxruntime.InferenceSession``."""

    def run(self, output_names: Any, input_feed: Any) -> Sequence[Any]:
        """Outputs for named inputs."""
        ...


class G2pw:
    """A provider of readings for :func:`voice.text.frontend.phonemize`.

    Args:
        folder: see the module.
        session: runs the model; made from ``g2pW.onnx`` if None.

    Raises:
        ModelFileError: a file is missing or cannot be read.
        DependencyError: onnxruntime is missing.
    """

    def __init__(self, folder: Path, session: Session | None = None) -> None:
        pairs = _table(folder / "POLYPHONIC_CHARS.txt")
        self._labels = sorted({reading for _, reading in pairs})
        rows = {reading: i for i, reading in enumerate(self._labels)}
        self._readings: dict[str, list[int]] = {}
        for character, reading in pairs:
            self._readings.setdefault(character, []).append(rows[reading])
        self._characters = {ch: i for i, ch in enumerate(sorted(self._readings))}
        self._single = {
            ch: r for ch, r in _table(folder / "MONOPHONIC_CHARS.txt") if ch not in _NOT_LISTED
        }
        self._pinyin = _json(folder / "bopomofo_to_pinyin_wo_tune_dict.json")
        self._vocabulary = _vocabulary(folder)
        self._session = session or _session(folder / "g2pW.onnx")

    def __call__(self, piece: str) -> list[str]:
        """One reading a character of a sentence piece, in pinyin with a tone digit."""
        out = [r[0] if r else ch for ch, r in zip(piece, _one_by_one(piece), strict=True)]
        asked = [
            i for i, ch in enumerate(piece) if ch in self._readings and ch not in _NOT_ASKED
        ]
        for i, ch in enumerate(piece):
            if ch in self._single:
                out[i] = self._spelled(self._single[ch]) or out[i]
        for start in range(0, len(asked), 32):
            rows = asked[start : start + 32]
            for i, label in zip(rows, self._predict(piece, rows), strict=True):
                out[i] = self._spelled(label) or out[i]
        return out

    def _predict(self, piece: str, rows: list[int]) -> list[str]:
        windows = [_window(piece, i) for i in rows]
        ids = [self._ids(text) for text, _ in windows]
        masks = np.zeros((len(rows), len(self._labels)), np.float32)
        for n, i in enumerate(rows):
            masks[n, self._readings[piece[i]]] = 1
        tokens = np.array(ids, np.int64)
        feed = {
            "input_ids": tokens,
            "token_type_ids": np.zeros_like(tokens),
            "attention_mask": np.ones_like(tokens),
            "phoneme_mask": masks,
            "char_ids": np.array([self._characters[piece[i]] for i in rows], np.int64),
            "position_ids": np.array([at + 1 for _, at in windows], np.int64),
        }
        probabilities = np.asarray(self._session.run(None, feed)[0])
        return [self._labels[int(k)] for k in probabilities.argmax(1)]

    def _ids(self, text: str) -> list[int]:
        unknown = self._vocabulary["[UNK]"]
        body = [self._vocabulary.get(ch, unknown) for ch in text.lower()]
        return [self._vocabulary["[CLS]"], *body, self._vocabulary["[SEP]"]]

    def _spelled(self, bopomofo: str) -> str:
        syllable = self._pinyin.get(bopomofo[:-1])
        return f"{syllable}{bopomofo[-1]}" if syllable else ""


def _one_by_one(piece: str) -> list[list[str]]:
    """Dictionary readings in the sentence's own words, one list a character."""
    words = [w for w, _ in zh.words_of(piece)]
    flat = [r for word in words for r in _padded(word)]
    return [[r] if r else [] for r in flat]


def _padded(word: str) -> list[str]:
    readings = zh.phrase_readings([word])[0]
    return readings if len(readings) == len(word) else [""] * len(word)


def _window(piece: str, at: int) -> tuple[str, int]:
    start = max(0, min(at - _LONGEST // 2, len(piece) - _LONGEST))
    return piece[start : start + _LONGEST], at - start


def _table(path: Path) -> list[tuple[str, str]]:
    lines = _read(path).strip().split("\n")
    pairs = [tuple(line.split("\t")) for line in lines]
    if any(len(p) != 2 for p in pairs):
        raise ModelFileError(f"{path}: expected a character and a reading in each line")
    return [(p[0], p[1].strip()) for p in pairs]


def _read(path: Path) -> str:
    try:
        return path.read_text("utf8")
    except (OSError, UnicodeDecodeError) as error:
        raise ModelFileError(f"{path}: cannot be read ({error})") from error


def _json(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(_read(path))
    except json.JSONDecodeError as error:
        raise ModelFileError(f"{path}: is not JSON ({error})") from error
    if not isinstance(data, dict):
        raise ModelFileError(f"{path}: expected an object")
    return data


def _vocabulary(folder: Path) -> dict[str, int]:
    if (folder / "vocab.txt").exists():
        lines = _read(folder / "vocab.txt").split("\n")
        found = {line.rstrip("\r"): i for i, line in enumerate(lines) if line}
    else:
        found = _json(folder / "tokenizer.json").get("model", {}).get("vocab", {})
    if missing := [t for t in ("[CLS]", "[SEP]", "[UNK]") if t not in found]:
        raise ModelFileError(f"{folder}: the vocabulary lacks {', '.join(missing)}")
    return found


def _session(path: Path) -> Session:
    if not path.exists():
        raise ModelFileError(f"{path}: there is no such file")
    try:
        import onnxruntime
    except ImportError as error:
        raise DependencyError("g2pW needs the package onnxruntime") from error
    try:
        return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ModelFileError(f"{path}: not a usable ONNX model ({error})") from error
