"""Text to the phoneme symbols of a model: the one entry point of this package.

cleaning -> inline pronunciations -> language spans -> normalisation -> pronunciation -> ids
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field

import numpy as np

from voice.errors import NothingToSayError, OptionError, UnknownTextError
from voice.text import clean, inline
from voice.text import language as by_language
from voice.text import symbols as tables
from voice.values import Phonemes, TextSpan

FEW = 4
"""English texts of fewer symbols get a pause in front, as the official models were trained."""
LONGEST = 200_000


@dataclass
class Spoken:
    """What one span sounds like.

    Attributes:
        normalized: the text as it is spoken.
        symbols: phoneme symbols.
        word_lengths: symbols of each character, where the language has BERT features.
    """

    normalized: str
    symbols: list[str]
    word_lengths: list[int] = field(default_factory=list)


Readings = Callable[[str], Sequence[str]]
"""Chinese sentence piece to one pinyin syllable (``zhong4``) a character; marks give themselves."""

Speaker = Callable[[str, inline.Marked, Readings | None], Spoken]
"""Cleaned text of one language (with placeholders), and a provider of readings, to sounds."""


@functools.cache
def _speaker(language: str) -> Speaker:
    return importlib.import_module(f"voice.text.speakers.{language}").speak


def supported() -> tuple[str, ...]:
    """Languages this package has a front-end for."""
    found = importlib.import_module("voice.text.speakers").LANGUAGES
    return tuple(found)


def phonemize(
    text: str,
    language: str = "auto",
    *,
    skip_unknown: bool = False,
    languages: Collection[str] = ("en", "zh", "ja"),
    version: str = "v2",
    readings: Readings | None = None,
) -> Phonemes:
    """What a text sounds like, in the symbols of a model.

    Args:
        text: any text; ``{重:chong2}`` gives a pronunciation (see :mod:`voice.text.inline`).
        language: ``auto``, or one of ``languages``; embedded words of other scripts keep theirs.
        skip_unknown: leave out characters without a sound, listed in ``Phonemes.skipped``,
            instead of refusing them.
        languages: what the model speaks.
        version: symbol table, ``v1`` or ``v2``.
        readings: where Chinese readings come from instead of phrase dictionaries, for example a
            :class:`voice.text.g2p.g2pw.G2pw`.

    Raises:
        NothingToSayError: there is no word in the text.
        UnknownTextError: the text has characters that none of ``languages`` has a sound for.
        OptionError: an argument or an inline pronunciation is wrong.
    """
    marked, spans, skipped = spans_of(
        text, language, skip_unknown=skip_unknown, languages=languages
    )
    spoken = [_speaker(s.language)(s.text, marked, readings) for s in spans]
    symbols, lengths = _joined(spoken)
    if not any(s.isalnum() and s != "UNK" for s in symbols):
        raise NothingToSayError("nothing to say: the text has no words", "Give a text with words.")
    if len(symbols) < FEW and all(s.language == "en" for s in spans):
        symbols, lengths = [",", *symbols], []
    index = tables.index(version)
    ids = np.array([index.get(s, index["UNK"]) for s in symbols], np.int64)
    shown = tuple(TextSpan(marked.plain(s.text), s.language) for s in spans)
    normalized = " ".join(s.normalized for s in spoken if s.normalized)
    return Phonemes(text, normalized, tuple(symbols), ids, tuple(lengths), shown, skipped)


def spans_of(
    text: str, language: str, *, skip_unknown: bool, languages: Collection[str]
) -> tuple[inline.Marked, list[TextSpan], str]:
    """The cleaned text with placeholders, its spans, and the characters left out.

    Raises:
        NothingToSayError, UnknownTextError, OptionError: see :func:`phonemize`.
    """
    if not isinstance(text, str):
        raise OptionError(f"text must be a string, not {type(text).__name__}")
    if len(text) > LONGEST:
        raise OptionError(f"the text has {len(text)} characters", f"At most {LONGEST:,} at once.")
    if missing := [x for x in languages if x not in supported()]:
        raise OptionError(f"no front-end for language {', '.join(missing)}")
    by_language.check(language, languages)
    marked = inline.mark(clean.clean(text))
    unknown = _unknown(marked, languages)
    if unknown and not skip_unknown:
        raise UnknownTextError(_refusal(unknown, languages), "Remove them, or allow skipping them.")
    if unknown:
        marked.text = "".join(ch for ch in marked.text if ch not in unknown)
    spoken = {*"%&$€£¥@+=", *marked.given}
    if not any(clean.is_letter(ch) or ch in spoken for ch in marked.text):
        raise NothingToSayError("nothing to say: the text has no words", "Give a text with words.")
    kinds = {k: g.language for k, g in marked.given.items()}
    return marked, by_language.spans(marked.text, language, kinds), unknown


def _unknown(marked: inline.Marked, languages: Collection[str]) -> str:
    """Characters that none of the languages has a sound for, each once, in order."""
    out: dict[str, None] = {}
    for ch in dict.fromkeys(marked.text):
        if ch in marked.given or ch.isascii() or not clean.is_letter(ch):
            continue
        named = by_language.script(ch)
        if not named or not _spoken_in(ch, named, languages):
            out[ch] = None
    for given in marked.given.values():
        if given.language not in languages:
            raise UnknownTextError(
                f"the pronunciation of {given.text!r} is {by_language.NAMES[given.language]}, "
                "which this model does not speak"
            )
    return "".join(out)


def _spoken_in(ch: str, named: str, languages: Collection[str]) -> bool:
    if named == "zh":
        if "ja" in languages and "zh" not in languages and "yue" not in languages:
            return True
        from voice.text.g2p import zh

        known = ch in "々〆" or zh.has_reading(ch)
        return known and not {"zh", "yue", "ja"}.isdisjoint(languages)
    return named in languages


def _refusal(unknown: str, languages: Collection[str]) -> str:
    shown = unknown[:20] + ("…" if len(unknown) > 20 else "")
    spoken = ", ".join(by_language.NAMES[x] for x in languages)
    return f"no sounds are known for the characters {shown} (this model speaks {spoken})"


def _joined(spoken: list[Spoken]) -> tuple[list[str], list[int]]:
    """Symbols of all spans; of marks that meet at a border the first stays."""
    symbols: list[str] = []
    lengths: list[int] = []
    marks = tables.PUNCTUATION
    complete = all(s.word_lengths or not s.symbols for s in spoken)
    for part in spoken:
        own, counts = part.symbols, part.word_lengths
        while own and symbols and own[0] in marks and symbols[-1] in marks:
            own, counts = own[1:], counts[1:]
        symbols = symbols + own
        lengths = lengths + counts
    return symbols, lengths if complete else []
