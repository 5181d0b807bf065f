"""Speaks with a bundle: numpy and onnxruntime, no torch. The reference for every other runtime.

    from voice.export.run import BundleSynthesizer
    synthesizer = BundleSynthesizer.load("bundle")
    for chunk in synthesizer.stream("Hello.", synthesizer.voice("Isla")): ...

The steps are those of :mod:`voice.synth`, and its random numbers but for the decoder's noise.
Axes: N samples, T codes, P phonemes, C channels, F latent frames, D timbre width.
"""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from voice.checkpoints.memory import give_back
from voice.errors import VoiceFileError
from voice.export.decoding import Begun, Candidate, Request, generate
from voice.export.finishing import StreamFinisher
from voice.export.manifest import Manifest, check_files, read_manifest
from voice.export.parts import BundleParts
from voice.export.sampling import Sampling
from voice.export.voices import BundleVoice, read_bundle_voice
from voice.synth import selfcheck
from voice.synth.plan import Piece, Plan, make_plan
from voice.synth.settings import SynthesisSettings
from voice.synth.speech import Origin, PieceReport, Speech, join
from voice.synth.voicefile import SUFFIX, Voice, read_voice
from voice.text import symbols as tables

GREEDY = 1e-3  # temperatures below draw the same tokens whatever the seed
CHUNK_FRAMES = (25, 50, 100)
"""Latent frames of a piece's chunks: a short first one, so that its sound begins early; then long
ones, whose context costs less. The last number is that of all further ones."""
_DEVICE = "cpu (onnxruntime)"


def row_seed(seed: int, piece: int, purpose: str | int) -> int:
    """The same as :func:`voice.synth.draw.row_seed`, which loads torch."""
    digest = hashlib.blake2b(f"{seed}/{piece}/{purpose}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little") >> 1


class BundleSynthesizer(BundleParts):
    """Speaks with one bundle, for one caller at a time.

    Args:
        folder: of the bundle.
        manifest: its manifest.
        threads: that a graph may use.
    """

    def __init__(self, folder: Path, manifest: Manifest, threads: int = 1) -> None:
        super().__init__(folder, manifest, threads)
        self.limits = {
            e.language: selfcheck.Limits(e.errors, e.run, e.tokens_low, e.tokens_high)
            for e in manifest.selfcheck
        }
        self._symbols = tables.table(manifest.symbols)
        self._lock = threading.RLock()
        self._voices: dict[str, BundleVoice] = {}
        self._planned: set[str] = set()

    @classmethod
    def load(cls, folder: str | os.PathLike[str], threads: int = 1) -> BundleSynthesizer:
        """Opens a bundle and checks every file of it.

        Args:
            folder: that ``python -m voice export`` made.
            threads: that a graph may use.

        Raises:
            ModelFileError: a file is missing, truncated or changed, or the bundle is of another
                version.
        """
        path = Path(folder)
        manifest = read_manifest(path)
        check_files(path, manifest)
        return cls(path, manifest, threads)

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.manifest.model

    @property
    def revision(self) -> str:
        """Digest of the model's weights."""
        return self.manifest.revision

    @property
    def sample_rate(self) -> int:
        """Of the sound it makes, in Hz."""
        return self.manifest.sound.sample_rate

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages it speaks."""
        return self.manifest.languages

    @property
    def device(self) -> str:
        """Where it computes."""
        return _DEVICE

    # Voices

    def voices(self) -> list[str]:
        """Names of the bundle's voices."""
        return [entry.name for entry in self.manifest.voices]

    def voice(self, name_or_file: str | os.PathLike[str]) -> Voice:
        """A voice of the bundle by name, or one in a ``.voice`` file made for the same model.

        Raises:
            VoiceFileError: there is none, or it is for another model.
        """
        text = os.fspath(name_or_file)
        entry = next((e for e in self.manifest.voices if e.name == text), None)
        if entry is not None:
            if text not in self._voices:
                self._voices[text] = read_bundle_voice(self.folder / entry.file)
            return self._voices[text].voice
        if text.endswith(SUFFIX):
            found = read_voice(text)
            self.check_voice(found)
            return found
        names = ", ".join(self.voices()) or "none"
        raise VoiceFileError(f"the bundle has no voice {text!r}",
                             f"Voices here: {names}; or name a {SUFFIX} file.")

    def check_voice(self, voice: Voice) -> None:
        """Refuses a voice that was made for another model.

        Raises:
            VoiceFileError: it was.
        """
        decoding = self.manifest.decoding
        fits = (
            voice.model == self.name
            and len(voice.timbre) == self.manifest.sound.timbre_width
            and int(voice.prompt_codes.max(initial=0)) < decoding.codes
            and int(voice.prompt_phonemes.max(initial=0)) < len(self._symbols)
        )
        if not fits:
            raise VoiceFileError(f"voice {voice.name} was made for model {voice.model}, "
                                 f"not {self.name}", "Enroll its recordings with this model.")

    def blend(self, weights: Mapping[Voice, float], prosody_of: Voice | None = None) -> Voice:
        """A voice between others; see :func:`voice.synth.blend.blend_voices`."""
        from voice.synth.blend import blend_voices

        for voice in weights:
            self.check_voice(voice)
        return blend_voices(weights, "", prosody_of=prosody_of)

    # Speaking

    def plan(self, text: str, settings: SynthesisSettings | None = None, **options: Any) -> Plan:
        """How a text will be cut and what it sounds like; errors as :func:`make_plan`."""
        chosen = self._chosen(settings, options)
        plan = make_plan(text, chosen, self.languages, self.manifest.symbols)
        opened = {piece.language for piece in plan.pieces} - self._planned
        if opened:
            self._planned |= opened
            give_back()  # what reading a language's dictionaries left behind
        return plan

    def say(
        self, text: str, voice: Voice, settings: SynthesisSettings | None = None, **options: Any
    ) -> Speech:
        """Speaks a text: the chunks of :meth:`stream`, joined."""
        return join(self.stream(text, voice, settings, **options))

    def stream(
        self, text: str, voice: Voice, settings: SynthesisSettings | None = None,
        *, cancelled: Callable[[], bool] | None = None, **options: Any,
    ) -> Iterator[Speech]:
        """Speaks a text, piece by piece; the text is checked before the first is asked for."""
        chosen = self._chosen(settings, options)
        return self.speak(self.plan(text, chosen), voice, chosen, cancelled)

    def speak(
        self, plan: Plan, voice: Voice, settings: SynthesisSettings,
        cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Speech]:
        """Speaks a plan.

        Yields:
            Chunks of each piece as its sound is made; the last has its pause and the report.
        """
        self.check_voice(voice)
        chosen = settings.seeded()
        marked = chosen.watermark and self.sessions.has("mark")
        origin = Origin(self.name, self.revision, voice.name, self.device, chosen.as_dict(),
                        marked, plan.skipped)
        return (chunk for piece in plan.pieces
                for chunk in self._piece(piece, voice, chosen, origin, cancelled))

    def _piece(
        self, piece: Piece, voice: Voice, settings: SynthesisSettings, origin: Origin,
        cancelled: Callable[[], bool] | None,
    ) -> Iterator[Speech]:
        with self._lock:
            drawn = self.draw(piece, voice, settings, cancelled)
        yield from self._sounded(drawn, piece, voice, settings, origin)

    def render(
        self, codes: np.ndarray, piece: Piece, voice: Voice, settings: SynthesisSettings
    ) -> np.ndarray:
        """The sound of a piece whose (T,) codes are given, as :meth:`speak` would play it, (N,)."""
        settings = self._chosen(settings, {}).seeded()
        marked = settings.watermark and self.sessions.has("mark")
        origin = Origin(self.name, self.revision, voice.name, self.device, {}, marked, "")
        chunks = self._sounded((codes, None, 0, 0), piece, voice, settings, origin)
        return np.concatenate([chunk.samples for chunk in chunks])

    def _sounded(
        self, drawn: tuple[np.ndarray, selfcheck.Reading | None, int, int], piece: Piece,
        voice: Voice, settings: SynthesisSettings, origin: Origin,
    ) -> Iterator[Speech]:
        codes, reading, attempts, draws = drawn
        count, pause = 0, np.zeros(round(piece.pause * self.sample_rate), np.float32)
        for ready, last in self._finished(codes, piece, voice, settings):
            samples = np.concatenate([ready, pause]) if last else ready
            count += len(samples)
            report = PieceReport(
                text=piece.text, seconds=count / self.sample_rate, semantic_tokens=len(codes),
                checked=reading is not None, passed=reading.passed if reading else True,
                errors=round(reading.errors, 4) if reading else 0.0, draws=draws,
                retries=attempts,
            )
            if origin.watermark and len(samples):
                with self._lock:
                    samples = self.sessions.run("mark", {"samples": samples[None]})[0][0]
            if last or len(samples):
                yield Speech(samples, self.sample_rate, origin, (report,) if last else ())

    def _finished(
        self, codes: np.ndarray, piece: Piece, voice: Voice, settings: SynthesisSettings
    ) -> Iterator[tuple[np.ndarray, bool]]:
        """Sound of a piece's codes, ready to be heard, and whether it is the last of it.

        The lock is free between chunks.
        """
        if not len(codes):
            yield np.zeros(0, np.float32), True
            return
        finisher = StreamFinisher(self.sample_rate)
        made = self.sound_chunks(codes, piece.phonemes.ids, voice, settings, piece.index)
        while True:
            with self._lock:
                samples = next(made, None)
            last = samples is None
            yield finisher.push(np.zeros(0, np.float32) if samples is None else samples, last), last
            if last:
                return

    def draw(
        self, piece: Piece, voice: Voice, settings: SynthesisSettings,
        cancelled: Callable[[], bool] | None = None,
    ) -> tuple[np.ndarray, selfcheck.Reading | None, int, int]:
        """Tokens of a piece, as :class:`voice.synth.draw.Drafter` draws them.

        Returns:
            (T,) int64 codes, what the self-check saw (None where it is off), rounds after the
            first, and candidates in all.
        """
        settings = self._chosen(settings, {})
        fixed = self.sampling(settings).temperature < GREEDY or settings.top_k == 1
        check = settings.check and self.sessions.has("read")
        assert settings.candidates is not None
        candidates = 1 if fixed or not check else settings.candidates
        rounds = 1 if fixed or not check else settings.retries + 1
        kept: tuple[np.ndarray, selfcheck.Reading | None] = (np.zeros(0, np.int64), None)
        attempt, begun = 0, list[Begun]()

        def passes(row: Candidate) -> bool:
            return self.judge(piece, row).passed

        for attempt in range(rounds):
            seeds = [row_seed(settings.seed or 0, piece.index, attempt * candidates + k)
                     for k in range(candidates)]
            requests = self.requests(piece, voice, settings, seeds)
            begun = begun or [Begun.by(self.sessions, request) for request in requests]
            group = generate(self.sessions, requests, self.sampling(settings), cancelled,
                             passes if check else None, begun)
            kept = self._choose(piece, group, kept, check)
            if kept[1] is None or kept[1].passed:
                break
        return kept[0], kept[1], attempt, (attempt + 1) * candidates

    def _chosen(
        self, settings: SynthesisSettings | None, options: dict[str, Any]
    ) -> SynthesisSettings:
        usual = self.manifest.decoding
        chosen = (settings or SynthesisSettings()).replace(**options)
        return chosen.usual(usual.temperature, usual.repetition_penalty, usual.candidates)

    def sampling(self, settings: SynthesisSettings) -> Sampling:
        """How tokens are drawn, the bundle's own numbers where the settings have none."""
        settings = self._chosen(settings, {})
        assert settings.temperature is not None and settings.repetition_penalty is not None
        return Sampling(settings.top_k, settings.top_p, settings.temperature,
                        settings.repetition_penalty, self.manifest.decoding.min_tokens)

    def requests(
        self, piece: Piece, voice: Voice, settings: SynthesisSettings, seeds: list[int]
    ) -> list[Request]:
        """What the token loop is given for a piece, a candidate for each seed.

        As in :class:`voice.synth.draw.Drafter`, every second one does without the prompt.
        """
        prompt = settings.prompt and len(voice.prompt_codes) and len(voice.prompt_phonemes)
        codes = voice.prompt_codes if prompt else np.zeros(0, np.int64)
        phonemes = voice.prompt_phonemes if prompt else np.zeros(0, np.int64)
        own = next((v for v in self._voices.values() if v.voice is voice), None)
        both = bool(prompt) and len(seeds) >= self.manifest.decoding.alone
        found = [Request(
            np.concatenate([phonemes, piece.phonemes.ids]), seeds[::2] if both else seeds, codes,
            len(phonemes), own.spoken if own and prompt else None,
        )]
        if both:
            found.append(Request(piece.phonemes.ids, seeds[1::2], np.zeros(0, np.int64), 0))
        return found

    def _choose(
        self, piece: Piece, group: list[Candidate],
        before: tuple[np.ndarray, selfcheck.Reading | None], check: bool,
    ) -> tuple[np.ndarray, selfcheck.Reading | None]:
        """The best candidate of this round and the one kept before."""
        if not check:
            return group[0].codes, None
        group = [row for row in group if row.finish != "late"]
        rows = [row.codes for row in group]
        readings = [self.judge(piece, row) for row in group]
        if before[1] is not None:
            rows.insert(0, before[0])
            readings.insert(0, before[1])
        best = selfcheck.best_of(readings)
        return rows[best], readings[best]

    def judge(self, piece: Piece, row: Candidate) -> selfcheck.Reading:
        """What the self-check sees in a candidate."""
        wanted, heard = (selfcheck.wanted_classes(ids, self._symbols)
                         for ids in (piece.phonemes.ids, self.read(row.codes)))
        limits = self.limits.get(piece.language, selfcheck.OTHERS)
        doubted = selfcheck.doubt(self.scores(row.codes), wanted, self._symbols)
        return selfcheck.judge(
            wanted, heard, len(row.codes), limits, row.finish == "end", doubted)

    def sound(
        self, codes: np.ndarray, phoneme_ids: np.ndarray, voice: Voice,
        settings: SynthesisSettings, piece: int = 0,
    ) -> np.ndarray:
        """The sound of (T,) codes and (P,) phonemes, (N,) float32, neither trimmed nor marked."""
        return np.concatenate(list(self.sound_chunks(codes, phoneme_ids, voice, settings, piece)))

    def sound_chunks(
        self, codes: np.ndarray, phoneme_ids: np.ndarray, voice: Voice,
        settings: SynthesisSettings, piece: int = 0,
    ) -> Iterator[np.ndarray]:
        """The same in chunks, the first a short one; joined they are the whole exactly."""
        numbers = self.manifest.sound
        count = numbers.stretch * len(codes)
        if settings.speed != 1:
            count = int(count / settings.speed) + 1
        seed = row_seed(settings.seed or 0, piece, "noise")
        noise = np.random.Generator(np.random.PCG64(seed)).standard_normal(
            (1, numbers.latent, count), dtype=np.float32) * np.float32(settings.noise_scale)
        latent = self.latent(codes, phoneme_ids, voice, noise)
        yield from self.waveform_chunks(latent, voice, *CHUNK_FRAMES)
