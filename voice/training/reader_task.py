"""Training of the head that reads phonemes back from semantic tokens (CTC, Graves et al. 2006)."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from voice.models.tokenizer import SemanticTokenizer
from voice.training.corpus import Corpus, Row
from voice.training.labels import phonemes_of
from voice.training.loop import autocast, descend, fallen
from voice.training.metrics import edit_distance
from voice.training.sampler import LengthSampler


@dataclass(frozen=True)
class ReaderTraining:
    """Recordings a batch, learning rate, the share of the run after which it falls to a tenth, and
    the share of tokens replaced at random."""

    recordings: int = 32
    rate: float = 2e-3
    warmup: int = 100
    fall: float = 0.5
    noise: float = 0.05


@dataclass
class Batch:
    """Tokens and the phonemes they say."""

    codes: Tensor
    code_lengths: Tensor
    phonemes: Tensor
    phoneme_lengths: Tensor


class ReaderTask:
    """See the module; implements ``training.loop.Task``. Only ``tokenizer.reader`` is trained."""

    def __init__(
        self, corpus: Corpus, tokenizer: SemanticTokenizer, config: ReaderTraining, device: str
    ) -> None:
        self.config, self.device, self.done = config, device, 0.0
        self.codes, self.phonemes = corpus.codes(), phonemes_of(corpus)
        self.tokenizer = tokenizer.to(device).requires_grad_(False)
        self.tokenizer.reader.requires_grad_(True)
        rows = [r for r in corpus.rows if r.key in self.phonemes and r.samples >= 24000]
        self.rows = LengthSampler([r for r in rows if not r.held_out])
        self.held_out = [r for r in rows if r.held_out]
        self.models = {"tokenizer": tokenizer}
        self.averaged = {"tokenizer": copy.deepcopy(tokenizer)}
        self.optimizers = {
            "adam": torch.optim.AdamW(tokenizer.reader.parameters(), config.rate, weight_decay=0.05)
        }

    def batch(self, rng: np.random.Generator) -> Batch:
        batch = self._collate(self.rows.draw(self.config.recordings, rng))
        change = rng.random(batch.codes.shape) < self.config.noise
        other = rng.integers(self.tokenizer.spec.codes, size=batch.codes.shape)
        batch.codes = torch.where(torch.from_numpy(change), torch.from_numpy(other), batch.codes)
        return batch

    def _collate(self, rows: list[Row]) -> Batch:
        codes = [torch.from_numpy(self.codes[r.tokens].astype(np.int64)) for r in rows]
        ids = [torch.from_numpy(self.phonemes[r.key].astype(np.int64)) for r in rows]
        pad = torch.nn.utils.rnn.pad_sequence
        return Batch(
            pad(codes, True),
            torch.tensor([len(c) for c in codes]),
            pad(ids, True),
            torch.tensor([len(p) for p in ids]),
        )

    def step(self, batch: Batch, step: int) -> dict[str, float | Tensor]:
        with autocast(self.device):
            scores = self.tokenizer.read(
                batch.codes.to(self.device), batch.code_lengths.to(self.device)
            )
        loss = functional.ctc_loss(
            scores.float().transpose(0, 1),
            batch.phonemes.to(self.device),
            batch.code_lengths * self.tokenizer.spec.stride,
            batch.phoneme_lengths,
            blank=self.tokenizer.blank,
            zero_infinity=True,
        )
        scale = min(1.0, (step + 1) / self.config.warmup) * fallen(self.done, self.config.fall)
        norm = descend(loss, self.optimizers["adam"], scale=scale)
        return {"ctc": loss.detach(), "norm": norm}

    @torch.no_grad()
    def gate(self) -> dict[str, float]:
        """Phoneme error rate of held-out speakers by language, greedy reading."""
        reader, figures = self.averaged["tokenizer"], {}
        for language in sorted({r.language for r in self.held_out}):
            errors = total = 0
            rows = [r for r in self.held_out if r.language == language]
            for start in range(0, len(rows), 16):
                batch = self._collate(rows[start : start + 16])
                scores = reader.read(
                    batch.codes.to(self.device), batch.code_lengths.to(self.device)
                )
                for i, line in enumerate(scores.argmax(-1).cpu()):
                    size = int(batch.code_lengths[i]) * reader.spec.stride
                    found = torch.unique_consecutive(line[:size])
                    wanted = batch.phonemes[i, : batch.phoneme_lengths[i]]
                    errors += edit_distance(wanted.tolist(), found[found != reader.blank].tolist())
                    total += len(wanted)
            figures[f"phoneme_error_rate_{language}"] = errors / max(1, total)
        return figures
