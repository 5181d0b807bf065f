"""What later stages add to a corpus cache: semantic tokens, phonemes, which token says which."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import torch
import torchaudio
from tqdm import tqdm

from voice.decode.alignment import align_codes
from voice.errors import VoiceError
from voice.models.tokenizer import SemanticTokenizer
from voice.text.frontend import phonemize
from voice.training.corpus import RATE, TOKEN, Corpus, Row
from voice.training.parallel import mapped

log = logging.getLogger(__name__)


def write_codes(corpus: Corpus, tokenizer: SemanticTokenizer, device: str, batch: int = 32) -> None:
    """Adds ``codes.u16``: the semantic tokens of every recording."""
    tokenizer.to(device).eval()
    codes = np.zeros(len(corpus.audio) // TOKEN, np.uint16)
    rows = sorted(corpus.rows, key=lambda r: r.samples)
    rate = tokenizer.spec.content.spectrum.sample_rate
    for start in tqdm(range(0, len(rows), batch), desc="tokens", disable=None):
        part = rows[start : start + batch]
        waves = np.zeros((len(part), part[-1].samples), np.float32)
        for i, row in enumerate(part):
            waves[i, : row.samples] = corpus.samples(row)
        wave = torchaudio.functional.resample(torch.from_numpy(waves).to(device), RATE, rate)
        lengths = torch.tensor([r.samples * rate // RATE for r in part], device=device)
        found = tokenizer.encode(wave, lengths).codes.cpu().numpy()
        for row, line in zip(part, found, strict=True):
            codes[row.tokens] = line[: row.samples // TOKEN]
    codes.tofile(corpus.folder / "codes.u16")


def write_phonemes(corpus: Corpus) -> int:
    """Adds ``phonemes.npz``: phoneme ids of every transcript; returns how many had none."""
    ids = list(mapped(_phonemes, corpus.rows, "phonemes"))
    np.savez(corpus.folder / "phonemes.npz", ids=np.concatenate(ids), counts=[len(i) for i in ids])
    return sum(len(i) == 0 for i in ids)


def _phonemes(row: Row) -> np.ndarray:
    text = row.text.lower() if row.text.isupper() else row.text
    try:
        return phonemize(text, row.language).ids.astype(np.int16)
    except VoiceError as error:
        log.warning("%s: %s", row.key, error)
        return np.zeros(0, np.int16)


def phonemes_of(corpus: Corpus) -> dict[str, np.ndarray]:
    """Phoneme ids by recording, without those that have none."""
    return _by_key(corpus, corpus.folder / "phonemes.npz")


def alignments_of(corpus: Corpus) -> dict[str, np.ndarray]:
    """For each recording the index of the phoneme that each of its tokens says."""
    return _by_key(corpus, corpus.folder / "alignments.npz")


def _by_key(corpus: Corpus, path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as file:
        parts = np.split(file["ids"], np.cumsum(file["counts"])[:-1])
    return {r.key: p for r, p in zip(corpus.rows, parts, strict=True) if len(p)}


@torch.inference_mode()
def write_alignments(corpus: Corpus, tokenizer: SemanticTokenizer) -> int:
    """Adds ``alignments.npz``; returns how many recordings could not be aligned."""
    tokenizer.cpu().eval()
    codes, phonemes = corpus.codes(), phonemes_of(corpus)
    none = np.zeros(0, np.int16)
    items = [(codes[r.tokens], phonemes.get(r.key, none)) for r in corpus.rows]
    found = list(mapped(_alignment, items, "alignments", tokenizer))
    np.savez(
        corpus.folder / "alignments.npz", ids=np.concatenate(found), counts=[len(f) for f in found]
    )
    return sum(len(f) == 0 for f in found)


def _alignment(
    item: tuple[np.ndarray, np.ndarray], tokenizer: SemanticTokenizer
) -> np.ndarray:
    return align_codes(tokenizer, *item)
