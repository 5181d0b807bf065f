"""Fixtures with which any runtime can test itself: sentences and phonemes, tokens and sound.

``fixtures/text.json``: every sentence of ``data/sentences.json`` in the bundle's languages with its
symbols. ``fixtures/speech.json``: one sentence of each language, spoken with the first voice,
the likeliest token each time and no noise, with its tokens and the level of each tenth of a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from voice.export.run import BundleSynthesizer
from voice.export.textdata import plain_json
from voice.spec.load import read_json
from voice.synth.settings import SynthesisSettings
from voice.text.frontend import phonemize

SENTENCES = Path(__file__).parent / "data" / "sentences.json"
TEXT, SPEECH = "fixtures/text.json", "fixtures/speech.json"
GREEDY = SynthesisSettings(top_k=1, check=False, noise_scale=0.0, seed=0, watermark=False)
_LEVEL_SECONDS = 0.1
_QUIET_DB = -80


def sentences(languages: Sequence[str]) -> list[dict[str, str]]:
    """The shared test sentences, ``language`` and ``text``, of some languages."""
    return [row for row in read_json(SENTENCES) if row["language"] in languages]


def text_fixture(languages: Sequence[str], model_languages: Sequence[str], version: str) -> bytes:
    """Sentences with their normalised text and phoneme symbols."""
    rows = []
    for row in sentences(languages):
        found = phonemize(row["text"], row["language"], languages=tuple(model_languages),
                          version=version)
        rows.append({**row, "normalized": found.normalized, "symbols": found.symbols})
    return plain_json(rows)


def levels_db(samples: np.ndarray, sample_rate: int) -> list[int]:
    """Level of each tenth of a second of (N,) samples, whole dB of full scale, -80 or more."""
    size = round(sample_rate * _LEVEL_SECONDS)
    padded = np.pad(samples.astype(np.float64), (0, -len(samples) % size))
    power = np.square(padded).reshape(-1, size).mean(1)
    return [round(max(_QUIET_DB, v)) for v in 10 * np.log10(power + 1e-12)]


def speak_fixture(
    synthesizer: BundleSynthesizer, row: dict[str, str], voice: str
) -> dict[str, Any]:
    """A sentence with its phonemes, tokens and sound."""
    who = synthesizer.voice(voice)
    piece = synthesizer.plan(row["text"], GREEDY, language=row["language"], split="cut0").pieces[0]
    codes = synthesizer.draw(piece, who, GREEDY)[0]
    ids = [int(i) for i in piece.phonemes.ids]
    made = (synthesizer.sound(codes, piece.phonemes.ids, who, GREEDY)
            if len(codes) else np.zeros(0, np.float32))
    return {**row, "voice": voice, "phoneme_ids": ids, "codes": [int(c) for c in codes],
            "samples": len(made), "levels_db": levels_db(made, synthesizer.sample_rate)}


def speech_fixture(synthesizer: BundleSynthesizer, languages: Sequence[str]) -> bytes:
    """One sentence of each language."""
    voice, rows = synthesizer.voices()[0], []
    for language in languages:
        rows += [speak_fixture(synthesizer, row, voice) for row in sentences([language])[:1]]
    return plain_json(rows)


def self_test(synthesizer: BundleSynthesizer) -> list[str]:
    """Speaks the bundle's fixtures again; a sentence for each difference.

    Tokens must be the same; levels may differ by a decibel, as processors round differently.
    """
    problems = []
    for row in read_json(synthesizer.folder / SPEECH):
        made = speak_fixture(synthesizer, {k: row[k] for k in ("language", "text")}, row["voice"])
        what = f"{row['language']} fixture"
        for key in ("phoneme_ids", "codes", "samples"):
            if made[key] != row[key]:
                problems.append(f"{what}: other {key}")
        pairs = zip(made["levels_db"], row["levels_db"], strict=False)
        if any(abs(a - b) > 1 for a, b in pairs):
            problems.append(f"{what}: other levels")
    return problems
