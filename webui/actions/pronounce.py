"""How a word of the text is read now, in the notation in which it can be read differently."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from voice import SynthesisSettings, VoiceError
from webui.context import AppContext
from webui.jobs import logged
from webui.messages import PageError

MOST = 40
NOTATIONS = {"en": "arpabet", "zh": "pinyin", "ja": "kana", "ko": "hangul", "yue": "jyutping"}
_ARPABET = re.compile(r"[A-Z]{1,2}[012]?")
_NO_INITIAL = re.compile(r"^(?:AA|EE|OO)(?=[a-z])")
_BRACES = re.compile(r"[{}\n]")


@dataclass(frozen=True)
class Reading:
    """How a word is read.

    Attributes:
        word: without surrounding spaces.
        notation: ``arpabet``, ``pinyin``, ``kana``, ``hangul`` or ``jyutping``.
        sounds: as they would be written in braces; empty where they cannot be told.
    """

    word: str
    notation: str
    sounds: str


def reading_of(context: AppContext, word: str, language: str) -> Reading:
    """How a word is read now.

    Args:
        context: of the page.
        word: a word, or a few.
        language: of the text; ``auto`` goes by the script.

    Raises:
        PageError: nothing is selected, or too much.
        VoiceError: it cannot be read at all.
    """
    with logged("reading_of", characters=len(word)):
        word = word.strip()
        if not word or len(word) > MOST or _BRACES.search(word):
            raise PageError("error_select_word", limit=MOST)
        phonemes = _phonemes(context, word, language)
        languages = {span.language for span in getattr(phonemes, "spans", ())}
        if len(languages) != 1:
            raise PageError("error_select_word", limit=MOST)
        (spoken,) = languages
        sounds = _written(phonemes, spoken)
        if sounds and not _same(context, phonemes, f"{{{word}:{sounds}}}", language):
            sounds = ""
        return Reading(word, NOTATIONS[spoken], sounds)


def marked(context: AppContext, word: str, sounds: str, language: str) -> str:
    """The word with its pronunciation, as it is written in the text.

    Raises:
        PageError: no sounds are given.
        OptionError: they are not understood, or do not fit the word.
    """
    with logged("pronounce"):
        if not sounds.strip() or _BRACES.search(sounds):
            raise PageError("error_need_sounds")
        written = f"{{{word.strip()}:{sounds.strip()}}}"
        _phonemes(context, written, language)
        return written


def _phonemes(context: AppContext, text: str, language: str) -> Any:
    plan = context.model.get().plan(text, SynthesisSettings(language=language))
    return plan.pieces[0].phonemes if len(plan.pieces) == 1 else None


def _written(phonemes: Any, language: str) -> str:
    """The sounds in the notation of a language, as far as the symbols tell."""
    symbols = list(phonemes.symbols)
    if language == "en":
        return " ".join(one for one in symbols if _ARPABET.fullmatch(one))
    if language == "zh":
        pairs = ["".join(pair) for pair in zip(symbols[::2], symbols[1::2], strict=False)]
        syllables = [_NO_INITIAL.sub("", pair) for pair in pairs]
        spelled = [re.sub("i[r0](?=[1-5])", "i", one).replace("E", "e") for one in syllables]
        return " ".join(one for one in spelled if re.fullmatch("[a-z]+[1-5]", one))
    return ""


def _same(context: AppContext, phonemes: Any, marked: str, language: str) -> bool:
    """Whether the written sounds are read as the word is."""
    try:
        again = _phonemes(context, marked, language)
    except VoiceError:
        return False
    return again is not None and _spoken(again) == _spoken(phonemes)


def _spoken(phonemes: Any) -> list[str]:
    return [one for one in phonemes.symbols if one[:1].isalnum()]
