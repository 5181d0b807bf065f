"""Trains the pronunciation model for unknown English words and writes it into the package.

    python -m recipes.data.g2p_en.run [--smoke] [--out FILE]

A joint n-gram model over letter-phoneme chunks (Bisani & Ney 2008, "Joint-sequence models for
grapheme-to-phoneme conversion") of the CMU Pronouncing Dictionary. Every 20th word (by checksum)
is held out and measured.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
import zlib
from collections import Counter
from pathlib import Path

import numpy as np

from recipes.data.g2p_en import align, ngram
from voice.text.g2p import en, en_model

log = logging.getLogger("g2p_en")


def words() -> tuple[list[align.Word], dict[str, set[tuple[str, ...]]]]:
    """Training words, and held-out words with all their pronunciations."""
    train, held = [], {}
    for entry, symbols in en.dictionary().items():
        word = entry.split("(")[0]
        if not word.isascii() or not word.isalpha() or len(word) < 2:
            continue
        phones = tuple(symbols.split())
        if zlib.crc32(word.encode()) % 20 == 0:
            held.setdefault(word, set()).add(phones)
        elif "(" not in entry:
            train.append((word, phones))
    return train, held


def build(train: list[align.Word], order: int, threshold: float, subset: int) -> dict:
    """Model arrays, see :mod:`voice.text.g2p.en_model`."""
    probability = align.estimate(train[:: max(1, len(train) // subset)])
    aligned = [a for a in (align.best(w, probability) for w in train) if a]
    seen = Counter(g for a in aligned for g in a)
    usable = {g for g, n in seen.items() if n >= 3}
    aligned = [a for a in aligned if usable.issuperset(a)]
    graphones = sorted(usable)
    number = {g: i + 2 for i, g in enumerate(graphones)}
    vocabulary = len(graphones) + 2
    log.info("aligned %d words, %d graphones", len(aligned), len(graphones))
    levels = ngram.count([[number[g] for g in a] for a in aligned], vocabulary, order)
    ngram.smooth(levels, vocabulary)
    ngram.prune(levels, threshold)
    log.info("n-grams kept: %s", [int(v.keep.sum()) for v in levels])
    return en_model.pack(graphones, levels)


def measure(held: dict[str, set[tuple[str, ...]]], path: Path, limit: int) -> dict[str, float]:
    """Word and phoneme error rates on held-out words, with and without stress."""
    rows = [(w, p) for i, (w, p) in enumerate(sorted(held.items()))][:: max(1, len(held) // limit)]
    wrong = plain = errors = total = 0
    started = time.perf_counter()
    for word, answers in rows:
        found = en_model.predict(word, path)
        wrong += found not in answers
        plain += _plain(found) not in {_plain(a) for a in answers}
        errors += min(_distance(_plain(found), _plain(a)) for a in answers)
        total += len(min(answers, key=len))
    return {
        "words": len(rows), "word_error": wrong / len(rows),
        "word_error_without_stress": plain / len(rows), "phoneme_error": errors / total,
        "milliseconds_per_word": 1000 * (time.perf_counter() - started) / len(rows),
    }


def _plain(symbols: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(s.rstrip("012") for s in symbols)


def _distance(a: tuple[str, ...], b: tuple[str, ...]) -> int:
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        last, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (x != y))
    return row[-1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=en_model.PATH)
    parser.add_argument("--order", type=int, default=8)
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--smoke", action="store_true", help="a small model in under a minute")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    train, held = words()
    if options.smoke:
        train = train[::20]
    model = build(train, options.order, options.threshold, 3000 if options.smoke else 28000)
    np.savez_compressed(options.out, **model)
    figures = measure(held, options.out, 300 if options.smoke else 3000)
    figures["bytes"] = options.out.stat().st_size
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
