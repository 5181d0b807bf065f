"""Training of the waveform decoder: VITS (arXiv 2106.06103) on windows of frozen semantic tokens.

The prior reads whole recordings; posterior, flow and waveform see windows of them. A part of the
windows is decoded from the prior's own sample instead of the posterior's, so that what is heard at
synthesis is trained directly. Adversaries join at ``adversarial_start``.
Axes: B recordings, W windows (``windows`` a recording), F latent frames, N samples.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from voice.audio.mel import Spectrum
from voice.models.vits import Vits, slice_rows
from voice.spec.vits import VitsSpec
from voice.training.corpus import RATE, TOKEN, Corpus
from voice.training.discriminators import Discriminators
from voice.training.labels import phonemes_of
from voice.training.loop import autocast, descend
from voice.training.losses import (
    discriminator_loss,
    feature_distance,
    generator_loss,
    kl_divergence,
    mel_distance,
    spectral_distance,
)
from voice.training.sampler import LengthSampler, References, piece

WIDE_BAND = 7600.0  # Hz: sources at 16 kHz say nothing above


@dataclass(frozen=True)
class DecoderTraining:
    """Sizes and weights of the training.

    Attributes:
        recordings, windows: a batch is so many windows of each of so many recordings.
        segment, margin: latent frames of a window that are decoded, and around them.
        reference_seconds: shortest and longest reference.
        prior_share: of the windows that are decoded from the prior's sample; at 1 there is no
            posterior and no KL, a plain regression that speaks soonest.
        adversarial_start: step at which the discriminators join; None for never.
        judges_a_step: discriminators in turn; None for all.
        average: decay of the averaged weights.
    """

    recordings: int = 4
    windows: int = 4
    segment: int = 32
    margin: int = 8
    reference_seconds: tuple[float, float] = (2.0, 4.0)
    prior_share: float = 0.5
    rate: float = 4e-4
    warmup: int = 200
    kl_weight: float = 1.0
    mel_weight: float = 45.0
    adversarial_start: int | None = None
    judges_a_step: int | None = 2
    judge_width: int = 16


@dataclass
class Batch:
    """Recordings, their references and the windows' first frames (W entries each)."""

    codes: Tensor
    code_lengths: Tensor
    phonemes: Tensor
    phoneme_lengths: Tensor
    audio: Tensor
    reference: Tensor
    speakers: Tensor
    starts: Tensor
    narrow: Tensor
    seed: int


class Extras(nn.Module):
    """Heads that only training has: who speaks, and the mel frames the prior's state implies."""

    def __init__(self, spec: VitsSpec, speakers: int) -> None:
        super().__init__()
        self.speaker = nn.Linear(spec.timbre.width, speakers)
        bands = spec.timbre.spectrum.bands
        self.mel = nn.Linear(spec.prior.width, 2 * bands)


class DecoderTask:
    """See the module; implements ``training.loop.Task``."""

    def __init__(
        self, corpus: Corpus, spec: VitsSpec, codebook: Tensor, config: DecoderTraining, device: str
    ) -> None:
        self.corpus, self.spec, self.config, self.device = corpus, spec, config, device
        self.codes, self.phonemes = corpus.codes(), phonemes_of(corpus)
        need = (config.segment + 2 * config.margin) * spec.frame_samples
        rows = [r for r in corpus.rows if r.key in self.phonemes and r.samples >= need]
        self.rows = LengthSampler([r for r in rows if not r.held_out])
        self.held_out = LengthSampler([r for r in rows if r.held_out] or rows)
        self.references = References([r for r in rows if not r.held_out])
        self.held_references = References(self.held_out.rows)
        self.vits = Vits(spec, posterior=True).to(device)
        self.vits.codebook.weight.copy_(codebook)
        self.extras = Extras(spec, len(self.references.speakers)).to(device)
        self.judges = Discriminators(config.judge_width).to(device)
        self.mel = Spectrum(spec.timbre.spectrum).to(device)
        posterior = spec.posterior.spectrum
        self.spectrum = Spectrum(posterior).to(device)
        self.models = {"vits": self.vits, "extras": self.extras, "judges": self.judges}
        self.averaged = {"vits": copy.deepcopy(self.vits)}
        trained = [*self.vits.parameters(), *self.extras.parameters()]
        self.optimizers = {
            "generator": torch.optim.AdamW(
                trained, config.rate, (0.8, 0.99), weight_decay=0.01, fused=True
            ),
            "judges": torch.optim.AdamW(
                self.judges.parameters(), config.rate / 2, (0.8, 0.99), fused=True
            ),
        }
        edges = np.linspace(0, RATE / 2, spec.timbre.spectrum.fft_samples // 2 + 1)
        bands = self.mel.bands.cpu().numpy()
        self.narrow_band = int((edges[bands.argmax(1)] < WIDE_BAND).sum())

    def batch(self, rng: np.random.Generator) -> Batch:
        return self._collate(self.rows, self.references, rng)

    def _collate(
        self, sampler: LengthSampler, references: References, rng: np.random.Generator
    ) -> Batch:
        config = self.config
        rows = sampler.draw(config.recordings, rng)
        tokens = [r.samples // TOKEN for r in rows]
        ids = [self.phonemes[r.key] for r in rows]
        codes = np.zeros((len(rows), max(tokens)), np.int64)
        phonemes = np.zeros((len(rows), max(map(len, ids))), np.int64)
        audio = np.zeros((len(rows), max(tokens) * TOKEN), np.float32)
        for i, row in enumerate(rows):
            codes[i, : tokens[i]] = self.codes[row.tokens]
            phonemes[i, : len(ids[i])] = ids[i]
            audio[i, : row.samples] = self.corpus.samples(row)
        size = int(rng.uniform(*config.reference_seconds) * RATE)
        reference = np.stack(
            [piece(self.corpus, references.other(r, rng), size, rng) for r in rows]
        )
        window = config.segment + 2 * config.margin
        room = np.repeat([2 * t - window + 1 for t in tokens], config.windows)
        return Batch(
            torch.from_numpy(codes),
            torch.tensor(tokens),
            torch.from_numpy(phonemes),
            torch.tensor([len(p) for p in ids]),
            torch.from_numpy(audio),
            torch.from_numpy(reference),
            torch.tensor([references.speakers[r.speaker] for r in rows]),
            torch.from_numpy(rng.integers(0, room)),
            torch.tensor([r.source == "speech" for r in rows]),
            int(rng.integers(2**31)),
        )

    def _forward(self, vits: Vits, batch: Batch, prior_share: float) -> dict[str, Tensor]:
        """Decodes the windows; differentiable. See the keys at the end."""
        config, device = self.config, self.device
        generator = torch.Generator(device).manual_seed(batch.seed)
        window = config.segment + 2 * config.margin
        starts = batch.starts.to(device)
        repeat = lambda x: x.repeat_interleave(config.windows, 0)  # noqa: E731
        wave = repeat(batch.audio.to(device))
        frame = self.spec.frame_samples
        windows = slice_rows(wave, starts * frame, window * frame)
        with autocast(device):
            timbre = vits.timbre(self.mel(batch.reference.to(device)))
            prior = vits.prior(
                batch.codes.to(device),
                batch.code_lengths.to(device),
                batch.phonemes.to(device),
                batch.phoneme_lengths.to(device),
                timbre,
            )
            timbres = repeat(timbre)
            mean, log_scale, state = (
                slice_rows(repeat(x), starts, window)
                for x in (prior.mean, prior.log_scale, prior.hidden)
            )
            mask = torch.ones_like(mean[:, :1])
            count = round(prior_share * len(mean))
            noise = torch.randn(mean[:count].shape, generator=generator, device=device)
            sample = mean[:count] + 0.5 * noise * log_scale[:count].exp()
            own = vits.flow(sample, mask[:count], timbres[:count], reverse=True)
            heard: dict[str, Tensor] = {}
            z = own
            if count < len(mean) and vits.posterior is not None:
                lengths = torch.full((len(starts),), window, device=device)
                posterior = vits.posterior(self.spectrum(windows), lengths, timbres, generator)
                z = torch.cat([own, posterior.z[count:]])
                heard = {
                    "flowed": vits.flow(posterior.z, mask, timbres).float(),
                    "posterior_scale": posterior.log_scale.float(),
                }
            inner = slice(config.margin, config.margin + config.segment)
            audio = vits.waveform(z[..., inner], timbres)
        target = windows[:, config.margin * frame : (config.margin + config.segment) * frame]
        return {
            "audio": audio.float(),
            "target": target,
            "timbre": timbre.float(),
            "state": state.float(),
            "windows": windows,
            **heard,
            "mean": mean.float(),
            "log_scale": log_scale.float(),
            "narrow": repeat(batch.narrow.to(device)),
        }

    def step(self, batch: Batch, step: int) -> dict[str, float | Tensor]:
        config = self.config
        out = self._forward(self.vits, batch, config.prior_share)
        bands = self.spec.timbre.spectrum.bands
        top_band = torch.where(out["narrow"], self.narrow_band, bands)
        top = torch.where(out["narrow"], WIDE_BAND / (RATE / 2), 1.0)
        losses = {
            "mel": mel_distance(self.mel, out["audio"], out["target"], top_band),
            "stft": spectral_distance(out["audio"], out["target"], top),
            "speaker": functional.cross_entropy(
                self.extras.speaker(out["timbre"]), batch.speakers.to(self.device)
            ),
            "implied_mel": self._implied_mel(out),
        }
        if "flowed" in out:
            losses["kl"] = kl_divergence(
                out["flowed"], out["posterior_scale"], out["mean"], out["log_scale"]
            )
        weights = {
            "mel": config.mel_weight,
            "stft": 2.0,
            "kl": config.kl_weight,
            "speaker": 0.5,
            "implied_mel": 2.0,
            "adversarial": 1.0,
            "features": 2.0,
        }
        figures: dict[str, float | Tensor] = {}
        if config.adversarial_start is not None and step >= config.adversarial_start:
            pick = self._judges_of(step)
            figures["judges"] = self._train_judges(out, pick)
            scores, found = self.judges(out["audio"], pick)
            with torch.no_grad():
                _, wanted = self.judges(out["target"], pick)
            losses["adversarial"] = generator_loss(scores)
            losses["features"] = feature_distance(wanted, found)
        total = torch.stack([weights[k] * v for k, v in losses.items()]).sum()
        figures["norm"] = descend(
            total,
            self.optimizers["generator"],
            clip=50.0,
            scale=min(1.0, (step + 1) / config.warmup),
        )
        with torch.no_grad():
            count = round(config.prior_share * len(out["audio"]))
            for name, part in (
                ("mel_prior", slice(0, count)),
                ("mel_posterior", slice(count, None)),
            ):
                if len(out["audio"][part]):
                    figures[name] = mel_distance(
                        self.mel, out["audio"][part], out["target"][part], top_band[part]
                    )
        return {**{k: v.detach() for k, v in losses.items()}, **figures}

    def _implied_mel(self, out: dict[str, Tensor]) -> Tensor:
        """A linear reading of the prior's state must give the mel frames: a short path to sound."""
        target = self.mel(out["windows"])
        guess = self.extras.mel(out["state"].mT)  # (W, F, 2 M)
        guess = guess.reshape(len(guess), -1, target.shape[1]).mT
        return functional.l1_loss(guess * 3.0 - 6.0, target)

    def _judges_of(self, step: int) -> list[int] | None:
        if self.config.judges_a_step is None:
            return None
        total, count = len(self.judges.judges), self.config.judges_a_step
        return [(step * count + i) % total for i in range(count)]

    def _train_judges(self, out: dict[str, Tensor], pick: list[int] | None) -> Tensor:
        with autocast(self.device):
            real, _ = self.judges(out["target"], pick)
            fake, _ = self.judges(out["audio"].detach(), pick)
        loss = discriminator_loss([r.float() for r in real], [f.float() for f in fake])
        descend(loss, self.optimizers["judges"], clip=10.0)
        return loss.detach()

    @torch.no_grad()
    def gate(self) -> dict[str, float]:
        """Mel distance of held-out voices, from the prior's sample and from the posterior's."""
        vits, sums = self.averaged["vits"], {"mel_prior": 0.0, "mel_posterior": 0.0}
        rounds = 4
        for i in range(rounds):
            batch = self._collate(self.held_out, self.held_references, np.random.default_rng(i))
            for name, share in (("mel_prior", 1.0), ("mel_posterior", 0.0)):
                out = self._forward(vits, batch, share)
                bands = torch.full((len(out["audio"]),), self.spec.timbre.spectrum.bands)
                sums[name] += float(
                    mel_distance(self.mel, out["audio"], out["target"], bands.to(self.device))
                )
        return {k: v / rounds for k, v in sums.items()}
