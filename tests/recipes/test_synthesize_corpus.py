"""The corpus maker with a teacher that hums: plans, resuming, packing."""

from __future__ import annotations

import json
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

from recipes.data.synthesize_corpus import plan, run
from recipes.data.synthesize_corpus.engines import Command, Spoken
from recipes.data.synthesize_corpus.store import Store


class Hum:
    """A teacher of two voices; counts its lines, refuses texts with a 9."""

    name, licence, mixes = "hum", "CC0", True

    def __init__(self) -> None:
        self.spoken: list[str] = []

    def voices(self, lang: str) -> list[str]:
        return {"en": ["low", "high"], "ja": ["far"]}.get(lang, [])

    def speak(self, utterance: plan.Utterance) -> Spoken:
        if "9" in utterance.text:
            raise ValueError("cannot say 9")
        self.spoken.append(utterance.key)
        tone = 0.3 * np.sin(np.arange(2400) * 0.05).astype(np.float32)
        return Spoken(tone, 24000, "hm", (1, 1, 1, 1))


def chosen(folder: Path, *more: str) -> list[str]:
    texts = folder / "en.txt"
    texts.write_text("One two three\nWhy not?\n", "utf8")
    return ["--out", str(folder / "out"), "--texts", f"en={texts}", "--blends", "3",
            "--utterances", "4", *more]


def test_speakers_mix_two_voices_by_weights_of_sum_one() -> None:
    made = list(plan.speakers("en", ["a", "b"], ["c"], 40, seed=1))
    assert [s.name for s in made[:3]] == ["en_a", "en_b", "en_blend000"]
    for speaker in made[2:]:
        assert sum(speaker.timbre.values()) == pytest.approx(1)
        assert set(speaker.timbre) == set(speaker.prosody)
        assert next(iter(speaker.timbre)) in ("a", "b")
    assert any(max(s.timbre.values()) > 1 for s in made[2:])
    assert made == list(plan.speakers("en", ["a", "b"], ["c"], 40, seed=1))


def test_passages_end_as_sentences_and_vary_in_length() -> None:
    (speaker,) = plan.speakers("zh", ["z"], [], 0, seed=1)
    texts = ["你好" + "啊" * n + "，" for n in range(12)]
    lines = list(plan.utterances(speaker, texts, 50, seed=1))
    assert all(line.text.endswith("。") and "，。" not in line.text for line in lines)
    lengths = [len(line.text) for line in lines]
    assert min(lengths) < 14 and max(lengths) > 30
    for line in lines:
        assert len(set(parts := line.text.split("。")[:-1])) == len(parts)
    assert lines == list(plan.utterances(speaker, texts, 50, seed=1))


def test_a_stopped_run_goes_on_to_the_same_corpus(tmp_path: Path) -> None:
    arguments, whole, parts = chosen(tmp_path), Hum(), Hum()
    run.make(run.options(arguments), whole)
    clips = tmp_path / "out" / "clips"
    rows = Store(clips).rows()
    assert len(rows) == len(whole.spoken) == 5 * 4
    kept = (clips / "rows.0.jsonl").read_text("utf8").splitlines(keepends=True)
    (clips / "rows.0.jsonl").write_text("".join(kept[:7]) + kept[7][:20] + "\n", "utf8")
    run.make(run.options(arguments), parts)
    assert len(parts.spoken) == 13
    assert Store(clips).rows() == rows


def test_workers_share_the_speakers(tmp_path: Path) -> None:
    engines = [Hum(), Hum()]
    for number, engine in enumerate(engines):
        run.make(run.options(chosen(tmp_path, "--worker", f"{number}/2")), engine)
    assert not set(engines[0].spoken) & set(engines[1].spoken)
    assert len(engines[0].spoken) + len(engines[1].spoken) == 20


def test_packed_corpus_is_as_training_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(run, "engine_of", lambda options: Hum())
    arguments = chosen(tmp_path, "--pack", "more", "--held-out", "0.34")
    assert run.main(arguments) == 0
    assert json.loads(capsys.readouterr().out) == {"clips": 20, "seconds": 2.0, "held_out": 1}
    rows = [json.loads(x) for x in (tmp_path / "out/more.jsonl").read_text("utf8").splitlines()]
    assert {r["licence"] for r in rows} == {"CC0"} and rows[0]["frames"] == [1, 1, 1, 1]
    with tarfile.open(tmp_path / "out" / rows[0]["shard"]) as archive:
        assert sorted(archive.getnames()) == [r["key"] for r in rows]
    assert (tmp_path / "out/heldout.txt").read_text() == "en_blend000\n"


def test_silence_and_refused_lines_are_left_out(tmp_path: Path) -> None:
    store, (speaker, *_) = Store(tmp_path), plan.speakers("en", ["a"], [], 0, 1)
    line = next(plan.utterances(speaker, ["x"], 1, 1))
    assert not store.add(line, Spoken(np.zeros(2400, np.float32), 24000), "hum", "CC0")
    assert not store.add(line, Spoken(np.full(9, np.nan, np.float32), 24000), "hum", "CC0")
    assert store.rows() == [] and list(tmp_path.glob("*.opus")) == []


def test_any_command_can_speak(tmp_path: Path) -> None:
    script = tmp_path / "speak.py"
    script.write_text(
        "import sys, wave\n"
        "text = sys.stdin.read().strip()\n"
        "with wave.open(sys.argv[1], 'wb') as w:\n"
        "    w.setnchannels(1); w.setsampwidth(2); w.setframerate(24000)\n"
        "    w.writeframes(b'\\x00\\x10' * len(text))\n"
    )
    engine = Command(f"{sys.executable} {script} {{wav}}", {"en": ["v"]}, "CC0")
    (speaker,) = plan.speakers("en", engine.voices("en"), [], 0, 1)
    line = next(plan.utterances(speaker, ["Hello there."], 1, 1))
    spoken = engine.speak(line)
    assert (len(spoken.samples), spoken.sample_rate) == (len(line.text), 24000)
    assert spoken.samples[0] == pytest.approx(0.125)
    broken = Command(f"{sys.executable} -c 1/0", {"en": ["v"]}, "CC0")
    with pytest.raises(ValueError, match="ZeroDivisionError"):
        broken.speak(line)
