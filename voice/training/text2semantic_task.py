"""Training of the text-to-semantic model: cross-entropy on single recordings and on pairs.

A pair is two recordings of one speaker, the first one serving as prompt, as at synthesis. One
attention head of one layer is told which phoneme each token says (from CTC alignments, after Guided
Attention, Tachibana et al. 2018, arXiv 1710.08969), so that reading in order is learnt in minutes.
Axes: B batch, P phonemes, T tokens, S = P + T positions, E head width.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from voice.models.text2semantic import Text2Semantic, targets, visibility
from voice.spec.text2semantic import Text2SemanticSpec
from voice.training.corpus import Corpus, Row
from voice.training.labels import alignments_of, phonemes_of
from voice.training.loop import autocast, descend
from voice.training.sampler import LengthSampler, References


@dataclass(frozen=True)
class Text2SemanticTraining:
    """Sizes and weights of the training.

    Attributes:
        tokens: padded positions a batch may have; decides how many recordings it holds.
        pairs: share of batches that are pairs.
        guided_layer, guided_weight: which layer's first head is guided, and how much.
        code_noise: share of input tokens replaced at random, against the exposure gap.
        smoothing: of the targets.
    """

    positions: int = 4000
    pairs: float = 0.4
    longest_pair: float = 14.0
    guided_layer: int = 3
    guided_weight: float = 0.3
    code_noise: float = 0.05
    smoothing: float = 0.05
    rate: float = 1e-3
    warmup: int = 150
    final_rate_step: int = 20000


@dataclass
class Batch:
    """Padded rows; ``spoken`` is the phoneme index of each token, -1 where unknown."""

    phonemes: Tensor
    phoneme_lengths: Tensor
    codes: Tensor
    code_lengths: Tensor
    inputs: Tensor
    spoken: Tensor


class Text2SemanticTask:
    """See the module; implements ``training.loop.Task``."""

    def __init__(
        self, corpus: Corpus, spec: Text2SemanticSpec, config: Text2SemanticTraining, device: str
    ) -> None:
        self.spec, self.config, self.device = spec, config, device
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
        self._qkv: Tensor | None = None
        guided = self.model.get_submodule(f"layers.{config.guided_layer}.attention.qkv")
        guided.register_forward_hook(self._keep)

    def _keep(self, _module: object, _inputs: object, output: Tensor) -> None:
        self._qkv = output

    def batch(self, rng: np.random.Generator) -> Batch:
        config = self.config
        first = self.rows.draw(1, rng)[0]
        paired = rng.random() < config.pairs
        size = (first.samples // 960) * (1.6 + 1.6 * paired)
        count = int(np.clip(config.positions / size, 1, 64))
        low = max(0, self.rows.rows.index(first) - 60)
        near = self.rows.rows[low : low + 120]
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
        inputs = wanted
        if rng is not None:
            change = torch.from_numpy(rng.random(wanted.shape) < self.config.code_noise)
            other = torch.from_numpy(rng.integers(self.spec.codes, size=wanted.shape))
            inputs = torch.where(change, other, wanted)
        return Batch(
            pad(phonemes, True),
            torch.tensor([len(p) for p in phonemes]),
            wanted,
            torch.tensor([len(c) for c in codes]),
            inputs,
            pad(spoken, True, padding_value=-1),
        )

    def _losses(self, model: Text2Semantic, batch: Batch, guided: bool) -> dict[str, Tensor]:
        device = self.device
        lengths = batch.code_lengths.to(device)
        with autocast(device):
            logits = model(
                batch.phonemes.to(device),
                batch.phoneme_lengths.to(device),
                batch.inputs.to(device),
                lengths,
            )
        logits = logits.float().flatten(0, 1)
        wanted = targets(batch.codes.to(device), lengths, end=self.spec.codes).flatten()
        inside = wanted >= 0
        smoothing = self.config.smoothing if guided else 0.0
        losses = {
            "code": functional.cross_entropy(
                logits[inside], wanted[inside], label_smoothing=smoothing
            )
        }
        if guided and self._qkv is not None:
            losses["guide"] = self._guide(self._qkv, batch)
        with torch.no_grad():
            losses["accuracy"] = (logits[inside].argmax(-1) == wanted[inside]).float().mean()
        return losses

    def _guide(self, qkv: Tensor, batch: Batch) -> Tensor:
        """How little the first head of the guided layer looks at the phoneme being said."""
        width = self.spec.width // self.spec.heads
        query, key = qkv[..., :width], qkv[..., self.spec.width : self.spec.width + width]
        text = batch.phonemes.shape[1]
        order = torch.cat(
            [
                _order(batch.phoneme_lengths, text, 0),
                _order(batch.code_lengths, batch.codes.shape[1], 1),
            ],
            1,
        ).to(self.device)
        mask = visibility(order)[:, 0, text:]
        scores = (query[:, text:] @ key.mT).float() * width**-0.5
        # The position of token j predicts token j + 1: it must look at that one's phoneme.
        attention = scores.masked_fill(~mask, -1e4).log_softmax(-1)[:, :-1, :text]
        goal = batch.spoken[:, 1:].to(self.device)
        near = torch.stack(
            [attention.gather(2, (goal + d).clamp(0, text - 1)[..., None])[..., 0] for d in (0, 1)]
        ).logsumexp(0)
        return -near[goal >= 0].mean()

    def step(self, batch: Batch, step: int) -> dict[str, float | Tensor]:
        losses = self._losses(self.model, batch, guided=True)
        total = losses["code"] + self.config.guided_weight * losses["guide"]
        decay = max(0.1, 1 - step / self.config.final_rate_step)
        norm = descend(
            total, self.optimizers["adam"], scale=min(decay, (step + 1) / self.config.warmup)
        )
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
            self._losses(model, self._collate([[r] for r in rows[i : i + 16]], None), guided=False)
            for i in range(0, len(rows), 16)
        ]
        return {k: float(torch.stack([f[k] for f in found]).mean()) for k in ("code", "accuracy")}


def _order(lengths: Tensor, size: int, first: int) -> Tensor:
    """(B, size): 0 for text, 1, 2, ... for codes, -1 behind a row's length."""
    place = torch.arange(size)
    order = place + 1 if first else torch.zeros_like(place)
    return torch.where(place < lengths[:, None], order, -1)
