"""The alignment without torch finds the path that torchaudio's finds."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from voice.decode import alignment as reference
from voice.export.alignment import align

BLANK = 6


@given(seed=st.integers(0, 2**32 - 1), frames=st.integers(1, 60), phonemes=st.integers(0, 40),
       stride=st.integers(1, 3))
def test_both_alignments_agree(seed: int, frames: int, phonemes: int, stride: int) -> None:
    rng = np.random.default_rng(seed)
    frames -= frames % stride
    scores = torch.from_numpy(rng.standard_normal((frames, BLANK + 1))).float().log_softmax(-1)
    ids = rng.integers(0, BLANK, phonemes)
    wanted = reference.align(scores, ids, BLANK, stride) if frames else np.zeros(0)
    found = align(scores.numpy(), ids, BLANK, stride)
    assert len(found) == frames // stride
    if len(wanted) or not len(found):
        assert found.tolist() == wanted.tolist()
    else:
        assert set(found) == {-1}


def test_peaks_say_where_each_phoneme_begins() -> None:
    scores = np.full((8, BLANK + 1), -9.0, np.float32)
    scores[:, BLANK] = -0.1
    scores[[1, 4, 5], [2, 2, 3]] = 0.0
    assert align(scores, np.array([2, 2, 3]), BLANK, 2).tolist() == [0, 0, 2, 2]
