"""Everything a caller can choose about synthesis, checked when it is made.

:data:`RANGES` is the one table of numbers and their limits; command line and page read it too.
"""

from __future__ import annotations

import dataclasses
import math
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from voice.errors import OptionError

LANGUAGES = ("auto", "en", "zh", "ja", "ko", "yue")
SPLITS = ("auto", "cut0", "cut1", "cut2", "cut3", "cut4", "cut5")
PRECISIONS = ("auto", "float32", "float16", "bfloat16", "int8")  # of the language model
SEED_LIMIT = 2**63 - 1
OPEN = ("seed", "temperature", "repetition_penalty", "candidates")  # None: decided later
CANDIDATES = 10
ALONE = 2  # from so many candidates on, every second one does without the prompt


@dataclass(frozen=True)
class Range:
    """What a number may be.

    Attributes:
        low, high: both allowed.
        help: what the number does, one phrase.
        whole: True for integers.
    """

    low: float
    high: float
    help: str
    whole: bool = False

    def __str__(self) -> str:
        kind = "a whole number" if self.whole else "a number"
        high = "2^63-1" if self.high == SEED_LIMIT else f"{self.high:g}"
        return f"{kind} from {self.low:g} to {high}"


RANGES: dict[str, Range] = {
    "seed": Range(0, SEED_LIMIT, "the same seed gives the same samples", whole=True),
    "speed": Range(0.5, 2, "2 is twice as fast"),
    "temperature": Range(0, 2, "0 always takes the likeliest token, higher varies more; where not "
                         "given, the model's own"),
    "top_k": Range(1, 1024, "tokens are drawn from this many of the likeliest", whole=True),
    "top_p": Range(0.01, 1, "tokens are drawn from the likeliest that add up to this"),
    "repetition_penalty": Range(1, 3, "above 1, tokens already used become less likely; where not "
                                "given, the model's own"),
    "pause": Range(0, 5, "seconds of silence between sentences"),
    "noise_scale": Range(0, 1, "variation of the sound at the same words"),
    "sample_steps": Range(0, 100, "steps of the flow of v3 and v4 models; 0 is the model's own",
                          whole=True),
    "candidates": Range(1, 16, "readings drawn at once, the best is kept; 10, or from a bundle 4, "
                        "if not given", whole=True),
    "retries": Range(0, 10, "further draws when no reading passes the self-check", whole=True),
}


def check_number(name: str, value: Any, label: str | None = None) -> None:
    """Refuses a number that is none, not finite, or out of its range.

    Args:
        name: key of :data:`RANGES`.
        value: what the caller gave.
        label: how the caller calls the option, for the message; ``name`` if not given.

    Raises:
        OptionError: naming the option and its range.
    """
    allowed = RANGES[name]
    number = isinstance(value, int) or (isinstance(value, float) and not allowed.whole)
    fits = number and not isinstance(value, bool) and math.isfinite(value)
    if not fits or not allowed.low <= value <= allowed.high:
        raise OptionError(f"{label or name} is {value!r}", f"It must be {allowed}.")


def check_choice(name: str, value: Any, choices: Collection[str]) -> None:
    """Refuses a word that is not one of the choices.

    Raises:
        OptionError: naming the option and its choices.
    """
    if value not in choices:
        raise OptionError(f"{name} is {value!r}", f"It must be one of {', '.join(choices)}.")


@dataclass(frozen=True)
class SynthesisSettings:
    """How to speak.

    Attributes:
        language: of the text; ``auto`` tells scripts apart and splits mixed text.
        seed: None draws one, which the result reports.
        speed: 2 is twice as fast, at the same pitch.
        temperature, top_k, top_p, repetition_penalty: how semantic tokens are drawn; None takes
            what the model's specification says.
        split: how long text is cut; ``auto`` by estimated duration, ``cut0`` to ``cut5`` as in
            GPT-SoVITS.
        pause: seconds of silence between sentences.
        check: read the tokens back and draw again where words are missing or repeated.
        candidates: readings drawn at once when ``check`` is on; None: 10, from a bundle what its
            manifest says (4: a phone is slower).
        retries: further draws of a piece when none of its readings passes.
        noise_scale: of the decoder's prior.
        sample_steps: of a decoder by flow matching (v3, v4): more is cleaner and slower; 0 is what
            the model says.
        prompt: continue the reference (its manner of speaking), not only its timbre.
        skip_unknown: leave out characters without sounds instead of refusing the text.
        watermark: inaudible mark; switching it off is an administrator's choice.

    Raises:
        OptionError: an option is out of range; the message names it and the range.
    """

    language: str = "auto"
    seed: int | None = None
    speed: float = 1.0
    temperature: float | None = None
    top_k: int = 15
    top_p: float = 1.0
    repetition_penalty: float | None = None
    split: str = "auto"
    pause: float = 0.3
    check: bool = True
    candidates: int | None = None
    retries: int = 3
    noise_scale: float = 0.5
    sample_steps: int = 0
    prompt: bool = True
    skip_unknown: bool = False
    watermark: bool = True

    def __post_init__(self) -> None:
        for name in RANGES:
            value = getattr(self, name)
            if not (name in OPEN and value is None):
                check_number(name, value)
        check_choice("language", self.language, LANGUAGES)
        check_choice("split", self.split, SPLITS)
        for name in ("check", "prompt", "skip_unknown", "watermark"):
            if not isinstance(getattr(self, name), bool):
                raise OptionError(f"{name} is {getattr(self, name)!r}", "It must be True or False.")

    def replace(self, **changes: Any) -> SynthesisSettings:
        """A copy with some options changed.

        Raises:
            OptionError: an option does not exist or is out of range.
        """
        known = {f.name for f in dataclasses.fields(self)}
        if unknown := sorted(set(changes) - known):
            raise OptionError(
                f"unknown option {', '.join(unknown)}", f"Options are {', '.join(sorted(known))}."
            )
        return dataclasses.replace(self, **changes)

    def usual(
        self, temperature: float, repetition_penalty: float, candidates: int = CANDIDATES
    ) -> SynthesisSettings:
        """Itself, with a model's own numbers where the caller has no wish."""
        usual = {"temperature": temperature, "repetition_penalty": repetition_penalty,
                 "candidates": candidates}
        return self.replace(**{k: v for k, v in usual.items() if getattr(self, k) is None})

    def seeded(self) -> SynthesisSettings:
        """Itself, or with a seed drawn if it has none."""
        return self if self.seed is not None else self.replace(seed=secrets.randbelow(2**31))

    def as_dict(self) -> dict[str, Any]:
        """Plain data, as kept in the note of a recording."""
        return dataclasses.asdict(self)
