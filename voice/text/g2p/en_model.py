"""Pronunciation of unknown English words: a joint n-gram model over letter-phoneme chunks.

Bisani & Ney 2008, "Joint-sequence models for grapheme-to-phoneme conversion"; trained by
``recipes/data/g2p_en`` on the CMU Pronouncing Dictionary, shipped as ``data/g2p_en.npz``.

File: ``graphones`` ("letters:PH PH" joined by newlines, UTF-8 bytes; tokens 0 and 1 begin and end
a word, graphone i is token i+2), ``sizes`` (n-grams of each order), and over all n-grams of order
1, 2, ... sorted by (parent, token): ``token`` uint16, ``children`` uint16 (their number),
``probability`` and ``backoff`` uint8 (natural log, see ``_STEP``).
"""

from __future__ import annotations

import functools
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from voice.errors import ModelFileError

PATH = Path(__file__).parent.parent / "data" / "g2p_en.npz"
_STEP = 1 / 14
_OFFSET = 32
"""Log probability p is stored as round(-p / _STEP); log back-off b as that plus ``_OFFSET``."""
_BEAM = 24
_BEGIN, _END = 0, 1
_Hypothesis = tuple[float, int, tuple[str, ...]]
"""Log probability, context node, phonemes so far."""


@dataclass(frozen=True)
class Model:
    """A trie of n-grams, node 0 the root, then the n-grams by order.

    Attributes:
        pieces: candidates by letters: (token, phonemes).
        first: first child of each node, one entry more than nodes.
        token: last token of each node.
        suffix: node of the n-gram without its first token.
        probability, backoff: natural logs.
    """

    pieces: dict[str, list[tuple[int, tuple[str, ...]]]]
    first: array[int]
    token: array[int]
    suffix: array[int]
    probability: array[float]
    backoff: array[float]

    def score(self, node: int, token: int) -> tuple[float, int]:
        """Log probability of ``token`` after context ``node``, and the context then."""
        total = 0.0
        while True:
            low, high = self.first[node], self.first[node + 1]
            child = bisect_left(self.token, token, low, high)
            if child < high and self.token[child] == token:
                return total + self.probability[child], self._context(child)
            if node == 0:
                return total - 25.0, 0
            total += self.backoff[node]
            node = self.suffix[node]

    def _context(self, node: int) -> int:
        while node and self.first[node] == self.first[node + 1]:
            node = self.suffix[node]
        return node


def pack(graphones: Sequence[tuple[str, tuple[str, ...]]], levels: Sequence[Any]) -> dict[str, Any]:
    """Arrays of the file from trained levels (see ``recipes/data/g2p_en/ngram.py``)."""
    sizes, tokens, children, probabilities, backoffs = [], [], [], [], []
    for n, level in enumerate(levels):
        keep = level.keep
        sizes.append(int(keep.sum()))
        tokens.append(level.token[keep].astype(np.uint16))
        if n + 1 < len(levels):
            above = levels[n + 1]
            number = np.bincount(above.parent[above.keep], minlength=len(keep))[keep]
        else:
            number = np.zeros(sizes[-1], np.int64)
        children.append(number.astype(np.uint16))
        log = -np.log(np.maximum(level.probability[keep], 1e-12)) / _STEP
        probabilities.append(np.clip(np.round(log), 0, 255).astype(np.uint8))
        back = -np.log(np.maximum(level.backoff[keep], 1e-12)) / _STEP
        back = np.where(number > 0, np.round(back) + _OFFSET, _OFFSET)
        backoffs.append(np.clip(back, 0, 255).astype(np.uint8))
    names = "\n".join(f"{letters}:{' '.join(phones)}" for letters, phones in graphones)
    return {
        "graphones": np.frombuffer(names.encode("utf8"), np.uint8),
        "sizes": np.array(sizes, np.int64), "token": np.concatenate(tokens),
        "children": np.concatenate(children), "probability": np.concatenate(probabilities),
        "backoff": np.concatenate(backoffs),
    }


@functools.lru_cache(2)
def load(path: Path = PATH) -> Model:
    """Reads a model file.

    Raises:
        ModelFileError: the file is missing or damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            arrays = {name: data[name] for name in data.files}
        return _model(arrays)
    except (OSError, KeyError, ValueError, IndexError, BadZipFile) as error:
        raise ModelFileError(f"{path}: not a usable pronunciation model ({error})") from error


def _model(arrays: dict[str, np.ndarray]) -> Model:
    sizes = arrays["sizes"]
    token = np.concatenate([[0], arrays["token"].astype(np.int64)])
    number = np.concatenate([[sizes[0]], arrays["children"].astype(np.int64)])
    first = np.concatenate([[1], 1 + np.cumsum(number)])
    suffix = _suffixes(token, number, sizes)
    pieces: dict[str, list[tuple[int, tuple[str, ...]]]] = {}
    for i, line in enumerate(arrays["graphones"].tobytes().decode("utf8").split("\n")):
        letters, _, phones = line.partition(":")
        pieces.setdefault(letters, []).append((i + 2, tuple(phones.split())))
    probability = np.concatenate([[0.0], arrays["probability"] * -_STEP])
    backoff = np.concatenate([[0.0], (arrays["backoff"].astype(float) - _OFFSET) * -_STEP])
    return Model(
        pieces, array("l", first.tolist()), array("l", token.tolist()),
        array("l", suffix.tolist()), array("d", probability.tolist()),
        array("d", backoff.tolist()),
    )


def _suffixes(token: np.ndarray, number: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Node without the first token, level by level: child of the parent's suffix by one token."""
    parent = np.zeros(len(token), np.int64)
    parent[1:] = np.repeat(np.arange(len(token)), number)[: len(token) - 1]
    suffix = np.zeros(len(token), np.int64)
    width = 1 << 17
    keys = parent * width + token
    start = 1 + int(sizes[0])
    for size in sizes[1:]:
        rows = np.arange(start, start + int(size))
        wanted = suffix[parent[rows]] * width + token[rows]
        suffix[rows] = 1 + np.searchsorted(keys[1:start], wanted)
        start += int(size)
    return suffix


@functools.lru_cache(16384)
def predict(word: str, path: Path = PATH) -> tuple[str, ...]:
    """Symbols of a lower-case word of the letters a to z; empty where none of it can be read."""
    model = load(path)
    _, begin = model.score(0, _BEGIN)
    beams: list[list[_Hypothesis]] = [[] for _ in range(len(word) + 1)]
    beams[0] = [(0.0, begin, ())]
    for i in range(len(word)):
        best = _best(beams[i])
        for size in (1, 2):
            for token, phones in model.pieces.get(word[i : i + size], ()):
                if i + size > len(word):
                    continue
                for score, node, spoken in best:
                    gain, context = model.score(node, token)
                    beams[i + size].append((score + gain, context, spoken + phones))
        beams[i] = []
    ends = [(score + model.score(node, _END)[0], spoken) for score, node, spoken in
            _best(beams[-1])]
    return max(ends)[1] if ends else ()


def _best(beam: list[_Hypothesis]) -> list[_Hypothesis]:
    """The likeliest hypotheses, one for each context and pronunciation."""
    beam.sort(key=lambda h: -h[0])
    seen: set[tuple[int, tuple[str, ...]]] = set()
    out = []
    for hypothesis in beam:
        if hypothesis[1:] not in seen:
            seen.add(hypothesis[1:])
            out.append(hypothesis)
            if len(out) == _BEAM:
                break
    return out
