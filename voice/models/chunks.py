"""Long speech of a flow-matching decoder, a chunk at a time, as GPT-SoVITS v3 and v4 make it.

One sentence: chunks one after the other, each continuing the mel of the one before. Many sentences:
equal chunks side by side, all continuing the prompt, whose sound is joined where it fits best.
Axes: M mel bands, F frames, W width of features, P prompt frames, N samples.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

SEARCH_SAMPLES = 320  # how far a piece may be shifted to fit the one before

Flow = Callable[[Tensor, Tensor], Tensor]
"""Features (B, F, W) and prompt mel (1, M, P) to mel (B, M, F); the prompt's frames are ignored."""
Vocode = Callable[[Tensor], Tensor]
"""Mel (1, M, F) to samples (1, N)."""


@dataclass(frozen=True)
class ChunkSizes:
    """Lengths in mel frames.

    Attributes:
        prompt: most of the prompt that is continued.
        chunk: prompt and speech of one call.
        overlap: between chunks side by side.
    """

    prompt: int
    chunk: int
    overlap: int


@dataclass(frozen=True)
class Continued:
    """What the flow continues.

    Attributes:
        mel: (1, M, P), normalised.
        features: (1, W, P).
    """

    mel: Tensor
    features: Tensor

    @property
    def frames(self) -> int:
        """P."""
        return self.mel.shape[2]

    def fitted(self, most: int) -> Continued:
        """Mel and features of the same time, and of it the last frames."""
        frames = min(self.mel.shape[2], self.features.shape[2])
        first = max(0, frames - most)
        return Continued(self.mel[..., first:frames], self.features[..., first:frames])


def mel_in_turn(flow: Flow, prompt: Continued, features: Tensor, sizes: ChunkSizes) -> Tensor:
    """One sentence, chunk after chunk.

    Args:
        flow: makes mel.
        prompt: of any length.
        features: (1, W, F) of the sentence.
        sizes: of the chunks.

    Returns:
        (1, M, F).
    """
    before = prompt.fitted(sizes.prompt)
    frames = before.frames
    made = []
    for chunk in features.split(sizes.chunk - frames, 2):
        guided = torch.cat([before.features, chunk], 2).mT
        mel = flow(guided, before.mel)[..., before.frames :]
        made.append(mel)
        before = Continued(mel[..., -frames:], chunk[..., -frames:])
    return torch.cat(made, 2)


def sound_side_by_side(
    flow: Flow, vocode: Vocode, prompt: Continued, sentences: Sequence[Tensor], sizes: ChunkSizes
) -> list[Tensor]:
    """Many sentences in one call of the flow.

    Args:
        flow: makes mel.
        vocode: makes samples of mel.
        prompt: of any length.
        sentences: (1, W, F) features each.
        sizes: of the chunks.

    Returns:
        (N,) samples of each sentence; where a joint was shifted, the last is shorter by that.
    """
    before = prompt.fitted(sizes.prompt)
    size = sizes.chunk - before.frames
    chunks, padding = _overlapping(torch.cat(list(sentences), 2), size, sizes.overlap)
    known = before.features.expand(len(chunks), -1, -1)
    mel = flow(torch.cat([known, chunks], 2).mT, before.mel)[..., -size:]
    row = mel.transpose(0, 1).flatten(1)[None]
    samples = vocode(row)[0]
    frame = len(samples) // row.shape[2]
    joined = join_overlapping(list(samples.split(size * frame)), sizes.overlap * frame)
    joined = joined[sizes.overlap * frame : len(joined) - padding * frame]
    sound = []
    for sentence in sentences:
        wanted = sentence.shape[2] * frame
        sound.append(joined[:wanted])
        joined = joined[wanted:]
    return sound


def _overlapping(features: Tensor, size: int, overlap: int) -> tuple[Tensor, int]:
    """Equal chunks (B, W, size) that overlap, zeros before the first, and zeros at the end."""
    features = functional.pad(features, (overlap, 0))
    total = features.shape[2]
    starts = [0]
    while starts[-1] + size - overlap < total:
        starts.append(starts[-1] + size - overlap)
    padding = starts[-1] + size - total
    features = functional.pad(features, (0, padding))
    return torch.cat([features[..., s : s + size] for s in starts]), padding


def join_overlapping(
    pieces: Sequence[Tensor], overlap: int, search: int = SEARCH_SAMPLES
) -> Tensor:
    """Joins sound, each piece shifted to where it is most like the end of the one before.

    Args:
        pieces: (N,) samples each, longer than the overlap.
        overlap: samples that are cross-faded.
        search: furthest shift.

    Returns:
        (N,).
    """
    window = torch.hann_window(2 * overlap, device=pieces[0].device)
    done: list[Tensor] = []
    last = pieces[0].float()
    for piece in pieces[1:]:
        tail, head = last[-overlap:].double(), piece[: overlap + search].double()
        # In single precision the place would depend on the number of threads.
        match = functional.conv1d(head[None, None], tail[None, None])[0, 0]
        energy = functional.conv1d(head.square()[None, None], torch.ones_like(tail)[None, None])
        shift = int((match / (energy[0, 0] + 1e-8).sqrt()).argmax())
        done.append(last[:-overlap])
        last = piece[shift:].float().clone()
        last[:overlap] = window[:overlap] * last[:overlap] + window[overlap:] * tail.float()
    return torch.cat([*done, last])
