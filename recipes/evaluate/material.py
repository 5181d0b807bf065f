"""What is spoken in whose voice: fixed sentences and held-out speakers, paired the same each time.

The data folder holds ``corpus/`` (synthetic voices; those of ``heldout.txt`` are used) and
``speech/`` (real people; ``eval.jsonl`` only): tars of Ogg Opus clips with JSON lines beside them.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

SENTENCES = Path(__file__).with_name("sentences.jsonl")
REFERENCE_SECONDS = (3.0, 12.0)
TARGETS_PER_SPEAKER = 3
STRANGERS = 19  # with the right one, twenty


@dataclass(frozen=True)
class Clip:
    """A recording of a data set.

    Attributes:
        tar: archive that holds it, ``key`` its member.
        source: ``corpus`` or ``real``.
        use: ``reference``, ``target`` or empty (either).
        gender: ``m``, ``f`` or empty (unknown).
    """

    tar: Path
    key: str
    speaker: str
    lang: str
    text: str
    seconds: float
    source: str
    use: str = ""
    gender: str = ""


@dataclass(frozen=True)
class Sentence:
    """A text of the fixed set; ``set`` is ``everyday`` or ``hard``."""

    id: str
    lang: str
    set: str
    text: str


@dataclass(frozen=True)
class Task:
    """One row to make.

    Attributes:
        id: names the output file.
        reference: lends the voice.
        target: recording to re-speak (resynthesis), or None.
        sentence: text to speak (end to end), or None.
    """

    id: str
    reference: Clip
    target: Clip | None = None
    sentence: Sentence | None = None

    @property
    def lang(self) -> str:
        """Language of what is spoken."""
        return (self.target or self.sentence or self.reference).lang

    @property
    def text(self) -> str:
        """What is spoken."""
        return (self.target or self.sentence or self.reference).text

    def row(self, wav: Path, reference: Path) -> dict[str, Any]:
        """The row for the judges."""
        return {
            "id": self.id, "wav": str(wav), "text": self.text, "lang": self.lang,
            "reference": str(reference), "speaker": self.reference.speaker,
            "source": self.reference.source, "set": self.sentence.set if self.sentence else "own",
        }


def read_sentences(path: Path = SENTENCES) -> list[Sentence]:
    """The fixed set, in file order."""
    return [Sentence(**json.loads(line)) for line in path.read_text("utf8").splitlines()]


def read_clips(data: Path) -> list[Clip]:
    """All recordings kept for evaluation, by speaker and key."""
    held_out = set((data / "corpus" / "heldout.txt").read_text("utf8").split())
    clips = []
    for name, file in (("corpus", "corpus.jsonl"), ("speech", "eval.jsonl")):
        for line in (data / name / file).read_text("utf8").splitlines():
            row = json.loads(line)
            if name == "corpus" and row["speaker"] not in held_out:
                continue
            clips.append(Clip(
                data / name / row["shard"], row["key"], row["speaker"], row["lang"], row["text"],
                row["seconds"], "real" if name == "speech" else "corpus", row.get("use") or "",
                _gender(row),
            ))
    return sorted(clips, key=lambda clip: (clip.speaker, clip.key))


def _gender(row: dict[str, Any]) -> str:
    """Of a person as noted; of a mixed voice, the second letter of its largest part's name."""
    if timbre := row.get("timbre"):
        return str(max(timbre, key=timbre.get))[1]
    return str(row.get("gender") or "").lower()[:1]


def extract(clip: Clip, folder: Path) -> Path:
    """Writes a clip into a folder as it is in its archive; keeps it if it is there."""
    path = folder / clip.key.replace("/", "-")
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tarfile.open(clip.tar) as archive:
            member = archive.extractfile(clip.key)
            assert member is not None, f"{clip.tar} holds no file {clip.key}"
            path.write_bytes(member.read())
    return path


def strangers(clips: Iterable[Clip], clip: Clip, count: int = STRANGERS) -> list[Clip]:
    """One recording each of other speakers, of the same source and, if possible, language."""
    own = [c for c in clips if c.source == clip.source and c.speaker != clip.speaker]
    speakers: dict[str, list[Clip]] = {}
    for other in sorted(own, key=lambda c: c.lang != clip.lang):
        speakers.setdefault(other.speaker, []).append(other)
    return [references(theirs)[0] for theirs in list(speakers.values())[:count]]


def by_speaker(clips: Iterable[Clip], lang: str, source: str) -> dict[str, list[Clip]]:
    """Speakers of a language and source with their clips."""
    speakers: dict[str, list[Clip]] = {}
    for clip in clips:
        if (clip.lang, clip.source) == (lang, source):
            speakers.setdefault(clip.speaker, []).append(clip)
    return speakers


def references(clips: Iterable[Clip]) -> list[Clip]:
    """The clips that can lend a voice: of usable length, not kept as targets."""
    low, high = REFERENCE_SECONDS
    fit = [clip for clip in clips if clip.use != "target"]
    return [clip for clip in fit if low <= clip.seconds <= high] or fit


def end_to_end(
    clips: list[Clip], sentences: list[Sentence], sources: Iterable[str], sets: Iterable[str]
) -> list[Task]:
    """Every sentence once a source, its language's speakers taken in turns."""
    tasks, sets = [], set(sets)
    for source in sources:
        for lang in ("en", "zh", "ja"):
            speakers = list(by_speaker(clips, lang, source).values())
            wanted = [s for s in sentences if s.lang == lang and s.set in sets]
            for index, sentence in enumerate(wanted):
                candidates = references(speakers[index % len(speakers)])
                reference = candidates[index // len(speakers) % len(candidates)]
                tasks.append(Task(f"say-{source}-{sentence.id}", reference, sentence=sentence))
    return tasks


def resynthesis(clips: list[Clip], sources: Iterable[str]) -> list[Task]:
    """Recordings re-spoken from their own tokens, the timbre from another utterance."""
    tasks = []
    for source in sources:
        for lang in ("en", "zh", "ja"):
            for own in by_speaker(clips, lang, source).values():
                lenders = references(own)
                if source == "real":
                    targets = [clip for clip in own if clip.use == "target"]
                else:
                    targets = [clip for clip in references(own)[1:]][:TARGETS_PER_SPEAKER]
                for clip in targets:
                    name = f"re-{source}-{Path(clip.key).stem}"
                    if lenders and lenders[0] is not clip:
                        tasks.append(Task(name, lenders[0], target=clip))
    return tasks


def limited(tasks: list[Task], limit: int | None) -> list[Task]:
    """The first tasks, languages and sources in turns, so that few rows still show each."""
    if limit is None or limit >= len(tasks):
        return tasks
    lots: dict[tuple[str, str], list[Task]] = {}
    for task in tasks:
        lots.setdefault((task.reference.source, task.lang), []).append(task)
    return list(_in_turns(lots.values()))[:limit]


def _in_turns(lots: Iterable[list[Task]]) -> Iterator[Task]:
    for turn in zip_longest(*lots):
        yield from (task for task in turn if task)
