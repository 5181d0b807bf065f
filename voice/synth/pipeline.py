"""The synthesizer: a loaded model and everything that can be done with it.

Safe to share between threads: the model works for one caller at a time, and other callers get
their turn between the pieces of a long text.
"""

from __future__ import annotations

import dataclasses
import logging
import math
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from voice.decode.graph import stepper_for
from voice.errors import OptionError, VoiceFileError
from voice.synth.ahead import DrawnAhead
from voice.synth.convert import (
    Respeaking,
    Source,
    TokenReport,
    check_codes,
    check_transcript,
    encode,
    respoken,
    sound_of,
    tokens_of,
    windows,
)
from voice.synth.library import VoiceLibrary
from voice.synth.models import ModelFolder, find_model, shared_parts
from voice.synth.plan import Plan, make_plan
from voice.synth.precision import at_precision
from voice.synth.prompt import check_prompt
from voice.synth.selfcheck import Reading, judge, read_limits, wanted_classes
from voice.synth.settings import PRECISIONS, SynthesisSettings, check_choice
from voice.synth.speech import Speech, join
from voice.synth.stream import Job, draw_ahead, origin_of, speak
from voice.synth.transcript import transcript_phonemes
from voice.synth.voicefile import Voice
from voice.values import Audio

if TYPE_CHECKING:
    from voice.checkpoints.store import Model

_log = logging.getLogger(__name__)
References = Sequence[Source] | Mapping[Any, float]


class Synthesizer:
    """Speaks, clones, blends and converts with one model.

    Args:
        model: loaded; a copy of its text model is made that decodes faster where there is one.
        folder: where it came from, for its example voices; may be None.
        home: folder of kept voices and models; None is the platform's.
        precision: of the language model; see :data:`voice.synth.settings.PRECISIONS`.
    """

    def __init__(
        self, model: Model, folder: ModelFolder | None = None, home: Path | None = None,
        precision: str = "auto",
    ) -> None:
        net = at_precision(model.text2semantic, precision)
        self.model = dataclasses.replace(model, text2semantic=net)
        self.precision = precision
        self._stepper = stepper_for(net)
        self.folder = folder
        self.limits = read_limits(folder.path) if folder else {}
        self.library = VoiceLibrary.at_home(home)
        self._lock = threading.RLock()
        self._ahead = DrawnAhead()

    @classmethod
    def load(
        cls, model: str | os.PathLike[str] = "mini", device: str = "auto",
        home: str | os.PathLike[str] | None = None, precision: str = "auto",
    ) -> Synthesizer:
        """Loads a model.

        Args:
            model: name of one that came with the program or is under ``home/models``, or a folder.
            device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
            home: folder of kept voices and models; None is the platform's.
            precision: of the language model: ``auto``, ``float32``, ``float16``, ``bfloat16`` or
                ``int8``; not every device has every one.

        Raises:
            OptionError: the device does not have that precision.
            ModelFileError: there is no such model, or a file of it is unusable.
            DeviceError: there is no such device.
        """
        from voice.checkpoints.store import load_model

        check_choice("precision", precision, PRECISIONS)
        root = Path(home).expanduser() if home else None
        folder = find_model(model if isinstance(model, str) else Path(model), root)
        return cls(load_model(folder.path, device, shared_parts(root)), folder, root, precision)

    @property
    def name(self) -> str:
        """Name of the model."""
        return self.model.name

    @property
    def revision(self) -> str:
        """Digest of the model's weights."""
        return self.model.revision

    @property
    def device(self) -> str:
        """Where the model is."""
        return str(self.model.device)

    @property
    def sample_rate(self) -> int:
        """Of the sound it makes, in Hz."""
        return self.model.spec.decoder.sample_rate

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages it speaks."""
        return self.model.spec.languages

    # Voices

    def voice(self, name_or_file: str | os.PathLike[str]) -> Voice:
        """A voice of the library, an example voice of the model, or the voice in a file.

        Raises:
            VoiceFileError: there is none, its file is unusable, or it is for another model.
        """
        try:
            found = self.library.get(name_or_file)
        except VoiceFileError:
            examples = {v.name: v for v in self.examples()}
            if os.fspath(name_or_file) not in examples:
                raise
            found = examples[os.fspath(name_or_file)]
        self.check_voice(found)
        return found

    def examples(self) -> list[Voice]:
        """Voices that came with the model."""
        return VoiceLibrary(self.folder.voices).voices() if self.folder else []

    def check_voice(self, voice: Voice) -> None:
        """Refuses a voice that this model cannot use.

        Raises:
            VoiceFileError: it was made for another model.
        """
        named = f"voice {voice.name}" if voice.name else "the voice"
        spec = self.model.spec
        fits = (
            voice.model == self.name
            and len(voice.timbre) == spec.decoder.timbre.width
            and int(voice.prompt_codes.max(initial=0)) < spec.text2semantic.codes
            and int(voice.prompt_phonemes.max(initial=0)) < spec.text2semantic.phonemes
        )
        if not fits:
            raise VoiceFileError(f"{named} was made for model {voice.model}, not {self.name}",
                                 "Enroll its recordings again with this model.")
        if voice.revision and voice.revision != self.revision:
            _log.warning("%s was made for other weights of %s; enroll it again for its best sound",
                         named, self.name)

    def enroll(
        self, references: References, transcript: str | None = None,
        language: str = "auto", name: str = "", consent: str = "",
    ) -> Voice:
        """A voice of recordings; nothing is kept (``library.add`` keeps it).

        Args:
            references: recordings of one speaker, 1 to 60 s each; the first is continued (its
                best part, if it is long), all of them lend their timbre: by their length, or by
                the weights of a dict ``{recording: weight}``.
            transcript: what the first one says; read from the recording if not given.
            language: of the transcript.
            name: of the voice.
            consent: the speaker's statement; needed to keep the voice.

        Raises:
            AudioFileError: a recording is missing or unusable.
            UnknownTextError: the transcript has characters without sounds.
        """
        from voice.synth.reference import make_voice

        with self._lock:
            return make_voice(self.model, references, transcript, language, name, consent)

    def blend(
        self, weights: Mapping[Voice, float], prosody_of: Voice | None = None, name: str = "",
        *, prosody: Mapping[Voice, float] | None = None, require_consent: bool = False,
    ) -> Voice:
        """A voice between others; see :func:`voice.synth.blend.blend_voices`."""
        from voice.synth.blend import blend_voices

        for voice in weights:
            self.check_voice(voice)
        return blend_voices(
            weights, name, prosody_of=prosody_of, prosody=prosody,
            require_consent=require_consent,
        )

    # Speaking

    def plan(self, text: str, settings: SynthesisSettings | None = None, **options: Any) -> Plan:
        """How a text will be cut and what it sounds like; checks it before anything is spoken.

        Raises:
            NothingToSayError, UnknownTextError, OptionError: the text cannot be spoken.
        """
        chosen = self._chosen(settings, options)
        spec = self.model.spec
        return make_plan(text, chosen, self.languages, spec.symbols, spec.short_pauses)

    def say(
        self, text: str, voice: Voice, settings: SynthesisSettings | None = None, **options: Any
    ) -> Speech:
        """Speaks a text.

        Args:
            text: any length.
            voice: of :meth:`enroll`, :meth:`voice` or :meth:`blend`.
            settings: how; see :class:`SynthesisSettings`.
            options: single settings, such as ``seed=1``; they win over ``settings``.

        Returns:
            The chunks of :meth:`stream`, joined.

        Raises:
            NothingToSayError, UnknownTextError, OptionError: before anything is spoken.
            VoiceFileError: the voice was made for another model.
        """
        return join(self.stream(text, voice, settings, **options))

    def stream(
        self, text: str, voice: Voice, settings: SynthesisSettings | None = None,
        *, cancelled: Callable[[], bool] | None = None, **options: Any,
    ) -> Iterator[Speech]:
        """Speaks a text, piece by piece; arguments and errors as :meth:`say`.

        Args:
            cancelled: asked at every step; True ends the stream with a ``Cancelled`` error.

        Returns:
            Chunks as they are made. The text is checked before the first is asked for.
        """
        chosen = self._chosen(settings, options)
        return self.speak(self.plan(text, chosen), voice, chosen, cancelled)

    def speak(
        self, plan: Plan, voice: Voice, settings: SynthesisSettings,
        cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[Speech]:
        """Speaks a plan; see :meth:`stream`."""
        return speak(self._job(plan, voice, settings, cancelled))

    def prepare(
        self, text: str, voice: Voice, settings: SynthesisSettings | None = None,
        *, cancelled: Callable[[], bool] | None = None, **options: Any,
    ) -> bool:
        """Thinks of how the start of a text is said, so that it is heard sooner when it is spoken.

        Speaking the same text with the same settings then only has to make the sound, in any voice
        that continues the same recording: this one, or blends that it leads. The result is the
        same as without.

        Args:
            text, voice, options: as for :meth:`say`.
            settings: with a seed, without which no two readings are alike.
            cancelled: asked at every step; True ends it with a ``Cancelled`` error.

        Returns:
            Whether there was anything to do.

        Raises:
            OptionError: there is no seed; and all that :meth:`say` raises.
        """
        chosen = self._chosen(settings, options)
        if chosen.seed is None:
            raise OptionError("seed is not given", "Preparing needs the one of what is to be said.")
        return draw_ahead(self._job(self.plan(text, chosen), voice, chosen, cancelled))

    def _job(
        self, plan: Plan, voice: Voice, settings: SynthesisSettings,
        cancelled: Callable[[], bool] | None,
    ) -> Job:
        self.check_voice(voice)
        check_prompt(self.model, voice)
        if not self.model.reads:
            settings = settings.replace(check=False)
        return Job(self.model, voice, plan, self._chosen(settings, {}).seeded(), self._lock,
                   cancelled, self.limits, self._stepper, self._ahead)

    # Recordings

    def convert(
        self, source: Source, voice: Voice, settings: SynthesisSettings | None = None,
        *, transcript: str | None = None, **options: Any,
    ) -> Speech:
        """Re-speaks a recording in another voice: its words and their timing, another timbre.

        Args:
            source: a file or sound, of any length.
            voice: whose timbre.
            settings: ``seed``, ``speed``, ``noise_scale`` and ``watermark`` count, and
                ``language`` for the transcript.
            transcript: what the recording says, if known: it is then pronounced more clearly.
            options: single settings; they win.

        Raises:
            AudioFileError: the recording is missing or unusable.
            VoiceFileError: the voice was made for another model.
            UnknownTextError: the transcript has characters without sounds.
            OptionError: the transcript cannot be what the recording says.
        """
        return join(self.convert_stream(source, voice, settings, transcript=transcript, **options))

    def convert_stream(
        self, source: Source, voice: Voice, settings: SynthesisSettings | None = None,
        *, transcript: str | None = None, cancelled: Callable[[], bool] | None = None,
        **options: Any,
    ) -> Iterator[Speech]:
        """Re-speaks a recording, window by window; see :meth:`convert`."""
        chosen = self._chosen(settings, options).seeded()
        self.check_voice(voice)
        audio = sound_of(source)
        said = transcript_phonemes(self.model, transcript, chosen.language)
        with self._lock:
            codes = np.concatenate([codes for codes, _ in encode(self.model, audio)])
        if said is not None:
            check_transcript(codes, said.ids, self.model.tokenizer.rate)
        return self._respeak(codes, voice, chosen, cancelled, None if said is None else said.ids)

    def windows_of(self, source: Audio) -> int:
        """Chunks that :meth:`convert_stream` will give of a recording."""
        return len(windows(math.ceil(source.seconds * self.model.tokenizer.rate - 1e-6),
                           self.model.tokenizer.rate))

    def speak_tokens(
        self, codes: np.ndarray, voice: Voice, settings: SynthesisSettings | None = None,
        **options: Any,
    ) -> Speech:
        """Sound of semantic tokens.

        Args:
            codes: (T,) int64, T >= 1.
            voice: whose timbre.
            settings, options: as for :meth:`convert`.

        Raises:
            OptionError: there are no tokens, or some are not in the codebook.
        """
        codes = check_codes(np.asarray(codes), self.model.spec.tokenizer.codes)
        self.check_voice(voice)
        chosen = self._chosen(settings, options).seeded()
        return join(self._respeak(codes, voice, chosen, None))

    def _respeak(
        self, codes: np.ndarray, voice: Voice, settings: SynthesisSettings,
        cancelled: Callable[[], bool] | None, phoneme_ids: np.ndarray | None = None,
    ) -> Iterator[Speech]:
        how = Respeaking(
            voice.timbre, settings.noise_scale, settings.speed, settings.seed or 0, cancelled,
            voice.pitch_hz, phoneme_ids, voice.equalizer,
        )
        origin = origin_of(self.model, voice, settings)
        return respoken(self.model, codes, how, origin, self._lock, settings.watermark)

    def tokens(self, source: Source) -> TokenReport:
        """What a recording says, in the model's terms: features, tokens, phonemes.

        Raises:
            AudioFileError: the recording is missing or unusable.
        """
        from voice.text import symbols as tables

        audio = sound_of(source)
        with self._lock:
            return tokens_of(self.model, audio, tables.table(self.model.spec.symbols))

    def _chosen(
        self, settings: SynthesisSettings | None, options: dict[str, Any]
    ) -> SynthesisSettings:
        spec = self.model.spec.text2semantic
        chosen = (settings or SynthesisSettings()).replace(**options)
        return chosen.usual(spec.temperature, spec.repetition_penalty)

    def read_aloud(self, source: Source, text: str, language: str) -> Reading:
        """How a recording of a text looks to the self-check, whose limits this measures."""
        from voice.text import symbols as tables

        report = self.tokens(source)
        table = tables.table(self.model.spec.symbols)
        pieces = self.plan(text, language=language, split="cut0").pieces
        wanted = np.concatenate([wanted_classes(p.phonemes.ids, table) for p in pieces])
        return judge(wanted, wanted_classes(report.phoneme_ids, table), len(report.codes))
