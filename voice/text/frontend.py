"""Text to the phoneme symbols of a model: the one entry point of this package.

cleaning -> inline pronunciations -> language spans -> normalisation -> pronunciation -> ids
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from voice.errors import NothingToSayError, OptionError, UnknownTextError
from voice.text import clean, inline
from voice.text import language as by_language
from voice.text import symbols as tables
from voice.values import Phonemes, SpokenPart, TextSpan

FEW = 4
"""English texts of fewer symbols get a pause in front, as the official models were trained."""
_SILENT = frozenset(("UNK", "空", "停"))
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
    if lacking := [x for x in languages if x not in tables.LANGUAGES.get(version, languages)]:
        raise OptionError(f"symbol table {version} has no sounds of {', '.join(lacking)}")
    marked, spans, skipped = spans_of(
        text, language, skip_unknown=skip_unknown, languages=languages
    )
    spoken = [_speaker(s.language)(s.text, marked, readings) for s in spans]
    symbols, parts = _joined(spoken, spans)
    if not any(s.isalnum() and s not in _SILENT for s in symbols):
        raise NothingToSayError("nothing to say: the text has no words", "Give a text with words.")
    if len(symbols) < FEW and all(s.language == "en" for s in spans):
        symbols, parts = [",", *symbols], _moved(parts, 1)
    complete = all(p.word_lengths or p.start == p.stop for p in parts)
    lengths = tuple(n for p in parts for n in p.word_lengths) if complete else ()
    index = tables.index(version)
    ids = np.array([index.get(s, index["UNK"]) for s in symbols], np.int64)
    shown = tuple(TextSpan(marked.plain(s.text), s.language) for s in spans)
    normalized = " ".join(s.normalized for s in spoken if s.normalized)
    return Phonemes(
        text, normalized, tuple(symbols), ids, lengths, shown, skipped, parts
    )


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
    marked = inline.mark(clean.clean(text), cantonese=language == "yue")
    unknown = _unknown(marked, language, languages)
    if unknown and not skip_unknown:
        raise UnknownTextError(_refusal(unknown, languages), "Remove them, or allow skipping them.")
    if unknown:
        marked.text = "".join(ch for ch in marked.text if ch not in unknown)
    spoken = {*"%&$€£¥@+=", *marked.given}
    if not any(clean.is_letter(ch) or ch in spoken for ch in marked.text):
        raise NothingToSayError("nothing to say: the text has no words", "Give a text with words.")
    if language in ("auto", "zh") and by_language.is_chinese(marked.text):
        from voice.text.normalize import zh

        marked.text = zh.codes(marked.text)
    kinds = {k: g.language for k, g in marked.given.items()}
    return marked, by_language.spans(marked.text, language, kinds, languages), unknown


def _unknown(marked: inline.Marked, language: str, languages: Collection[str]) -> str:
    """Characters that none of the languages has a sound for, each once, in order."""
    out: dict[str, None] = {}
    for ch in dict.fromkeys(marked.text):
        if ch in marked.given or ch.isascii() or not clean.is_letter(ch):
            continue
        named = by_language.script(ch)
        if not named or not _spoken_in(ch, named, language, languages):
            out[ch] = None
    for given in marked.given.values():
        if given.language not in languages:
            raise UnknownTextError(
                f"the pronunciation of {given.text!r} is {by_language.NAMES[given.language]}, "
                "which this model does not speak"
            )
    return "".join(out)


def _spoken_in(ch: str, named: str, language: str, languages: Collection[str]) -> bool:
    """Whether a letter of the script of ``named`` has a sound in what the model speaks."""
    if named == "ko":
        from voice.text.g2p import ko

        return "ko" in languages and ko.has_sound(ch)
    if named != "zh":
        return named in languages
    if {"zh", "yue", "ja"}.isdisjoint(languages):
        return False
    if "ja" in languages and "zh" not in languages and "yue" not in languages:
        return True
    from voice.text.g2p import yue, zh

    if language == "yue":
        return yue.has_reading(ch)
    return ch in "々〆" or zh.has_reading(ch) or "yue" in languages and yue.has_reading(ch)


def _refusal(unknown: str, languages: Collection[str]) -> str:
    shown = unknown[:20] + ("…" if len(unknown) > 20 else "")
    spoken = ", ".join(by_language.NAMES[x] for x in languages)
    return f"no sounds are known for the characters {shown} (this model speaks {spoken})"


def _joined(
    spoken: list[Spoken], spans: list[TextSpan]
) -> tuple[list[str], tuple[SpokenPart, ...]]:
    """Symbols of all spans; of marks that meet at a border the first stays."""
    from voice.text.g2p import ko

    symbols: list[str] = []
    parts: list[SpokenPart] = []
    marks = tables.PUNCTUATION
    for part, span in zip(spoken, spans, strict=True):
        own, counts = part.symbols, list(part.word_lengths)
        dropped = 0
        while own and _superfluous(own[0], symbols, marks):
            own, dropped = own[1:], dropped + 1
        counts[:dropped] = [0] * min(dropped, len(counts))
        start = len(symbols)
        symbols = symbols + own
        parts.append(
            SpokenPart(span.language, part.normalized, start, len(symbols), tuple(counts)))
    end = len(symbols)
    while end and symbols[end - 1] == ko.SPACE:
        end -= 1
    if end < len(symbols):
        symbols = symbols[:end]
        parts = [replace(p, start=min(p.start, end), stop=min(p.stop, end)) for p in parts]
    if ko.ends_open(symbols):
        symbols.append(".")
        parts[-1] = replace(parts[-1], stop=len(symbols))
    return symbols, tuple(parts)


def _superfluous(symbol: str, before: list[str], marks: Collection[str]) -> bool:
    """Whether a run's first symbol is a second mark, or a space where nothing is before."""
    if symbol == "空":
        return not before or before[-1] == "空"
    return symbol in marks and bool(before) and before[-1] in marks


def _moved(parts: tuple[SpokenPart, ...], by: int) -> tuple[SpokenPart, ...]:
    return tuple(replace(p, start=p.start + by, stop=p.stop + by) for p in parts)
