"""Training of the text-to-semantic model: cross-entropy on single recordings and on pairs.

A pair is two recordings of one speaker, the first one serving as prompt, as at synthesis. A model
with a reading head learns its moves from CTC alignments; now and then the head is put beside its
place, so that it learns to come back. Axes: B batch, P phonemes, T tokens.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from voice.models.text2semantic import Text2Semantic, targets
from voice.nn import reading
from voice.spec.text2semantic import Text2SemanticSpec
from voice.training.corpus import TOKEN, Corpus, Row
from voice.training.labels import alignments_of, phonemes_of
from voice.training.loop import autocast, descend, fallen
from voice.training.sampler import LengthSampler, References


@dataclass(frozen=True)
class Text2SemanticTraining:
    """Sizes and weights of the training.

    Attributes:
        positions: padded positions a batch may have; decides how many recordings it holds, up to
            ``most_rows``.
        pairs: share of batches that are pairs.
        move_weight: of the reading head's moves.
        place_noise: share of tokens at which the head stands wrong.
        code_noise: share of input tokens replaced at random, against the exposure gap.
        smoothing: of the targets.
        fall: share of the run after which the learning rate falls, to a tenth at the end.
    """

    positions: int = 4000
    pairs: float = 0.4
    longest_pair: float = 14.0
    move_weight: float = 0.3
    place_noise: float = 0.12
    code_noise: float = 0.05
    smoothing: float = 0.05
    dropout: float = 0.05
    rate: float = 1e-3
    warmup: int = 150
    fall: float = 0.3
    most_rows: int = 256


@dataclass
class Batch:
    """Padded rows; ``spoken`` is each token's phoneme, -1 behind a row's length; ``place``: where
    the reading head stands."""

    phonemes: Tensor
    phoneme_lengths: Tensor
    codes: Tensor
    code_lengths: Tensor
    inputs: Tensor
    spoken: Tensor
    place: Tensor


class Text2SemanticTask:
    """See the module; implements ``training.loop.Task``."""

    def __init__(
        self, corpus: Corpus, spec: Text2SemanticSpec, config: Text2SemanticTraining, device: str
    ) -> None:
        self.spec, self.config, self.device, self.done = spec, config, device, 0.0
        self.codes, self.phonemes = corpus.codes(), phonemes_of(corpus)
        self.spoken = alignments_of(corpus)
        rows = [r for r in corpus.rows if r.key in self.phonemes and r.key in self.spoken]
        self.rows = LengthSampler([r for r in rows if not r.held_out])
        self.held_out = LengthSampler([r for r in rows if r.held_out] or rows)
        self.partners = References(self.rows.rows)
        self.model = Text2Semantic(spec).to(device)
        self.models = {"text2semantic": self.model}
        self.averaged = {"text2semantic": copy.deepcopy(self.model)}
        self.optimizers = {
            "adam": torch.optim.AdamW(
                self.model.parameters(), config.rate, (0.9, 0.98), weight_decay=0.02, fused=True
            )
        }

    def batch(self, rng: np.random.Generator) -> Batch:
        config = self.config
        rows = self.rows.rows
        at = int(rng.integers(len(rows)))
        paired = rng.random() < config.pairs
        size = (rows[at].samples // TOKEN) * (1.6 + 1.6 * paired)
        count = int(np.clip(config.positions / size, 1, config.most_rows))
        near = rows[max(0, at - 60 - count // 2) : at + 60 + count // 2]
        rows = [near[i] for i in rng.integers(len(near), size=count)]
        groups = [[r] for r in rows]
        if paired:
            groups = [self._pair(r, rng) for r in rows]
        return self._collate(groups, rng)

    def _pair(self, row: Row, rng: np.random.Generator) -> list[Row]:
        other = self.partners.other(row, rng)
        fits = row.samples + other.samples < self.config.longest_pair * 24000
        return [other, row] if other.key != row.key and fits else [row]

    def _collate(self, groups: list[list[Row]], rng: np.random.Generator | None) -> Batch:
        phonemes, codes, spoken = [], [], []
        for group in groups:
            ids = [self.phonemes[r.key].astype(np.int64) for r in group]
            offsets = np.concatenate([[0], np.cumsum([len(i) for i in ids])])
            phonemes.append(torch.from_numpy(np.concatenate(ids)))
            codes.append(
                torch.from_numpy(
                    np.concatenate([self.codes[r.tokens].astype(np.int64) for r in group])
                )
            )
            spoken.append(
                torch.from_numpy(
                    np.concatenate(
                        [
                            self.spoken[r.key].astype(np.int64) + o
                            for r, o in zip(group, offsets, strict=False)
                        ]
                    )
                )
            )
        pad = torch.nn.utils.rnn.pad_sequence
        wanted = pad(codes, True)
        inputs, heard = wanted, pad(spoken, True, padding_value=-1)
        place = reading.before(heard)
        if rng is not None:
            change = torch.from_numpy(rng.random(wanted.shape) < self.config.code_noise)
            other = torch.from_numpy(rng.integers(self.spec.codes, size=wanted.shape))
            inputs = torch.where(change, other, wanted)
            wrong = torch.from_numpy(rng.random(wanted.shape) < self.config.place_noise)
            shift = torch.from_numpy(rng.choice([-2, -1, 1], size=wanted.shape))
            sizes = torch.tensor([len(p) for p in phonemes])[:, None]
            place = (place + wrong * shift).clamp_min(0).minimum(sizes - 1)
        return Batch(
            pad(phonemes, True),
            torch.tensor([len(p) for p in phonemes]),
            wanted,
            torch.tensor([len(c) for c in codes]),
            inputs,
            heard,
            place,
        )

    def _losses(self, model: Text2Semantic, batch: Batch, smoothing: float) -> dict[str, Tensor]:
        device, spec = self.device, self.spec
        lengths, place = batch.code_lengths.to(device), batch.place.to(device)
        with autocast(device):
            outputs = model(
                batch.phonemes.to(device),
                batch.phoneme_lengths.to(device),
                batch.inputs.to(device),
                lengths,
                place=place if spec.reads else None,
            ).float()
        logits = outputs[..., : spec.codes + 1].flatten(0, 1)
        wanted = targets(batch.codes.to(device), lengths, end=spec.codes).flatten()
        losses = {
            "code": functional.cross_entropy(logits, wanted, label_smoothing=smoothing),
            "accuracy": (logits.argmax(-1) == wanted)[wanted >= 0].float().mean(),
        }
        if spec.reads:
            # The first output belongs to the text, the second to the first token.
            spoken = batch.spoken.to(device)
            moves = torch.where(spoken >= 0, reading.move_classes(spoken, place), -100).flatten()
            guess = outputs[:, 1:, spec.codes + 1 :].flatten(0, 1)
            losses["move"] = functional.cross_entropy(guess, moves)
            losses["move_accuracy"] = (guess.argmax(-1) == moves)[moves >= 0].float().mean()
        return losses

    def step(self, batch: Batch, step: int) -> dict[str, float | Tensor]:
        losses = self._losses(self.model, batch, self.config.smoothing)
        total = losses["code"] + self.config.move_weight * losses.get("move", 0.0)
        scale = min(1.0, (step + 1) / self.config.warmup) * fallen(self.done, self.config.fall)
        norm = descend(total, self.optimizers["adam"], scale=scale)
        return {
            **{k: v.detach() for k, v in losses.items()},
            "norm": norm,
            "rows": len(batch.codes),
        }

    @torch.no_grad()
    def gate(self) -> dict[str, float]:
        """Cross-entropy and accuracy of the next token on held-out speakers."""
        model, rows = self.averaged["text2semantic"], self.held_out.rows
        found = [
            self._losses(model, self._collate([[r] for r in rows[i : i + 16]], None), 0.0)
            for i in range(0, len(rows), 16)
        ]
        return {k: float(torch.stack([f[k] for f in found]).mean()) for k in found[0]}
