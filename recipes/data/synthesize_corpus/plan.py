"""Who speaks and what: mixed voices and passages, the same for a seed whatever was made before.

Every draw is seeded by the speaker's name, so workers need not know of each other and a run that
stopped goes on where it was.
"""

from __future__ import annotations

import itertools
import random
import re
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

SPEEDS = (0.88, 0.95, 1.0, 1.0, 1.05, 1.12)
PASSAGE_CHARACTERS = {"en": (25, 140), "zh": (7, 38), "ja": (9, 42), "ko": (9, 45)}
MOST_SENTENCES = 8  # of a passage
SPACED = {"en", "ko"}
SENTENCE_END = re.compile(r"[.!?。！？…]$")


@dataclass(frozen=True)
class Speaker:
    """A voice to be made.

    Attributes:
        name: ``LANG_voice`` or ``LANG_blendNNN``.
        timbre, prosody: weights over an engine's voices, of sum 1. A weight may be above 1 or
            below 0: beyond a voice, away from another.
    """

    name: str
    lang: str
    timbre: dict[str, float]
    prosody: dict[str, float]


@dataclass(frozen=True)
class Utterance:
    """One line to be spoken; ``key`` names the clip."""

    key: str
    speaker: Speaker
    text: str
    speed: float


def speakers(
    lang: str, native: Sequence[str], others: Sequence[str], blends: int, seed: int
) -> Iterator[Speaker]:
    """The engine's own voices of a language, then blends of two.

    Args:
        native: voices of the language; a blend has at least one of them.
        others: voices of other languages, as second parents for more variety.
        blends: how many.
    """
    for voice in native:
        yield Speaker(f"{lang}_{voice}", lang, {voice: 1.0}, {voice: 1.0})
    partners = [*native, *others]
    for number in range(blends if len(partners) > 1 else 0):
        name = f"{lang}_blend{number:03d}"
        dice = random.Random(f"{seed}/{name}")
        first = dice.choice(list(native))
        second = dice.choice([voice for voice in partners if voice != first])
        reach = (0.2, 0.8) if dice.random() < 0.8 else (1.05, 1.25)
        yield Speaker(name, lang, _shares(first, second, dice.uniform(*reach)),
                      _shares(first, second, dice.uniform(0.65, 1.0)))


def _shares(first: str, second: str, share: float) -> dict[str, float]:
    share = round(share, 2)
    return {first: share, second: round(1 - share, 2)}


def utterances(
    speaker: Speaker, sentences: Sequence[str], count: int, seed: int
) -> Iterator[Utterance]:
    """A speaker's lines: passages of one or more sentences, of even spread in length.

    Raises:
        ValueError: there are no sentences.
    """
    if not sentences:
        raise ValueError(f"no sentences in {speaker.lang}")
    dice = random.Random(f"{seed}/{speaker.name}/texts")
    low, high = PASSAGE_CHARACTERS.get(speaker.lang, PASSAGE_CHARACTERS["en"])
    for number in range(count):
        wanted = dice.uniform(low, high)
        drawn = dice.sample(sentences, min(len(sentences), MOST_SENTENCES))  # none twice
        parts = [_ended(sentence, speaker.lang) for sentence in drawn]
        lengths = itertools.accumulate(map(len, parts))
        enough = next((n for n, sum_ in enumerate(lengths, 1) if sum_ >= wanted), len(parts))
        text = (" " if speaker.lang in SPACED else "").join(parts[:enough])
        yield Utterance(f"{speaker.name}/{number:04d}", speaker, text, dice.choice(SPEEDS))


def _ended(sentence: str, lang: str) -> str:
    sentence = sentence.strip()
    if SENTENCE_END.search(sentence):
        return sentence
    return sentence.rstrip(" ,;:，、；：") + ("." if lang in SPACED else "。")


def share_of(items: Iterable[Speaker], worker: int, workers: int) -> list[Speaker]:
    """The speakers that one of several workers makes."""
    return [s for s in items if zlib.crc32(s.name.encode()) % workers == worker]
