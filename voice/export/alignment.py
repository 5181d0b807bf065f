"""Which phoneme each semantic token says, without torch; as :mod:`voice.decode.alignment`.

The likeliest CTC path (Graves et al. 2006) by Viterbi's algorithm.
Axes: T tokens, F frames, P phonemes, S symbols + blank, N = 2 P + 1 states: a blank before each
phoneme and one behind the last.
"""

from __future__ import annotations

import numpy as np


def align(scores: np.ndarray, phonemes: np.ndarray, blank: int, stride: int) -> np.ndarray:
    """Which phoneme each token says.

    Args:
        scores: (F, S) log-probabilities, ``stride`` frames a token.
        phonemes: (P,) ids.
        blank: the class that is no phoneme.
        stride: frames a token.

    Returns:
        (T,) int64 indices into ``phonemes``, never falling; -1 throughout where there are more
        phonemes than frames.
    """
    phonemes = np.asarray(phonemes, np.int64)
    unknown = np.full(len(scores) // stride, -1, np.int64)
    repeated = phonemes[1:] == phonemes[:-1]
    if not len(phonemes) or len(phonemes) + int(repeated.sum()) > len(scores):
        return unknown
    path = _path(np.asarray(scores, np.float32), phonemes, blank)
    # Odd states are phonemes; one begins where the path enters its state.
    begins = (path % 2 == 1) & (np.diff(path, prepend=-1) != 0)
    spoken = np.maximum(np.cumsum(begins) - 1, 0)
    return spoken[stride - 1 :: stride].astype(np.int64)


def _path(scores: np.ndarray, phonemes: np.ndarray, blank: int) -> np.ndarray:
    """(F,) states of the likeliest path."""
    states = 2 * len(phonemes) + 1
    classes = np.full(states, blank)
    classes[1::2] = phonemes
    # From one phoneme straight to the next, which must be another.
    skips = np.zeros(states, bool)
    skips[3::2] = phonemes[1:] != phonemes[:-1]
    total = np.full(states, -np.inf, np.float32)
    total[:2] = scores[0, classes[:2]]
    back = np.zeros((len(scores), states), np.int64)
    for frame in range(1, len(scores)):
        ways = np.full((3, states), -np.inf, np.float32)
        ways[0] = total
        ways[1, 1:] = total[:-1]
        ways[2, 2:] = np.where(skips[2:], total[:-2], -np.inf)
        back[frame] = ways.argmax(0)
        total = ways.max(0) + scores[frame, classes]
    path = np.zeros(len(scores), np.int64)
    path[-1] = states - 1 if total[-1] > total[-2] else states - 2
    for frame in range(len(scores) - 1, 0, -1):
        path[frame - 1] = path[frame] - back[frame, path[frame]]
    return path
