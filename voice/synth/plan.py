"""Text to pieces that are spoken one after the other, and the batches they are decoded in.

The plan depends on text and settings alone: whole and streamed speech follow the same one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from voice.errors import NothingToSayError
from voice.synth.settings import SynthesisSettings
from voice.text.frontend import phonemize
from voice.text.language import settle
from voice.text.short import with_pauses
from voice.text.split import split
from voice.values import Phonemes

BATCH_SIZES = (1, 2, 4)
"""Pieces decoded together: the first alone, so that sound comes early; the last size repeats."""
FIRST_SECONDS = 3.0
"""Estimated duration of the first piece, for the same reason."""
_ENDS = ".!?。！？…\n"
_CLAUSE_PAUSE = 0.4
_CLOSERS = "\"'”’」』）)]】》 \t"


@dataclass(frozen=True)
class Piece:
    """A run of text that is spoken in one go.

    Attributes:
        index: place in the text, from 0.
        text: as given.
        phonemes: how it sounds.
        language: the one that most of it is in.
        pause: seconds of silence behind it.
    """

    index: int
    text: str
    phonemes: Phonemes
    language: str
    pause: float


@dataclass(frozen=True)
class Plan:
    """What will be spoken.

    Attributes:
        pieces: in order, at least one.
        skipped: characters left out, each once.
    """

    pieces: tuple[Piece, ...]
    skipped: str

    @property
    def language(self) -> str:
        """Languages of the pieces, the most spoken first, joined by ``+``."""
        count = Counter[str]()
        for piece in self.pieces:
            for span in piece.phonemes.spans:
                count[span.language] += len(span.text.strip())
        return "+".join(name for name, size in count.most_common() if size)

    def batches(self) -> Iterator[Sequence[Piece]]:
        """The pieces in groups that are decoded together."""
        start, step = 0, 0
        while start < len(self.pieces):
            size = BATCH_SIZES[min(step, len(BATCH_SIZES) - 1)]
            yield self.pieces[start : start + size]
            start, step = start + size, step + 1


def make_plan(
    text: str, settings: SynthesisSettings, languages: Collection[str], version: str,
    short_pauses: bool = False,
) -> Plan:
    """Cuts text and finds how it sounds; all of it, so that errors come before any sound.

    Args:
        text: any length.
        settings: language, split, pause, skip_unknown count.
        languages: that the model speaks.
        version: of the symbol table.
        short_pauses: put pauses before short texts, as official models expect.

    Raises:
        NothingToSayError: no words.
        UnknownTextError: the text has characters without sounds.
        OptionError: the model does not speak the language.
    """
    if not text.strip():
        raise NothingToSayError("nothing to say: the text is empty", "Give a text with words.")
    pieces: list[Piece] = []
    skipped = ""
    # A piece of a Japanese text may be without kana: the whole text decides.
    asked = settle(text, settings.language)
    parts = split(text, settings.split, first_seconds=FIRST_SECONDS, language=asked)
    for part in parts:
        try:
            phonemes = phonemize(
                part, asked, skip_unknown=settings.skip_unknown,
                languages=tuple(languages), version=version,
            )
        except NothingToSayError:  # marks alone between sentences
            continue
        if short_pauses:
            phonemes = with_pauses(phonemes, version)
        skipped += "".join(c for c in phonemes.skipped if c not in skipped)
        language = _main_language(phonemes, asked)
        pause = settings.pause * (1.0 if _ends_sentence(part) else _CLAUSE_PAUSE)
        pieces.append(Piece(len(pieces), part, phonemes, language, pause))
    if not pieces:
        raise NothingToSayError("nothing to say: the text has no words", "Give a text with words.")
    last = pieces[-1]
    pieces[-1] = Piece(last.index, last.text, last.phonemes, last.language, 0.0)
    return Plan(tuple(pieces), skipped)


def _main_language(phonemes: Phonemes, asked: str) -> str:
    sizes = Counter[str]()
    for span in phonemes.spans:
        sizes[span.language] += len(span.text)
    return sizes.most_common(1)[0][0] if sizes else asked


def _ends_sentence(text: str) -> bool:
    return text.rstrip(_CLOSERS)[-1:] in _ENDS or text.endswith("\n")
