"""Word features for the language model: of a voice's prompt, then of what is to be said.

Axes: P phonemes, D width of the features.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from voice.errors import VoiceError
from voice.text.features import phoneme_features

if TYPE_CHECKING:
    from voice.checkpoints.store import Model
    from voice.synth.voicefile import Voice
    from voice.values import Phonemes


class WordFeatures:
    """Features of texts in one voice.

    Args:
        model: a loaded model.
        voice: whose prompt is continued; None where none is.
    """

    def __init__(self, model: Model, voice: Voice | None) -> None:
        self.name, self.width = model.name, model.spec.text2semantic.bert_width
        self.features = None
        if self.width and model.shared is not None:
            self.features = model.shared.character_features(model.spec.bert)
        self.prompt = self._of_prompt(model, voice)

    def of(self, phonemes: Phonemes) -> np.ndarray | None:
        """Features of the prompt's phonemes and these.

        Returns:
            (P, D) float32; None for a model that takes none. Zeros where a language has none, or
            no model of the language is at hand.
        """
        if not self.width:
            return None
        found = phoneme_features(phonemes, self.width, self.features, self.name)
        return np.concatenate([self.prompt, found])

    def _of_prompt(self, model: Model, voice: Voice | None) -> np.ndarray:
        """(P, D) of the prompt; zeros where its text no longer gives the phonemes it was kept with.
        """
        count = 0 if voice is None else len(voice.prompt_phonemes)
        nothing = np.zeros((count, self.width), np.float32)
        if voice is None or not voice.prompt_text or self.features is None or not self.width:
            return nothing
        from voice.text.frontend import phonemize

        spec = model.spec
        language = voice.languages[0] if len(voice.languages) == 1 else "auto"
        try:
            spoken = phonemize(
                voice.prompt_text, language, languages=spec.languages, version=spec.symbols
            )
        except VoiceError:
            return nothing
        if not np.array_equal(spoken.ids, voice.prompt_phonemes):
            return nothing
        return phoneme_features(spoken, self.width, self.features, self.name)
