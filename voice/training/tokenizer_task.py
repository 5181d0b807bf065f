"""Training of the semantic tokenizer.

Masked prediction as in HuBERT (arXiv 2106.07447), with frame-exact phones as targets where the
data has alignments; an averaged teacher's posteriors and the transcript (CTC, Graves et al. 2006)
where it has none; every recording is heard as another speaker and microphone each time (as in
ContentVec, arXiv 2204.09224); a quantiser that keeps phones, tone and relative pitch.
Axes: B batch, F frames (50/s), T tokens (25/s), D width.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import numpy as np
import torch
import torchaudio
from torch import Tensor, nn
from torch.nn import functional

from voice.audio.mel import Spectrum
from voice.models.content import length_mask
from voice.models.tokenizer import MEL_MEAN, MEL_SCALE, Reader, SemanticTokenizer
from voice.nn.quantize import Codebook
from voice.spec.spectrum import SpectrumSettings
from voice.spec.tokenizer import TokenizerSpec
from voice.training.augment import MelAugmenter, mask_spans, pitch
from voice.training.corpus import RATE, TOKEN, UNKNOWN, Corpus, Row
from voice.training.labels import phonemes_of
from voice.training.loop import autocast, descend, fallen
from voice.training.metrics import collapse, edit_distance
from voice.training.sampler import Sound


@dataclass(frozen=True)
class TokenizerTraining:
    """Sizes and weights of the training.

    Attributes:
        aligned, unaligned: recordings of each kind in a batch.
        seconds: longest piece of a recording.
        rate: learning rate after ``warmup`` steps.
        fall: share of the run after which the rate falls, to a tenth at the end.
        codebook_start: step at which quantisation begins, with rows drawn from a batch; below 0
            the run goes on with the codebook it began with.
        teacher_start: step from which unaligned recordings count.
        code_decay: of the codebook's moving average.
        transcript: weight of the transcripts of recordings heard as a whole.
        prosody, features: weights of pitch and energy, and of the features, read from the codes.
    """

    aligned: int = 12
    unaligned: int = 5
    seconds: float = 5.0
    rate: float = 1.5e-3
    warmup: int = 100
    fall: float = 0.65
    codebook_start: int = 300
    teacher_start: int = 500
    code_decay: float = 0.98
    transcript: float = 0.3
    prosody: float = 0.7
    features: float = 0.5
    mask_share: float = 0.15
    mask_span: int = 10


class Heads(nn.Module):
    """Frame-wise targets: phones from features, and everything from quantised vectors."""

    def __init__(self, spec: TokenizerSpec) -> None:
        super().__init__()
        self.phones, self.tones = spec.phones, spec.tones
        self.mask = nn.Parameter(torch.zeros(spec.content.spectrum.bands))
        self.direct = nn.Linear(spec.content.width, spec.phones + spec.tones)
        # phones, tones, voiced, pitch, energy, and the features themselves
        classes = spec.phones + spec.tones + 3 + spec.content.width
        self.reader = Reader(spec.code_width, 256, 2, classes, spec.stride)


@dataclass
class Batch:
    """Recordings of one step; labels are ``UNKNOWN`` where nobody aligned them."""

    samples: Tensor  # (B, N) at 24 kHz
    phones: Tensor  # (B, F)
    tones: Tensor  # (B, F)
    lengths: Tensor  # (B,) frames
    spoken: list[Tensor]  # (P,) phonemes of each row; empty where unknown or only partly heard
    seed: int


class TokenizerTask:
    """See the module; implements ``training.loop.Task``."""

    def __init__(
        self, corpus: Corpus, spec: TokenizerSpec, config: TokenizerTraining, device: str
    ) -> None:
        self.corpus, self.spec, self.config, self.device = corpus, spec, config, device
        self.sound, self.done = Sound(corpus, device), 0.0
        settings = spec.content.spectrum
        self.model = SemanticTokenizer(spec).to(device)
        self.heads = Heads(spec).to(device)
        self.magnitude = Spectrum(_linear(settings)).to(device)
        self.augment = MelAugmenter(settings).to(device)
        self.models = {"tokenizer": self.model, "heads": self.heads}
        self.averaged = {k: copy.deepcopy(m) for k, m in self.models.items()}
        trained = (self.model.content, self.model.project, self.model.reader, self.heads)
        parameters = [p for m in trained for p in m.parameters()]
        self.optimizers = {"adam": torch.optim.AdamW(parameters, config.rate, (0.9, 0.98))}
        self.counts = CodeCounts(spec, config.code_decay).to(device)
        self.models["counts"] = self.counts
        self.aligned = corpus.select(aligned=True)
        self.unaligned = corpus.select(aligned=False)
        self.phonemes = phonemes_of(corpus)

    def batch(self, rng: np.random.Generator) -> Batch:
        picks = [self.aligned[i] for i in rng.integers(len(self.aligned), size=self.config.aligned)]
        if self.unaligned:
            picks += [
                self.unaligned[i]
                for i in rng.integers(len(self.unaligned), size=self.config.unaligned)
            ]
        longest = int(self.config.seconds * RATE) // TOKEN * TOKEN
        batch = collate(self.corpus, self.sound, picks, longest, rng)
        for row in picks:
            known = row.samples <= longest and row.key in self.phonemes
            ids = self.phonemes[row.key] if known else np.zeros(0)
            batch.spoken.append(torch.from_numpy(ids.astype(np.int64)))
        return batch

    def _magnitudes(self, batch: Batch) -> Tensor:
        rate = self.spec.content.spectrum.sample_rate
        wave = torchaudio.functional.resample(batch.samples.to(self.device), RATE, rate)
        magnitude = self.magnitude(wave)
        return magnitude[..., : batch.phones.shape[1]]

    def step(self, batch: Batch, step: int) -> dict[str, float | Tensor]:
        config, rng = self.config, np.random.default_rng(batch.seed)
        magnitude = self._magnitudes(batch)
        lengths = batch.lengths.to(self.device)
        mel = (self.augment(magnitude, rng) - MEL_MEAN) / MEL_SCALE
        masked = mask_spans(
            magnitude.shape[2], len(magnitude), config.mask_share, config.mask_span, rng
        ).to(self.device)
        masked[::2] = False  # the whole recording is heard as often as one with gaps
        mel = torch.where(masked[:, None], self.heads.mask[None, :, None], mel)
        inside = length_mask(lengths, magnitude.shape[2])
        phones, tones = (
            x.to(self.device).long().masked_fill_(~inside, UNKNOWN)
            for x in (batch.phones, batch.tones)
        )
        with autocast(self.device):
            features = self.model.content(mel, lengths)
            direct = self.heads.direct(features).float()
            quantised, commitment, used = self._quantise(features, lengths, step)
            out = self.heads.reader(quantised, lengths // self.spec.stride).float()
        losses = self._frame_losses(direct, phones, tones, "direct")
        losses |= self._frame_losses(out, phones, tones, "codes")
        losses |= self._prosody_losses(out, magnitude, features, inside)
        losses["commitment"] = commitment
        if step >= config.teacher_start:
            known = int((batch.phones[:, 0] != UNKNOWN).sum())  # they come first
            rest = (x[known:] for x in (magnitude, direct, out, lengths, inside))
            losses |= self._teacher_losses(*rest) if known < len(magnitude) else {}
            losses |= self._transcript_losses(quantised, batch)
        weights = {
            "codes_tone": 0.4,
            "direct_tone": 0.3,
            "features": config.features,
            "pitch": config.prosody,
            "energy": config.prosody,
            "commitment": 0.25,
            "transcript": config.transcript,
        }
        total = torch.stack([weights.get(k, 1.0) * v for k, v in losses.items()]).sum()
        scale = min(1.0, (step + 1) / config.warmup) * fallen(self.done, config.fall)
        norm = descend(total, self.optimizers["adam"], scale=scale)
        with torch.no_grad():
            right = out[..., : self.spec.phones].argmax(-1) == phones
            hit = masked_mean(right, phones != UNKNOWN)
        return {**losses, "accuracy": hit, "codes_used": used, "norm": norm}

    def _frame_losses(
        self, out: Tensor, phones: Tensor, tones: Tensor, name: str
    ) -> dict[str, Tensor]:
        p, t = self.spec.phones, self.spec.tones
        kinds = {"phone": (out[..., :p], phones), "tone": (out[..., p : p + t], tones)}
        return {
            f"{name}_{kind}": functional.cross_entropy(
                scores.flatten(0, 1), labels.flatten(), ignore_index=UNKNOWN
            )
            for kind, (scores, labels) in kinds.items()
        }

    def _prosody_losses(
        self, out: Tensor, magnitude: Tensor, features: Tensor, inside: Tensor
    ) -> dict[str, Tensor]:
        at = self.spec.phones + self.spec.tones
        octaves, voiced = pitch(magnitude, self.spec.content.spectrum)
        energy = magnitude.square().mean(1).add(1e-7).log() * 0.2
        energy = energy - energy.mean(1, keepdim=True)
        target = functional.layer_norm(features.detach().float(), features.shape[-1:])
        voicing = functional.binary_cross_entropy_with_logits(
            out[..., at], voiced.float(), reduction="none"
        )
        return {
            "voiced": masked_mean(voicing, inside) * 0.3,
            "pitch": masked_mean((out[..., at + 1] - octaves).abs(), voiced & inside),
            "energy": masked_mean((out[..., at + 2] - energy).abs(), inside),
            "features": masked_mean((out[..., at + 3 :] - target).square().mean(-1), inside),
        }

    def _teacher_losses(
        self, magnitude: Tensor, direct: Tensor, out: Tensor, lengths: Tensor, inside: Tensor
    ) -> dict[str, Tensor]:
        """Unaligned recordings: the averaged model's view of the clean recording is the target."""
        clean = (self.augment(magnitude, None) - MEL_MEAN) / MEL_SCALE
        average, heads = self.averaged["tokenizer"], self.averaged["heads"]
        with torch.no_grad(), autocast(self.device):
            seen = heads.direct(average.content(clean, lengths)).float()
        target = seen[..., : self.spec.phones].softmax(-1)
        distances = (
            -(target * x[..., : self.spec.phones].log_softmax(-1)).sum(-1) for x in (direct, out)
        )
        student, quantised = (masked_mean(x, inside) * 0.4 for x in distances)
        return {"teacher": student, "codes_teacher": quantised}

    def _transcript_losses(self, quantised: Tensor, batch: Batch) -> dict[str, Tensor]:
        """Recordings heard as a whole: their phonemes must be readable from the tokens."""
        rows = [i for i, ids in enumerate(batch.spoken) if len(ids)]
        if not rows:
            return {}
        frames, spoken = batch.lengths[rows], [batch.spoken[i] for i in rows]
        tokens = (frames // self.spec.stride).to(self.device)
        with autocast(self.device):
            scores = self.model.reader(quantised[rows], tokens)
        loss = functional.ctc_loss(
            scores.float().log_softmax(-1).transpose(0, 1),
            torch.cat(spoken).to(self.device),
            frames,
            torch.tensor([len(ids) for ids in spoken]),
            blank=self.model.blank,
            zero_infinity=True,
        )
        return {"transcript": loss}

    def _quantise(
        self, features: Tensor, lengths: Tensor, step: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Straight-through quantised vectors, the commitment loss and the codes in use."""
        vectors = self.model.project(features.transpose(1, 2)).transpose(1, 2).float()
        if step < self.config.codebook_start:
            nothing = vectors.square().mean() * 0
            return vectors, nothing, nothing.detach()
        book = self.model.codebook
        inside = length_mask(lengths // self.spec.stride, vectors.shape[1])
        found = vectors.detach()
        if step == self.config.codebook_start:
            self.counts.begin(book, found[inside])
        codes = book.nearest(found)
        self.counts.update(book, found.flatten(0, 1), codes.flatten(), inside.flatten())
        rows = book(codes)
        commitment = masked_mean((vectors - rows).square().mean(-1), inside)
        used = (self.counts.size > 0.2).float().mean()
        return vectors + (rows - found).detach(), commitment, used

    @torch.no_grad()
    def gate(self) -> dict[str, float]:
        """Phone errors from tokens of held-out speakers, and how the codebook is used."""
        model, heads = self.averaged["tokenizer"], self.averaged["heads"]
        rng, errors, total, hits, frames = np.random.default_rng(0), 0, 0, 0, 0
        rows = self.corpus.select(held_out=True, aligned=True)
        codes_seen = []
        for start in range(0, len(rows), 16):
            batch = collate(self.corpus, self.sound, rows[start : start + 16], 20 * RATE, rng)
            lengths = batch.lengths.to(self.device)
            mel = (self.augment(self._magnitudes(batch), None) - MEL_MEAN) / MEL_SCALE
            with autocast(self.device):
                features = model.content(mel, lengths)
            vectors = model.project(features.float().transpose(1, 2)).transpose(1, 2)
            codes = model.codebook.nearest(vectors)
            out = heads.reader(model.codebook(codes), lengths // self.spec.stride)
            guess = out[..., : self.spec.phones].argmax(-1).cpu().numpy()
            for i, length in enumerate(batch.lengths.tolist()):
                truth = batch.phones[i, :length].numpy()
                hits += int((guess[i, :length] == truth).sum())
                frames += length
                wanted = collapse(truth)
                errors += edit_distance(wanted, collapse(guess[i, :length]))
                total += len(wanted)
                codes_seen.append(codes[i, : length // self.spec.stride].cpu())
        share = torch.bincount(torch.cat(codes_seen), minlength=self.spec.codes).float()
        share = share / share.sum()
        entropy = -(share[share > 0] * share[share > 0].log2()).sum()
        return {
            "frame_accuracy": hits / frames,
            "phone_error_rate": errors / total,
            "codebook_use": float((share > 0).float().mean()),
            "code_bits": float(entropy),
        }


class CodeCounts(nn.Module):
    """Moving averages behind the codebook; dead rows restart at a vector of the batch."""

    size: Tensor
    total: Tensor

    def __init__(self, spec: TokenizerSpec, decay: float) -> None:
        super().__init__()
        self.decay = decay
        self.register_buffer("size", torch.ones(spec.codes))
        self.register_buffer("total", torch.zeros(spec.codes, spec.code_width))

    def begin(self, book: Codebook, vectors: Tensor) -> None:
        """Starts the rows at vectors of a batch."""
        pick = torch.randint(len(vectors), (len(book.weight),), device=vectors.device)
        book.weight.copy_(vectors[pick] + 0.01 * torch.randn_like(book.weight))
        self.keep(book)

    def keep(self, book: Codebook) -> None:
        """Starts from the rows as they are."""
        self.size.fill_(1.0)
        self.total.copy_(book.weight)

    def update(
        self, book: Codebook, vectors: Tensor, codes: Tensor, inside: Tensor | None = None
    ) -> None:
        """Moves the rows towards the vectors assigned to them.

        Args:
            book: the codebook.
            vectors: (n, D).
            codes: (n,) their rows.
            inside: (n,) bool, which of them count; all if not given.
        """
        weight = torch.ones(len(vectors), device=vectors.device)
        if inside is not None:
            weight = inside.float()
        count = torch.zeros_like(self.size).index_add_(0, codes, weight)
        total = torch.zeros_like(self.total).index_add_(0, codes, vectors * weight[:, None])
        pick = torch.multinomial(weight, len(self.size), replacement=True)
        fresh = vectors[pick]
        if torch.distributed.is_initialized():
            torch.distributed.all_reduce(count)
            torch.distributed.all_reduce(total)
            torch.distributed.broadcast(fresh, 0)
        self.size.lerp_(count, 1 - self.decay)
        self.total.lerp_(total, 1 - self.decay)
        # Without a branch, for which a GPU would have to be waited for.
        dead = self.size < 0.05
        self.size.masked_fill_(dead, 0.3)
        self.total.copy_(torch.where(dead[:, None], fresh * 0.3, self.total))
        book.weight.copy_(self.total / self.size.clamp_min(1e-3)[:, None])


def masked_mean(x: Tensor, mask: Tensor) -> Tensor:
    """Mean of ``x`` where ``mask``, both (B, F); 0 where there is no such place."""
    return (x * mask).sum() / mask.sum().clamp_min(1)


def collate(
    corpus: Corpus, sound: Sound, rows: list[Row], longest: int, rng: np.random.Generator
) -> Batch:
    """Pieces of recordings, at most ``longest`` samples, cut at whole tokens."""
    starts = [int(rng.integers(max(1, (r.samples - longest) // TOKEN + 1))) * TOKEN for r in rows]
    sizes = [min(longest, r.samples - s) for r, s in zip(rows, starts, strict=True)]
    frames = max(sizes) // (TOKEN // 2)
    labels = np.zeros((2, len(rows), frames), np.uint8)
    for i, (row, start, size) in enumerate(zip(rows, starts, sizes, strict=True)):
        begin = row.start + start
        at = begin // (TOKEN // 2)
        count = size // (TOKEN // 2)
        labels[:, i, :count] = corpus.labels[:, at : at + count]
    return Batch(
        sound.cut([r.start + s for r, s in zip(rows, starts, strict=True)], sizes, max(sizes)),
        torch.from_numpy(labels[0]),
        torch.from_numpy(labels[1]),
        torch.tensor([s // (TOKEN // 2) for s in sizes]),
        [],
        int(rng.integers(2**31)),
    )


def _linear(settings: SpectrumSettings) -> SpectrumSettings:
    """The linear magnitudes behind a mel front."""
    return replace(settings, bands=0, log_floor=0.0)
