"""Training of the waveform decoder: VITS (arXiv 2106.06103) on windows of frozen semantic tokens.

The prior reads whole recordings; posterior, flow and waveform see windows of them. Where the model
predicts pitch, the waveform is told the recording's own, which the predictor learns. A part of the
windows is decoded from the prior's own sample instead of the posterior's, so that what is heard at
synthesis is trained directly. Adversaries join at ``adversarial_start``.
Axes: B recordings, W windows (``windows`` a recording), F latent frames, N samples, Q pitch values.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from voice.audio.mel import Spectrum
from voice.models.tokenizer import SemanticTokenizer
from voice.models.vits import Vits, slice_rows
from voice.nn.pitch import Pitch
from voice.spec.vits import VitsSpec
from voice.training.corpus import FRAME, RATE, Corpus
from voice.training.decoder_batch import Batch, DecoderBatches, Material
from voice.training.discriminators import Discriminators
from voice.training.loop import autocast, back_propagate, descend, fallen, update
from voice.training.losses import (
    discriminator_loss,
    feature_distance,
    generator_loss,
    kl_divergence,
    mel_distance,
    spectral_distance,
)
from voice.training.perceptual import Perception
from voice.training.sampler import Sound

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
        rate, judge_rate: learning rates of the decoder and of the discriminators.
        fall: share of the run after which both fall, to a tenth at the end; 1 for never.
        unread: share of recordings whose codes are not told which phonemes they say.
        confused: largest part of the other recordings' codes that is replaced by others, so that
            the decoder learns to believe the phonemes.
        dulled: share of references that lose their high frequencies.
        content_weight, phonetic_weight, voice_weight: of the perceptual distances; not computed
            where all are 0.
        implied_weight: of the mel frames that the prior's state implies, over whole recordings.
    """

    recordings: int = 4
    windows: int = 4
    segment: int = 32
    margin: int = 8
    reference_seconds: tuple[float, float] = (2.0, 4.0)
    prior_share: float = 0.5
    rate: float = 4e-4
    warmup: int = 200
    fall: float = 1.0
    kl_weight: float = 1.0
    mel_weight: float = 45.0
    content_weight: float = 10.0
    phonetic_weight: float = 3.0
    voice_weight: float = 5.0
    adversarial_start: int | None = None
    judges_a_step: int | None = 2
    judge_width: int = 16
    judge_rate: float = 4e-4
    unread: float = 0.1
    confused: float = 0.3
    dulled: float = 0.3
    implied_weight: float = 2.0


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
        self,
        corpus: Corpus,
        spec: VitsSpec,
        tokenizer: SemanticTokenizer,
        config: DecoderTraining,
        device: str,
    ) -> None:
        self.spec, self.config, self.device = spec, config, device
        self.done, sound = 0.0, Sound(corpus, device)
        material = Material(corpus, spec)
        rows = material.rows(config.segment + 2 * config.margin)
        self.heard = DecoderBatches(material, sound, [r for r in rows if not r.held_out])
        self.unheard = DecoderBatches(material, sound, [r for r in rows if r.held_out] or rows)
        self.vits = Vits(spec, posterior=True).to(device)
        self.tokens_of(tokenizer)
        self.extras = Extras(spec, len(self.heard.references.speakers)).to(device)
        self.judges = Discriminators(config.judge_width).to(device)
        self.mel = Spectrum(spec.timbre.spectrum).to(device)
        posterior = spec.posterior.spectrum
        self.spectrum = Spectrum(posterior).to(device)
        self.perception = Perception(
            tokenizer, self.vits, self.mel, len(corpus.phones)
        ).to(device)
        self.models = {
            "vits": self.vits,
            "extras": self.extras,
            "judges": self.judges,
            "listener": self.perception.style,
            "probe": self.perception.probe,
        }
        self.averaged = {"vits": copy.deepcopy(self.vits)}
        trained = [*self.vits.parameters(), *self.extras.parameters()]
        self.optimizers = {
            "generator": torch.optim.AdamW(
                trained, config.rate, (0.8, 0.99), weight_decay=0.01, fused=True
            ),
            "judges": torch.optim.AdamW(
                self.judges.parameters(), config.judge_rate, (0.8, 0.99), fused=True
            ),
            "probe": torch.optim.Adam(self.perception.probe.parameters(), 2e-3),
        }
        edges = np.linspace(0, RATE / 2, spec.timbre.spectrum.fft_samples // 2 + 1)
        bands = self.mel.bands.cpu().numpy()
        self.narrow_band = int((edges[bands.argmax(1)] < WIDE_BAND).sum())

    def tokens_of(self, tokenizer: SemanticTokenizer) -> None:
        """Takes over what a tokenizer's codes mean; what was trained with another one forgets."""
        self.vits.codebook.weight.copy_(tokenizer.codebook.weight)

    def batch(self, rng: np.random.Generator) -> Batch:
        return self.heard.draw(rng, self.config)

    def decode(self, vits: Vits, batch: Batch, prior_share: float) -> dict[str, Tensor]:
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
                spoken=batch.spoken.to(device),
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
            if vits.pitch is not None:
                heard |= self._pitch(vits, batch, state, timbres)
                z = vits.pitched(z, Pitch(heard["octaves"].nan_to_num(), heard["voiced"]))
            inner = slice(config.margin, config.margin + config.segment)
            audio = vits.waveform(z[..., inner], timbres)
            phones = slice_rows(
                repeat(batch.phones.to(device))[:, None], starts * frame // FRAME,
                window * frame // FRAME,
            )[:, 0]
        edge = config.margin * frame
        return {
            "audio": audio.float(),
            "target": windows[:, edge : edge + config.segment * frame],
            "window": windows,
            "phones": phones,
            "timbre": timbre.float(),
            "hidden": prior.hidden.float(),
            "inside": prior.mask,
            **heard,
            "mean": mean.float(),
            "log_scale": log_scale.float(),
            "narrow": repeat(batch.narrow.to(device)),
        }

    def _pitch(
        self, vits: Vits, batch: Batch, state: Tensor, timbres: Tensor
    ) -> dict[str, Tensor]:
        """The windows' contours (W, Q), own and guessed: octaves, voiced, and two guesses."""
        assert vits.pitch is not None
        config, points = self.config, vits.pitch.spec.points
        window = config.segment + 2 * config.margin
        octaves = slice_rows(
            batch.octaves.to(self.device).repeat_interleave(config.windows, 0),
            batch.starts.to(self.device) * points,
            window * points,
        )
        mask = torch.ones_like(state[:, :1])
        guess, logits = vits.pitch.predict(state, mask, timbres)
        return {
            "octaves": octaves,
            "voiced": (~octaves.isnan()).float(),
            "guess": guess,
            "logits": logits,
        }

    def step(self, batch: Batch, step: int) -> dict[str, float | Tensor]:
        config = self.config
        out = self.decode(self.vits, batch, config.prior_share)
        bands = self.spec.timbre.spectrum.bands
        top_band = torch.where(out["narrow"], self.narrow_band, bands)
        top = torch.where(out["narrow"], WIDE_BAND / (RATE / 2), 1.0)
        figures: dict[str, float | Tensor] = {}
        losses = {
            "mel": mel_distance(self.mel, out["audio"], out["target"], top_band),
            "stft": spectral_distance(out["audio"], out["target"], top),
            "speaker": functional.cross_entropy(
                self.extras.speaker(out["timbre"]), batch.speakers.to(self.device)
            ),
            "implied_mel": self._implied_mel(out, batch),
        }
        if step == 0:  # its ear for voices is the one that training begins with
            self.perception.style.load_state_dict(self.vits.style.state_dict())
        # What a source at 16 kHz lacks would tell recordings from made sound.
        made, real = (narrowed(out[k], out["narrow"]) for k in ("audio", "target"))
        if config.content_weight or config.phonetic_weight or config.voice_weight:
            found = self._perceived(out)
            figures["probe"] = found.pop("probe")
            losses |= found
        if "flowed" in out:
            losses["kl"] = kl_divergence(
                out["flowed"], out["posterior_scale"], out["mean"], out["log_scale"]
            )
        if "guess" in out:
            losses["pitch"], losses["voicing"] = pitch_losses(out)
        weights = {
            "mel": config.mel_weight,
            "pitch": 4.0,
            "voicing": 1.0,
            "stft": 2.0,
            "kl": config.kl_weight,
            "speaker": 0.5,
            "implied_mel": config.implied_weight,
            "content": config.content_weight,
            "phonetic": config.phonetic_weight,
            "voice": config.voice_weight,
            "adversarial": 1.0,
            "features": 2.0,
        }
        if config.adversarial_start is not None and step >= config.adversarial_start:
            pick = self._judges_of(step)
            with autocast(self.device):
                (scores, found), (wanted, own) = self.judges(made, pick), self.judges(real, pick)
            losses["adversarial"] = generator_loss(scores)
            losses["features"] = feature_distance(own, found)
            verdict = discriminator_loss([w.float() for w in wanted], [s.float() for s in scores])
            figures["judges"] = verdict.detach()
            # Both sides learn from one pass through the judges: each has its own gradients.
            back_propagate(verdict, self.optimizers["judges"], again=True)
        total = torch.stack([weights[k] * v for k, v in losses.items()]).sum()
        generator = self.optimizers["generator"]
        back_propagate(total, generator)
        fall = fallen(self.done, config.fall)
        scale = fall * min(1.0, (step + 1) / config.warmup)
        figures["norm"] = update(generator, clip=50.0, scale=scale)
        if "judges" in figures:
            update(self.optimizers["judges"], clip=10.0, scale=fall)
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

    def _perceived(self, out: dict[str, Tensor]) -> dict[str, Tensor]:
        """The perceptual distances; teaches the probe on the way."""
        edge = self.config.margin * self.spec.frame_samples
        whole = out["window"]
        made = torch.cat([whole[:, :edge], out["audio"], whole[:, whole.shape[1] - edge :]], 1)
        made, real = (narrowed(x, out["narrow"]) for x in (made, whole))
        found = self.perception(made, real, out["phones"], edge)
        probe = found.probe.detach()
        descend(found.probe, self.optimizers["probe"])
        kinds = {"content": found.content, "phonetic": found.phonetic, "voice": found.voice}
        return kinds | {"probe": probe}

    def _implied_mel(self, out: dict[str, Tensor], batch: Batch) -> Tensor:
        """A linear reading of the prior's state must give the mel frames: a short path to sound."""
        with torch.no_grad():
            target = self.mel(batch.audio.to(self.device))  # (B, M, 2 F)
        guess = self.extras.mel(out["hidden"].mT)  # (B, F, 2 M)
        guess = guess.reshape(len(guess), -1, target.shape[1]).mT * 3.0 - 6.0
        inside = out["inside"].repeat_interleave(2, 2)
        distance = (guess - target).abs() * inside
        return distance.sum() / (inside.sum() * target.shape[1])

    def _judges_of(self, step: int) -> list[int] | None:
        if self.config.judges_a_step is None:
            return None
        total, count = len(self.judges.judges), self.config.judges_a_step
        return [(step * count + i) % total for i in range(count)]

    @torch.no_grad()
    def gate(self) -> dict[str, float]:
        """Mel distance of held-out voices, from the prior's sample and from the posterior's."""
        vits, rounds = self.averaged["vits"], 4
        plain = replace(self.config, unread=0.0, confused=0.0, dulled=0.0)
        sums = {"mel_prior": 0.0, "mel_posterior": 0.0}
        if vits.pitch is not None:
            sums |= {"pitch": 0.0, "voicing": 0.0}
        for i in range(rounds):
            batch = self.unheard.draw(np.random.default_rng(i), plain)
            for name, share in (("mel_prior", 1.0), ("mel_posterior", 0.0)):
                out = self.decode(vits, batch, share)
                bands = torch.full((len(out["audio"]),), self.spec.timbre.spectrum.bands)
                sums[name] += float(
                    mel_distance(self.mel, out["audio"], out["target"], bands.to(self.device))
                )
                if "guess" in out and share:
                    for kind, loss in zip(("pitch", "voicing"), pitch_losses(out), strict=True):
                        sums[kind] += float(loss)
        return {k: v / rounds for k, v in sums.items()}


def narrowed(audio: Tensor, narrow: Tensor) -> Tensor:
    """(W, N) with the rows that ``narrow`` (W,) names cut off above 7.6 kHz."""
    spectrum = torch.fft.rfft(audio)
    hz = torch.linspace(0, RATE / 2, spectrum.shape[1], device=audio.device)
    keep = ~narrow[:, None] | (hz < WIDE_BAND)
    return torch.fft.irfft(spectrum * keep, audio.shape[1])


def pitch_losses(out: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Mean error of the guessed pitch in octaves where it is voiced, and of the voicing."""
    voiced = out["voiced"]
    distance = (out["guess"] - out["octaves"].nan_to_num()).abs() * voiced
    voicing = functional.binary_cross_entropy_with_logits(out["logits"], voiced)
    return distance.sum() / voiced.sum().clamp_min(1), voicing
