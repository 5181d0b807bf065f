"""Which phoneme each semantic token says, by the likeliest CTC path (Graves et al. 2006).

Axes: T tokens, F frames, P phonemes, S symbols + blank.
"""

from __future__ import annotations

import numpy as np
import torch
import torchaudio
from torch import Tensor

from voice.models.tokenizer import SemanticTokenizer


def align(scores: Tensor, phonemes: np.ndarray, blank: int, stride: int) -> np.ndarray:
    """Which phoneme each token says.

    Args:
        scores: (F, S) log-probabilities, ``stride`` frames a token.
        phonemes: (P,) ids.
        blank: the class that is no phoneme.
        stride: frames a token.

    Returns:
        (T,) int16 indices into ``phonemes``, never falling; empty if there are more phonemes than
        frames.
    """
    target = torch.from_numpy(np.asarray(phonemes, np.int64))[None]
    repeats = int((target[0, 1:] == target[0, :-1]).sum())
    if target.shape[1] == 0 or target.shape[1] + repeats > len(scores):
        return np.zeros(0, np.int16)
    path, _ = torchaudio.functional.forced_align(scores[None].float(), target, blank=blank)
    labels = path[0].numpy()
    starts = (labels != blank) & np.concatenate([[True], labels[1:] != labels[:-1]])
    spoken = np.maximum(np.cumsum(starts) - 1, 0)
    return spoken[stride - 1 :: stride].astype(np.int16)


@torch.inference_mode()
def align_codes(
    tokenizer: SemanticTokenizer, codes: np.ndarray, phonemes: np.ndarray
) -> np.ndarray:
    """Which phoneme each of (T,) codes says, as :func:`align`; empty where there are no codes."""
    if not len(codes):
        return np.zeros(0, np.int16)
    weight = tokenizer.codebook.weight
    line = torch.from_numpy(np.asarray(codes, np.int64))[None].to(weight.device)
    scores = tokenizer.read(line, torch.tensor([line.shape[1]], device=weight.device))[0]
    return align(scores.cpu(), phonemes, tokenizer.blank, tokenizer.spec.stride)
