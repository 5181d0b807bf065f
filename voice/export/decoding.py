"""The token loop without torch: one text, several candidates, as :mod:`voice.decode.loop` has it.

The one allowed second loop; tests hold it equal to the first, token by token.
Axes: B rows, P phonemes, Q prompt codes, S cache slots, H heads, E head width, C classes, D width,
O outputs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from voice.errors import VoiceError
from voice.export.manifest import Decoding
from voice.export.sampling import Race, Sampling, draw, penalised, probabilities
from voice.export.sessions import Sessions

LATE_SHARE, LATE_TOKENS = 3, 4
"""Once others are longer than a finished candidate by a third and four tokens, it is kept if it
passes, and they are left. Waiting less costs quality: ``recipes/export/README.md``."""
_SPARE_SLOTS = 32
_NEVER = np.float32(-1e4)


class Stopped(VoiceError):
    """The caller asked to stop."""

    code = "cancelled"


@dataclass(frozen=True, eq=False)
class Request:
    """One text and some of its candidates; others may be given another prompt, or none.

    Attributes:
        phoneme_ids: (P,) int64; the prompt's first.
        seeds: one candidate each.
        prompt_codes: (Q,) int64, Q may be 0.
        prompt_phonemes: how many of the ids are the prompt's.
        prompt_spoken: (Q,) int64, which of them each prompt code says; None if not known.
        bert: (P, W) float32, for a model with BERT; None means zeros.
    """

    phoneme_ids: np.ndarray
    seeds: Sequence[int]
    prompt_codes: np.ndarray
    prompt_phonemes: int
    prompt_spoken: np.ndarray | None = None
    bert: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class Candidate:
    """What one row became: (T,) int64 codes, and ``end``, ``limit``, ``cycle`` or ``late``."""

    codes: np.ndarray
    finish: str


class Stepper:
    """The language model of a bundle in the middle of a text.

    Args:
        sessions: of the bundle.
        requests: whose candidates are rows one after the other.
        room: most tokens that will follow.
        begun: the requests, where they were read before.
    """

    def __init__(
        self, sessions: Sessions, requests: Sequence[Request], room: int,
        begun: Sequence[Begun] | None = None,
    ) -> None:
        self._sessions, self._numbers = sessions, sessions.manifest.decoding
        begun = begun or [Begun.by(sessions, request) for request in requests]
        rows = [len(request.seeds) for request in requests]
        self.length = np.repeat([one.length for one in begun], rows)
        self._position = np.repeat([len(one.spoken) for one in begun], rows)
        slots = int(self.length.max()) + min(room, _SPARE_SLOTS)
        self._cache = [_buffer(written, rows, slots)
                       for written in zip(*(one.cache for one in begun), strict=True)]
        self._names = [f"past_{kind}_{i}" for i in range(self._numbers.layers)
                       for kind in ("key", "value")]
        self.head = Head.at_start(self._numbers, begun, rows) if self._numbers.reading else None
        outputs = np.repeat(np.concatenate([one.outputs for one in begun]), rows, 0)
        self.logits = outputs if self.head is None else self.head.codes(outputs)

    def step(self, codes: np.ndarray) -> None:
        """Takes the rows' new tokens (B,); :attr:`logits` (B, C) are then those of the next."""
        if self.length.max() == self._cache[0].shape[2]:
            self._cache = [self._longer(x) for x in self._cache]
        inputs = {"codes": codes.astype(np.int64), "position": self._position,
                  "length": self.length, **dict(zip(self._names, self._cache, strict=True))}
        if self.head is not None:
            inputs["seen"] = self.head.seen()
        outputs, *new = self._sessions.run("step_fixed", inputs)
        rows = np.arange(len(codes))
        for buffer, added in zip(self._cache, new, strict=True):
            buffer[rows, :, self.length] = added[:, :, 0]
        self.length = self.length + 1
        self._position = self._position + 1
        self.logits = outputs if self.head is None else self.head.follow(outputs)

    def _longer(self, buffer: np.ndarray) -> np.ndarray:
        more = np.zeros((*buffer.shape[:2], _SPARE_SLOTS, buffer.shape[3]), np.float32)
        return np.concatenate([buffer, more], 2)

    def keep(self, rows: np.ndarray) -> None:
        """Goes on with these rows only."""
        self._cache = [np.ascontiguousarray(x[rows]) for x in self._cache]
        self.length, self._position = self.length[rows], self._position[rows]
        if self.head is not None:
            self.head.keep(rows)


@dataclass(frozen=True, eq=False)
class Begun:
    """A request that was read.

    Attributes:
        outputs: (1, O) of the last position.
        window: (P, D), what a reading head sees at each phoneme; None without one.
        cache: (1, H, P + Q, E) by layer, keys and values.
        spoken: (Q,) int64, the phonemes that the prompt's codes say.
    """

    outputs: np.ndarray
    window: np.ndarray | None
    cache: list[np.ndarray]
    spoken: np.ndarray

    @property
    def length(self) -> int:
        """P + Q, the slots that are written."""
        return self.cache[0].shape[2]

    @classmethod
    def by(cls, sessions: Sessions, request: Request) -> Begun:
        """Reads a text and its prompt."""
        numbers, spoken = sessions.manifest.decoding, _spoken(request)
        ids = np.ascontiguousarray(request.phoneme_ids, np.int64)[None]
        codes = np.ascontiguousarray(request.prompt_codes, np.int64)[None]
        inputs: dict[str, np.ndarray] = {"phoneme_ids": ids, "codes": codes}
        if numbers.bert_width:
            bert = request.bert
            empty = np.zeros((ids.shape[1], numbers.bert_width), np.float32)
            inputs["bert"] = (empty if bert is None else np.asarray(bert, np.float32))[None]
        if numbers.reading:
            inputs["spoken"] = spoken[None]
        outputs, *rest = sessions.run("prefill", inputs)
        return cls(outputs, rest.pop(0)[0] if numbers.reading else None, rest, spoken)


def _buffer(written: Sequence[np.ndarray], rows: Sequence[int], slots: int) -> np.ndarray:
    """(B, H, S, E) of each (1, H, P + Q, E) so many rows, and room for more positions."""
    _, heads, _, width = written[0].shape
    made = np.zeros((sum(rows), heads, slots, width), np.float32)
    for part, own in zip(np.split(made, np.cumsum(rows)[:-1]), written, strict=True):
        part[:, :, : own.shape[2]] = own
    return made


class Head:
    """Where each row reads; see :class:`voice.decode.stepper.ReadingHead`.

    Args:
        numbers: of the bundle.
        windows: (P, D) of each row, what the head sees at each phoneme.
        place: (B,) int64, where the heads start.
    """

    def __init__(
        self, numbers: Decoding, windows: Sequence[np.ndarray], place: np.ndarray
    ) -> None:
        assert numbers.reading is not None
        self._rules, self._end = numbers.reading, numbers.codes
        self._windows, self.place = list(windows), place.astype(np.int64)
        self._last = np.array([len(window) - 1 for window in windows])
        self._waited = np.zeros_like(self.place)

    @classmethod
    def at_start(cls, numbers: Decoding, begun: Sequence[Begun], rows: Sequence[int]) -> Head:
        """Heads where the prompts end."""
        windows = [one.window for one, count in zip(begun, rows, strict=True)
                   for _ in range(count)]
        ends = [one.spoken[-1] if len(one.spoken) else 0 for one in begun]
        return cls(numbers, [w for w in windows if w is not None], np.repeat(ends, rows))

    def seen(self) -> np.ndarray:
        """(B, D) float32."""
        return np.stack([own[at] for own, at in zip(self._windows, self.place, strict=True)])

    def codes(self, outputs: np.ndarray) -> np.ndarray:
        """Logits (B, C) of the codes out of the outputs (B, O)."""
        logits = outputs[:, : self._end + 1].copy()
        logits[self.place < self._last - self._rules.near_end, self._end] = _NEVER
        logits[self._waited >= self._rules.patience, self._end] = -_NEVER
        return logits

    def follow(self, outputs: np.ndarray) -> np.ndarray:
        """Moves the heads as the outputs say; returns :meth:`codes`."""
        moves = np.asarray(self._rules.moves, np.int64)[outputs[:, self._end + 1 :].argmax(1)]
        self.place = np.clip(self.place + moves, 0, self._last)
        self._waited = np.where(self.place >= self._last, self._waited + 1, 0)
        return self.codes(outputs)

    def keep(self, rows: np.ndarray) -> None:
        """Goes on with these rows only."""
        self.place, self._waited = self.place[rows], self._waited[rows]
        self._windows, self._last = [self._windows[i] for i in rows], self._last[rows]


def _spoken(request: Request) -> np.ndarray:
    """(Q,) int64; the prompt's phonemes evenly spread if not known."""
    count = len(request.prompt_codes)
    if request.prompt_spoken is not None and len(request.prompt_spoken) == count:
        return np.asarray(request.prompt_spoken, np.int64)
    return np.arange(count, dtype=np.int64) * request.prompt_phonemes // max(1, count)


def generate(
    sessions: Sessions, requests: Sequence[Request], sampling: Sampling,
    cancelled: Callable[[], bool] | None = None,
    passes: Callable[[Candidate], bool] | None = None, begun: Sequence[Begun] | None = None,
) -> list[Candidate]:
    """Speaks one text, in tokens.

    Args:
        sessions: of the bundle.
        requests: the text with its prompts, and the candidates' seeds.
        sampling: how to draw.
        cancelled: asked before every step; True stops.
        passes: asked about a finished candidate that others run on past by a third;
            where it passes, they are left and are ``late``. All are waited for without it.
        begun: the requests, where they were read before with other seeds.

    Returns:
        The candidates in the order of the requests and their seeds.

    Raises:
        Stopped: it did.
    """
    run = _Run(sessions, requests, sampling, passes, begun)
    while run.rows:
        if cancelled is not None and cancelled():
            raise Stopped("generation was cancelled")
        run.advance()
    return [run.done[i] for i in range(len(run.done))]


class _Run:
    """Rows under way."""

    def __init__(
        self, sessions: Sessions, requests: Sequence[Request], sampling: Sampling,
        passes: Callable[[Candidate], bool] | None, begun: Sequence[Begun] | None,
    ) -> None:
        self._passes = passes
        numbers = sessions.manifest.decoding
        spoken = max(len(one.phoneme_ids) - one.prompt_phonemes for one in requests)
        self._limit = min(numbers.max_tokens,
                          int(numbers.tokens_base + numbers.tokens_per_phoneme * spoken))
        self._numbers, self._sampling = numbers, sampling
        self._stepper = Stepper(sessions, requests, self._limit, begun)
        prompts = [np.asarray(one.prompt_codes, np.int64) for one in requests for _ in one.seeds]
        count = len(prompts)
        self._used = np.zeros((count, numbers.codes + 1), bool)
        for row, prompt in zip(self._used, prompts, strict=True):
            row[prompt] = True
        self._race = Race([seed for one in requests for seed in one.seeds], numbers.codes + 1)
        self._tokens = np.zeros((count, self._limit), np.int64)
        self._runs = np.zeros((count, numbers.longest_period), np.int64)
        self.rows, self.made = list(range(count)), 0
        self.done: dict[int, Candidate] = {}

    def advance(self) -> None:
        """One more token for every row."""
        end = self._numbers.codes
        logits = penalised(self._stepper.logits, self._used, self._sampling, self.made)
        codes = draw(probabilities(logits, self._sampling), self._race.step())
        ended = (codes == end) | (logits.argmax(1) == end)
        rows = np.asarray(self.rows)
        self._tokens[rows, self.made] = codes
        over = self._record(rows, ended)
        self.made += 1
        if over.any():
            keep = np.flatnonzero(~over)
            self.rows, codes = [self.rows[i] for i in keep], codes[keep]
            self._race.keep(keep)
            self._used = self._used[keep]
            if self.rows:
                self._stepper.keep(keep)
        if self.rows and self._passes is not None and any(map(self._passes, self._overtaken())):
            for index in self.rows:
                self.done[index] = Candidate(self._tokens[index, : self.made].copy(), "late")
            self.rows = []
        if self.rows:
            self._used[np.arange(len(codes)), codes] = True
            self._stepper.step(codes)

    def _overtaken(self) -> list[Candidate]:
        """Candidates that ended by themselves and that the others have just become too long for."""
        return [one for one in self.done.values() if one.finish == "end" and
                self.made == len(one.codes) + len(one.codes) // LATE_SHARE + LATE_TOKENS]

    def _record(self, rows: np.ndarray, ended: np.ndarray) -> np.ndarray:
        """Notes rows that are over; returns (B,) which."""
        stuck = self._stuck(rows)
        over = ended | (stuck > 0) | (self.made + 1 >= self._limit)
        for place in np.flatnonzero(over):
            finish, kept = "limit", self.made + 1
            if ended[place]:
                finish, kept = "end", self.made
            elif stuck[place]:
                finish, kept = "cycle", self.made + 1 - int(stuck[place])
            index = self.rows[place]
            self.done[index] = Candidate(self._tokens[index, :kept].copy(), finish)
        return over

    def _stuck(self, rows: np.ndarray) -> np.ndarray:
        """(B,) number of tokens that only repeat those a period before; 0 where not stuck."""
        numbers, made = self._numbers, self.made
        span = min(numbers.longest_period, made)
        past = self._tokens[rows, made - span : made][:, ::-1]
        runs = np.zeros((len(rows), numbers.longest_period), np.int64)
        runs[:, :span] = (self._runs[rows, :span] + 1) * (past == self._tokens[rows, made][:, None])
        self._runs[rows] = runs
        periods = np.arange(1, numbers.longest_period + 1)
        return np.where(runs >= np.maximum(numbers.cycle_tokens, 2 * periods), runs, 0).max(1)
