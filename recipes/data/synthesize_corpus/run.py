"""Makes more training speech with text-to-speech programs under open licences; see README.md."""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from recipes.data.synthesize_corpus.engines import Command, Engine, Kokoro
from recipes.data.synthesize_corpus.plan import share_of, speakers, utterances
from recipes.data.synthesize_corpus.store import Store

SMOKE_TEXTS = {"ja": ["今日は天気がいいですね。", "駅まで歩いて行きましょう。"]}


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--texts", nargs="+", default=[], metavar="LANG=FILE",
                        help="a sentence a line")
    parser.add_argument("--engine", choices=("kokoro", "command"), default="kokoro")
    parser.add_argument("--voices", type=Path, help="kokoro: folder of style files")
    parser.add_argument("--command", help="command: program with {wav}, {voice}, {speed}")
    parser.add_argument("--command-voices", type=json.loads, default={}, metavar="JSON",
                        help='command: {"en": ["name", ...]}')
    parser.add_argument("--licence", default="", help="command: of its voices")
    parser.add_argument("--blends", type=int, default=0, help="mixed speakers a language")
    parser.add_argument("--utterances", type=int, default=14, help="a speaker")
    parser.add_argument("--held-out", type=float, default=0.05, help="share of blends kept apart")
    parser.add_argument("--minutes", type=float, help="stop after so many")
    parser.add_argument("--worker", default="0/1", metavar="I/N", help="this worker's speakers")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--pack", metavar="NAME", help="afterwards, write tars and rows of it")
    parser.add_argument("--smoke", action="store_true", help="two Japanese lines of two voices")
    chosen = parser.parse_args(arguments)
    if chosen.engine == "command" and not (chosen.command and chosen.licence):
        parser.error("--engine command needs --command and --licence")
    return chosen


def engine_of(chosen: argparse.Namespace) -> Engine:
    """The teacher that was asked for."""
    if chosen.engine == "command":
        return Command(chosen.command, chosen.command_voices, chosen.licence)
    return Kokoro(chosen.voices)


def texts_of(chosen: argparse.Namespace) -> dict[str, list[str]]:
    """Sentences by language."""
    if chosen.smoke:
        return SMOKE_TEXTS
    pairs = (item.split("=", 1) for item in chosen.texts)
    return {
        lang: [line for line in Path(path).read_text("utf8").splitlines() if line.strip()]
        for lang, path in pairs
    }


def make(chosen: argparse.Namespace, engine: Engine) -> Store:
    """Speaks everything that is not there yet."""
    worker, workers = (int(part) for part in chosen.worker.split("/"))
    store = Store(chosen.out / "clips", worker)
    until = time.monotonic() + 60 * (chosen.minutes or float("inf"))
    count, blends = (2, 1) if chosen.smoke else (chosen.utterances, chosen.blends)
    blends = blends if engine.mixes else 0
    texts = texts_of(chosen)
    every = {v for lang in ("en", "zh", "ja", *texts) for v in engine.voices(lang)}
    for lang, sentences in texts.items():
        native = engine.voices(lang)[: 1 if chosen.smoke else None]
        others = sorted(every - set(native))
        all_speakers = speakers(lang, native, others, blends, chosen.seed)
        for speaker in share_of(all_speakers, worker, workers):
            for line in utterances(speaker, sentences, count, chosen.seed):
                if time.monotonic() > until:
                    return store
                if line.key.replace("/", "-") + ".opus" not in store.done:
                    try:
                        store.add(line, engine.speak(line), engine.name, engine.licence)
                    except ValueError as error:
                        sys.stderr.write(f"left out: {error}\n")
            sys.stderr.write(f"{speaker.name}: {len(store.done)} clips\n")
    return store


def main(arguments: list[str] | None = None) -> int:
    """Runs the recipe."""
    chosen = options(arguments)
    store = make(chosen, engine_of(chosen))
    summary = {"clips": len(store.rows()),
               "seconds": round(sum(row["seconds"] for row in store.rows()), 1)}
    if chosen.pack:
        store.pack(chosen.out, chosen.pack)
        blends = sorted({r["speaker"] for r in store.rows() if "_blend" in r["speaker"]})
        kept = blends[: round(len(blends) * chosen.held_out)]
        (chosen.out / "heldout.txt").write_text("".join(f"{name}\n" for name in kept), "utf8")
        summary["held_out"] = len(kept)
    sys.stdout.write(json.dumps(summary) + "\n")
    return 0 if summary["clips"] else 1


if __name__ == "__main__":
    sys.exit(main())
