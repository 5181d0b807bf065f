"""Measures the inaudible mark: how often it is found where it is, and where it is not.

Marks synthetic clips, sends them through codecs and sample rates, and looks for the mark; looks
for it in human recordings too, which must not have it. See README.md.
"""

from __future__ import annotations

import argparse
import io
import json
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import soundfile

from voice.audio.inspect import THRESHOLD
from voice.audio.resample import resample
from voice.audio.watermark import detect, embed, watermarker

Sound = tuple[np.ndarray, int]


def clips(folder: Path, table: str, limit: int, step: int = 1) -> Iterator[Sound]:
    """Recordings of a table beside its archives, every ``step``-th of them."""
    lines = (folder / table).read_text("utf8").splitlines()[:: max(1, step)][:limit]
    archives: dict[str, tarfile.TarFile] = {}
    for row in map(json.loads, lines):
        shard = row["shard"]
        if shard not in archives:
            archives[shard] = tarfile.open(folder / shard)
        member = archives[shard].extractfile(row["key"])
        assert member is not None
        yield soundfile.read(io.BytesIO(member.read()), dtype="float32")


def coded(sound: Sound, **options: object) -> Sound:
    """Through a codec and back."""
    buffer = io.BytesIO()
    soundfile.write(buffer, *sound, **options)
    buffer.seek(0)
    return soundfile.read(buffer, dtype="float32")


def mp3(sound: Sound, bits: int) -> Sound:
    """Through MP3 at about so many kbit/s and back."""
    low, high = (8, 160) if sound[1] <= 24000 else (32, 320)
    level = 1.0 - (bits - low) / (high - low)
    return coded(sound, format="MP3", bitrate_mode="CONSTANT", compression_level=level)


def at_rate(sound: Sound, rate: int) -> Sound:
    """At another sample rate."""
    return resample(sound[0], sound[1], rate), rate


CHANGES = {
    "as made": lambda s: s,
    "MP3 64 kbit/s": lambda s: mp3(s, 64),
    "MP3 24 kbit/s": lambda s: mp3(s, 24),
    "Opus": lambda s: coded(s, format="OGG", subtype="OPUS"),
    "16 kHz": lambda s: at_rate(s, 16000),
    "8 kHz": lambda s: at_rate(s, 8000),
    "16 kHz, MP3 64 kbit/s": lambda s: mp3(at_rate(s, 16000), 64),
    "only 1.5 s of it": lambda s: (s[0][s[1] : s[1] * 5 // 2], s[1]),
    "with noise at 20 dB": lambda s: (noisy(s[0], 20.0), s[1]),
}


def noisy(samples: np.ndarray, snr_db: float) -> np.ndarray:
    """With white noise, (N,) float32."""
    noise = np.random.default_rng(0).standard_normal(len(samples))
    return (samples + noise * samples.std() * 10 ** (-snr_db / 20)).astype(np.float32)


def main() -> None:
    """Measures and prints the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, required=True, help="folder with corpus.jsonl")
    parser.add_argument("--speech", type=Path, required=True, help="folder with eval.jsonl")
    parser.add_argument("--clips", type=int, default=24, help="clips to mark")
    parser.add_argument("--keep", type=Path, help="keeps the clips with and without mark here")
    parser.add_argument("--smoke", action="store_true", help="a few clips only")
    options = parser.parse_args()
    count = 2 if options.smoke else options.clips
    watermarker()
    humans = [detect(*s) for s in clips(options.speech, "eval.jsonl", 4 if options.smoke else 999)]
    plain = list(clips(options.corpus, "corpus.jsonl", count, 4180 // count))
    started = time.process_time()
    marked = [(embed(*sound), sound[1]) for sound in plain]
    cost = (time.process_time() - started) / sum(len(s) / rate for s, rate in plain)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        for i, (before, after) in enumerate(zip(plain, marked, strict=True)):
            soundfile.write(options.keep / f"{i:02d}-plain.wav", *before)
            soundfile.write(options.keep / f"{i:02d}-marked.wav", *after)
    rows = {name: [detect(*change(s)) for s in marked] for name, change in CHANGES.items()}
    rows["unmarked synthetic"] = [detect(*sound) for sound in plain]
    rows["human"] = humans
    report = {
        "threshold": THRESHOLD,
        "cpu_seconds_a_second": round(cost, 4),
        "rows": {
            name: {
                "clips": len(found), "found": sum(x >= THRESHOLD for x in found),
                "lowest": round(min(found), 4), "highest": round(max(found), 4),
            }
            for name, found in rows.items()
        },
    }
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
