"""Checks that blends lie between their parents: similarity to each, and intelligibility.

Ten pairs of held-out voices, half of them a woman's and a man's, at weights 0 to 1. The manner of
speaking stays the first parent's, so that only the timbre moves. See README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from recipes.evaluate.material import (
    Clip,
    by_speaker,
    extract,
    read_clips,
    read_sentences,
    references,
)
from voice import Synthesizer, VoiceError
from voice.evaluation import evaluate
from voice.evaluation.history import append
from voice.evaluation.rows import read_rows, write_rows
from voice.evaluation.statistics import error_rate

HERE = Path(__file__).parent
WEIGHTS = (0.0, 0.25, 0.5, 0.75, 1.0)
PAIRS, SMOKE_PAIRS = 10, 1
MONOTONIC_SHARE, ERROR_MARGIN = 0.9, 0.03


def pairs_of(clips: Sequence[Clip], count: int) -> list[tuple[Clip, Clip]]:
    """Pairs of reference recordings: sources in turns, cross-gender and same-gender in turns."""
    lots = []
    for source in ("real", "corpus"):
        lenders = [references(own)[0] for own in by_speaker(clips, "en", source).values()]
        women = [clip for clip in lenders if clip.gender == "f"]
        men = [clip for clip in lenders if clip.gender == "m"]
        crossed = list(zip(women, men, strict=False))
        alike = [pair for group in (women, men) for pair in pairwise(group)]
        lots += [crossed, alike[::2]]
    turns = [lot[index] for index in range(count) for lot in lots if index < len(lot)]
    return turns[:count]


def make_rows(
    synthesizer: Synthesizer, pairs: list[tuple[Clip, Clip]], out: Path, texts: list[str]
) -> list[dict[str, Any]]:
    """Speaks every text with every blend of every pair."""
    rows: list[dict[str, Any]] = []
    for number, pair in enumerate(pairs):
        files = [extract(clip, out / "references").resolve() for clip in pair]
        first, second = (
            synthesizer.enroll([file], clip.text, clip.lang, name=clip.speaker)
            for file, clip in zip(files, pair, strict=True)
        )
        for weight in WEIGHTS:
            shares = {first: 1 - weight, second: weight}
            blend = synthesizer.blend(shares, prosody_of=first)
            for index, text in enumerate(texts):
                wav = out / f"pair{number}-{weight:.2f}-{index}.wav"
                synthesizer.say(text, blend, seed=index + 1, language="en").save(wav)
                rows.append({
                    "wav": str(wav.resolve()), "text": text, "lang": "en", "pair": number,
                    "weight": weight, "reference": str(files[0]), "others": [str(files[1])],
                    "speakers": [clip.speaker for clip in pair],
                    "crossed": pair[0].gender != pair[1].gender,
                })
        sys.stderr.write(f"\rpair {number + 1}/{len(pairs)} ")
    sys.stderr.write("\n")
    return rows


def verdict(scored: list[dict[str, Any]]) -> dict[str, Any]:
    """How blends behave.

    Returns:
        ``monotonic`` (share of steps in which the similarity to a parent moves the right way),
        ``curves`` (mean similarities by weight), ``error_rates`` by weight, and ``passed``.
    """
    right = steps = 0
    for number in sorted({row["pair"] for row in scored}):
        own = [row for row in scored if row["pair"] == number]
        to_first = [_mean(own, w, lambda r: r["sim"]) for w in WEIGHTS]
        to_second = [_mean(own, w, lambda r: r["other_sims"][0]) for w in WEIGHTS]
        right += sum(b < a for a, b in pairwise(to_first))
        right += sum(b > a for a, b in pairwise(to_second))
        steps += 2 * (len(WEIGHTS) - 1)
    rates = {w: error_rate([r for r in scored if r["weight"] == w]) for w in WEIGHTS}
    share, worse = right / steps, max(rates[0.0], rates[1.0])
    return {
        "pairs": steps // (2 * (len(WEIGHTS) - 1)), "monotonic": round(share, 4),
        "curves": {
            "first": [round(_mean(scored, w, lambda r: r["sim"]), 4) for w in WEIGHTS],
            "second": [round(_mean(scored, w, lambda r: r["other_sims"][0]), 4) for w in WEIGHTS],
        },
        "error_rates": {str(w): round(rate, 4) for w, rate in rates.items()},
        "passed": share >= MONOTONIC_SHARE and rates[0.5] <= worse + ERROR_MARGIN,
    }


def _mean(rows: list[dict[str, Any]], weight: float, score: Any) -> float:
    return float(np.mean([score(row) for row in rows if row["weight"] == weight]))


def main(arguments: list[str] | None = None) -> int:
    """Runs the check; 0 when it passes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="holds corpus/ and speech/")
    parser.add_argument("--model", default="mini", help="name or folder")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=PAIRS)
    parser.add_argument("--sentences", type=int, default=3, help="spoken by every blend")
    parser.add_argument("--smoke", action="store_true", help="one pair, one sentence")
    parser.add_argument("--python", type=Path, help="interpreter that has requirements-eval.txt")
    parser.add_argument("--whisper", type=Path, help="folder of the Whisper base model")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--history", type=Path, default=HERE / "history.jsonl")
    chosen = parser.parse_args(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    texts = [s.text for s in read_sentences() if s.lang == "en" and s.set == "everyday"]
    pairs = pairs_of(read_clips(chosen.data), SMOKE_PAIRS if chosen.smoke else chosen.pairs)
    try:
        synthesizer = Synthesizer.load(chosen.model, device=chosen.device)
        wanted = texts[: 1 if chosen.smoke else chosen.sentences]
        path = chosen.out / "blending.jsonl"
        write_rows(path, make_rows(synthesizer, pairs, chosen.out, wanted))
        report = evaluate.run(path, whisper=chosen.whisper, python=chosen.python)
    except VoiceError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    result = verdict(read_rows(Path(report["scored"])))
    result["set_up"] = {"kind": "blending", "model": str(chosen.model)}
    (chosen.out / "blending.json").write_text(json.dumps(result, indent=1), "utf8")
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    if not chosen.smoke:
        append(chosen.history, result)
    return 0 if result["passed"] else 1


if __name__ == "__main__":
    sys.exit(main())
