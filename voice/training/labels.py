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
from voice.training.corpus import RATE, TOKEN, Corpus

log = logging.getLogger(__name__)


def write_codes(corpus: Corpus, tokenizer: SemanticTokenizer, device: str, batch: int = 16) -> None:
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
    ids: list[np.ndarray] = []
    missing = 0
    for row in tqdm(corpus.rows, desc="phonemes", disable=None):
        text = row.text.lower() if row.text.isupper() else row.text
        try:
            ids.append(phonemize(text, row.language).ids.astype(np.int16))
        except VoiceError as error:
            log.warning("%s: %s", row.key, error)
            ids.append(np.zeros(0, np.int16))
            missing += 1
    np.savez(corpus.folder / "phonemes.npz", ids=np.concatenate(ids), counts=[len(i) for i in ids])
    return missing


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
    found: list[np.ndarray] = []
    for row in tqdm(corpus.rows, desc="alignments", disable=None):
        ids = phonemes.get(row.key, np.zeros(0, np.int16))
        found.append(align_codes(tokenizer, codes[row.tokens], ids))
    np.savez(
        corpus.folder / "alignments.npz", ids=np.concatenate(found), counts=[len(f) for f in found]
    )
    return sum(len(f) == 0 for f in found)
