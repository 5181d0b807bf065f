"""What fp16 and int8 cost a listener, by the judges, beside fp32 and sentence by sentence.

What a language model says by chance differs from one draw to the next by far more than a precision
does. So each part is compared with all else equal, and intervals are of differences, not of rates:

- ``decoder``: fp32's tokens, spoken by both decoders with the same noise;
- ``text2semantic``: each one's own tokens, drawn with the same random numbers, spoken by the fp32
  decoder; and the errors that fp32's reader finds in many such draws;
- ``all``: the bundle as people hear it, same seeds; the widest interval.

Figures go into the manifests. See README.md beside this file.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from recipes.export import heldout
from recipes.export.heldout import Said
from voice.audio.wav import write_wav
from voice.errors import OptionError
from voice.evaluation import evaluate
from voice.evaluation.rows import read_rows, write_rows
from voice.evaluation.statistics import Figure, Row, error_rate, figure, mean_of
from voice.export.decoding import generate
from voice.export.manifest import LossEntry, precision_of, read_manifest, write_manifest
from voice.export.run import BundleSynthesizer, row_seed
from voice.synth.plan import Piece
from voice.synth.settings import SynthesisSettings

HOW = "python -m recipes.export.run loss"
ALL, TOKENS, SOUND = "all", "text2semantic", "decoder"
WAYS = {
    ALL: "as people hear it, same seeds",
    TOKENS: "own tokens, same random numbers, the fp32 decoder",
    SOUND: "the fp32 bundle's tokens, same noise",
}
ERRORS, LIKENESS, NATURAL = "error rate", "similarity", "DNSMOS"
READ = "errors of the phonemes read in the tokens"
_READ_WAY = "one draw each with the same random numbers, read by the fp32 bundle"
_SEED = 1
_FIRST_DRAW = 100
Draft = list[tuple[Piece, np.ndarray]]


@dataclass(frozen=True)
class Judging:
    """Where the judges are and what is spoken.

    Attributes:
        held: folder of ``recipes.export.run voices``.
        out: folder of the recordings.
        rows: sentences.
        draws: of each sentence's tokens, for the reader.
        whisper, python: see :func:`voice.evaluation.evaluate.run`.
    """

    held: Path
    out: Path
    rows: int
    draws: int = 8
    whisper: Path | None = None
    python: Path | None = None


@dataclass
class _Spoken:
    """Recordings of a bundle, by part and sentence, and the errors read in its draws."""

    wavs: dict[str, dict[str, Path]] = field(default_factory=dict)
    read: list[Row] = field(default_factory=list)


class Speaking:
    """Has bundles speak, with the fp32 one beside them.

    Args:
        exact: the fp32 bundle.
        tasks: who says what.
        judging: how.
    """

    def __init__(self, exact: BundleSynthesizer, tasks: Sequence[Said], judging: Judging) -> None:
        self.exact, self.tasks, self.judging = exact, tasks, judging
        self._drafts = {task.id: self._draft(exact, task) for task in tasks}

    def _settings(self, task: Said) -> SynthesisSettings:
        return SynthesisSettings(seed=_SEED, language=task.lang)

    def _draft(self, bundle: BundleSynthesizer, task: Said) -> Draft:
        settings, voice = self._settings(task), bundle.voice(task.id)
        return [(piece, bundle.draw(piece, voice, settings)[0])
                for piece in bundle.plan(task.text, settings).pieces]

    def _record(self, bundle: BundleSynthesizer, task: Said, draft: Draft, wav: Path) -> Path:
        settings, voice = self._settings(task), bundle.voice(task.id)
        sound = [bundle.render(codes, piece, voice, settings) for piece, codes in draft]
        wav.parent.mkdir(parents=True, exist_ok=True)
        write_wav(wav, np.concatenate(sound), bundle.sample_rate)
        return wav

    def reference(self) -> _Spoken:
        """What the fp32 bundle says."""
        out = self.judging.out / "fp32"
        wavs = {task.id: self._record(self.exact, task, self._drafts[task.id],
                                      out / f"{task.id}.wav") for task in self.tasks}
        return _Spoken(dict.fromkeys(WAYS, wavs), self._read(self.exact))

    def other(self, bundle: BundleSynthesizer, before: _Spoken) -> _Spoken:
        """What another bundle says; where its tokens are fp32's, so are the recordings."""
        out = self.judging.out / precision_of(bundle.manifest)
        made = _Spoken({part: {} for part in WAYS}, self._read(bundle))
        for task in self.tasks:
            exact, own = self._drafts[task.id], self._draft(bundle, task)
            same = all(np.array_equal(a, b) for (_, a), (_, b) in zip(exact, own, strict=True))
            made.wavs[SOUND][task.id] = self._record(
                bundle, task, exact, out / SOUND / f"{task.id}.wav")
            made.wavs[TOKENS][task.id] = before.wavs[TOKENS][task.id] if same else self._record(
                self.exact, task, own, out / TOKENS / f"{task.id}.wav")
            made.wavs[ALL][task.id] = made.wavs[SOUND][task.id] if same else self._record(
                bundle, task, own, out / ALL / f"{task.id}.wav")
        return made

    def _read(self, bundle: BundleSynthesizer) -> list[Row]:
        """Errors that fp32's reader finds in single draws of a bundle."""
        rows: list[Row] = []
        for task in self.tasks:
            settings, voice = self._settings(task), bundle.voice(task.id)
            for piece in bundle.plan(task.text, settings).pieces:
                seeds = [row_seed(_SEED, piece.index, _FIRST_DRAW + k)
                         for k in range(self.judging.draws)]
                requests = bundle.requests(piece, voice, settings, seeds)
                group = generate(bundle.sessions, requests, bundle.sampling(settings))
                rows += [{"id": f"{task.id}/{piece.index}/{k}", "reference": str(task.reference),
                          "read": self.exact.judge(piece, row).errors}
                         for k, row in enumerate(group)]
        return rows


def scores(spoken: dict[str, _Spoken], tasks: Sequence[Said], judging: Judging,
           progress: Callable[[int, int], None]) -> dict[Path, Row]:
    """Every recording judged, once."""
    rows = {wav: task.row(wav) for own in spoken.values() for wavs in own.wavs.values()
            for task in tasks for wav in [wavs[task.id]]}
    path = judging.out / "rows.jsonl"
    write_rows(path, list(rows.values()))
    report = evaluate.run(path, whisper=judging.whisper, python=judging.python, progress=progress)
    return dict(zip(rows, read_rows(Path(report["scored"])), strict=True))


def mean_error_rate(rows: Sequence[Row]) -> float:
    """Error rate over all rows, each language's weighted by its rows."""
    lots = {lang: [r for r in rows if r["lang"] == lang] for lang in {r["lang"] for r in rows}}
    return sum(error_rate(own) * len(own) for own in lots.values()) / len(rows)


FIGURES: dict[str, tuple[int, Callable[[Sequence[Row]], float]]] = {
    # figure: sign that makes a loss positive, statistic of scored rows
    ERRORS: (1, mean_error_rate), LIKENESS: (-1, mean_of("sim")), NATURAL: (-1, mean_of("mos")),
}


def difference(
    exact: Sequence[Row], other: Sequence[Row], statistic: Callable[[Sequence[Row]], float]
) -> Figure:
    """How far a statistic of the same rows differs, other less exact; rows stay in pairs.

    Args:
        exact, other: scored rows in the same order; those of one ``reference`` are one draw.
        statistic: of a list of rows.
    """
    pairs = [{"reference": a["reference"], "exact": a, "other": b}
             for a, b in zip(exact, other, strict=True)]
    return figure(pairs, lambda rows: statistic([r["other"] for r in rows])
                  - statistic([r["exact"] for r in rows]))


def entry(
    part: str, precision: str, name: str, found: Figure, sign: int = 1, way: str = ""
) -> LossEntry:
    """A loss for the manifest; positive is worse."""
    value, low, high = (round(sign * x, 4) + 0.0 for x in (found.value, found.low, found.high))
    return LossEntry(part, precision, name, value, found.rows, f"{HOW}: {way or WAYS[part]}",
                     (min(low, high), max(low, high)))


def entries(precision: str, exact: dict[str, list[Row]], other: dict[str, list[Row]]
            ) -> list[LossEntry]:
    """Losses of every part by the judges.

    Args:
        precision: of the other bundle.
        exact, other: scored rows by part.
    """
    return [entry(part, precision, name, difference(exact[part], other[part], statistic), sign)
            for part in WAYS for name, (sign, statistic) in FIGURES.items()]


def record(folder: Path, found: Sequence[LossEntry]) -> None:
    """Puts the losses into a bundle's manifest, in place of those of earlier runs."""
    manifest = read_manifest(folder)
    kept = tuple(own for own in manifest.losses if not own.how.startswith(HOW))
    write_manifest(folder, dataclasses.replace(manifest, losses=(*kept, *found)))


def judge(
    folders: Sequence[Path], judging: Judging, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Speaks, judges and records.

    Args:
        folders: bundles of the same model and voices; one of them in fp32.
        judging: how.
        tell: told what is being done.

    Returns:
        By precision: the figures themselves, and the losses.

    Raises:
        OptionError: no bundle in fp32 is among them, or they are of different models.
    """
    bundles = _opened(folders)
    tasks = heldout.read(judging.held, bundles["fp32"], judging.rows)
    tell("fp32 speaks")
    speaking = Speaking(bundles["fp32"], tasks, judging)
    spoken = {"fp32": speaking.reference()}
    for name, bundle in bundles.items():
        if name != "fp32":
            tell(f"{name} speaks")
            spoken[name] = speaking.other(bundle, spoken["fp32"])
    scored = scores(spoken, tasks, judging, lambda done, all_: tell(f"judged {done}/{all_}"))
    judged = {name: {part: [scored[wavs[task.id]] for task in tasks]
                     for part, wavs in own.wavs.items()} for name, own in spoken.items()}
    found: dict[str, Any] = {"fp32": _plain(judged["fp32"][ALL])}
    for name, bundle in bundles.items():
        if name == "fp32":
            continue
        losses = entries(name, judged["fp32"], judged[name])
        read = difference(spoken["fp32"].read, spoken[name].read, mean_of("read"))
        losses.append(entry(TOKENS, name, READ, read, way=_READ_WAY))
        record(bundle.folder, losses)
        found[name] = _plain(judged[name][ALL]) | {
            "same_tokens": sum(spoken[name].wavs[ALL][t.id] == spoken[name].wavs[SOUND][t.id]
                               for t in tasks),
            "losses": [dataclasses.asdict(own) for own in losses]}
    return found


def _opened(folders: Sequence[Path]) -> dict[str, BundleSynthesizer]:
    """By precision, fp32 first."""
    found = {precision_of(read_manifest(folder)): folder for folder in folders}
    if "fp32" not in found:
        raise OptionError("no bundle in fp32 is given", "Add the one to compare with.")
    names = sorted(found, key=lambda name: name != "fp32")
    opened = {name: BundleSynthesizer.load(found[name]) for name in names}
    if len({bundle.revision for bundle in opened.values()}) > 1:
        raise OptionError("the bundles are of different weights", "Export them again.")
    return opened


def _plain(rows: list[Row]) -> dict[str, Any]:
    """The figures of rows by language, as `voice evaluate` has them."""
    report = {k: v for k, v in evaluate.report_of(rows).items() if k != "groups"}
    return report | {ERRORS: round(mean_error_rate(rows), 4)}
