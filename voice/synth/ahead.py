"""Semantic tokens drawn before they are asked for.

What a text becomes in tokens depends on the prompt that is continued and on the settings, not on
the timbre: all blends led by one voice say a text with the same tokens, if the seed is the same.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from voice.synth.plan import Piece
from voice.synth.settings import SynthesisSettings

if TYPE_CHECKING:
    from voice.synth.draw import Drawn
    from voice.synth.voicefile import Voice

AFTER_DRAWING = ("speed", "noise_scale", "sample_steps", "watermark")
"""Settings that change the sound of tokens, but not the tokens."""


class DrawnAhead:
    """Tokens by what they were drawn of; those not used for the longest time are forgotten.

    Only what :meth:`put` was given is found: speaking itself never writes here.

    Args:
        size: groups of pieces that are remembered; a few kilobytes each.
    """

    def __init__(self, size: int = 256) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._drawn: OrderedDict[str, list[Drawn]] = OrderedDict()

    def get(self, key: str) -> list[Drawn] | None:
        """What was drawn for a key of :func:`key_of`."""
        with self._lock:
            if key in self._drawn:
                self._drawn.move_to_end(key)
            return self._drawn.get(key)

    def put(self, key: str, drawn: list[Drawn]) -> None:
        """Remembers what was drawn."""
        with self._lock:
            self._drawn[key] = drawn
            self._drawn.move_to_end(key)
            while len(self._drawn) > self._size:
                self._drawn.popitem(last=False)


def key_of(voice: Voice, pieces: Sequence[Piece], settings: SynthesisSettings) -> str:
    """A digest of everything that tokens depend on, besides the model.

    Args:
        voice: whose prompt is continued.
        pieces: decoded together, as drawing is the same only up to rounding in another batch.
        settings: with a seed.
    """
    chosen = {k: v for k, v in settings.as_dict().items() if k not in AFTER_DRAWING}
    said = [(piece.index, piece.text, piece.language) for piece in pieces]
    words = json.dumps([chosen, said, voice.prompt_text, voice.languages], sort_keys=True)
    digest = hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=16)
    for ids in (voice.prompt_codes, voice.prompt_phonemes, *(p.phonemes.ids for p in pieces)):
        row = np.asarray(ids, np.int64)
        digest.update(np.int64(len(row)).tobytes() + row.tobytes())
    return digest.hexdigest()
