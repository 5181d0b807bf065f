"""Pieces of text to semantic tokens: several candidates in one batch, self-checked, drawn again.

Every candidate has its own seed, made of the run's seed, the piece's place and the candidate's
number, so that what a piece becomes does not depend on the pieces it shares a batch with.
Axes: B rows, T tokens, P phonemes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from voice.decode.alignment import align_codes
from voice.decode.loop import GeneratedTokens, GenerateRequest, generate
from voice.decode.sampling import SamplingSettings
from voice.decode.stepper import Stepper
from voice.synth import selfcheck
from voice.synth.plan import Piece
from voice.synth.settings import ALONE, SynthesisSettings
from voice.synth.word_features import WordFeatures
from voice.text import symbols as tables

if TYPE_CHECKING:
    from voice.checkpoints.store import Model
    from voice.synth.voicefile import Voice

GREEDY = 1e-3  # temperatures below draw the same tokens whatever the seed


@dataclass(frozen=True, eq=False)
class Drawn:
    """The tokens that were kept for a piece.

    Attributes:
        codes: (T,) int64.
        reading: what the self-check saw; None where it is switched off.
        draws: candidates drawn in all.
        retries: rounds after the first.
    """

    codes: np.ndarray
    reading: selfcheck.Reading | None
    draws: int
    retries: int


def row_seed(seed: int, piece: int, purpose: str | int) -> int:
    """The seed of one use of randomness, from 0 to 2^63 - 1."""
    digest = hashlib.blake2b(f"{seed}/{piece}/{purpose}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


def read_scores(model: Model, rows: Sequence[np.ndarray]) -> list[np.ndarray]:
    """What the CTC head reads in rows of tokens.

    Args:
        rows: (T,) int64 each; may be empty.

    Returns:
        (F, S) float32 each: log-probabilities of the symbols and, last, the blank.
    """
    if not rows or max(map(len, rows)) == 0:
        return [np.zeros((0, model.tokenizer.blank + 1), np.float32) for _ in rows]
    codes = torch.zeros(len(rows), max(map(len, rows)), dtype=torch.int64)
    for target, row in zip(codes, rows, strict=True):
        target[: len(row)] = torch.from_numpy(row)
    lengths = torch.tensor([len(row) for row in rows])
    with torch.inference_mode():
        scores = model.tokenizer.read(codes.to(model.device), lengths.to(model.device))
    stride = scores.shape[1] // codes.shape[1]
    return [
        frames[: stride * len(row)]
        for frames, row in zip(scores.float().cpu().numpy(), rows, strict=True)
    ]


def read_back(model: Model, rows: Sequence[np.ndarray]) -> list[np.ndarray]:
    """The phonemes that rows of tokens carry, as the CTC head reads them.

    Args:
        rows: (T,) int64 each; may be empty.

    Returns:
        (Q,) int64 rows of the symbol table each.
    """
    blank = model.tokenizer.blank
    return [selfcheck.collapse(own.argmax(-1), blank) for own in read_scores(model, rows)]


class Drafter:
    """Draws tokens for pieces in one voice.

    Args:
        model: a loaded model.
        voice: whose prompt is continued.
        settings: with a seed.
        limits: of the self-check, by language.
        stepper: what runs the language model; the model itself if not given.
    """

    def __init__(
        self, model: Model, voice: Voice, settings: SynthesisSettings,
        limits: Mapping[str, selfcheck.Limits] | None = None, stepper: Stepper | None = None,
    ) -> None:
        self.limits, self.stepper = limits or {}, stepper or model.text2semantic
        assert settings.seed is not None
        self.model, self.settings, self.seed = model, settings, settings.seed
        self.symbols = tables.table(model.spec.symbols)
        prompt = settings.prompt and len(voice.prompt_codes) and len(voice.prompt_phonemes)
        self.prompt_codes = np.asarray(voice.prompt_codes, np.int64) if prompt else None
        self.prompt_phonemes = np.asarray(voice.prompt_phonemes if prompt else [], np.int64)
        self.words = WordFeatures(model, voice if prompt else None)
        self.prompt_spoken: np.ndarray | None = None
        if prompt and model.spec.text2semantic.reads:
            spoken = align_codes(model.tokenizer, voice.prompt_codes, voice.prompt_phonemes)
            self.prompt_spoken = spoken.astype(np.int64) if len(spoken) else None
        spec = model.spec.text2semantic
        settings = settings.usual(spec.temperature, spec.repetition_penalty)
        assert settings.temperature is not None and settings.repetition_penalty is not None
        self.sampling = SamplingSettings(
            top_k=settings.top_k, top_p=settings.top_p, temperature=settings.temperature,
            repetition_penalty=settings.repetition_penalty,
        )
        assert settings.candidates is not None
        fixed = settings.temperature < GREEDY or settings.top_k == 1
        self.candidates = 1 if fixed or not settings.check else settings.candidates
        self.retries = 0 if fixed or not settings.check else settings.retries

    def draw(
        self, pieces: Sequence[Piece], cancelled: Callable[[], bool] | None = None
    ) -> list[Drawn]:
        """Tokens for pieces, in their order.

        Args:
            pieces: decoded together.
            cancelled: asked before every step; True stops.

        Raises:
            Cancelled: it did.
        """
        kept: dict[int, Drawn] = {}
        waiting = list(range(len(pieces)))
        for attempt in range(self.retries + 1):
            groups = self._candidates([pieces[i] for i in waiting], attempt, cancelled)
            for index, group in zip(waiting, groups, strict=True):
                kept[index] = self._choose(pieces[index], group, kept.get(index), attempt)
            waiting = [i for i in waiting if not self._fine(kept[i])]
            if not waiting:
                break
        return [kept[i] for i in range(len(pieces))]

    def _fine(self, drawn: Drawn) -> bool:
        return drawn.reading is None or drawn.reading.passed

    def _candidates(
        self, pieces: Sequence[Piece], attempt: int, cancelled: Callable[[], bool] | None
    ) -> list[list[GeneratedTokens]]:
        owners: list[int] = []
        requests: list[GenerateRequest] = []
        first = attempt * self.candidates
        for index, piece in enumerate(pieces):
            seeds = [row_seed(self.seed, piece.index, first + k) for k in range(self.candidates)]
            found = self._requests(piece, seeds)
            requests += found
            owners += [index] * len(found)
        made = generate(self.stepper, requests, self.sampling, cancelled=cancelled)
        groups: list[list[GeneratedTokens]] = [[] for _ in pieces]
        for row in made:
            groups[owners[row.request]].append(row)
        return groups

    def _requests(self, piece: Piece, seeds: list[int]) -> list[GenerateRequest]:
        """One for the candidates that continue the prompt, and one for those that do without.

        A prompt makes the voice's manner, but a poor recording misleads the model: which of the two
        says the text better is for the self-check to see.
        """
        both = self.prompt_codes is not None and len(seeds) >= ALONE
        prompted = GenerateRequest(
            phoneme_ids=np.concatenate([self.prompt_phonemes, piece.phonemes.ids]),
            seeds=seeds[::2] if both else seeds,
            prompt_codes=self.prompt_codes,
            prompt_phonemes=len(self.prompt_phonemes),
            bert=self.words.of(piece.phonemes),
            prompt_spoken=self.prompt_spoken,
        )
        if not both:
            return [prompted]
        bert = None if prompted.bert is None else prompted.bert[len(self.prompt_phonemes) :]
        return [prompted, GenerateRequest(piece.phonemes.ids, seeds[1::2], bert=bert)]

    def _choose(
        self, piece: Piece, group: list[GeneratedTokens], before: Drawn | None, attempt: int
    ) -> Drawn:
        """The best candidate of this round and the one kept before."""
        draws = (attempt + 1) * self.candidates
        if not self.settings.check:
            return Drawn(group[0].codes, None, draws, attempt)
        wanted = selfcheck.wanted_classes(piece.phonemes.ids, self.symbols)
        rows = [row.codes for row in group]
        blank = self.model.tokenizer.blank
        readings = [
            selfcheck.judge(
                wanted,
                selfcheck.wanted_classes(
                    selfcheck.collapse(scores.argmax(-1), blank), self.symbols),
                len(row.codes), self.limits.get(piece.language, selfcheck.OTHERS),
                row.finish == "end", selfcheck.doubt(scores, wanted, self.symbols),
            )
            for row, scores in zip(group, read_scores(self.model, rows), strict=True)
        ]
        if before is not None and before.reading is not None:
            rows.insert(0, before.codes)
            readings.insert(0, before.reading)
        best = selfcheck.best_of(readings)
        return Drawn(rows[best], readings[best], draws, attempt)
