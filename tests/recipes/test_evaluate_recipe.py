"""What the evaluation speaks, in whose voice, and what the blending check concludes."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np

from recipes.evaluate import blending, material


def test_fixed_sentences() -> None:
    sentences = material.read_sentences()
    counts = Counter((s.set, s.lang) for s in sentences)
    assert [counts["everyday", lang] for lang in ("en", "zh", "ja")] == [30, 20, 10]
    assert sum(n for (kind, _), n in counts.items() if kind == "hard") >= 20
    assert len({s.text for s in sentences}) == len({s.id for s in sentences}) == len(sentences)


def test_only_held_out_voices_are_used(shared: Path) -> None:
    clips = material.read_clips(shared)
    held_out = set((shared / "corpus" / "heldout.txt").read_text("utf8").split())
    assert {c.speaker for c in clips if c.source == "corpus"} == held_out
    assert {c.tar.name[:4] for c in clips if c.source == "real"} == {"eval"}


def test_pairing_is_fixed_and_fair(shared: Path) -> None:
    clips, sentences = material.read_clips(shared), material.read_sentences()
    tasks = material.end_to_end(clips, sentences, ("corpus", "real"), ("everyday",))
    assert tasks == material.end_to_end(clips, sentences, ("corpus", "real"), ("everyday",))
    assert len(tasks) == 120 and len({t.id for t in tasks}) == 120
    assert all(t.reference.lang == t.lang and t.reference.use != "target" for t in tasks)
    uses = Counter(t.reference.speaker for t in tasks if t.reference.source == "corpus")
    assert len(uses) == 19 and max(uses.values()) <= 4
    few = material.limited(tasks, 6)
    assert {(t.reference.source, t.lang) for t in few} == {
        (source, lang) for source in ("corpus", "real") for lang in ("en", "zh", "ja")
    }


def test_nineteen_strangers_of_the_same_kind(shared: Path) -> None:
    clips = material.read_clips(shared)
    sentences, sources = material.read_sentences(), ("corpus", "real")
    for task in material.end_to_end(clips, sentences, sources, ("everyday",))[::7]:
        others = material.strangers(clips, task.reference)
        speakers = {clip.speaker for clip in others}
        assert task.reference.speaker not in speakers
        own = {c.speaker for c in clips if c.source == task.reference.source}
        assert len(speakers) == len(others) == min(19, len(own) - 1)
        assert {clip.source for clip in others} == {task.reference.source}
        languages = [clip.lang != task.lang for clip in others]
        assert languages == sorted(languages), "those of the language first"


def test_resynthesis_takes_the_timbre_from_elsewhere(shared: Path) -> None:
    tasks = material.resynthesis(material.read_clips(shared), ("corpus", "real"))
    assert len(tasks) >= 60 and len({t.id for t in tasks}) == len(tasks)
    for task in tasks:
        assert task.target is not None
        assert task.target.speaker == task.reference.speaker
        assert task.target.key != task.reference.key


def test_clips_come_out_as_they_are(shared: Path, tmp_path: Path) -> None:
    clip = material.read_clips(shared)[0]
    path = material.extract(clip, tmp_path / "clips")
    assert path.read_bytes()[:4] == b"OggS"
    assert material.extract(clip, tmp_path / "clips") == path


def test_blending_pairs_cross_and_match(shared: Path) -> None:
    pairs = blending.pairs_of(material.read_clips(shared), 10)
    crossed = [a.gender != b.gender for a, b in pairs]
    assert len(pairs) == 10 and 4 <= sum(crossed) <= 6
    assert all(a.gender and b.gender and a.speaker != b.speaker for a, b in pairs)


def scored(sims: list[float], errors: list[int]) -> list[dict]:
    return [
        {"pair": 0, "weight": w, "sim": sim, "other_sims": [1 - sim], "errors": e, "length": 10}
        for w, sim, e in zip(blending.WEIGHTS, sims, errors, strict=True)
    ]


def test_verdict_counts_steps_and_errors() -> None:
    good = blending.verdict(scored([0.9, 0.8, 0.7, 0.6, 0.5], [1, 1, 1, 1, 1]))
    assert (good["monotonic"], good["passed"], good["pairs"]) == (1.0, True, 1)
    bumpy = blending.verdict(scored([0.9, 0.8, 0.85, 0.6, 0.5], [1, 1, 1, 1, 1]))
    assert (bumpy["monotonic"], bumpy["passed"]) == (0.75, False)
    unclear = blending.verdict(scored([0.9, 0.8, 0.7, 0.6, 0.5], [1, 1, 2, 1, 0]))
    assert unclear["error_rates"]["0.5"] == 0.2 and not unclear["passed"]


class Recorder:
    """Stands in for a synthesizer: notes what it is asked, and writes nothing audible."""

    def __init__(self) -> None:
        self.blends: list[tuple[float, ...]] = []

    def enroll(self, references: list[Path], transcript: str, language: str, name: str) -> str:
        assert references[0].is_file() and transcript and language == "en"
        return name

    def blend(self, weights: dict[str, float], prosody_of: str) -> str:
        assert prosody_of == next(iter(weights)) and len(weights) == 2
        self.blends.append(tuple(weights.values()))
        return "blend"

    def say(self, text: str, voice: str, seed: int, language: str) -> Recorder:
        assert (voice, language) == ("blend", "en") and seed >= 1
        return self

    def save(self, path: Path) -> None:
        path.write_bytes(b"")


def test_blending_speaks_every_weight_of_every_pair(shared: Path, tmp_path: Path) -> None:
    pairs = blending.pairs_of(material.read_clips(shared), 2)
    recorder = Recorder()
    rows = blending.make_rows(recorder, pairs, tmp_path, ["One.", "Two."])  # type: ignore[arg-type]
    assert len(rows) == len({row["wav"] for row in rows}) == 2 * 5 * 2
    np.testing.assert_allclose(recorder.blends[:5],
                               [(1, 0), (0.75, 0.25), (0.5, 0.5), (0.25, 0.75), (0, 1)])
    assert all(row["reference"] != row["others"][0] for row in rows)
