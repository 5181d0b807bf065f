"""The rows that `mini` itself is judged by, for bundles: held-out voices, and who says what.

The same sentences, recordings and pairs as ``recipes/evaluate/run.py --end-to-end --limit N``, so
that figures of a bundle stand beside the model's own. See README.md beside this file.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recipes.evaluate.material import end_to_end, extract, limited, read_clips, read_sentences
from voice import Synthesizer
from voice.errors import OptionError
from voice.evaluation.rows import read_rows, write_rows
from voice.export.run import BundleSynthesizer
from voice.synth.voicefile import write_voice

TASKS, VOICES, REFERENCES = "tasks.jsonl", "voices", "references"
_CONSENT = "A recording published for evaluation; its licence allows it."
_SOURCES, _SETS = ("corpus", "real"), ("everyday",)


@dataclass(frozen=True)
class Said:
    """A sentence in the voice of a bundle.

    Attributes:
        id: of the row, and the voice's name.
        text, lang: what is said.
        reference: recording of the voice.
        source: ``corpus`` (made) or ``real``.
    """

    id: str
    text: str
    lang: str
    reference: Path
    source: str

    def row(self, wav: Path) -> dict[str, Any]:
        """For the judges."""
        return {"id": self.id, "wav": str(wav.resolve()), "text": self.text, "lang": self.lang,
                "reference": str(self.reference), "source": self.source}


def make(data: Path, model: str, out: Path, rows: int) -> list[Path]:
    """Enrolls the held-out recordings.

    Args:
        data: holds ``corpus/`` and ``speech/``.
        model: name or folder.
        out: gets ``voices/ID.voice``, ``references/`` and ``tasks.jsonl``.
        rows: sentences, languages and sources in turns.

    Returns:
        The voices' files, in the order of the rows.
    """
    synthesizer = Synthesizer.load(model, device="cpu")
    tasks = limited(end_to_end(read_clips(data), read_sentences(), _SOURCES, _SETS), rows)
    (out / VOICES).mkdir(parents=True, exist_ok=True)
    files, kept = [], []
    for task in tasks:
        recording = extract(task.reference, out / REFERENCES)
        voice = synthesizer.enroll(
            [recording], transcript=task.reference.text, language=task.reference.lang,
            name=task.id, consent=_CONSENT)
        files.append(out / VOICES / f"{task.id}.voice")
        write_voice(files[-1], voice)
        kept.append(Said(task.id, task.text, task.lang, recording.resolve(),
                         task.reference.source).row(recording))
    write_rows(out / TASKS, kept)
    return files


def read(folder: Path, bundle: BundleSynthesizer, rows: int) -> list[Said]:
    """The first rows of :func:`make`.

    Raises:
        OptionError: the bundle lacks their voices, or does not speak their language.
    """
    found = [Said(r["id"], r["text"], r["lang"], Path(r["reference"]), r["source"])
             for r in read_rows(folder / TASKS)][:rows]
    lacking = {s.id for s in found} - set(bundle.voices())
    if lacking or {s.lang for s in found} - set(bundle.languages):
        raise OptionError(
            f"{bundle.folder} lacks the voices or languages of {folder / TASKS}",
            "Export it with --voice for each file that `recipes.export.run voices` wrote.")
    return found
