"""Reading head: which phoneme a token says is followed, so that none is lost or repeated.

Alignment as input and output of an autoregressive speech model, as in ELLA-V (Song et al. 2024,
arXiv 2401.07333) and RALL-E (Xin et al. 2024, arXiv 2404.03204), in a form that needs no extra
steps: the input of a token holds the phonemes around the head's place, and the output says how far
the head moves. Axes: B batch, P phonemes, T tokens, D width.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

BACK, AHEAD = 2, 4
"""Phonemes behind and before the head that a token sees."""
MOVES = (-1, 0, 1, 2, 3)
"""How far the head may move in a step; back only to mend a mistake."""


class ReadingWindow(nn.Module):
    """Sums up the phonemes around each phoneme.

    Args:
        width: D.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.around = nn.Conv1d(width, width, BACK + 1 + AHEAD)
        self.mix = nn.Linear(width, width)

    def forward(self, phonemes: Tensor) -> Tensor:
        """Args: embeddings (B, P, D), zeros behind a row's length. Returns (B, P, D)."""
        x = self.around(F.pad(phonemes.transpose(1, 2), (BACK, AHEAD)))
        return self.mix(F.gelu(x).transpose(1, 2))


def at(window: Tensor, place: Tensor) -> Tensor:
    """What the head sees.

    Args:
        window: (B, P, D).
        place: (B, T) int64, 0 to P - 1.

    Returns:
        (B, T, D).
    """
    return window.gather(1, place[..., None].expand(-1, -1, window.shape[2]))


def before(spoken: Tensor) -> Tensor:
    """Where the head stands when a token is read: at the phoneme of the token before.

    Args:
        spoken: (B, T) int64, index of the phoneme that each token says; negative where unknown.

    Returns:
        (B, T) int64, 0 for the first token.
    """
    return F.pad(spoken.clamp_min(0), (1, 0))[:, : spoken.shape[1]]


def move_classes(spoken: Tensor, place: Tensor) -> Tensor:
    """Classes (indices of ``MOVES``) that take the head from ``place`` to ``spoken``, (B, T)."""
    return (spoken - place).clamp(MOVES[0], MOVES[-1]) - MOVES[0]


def moved(place: Tensor, scores: Tensor, last: Tensor) -> Tensor:
    """The head after a step.

    Args:
        place: (B,) int64.
        scores: (B, len(MOVES)).
        last: (B,) int64, the last phoneme of each row.

    Returns:
        (B,) int64, 0 to ``last``.
    """
    return (place + scores.argmax(1) + MOVES[0]).clamp_min(0).minimum(last)
