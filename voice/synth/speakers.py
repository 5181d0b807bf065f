"""Whether a recording holds two speakers: the timbres of its parts fall into two groups.

Windows of two seconds are embedded by the model's timbre encoder and parted by 2-means under the
cosine. Measured with ``mini`` on 66 recordings of 57 people and on 150 joined pairs of them: no
single speaker scored over 0.21, 95 % of the pairs over 0.24.

Axes: W windows, D width, N samples.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from voice.audio.mel import spectrum
from voice.audio.prepare import Prepared

if TYPE_CHECKING:
    from voice.checkpoints.store import Model

WINDOW_SECONDS = 2.0
MOST_WINDOWS = 24
APART = 0.24
"""From here on two groups are two speakers."""
_SMALLEST_SHARE = 0.2
_SILENT = 0.01
_ROUNDS = 10


def doubts(model: Model, recordings: list[Prepared]) -> list[str]:
    """A sentence for each recording in which two people seem to speak; only for models whose
    timbres this was measured on, those that read back."""
    if not model.reads:
        return []
    return [
        f"{one.name} seems to hold two voices: if two people speak in it, cut it to one."
        for one in recordings
        if one.quality.pitch_groups_hz is None and apart(window_timbres(model, one)) > APART
    ]


def window_timbres(model: Model, recording: Prepared) -> np.ndarray:
    """(W, D) unit vectors of windows of speech that overlap by half, up to 24; (0, 0) where it is
    too short for two."""
    settings = model.spec.decoder.timbre.spectrum
    samples = recording.at(settings.sample_rate)
    size = round(WINDOW_SECONDS * settings.sample_rate)
    if len(samples) < 2 * size:
        return np.zeros((0, 0), np.float32)
    count = min(MOST_WINDOWS, 2 * len(samples) // size - 1)
    starts = np.linspace(0, len(samples) - size, count).astype(int)
    rows = np.stack([samples[start : start + size] for start in starts]).astype(np.float32)
    rows = rows[np.sqrt(np.square(rows).mean(1)) > _SILENT * np.abs(samples).max()]
    waves = torch.from_numpy(rows).to(model.device)
    lengths = torch.full((len(rows),), size, device=model.device)
    with torch.inference_mode():
        found = spectrum(waves, settings, lengths)
        timbres = model.decoder.timbre(found, lengths // settings.hop_samples, None)
    made = timbres.float().cpu().numpy()
    return made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)


def apart(timbres: np.ndarray) -> float:
    """How far two groups of (W, D) unit vectors are apart: the mean cosine to the own centre less
    that between the centres; 0 where they do not fall into two groups of some size."""
    count = len(timbres)
    if count < 4:
        return 0.0
    alike = timbres @ timbres.T
    first, second = (timbres[i] for i in np.unravel_index(alike.argmin(), alike.shape))
    near = np.zeros(count, bool)
    for _ in range(_ROUNDS):
        near = timbres @ first > timbres @ second
        if near.all() or not near.any():
            return 0.0
        first, second = (_unit(timbres[part].mean(0)) for part in (near, ~near))
    if min(near.sum(), count - near.sum()) < max(2, _SMALLEST_SHARE * count):
        return 0.0
    own = ((timbres[near] @ first).mean() + (timbres[~near] @ second).mean()) / 2
    return float(own - first @ second)


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / max(float(np.linalg.norm(vector)), 1e-9)
