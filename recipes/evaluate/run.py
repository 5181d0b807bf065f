"""Measures a model: speaks the fixed sentences in held-out voices and has the judges score them.

See README.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

from recipes.evaluate.material import (
    Task,
    end_to_end,
    extract,
    limited,
    read_clips,
    read_sentences,
    resynthesis,
    strangers,
)
from voice import SynthesisSettings, Synthesizer, Voice, VoiceError
from voice.evaluation import evaluate
from voice.evaluation.history import append
from voice.evaluation.rows import write_rows

HERE = Path(__file__).parent
SMOKE_ROWS = 3


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="holds corpus/ and speech/")
    parser.add_argument("--model", default="mini", help="name or folder")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--resynthesis", action="store_true", help="only recordings re-spoken")
    parser.add_argument("--end-to-end", action="store_true", help="only text to speech")
    parser.add_argument("--sources", nargs="+", choices=("corpus", "real"),
                        default=["corpus", "real"])
    parser.add_argument("--sets", nargs="+", choices=("everyday", "hard"), default=["everyday"])
    parser.add_argument("--languages", nargs="+", choices=("en", "zh", "ja"),
                        default=["en", "zh", "ja"])
    parser.add_argument("--limit", type=int, help="rows of each kind, languages in turns")
    parser.add_argument("--smoke", action="store_true", help=f"{SMOKE_ROWS} rows of each kind")
    parser.add_argument("--set", dest="changes", nargs="*", default=[], metavar="NAME=VALUE",
                        help="synthesis settings as JSON values, such as check=false top_k=5")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--no-transcript", action="store_true", help="references without text")
    parser.add_argument("--tell", action="store_true",
                        help="resynthesis with what the recordings say, not their tokens alone")
    parser.add_argument("--python", type=Path, help="interpreter that has requirements-eval.txt")
    parser.add_argument("--whisper", type=Path, help="folder of the Whisper base model")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--no-judging", action="store_true", help="stop once rows are written")
    parser.add_argument("--label", default="", help="a word for the history file")
    parser.add_argument("--history", type=Path, default=HERE / "history.jsonl")
    return parser.parse_args(arguments)


def tasks_of(chosen: argparse.Namespace) -> dict[str, list[Task]]:
    """What to make, by kind."""
    clips = [c for c in read_clips(chosen.data) if c.lang in chosen.languages]
    sentences = [s for s in read_sentences() if s.lang in chosen.languages]
    both = chosen.resynthesis == chosen.end_to_end
    limit = SMOKE_ROWS if chosen.smoke else chosen.limit
    kinds: dict[str, list[Task]] = {}
    if both or chosen.resynthesis:
        kinds["resynthesis"] = limited(resynthesis(clips, chosen.sources), limit)
    if both or chosen.end_to_end:
        kinds["end-to-end"] = limited(
            end_to_end(clips, sentences, chosen.sources, chosen.sets), limit
        )
    return kinds


class Maker:
    """Makes the recordings of tasks; voices are enrolled once."""

    def __init__(self, chosen: argparse.Namespace) -> None:
        self.synthesizer = Synthesizer.load(chosen.model, device=chosen.device)
        changes = {k: json.loads(v) for k, _, v in (c.partition("=") for c in chosen.changes)}
        self.settings = SynthesisSettings().replace(seed=chosen.seed, **changes)
        self.out, self.transcripts = chosen.out, not chosen.no_transcript
        self.voices: dict[Path, Voice] = {}
        self.told = chosen.tell
        self.clips = read_clips(chosen.data)

    def make(self, task: Task) -> dict[str, Any]:
        """Speaks one task into a WAV file and returns its row.

        Raises:
            VoiceError: this task could not be spoken.
        """
        reference = extract(task.reference, self.out / "references")
        if reference not in self.voices:
            self.voices[reference] = self.synthesizer.enroll(
                [reference], transcript=task.reference.text if self.transcripts else None,
                language=task.reference.lang,
            )
        voice, started = self.voices[reference], time.perf_counter()
        if task.target is not None:
            source = extract(task.target, self.out / "targets")
            speech = self.synthesizer.convert(
                source, voice, settings=self.settings.replace(language=task.lang),
                transcript=task.target.text if self.told else None,
            )
        else:
            speech = self.synthesizer.say(
                task.text, voice, settings=self.settings.replace(language=task.lang)
            )
        wav = self.out / f"{task.id}.wav"
        speech.save(wav)
        row = task.row(wav.resolve(), reference.resolve())
        others = strangers(self.clips, task.reference)
        row["others"] = [str(extract(c, self.out / "references").resolve()) for c in others]
        return row | {"elapsed": round(time.perf_counter() - started, 3), "info": speech.info}


def make_rows(maker: Maker, tasks: list[Task]) -> tuple[list[dict[str, Any]], list[str]]:
    """All rows that could be made, and a line for each that could not."""
    rows, failed = [], []
    for index, task in enumerate(tasks, 1):
        try:
            rows.append(maker.make(task))
        except VoiceError as error:
            failed.append(f"{task.id}: {error}")
        sys.stderr.write(f"\rspoken {index}/{len(tasks)}, failed {len(failed)} ")
    sys.stderr.write("\n")
    return rows, failed


def measure(chosen: argparse.Namespace, kind: str, maker: Maker, tasks: list[Task]) -> int:
    """Makes, judges, prints and records one kind of rows; returns how many tasks failed."""
    rows, failed = make_rows(maker, tasks)
    for line in failed:
        sys.stderr.write(f"{line}\n")
    path = chosen.out / f"{kind}.jsonl"
    write_rows(path, rows)
    if chosen.no_judging or not rows:
        sys.stdout.write(f"{path}\n")
        return len(failed)

    def tell(done: int, total: int) -> None:
        sys.stderr.write(f"\rjudged {done}/{total} " + ("\n" if done == total else ""))

    report = evaluate.run(path, whisper=chosen.whisper, python=chosen.python,
                          threads=chosen.threads, progress=tell)
    report["failed"] = len(failed)
    report["set_up"] = {
        "kind": kind, "model": str(chosen.model), "label": chosen.label, "seed": chosen.seed,
        "changes": chosen.changes, "sets": chosen.sets, "smoke": chosen.smoke,
        "told": chosen.tell,
    }
    (chosen.out / f"{kind}.json").write_text(json.dumps(report, indent=1, ensure_ascii=False))
    table = f"### {kind}, {chosen.model}\n\n{evaluate.markdown(report)}"
    (chosen.out / f"{kind}.md").write_text(table, "utf8")
    sys.stdout.write(table + "\n")
    if not chosen.smoke:
        append(chosen.history, {k: v for k, v in report.items() if k != "scored"})
    return len(failed)


def main(arguments: list[str] | None = None) -> int:
    """Runs the recipe; 1 when a task could not be spoken."""
    chosen = options(arguments)
    chosen.out.mkdir(parents=True, exist_ok=True)
    kinds = tasks_of(chosen)
    try:
        maker = Maker(chosen)
        return int(sum(measure(chosen, k, maker, tasks) for k, tasks in kinds.items()) > 0)
    except VoiceError as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
