"""The space of timbres: how alike two voices are, a map of them, and new voices drawn from it.

The map is a principal component analysis of the embeddings' directions; mixing by place weighs the
neighbours by inverse distance (D. Shepard: A two-dimensional interpolation function, 1968). A new
voice is drawn as a random blend of a few voices that is then moved away from the middle of all:
blends lie nearer to the middle than people do, and so sound alike.

Axes: K voices, D width of an embedding.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from voice.errors import OptionError
from voice.synth.blend import blend_voices, mean_pitch
from voice.synth.voicefile import Voice

NEIGHBOURS = 4
_SOFT = 0.15
_LEAST_SHARE = 0.03
_TINY = 1e-9
FEWEST, _MOST_PARENTS = 3, 3
_REACH = (0.85, 1.1)
"""How far from the middle a drawn voice lies, in parts of what is usual of the others."""
_STRETCH = 1.8
_PITCH_HZ = (70.0, 350.0)
_TRIES = 256


def _units(timbres: Sequence[np.ndarray]) -> np.ndarray:
    rows = np.stack([np.asarray(one, np.float64) for one in timbres])
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), _TINY)


def timbre_similarity(a: np.ndarray, b: np.ndarray) -> float:
    """The cosine between two (D,) timbre embeddings: 1 is the same, 0 has nothing in common.

    Raises:
        OptionError: they are of different widths, so of different models.
    """
    if np.shape(a) != np.shape(b):
        raise OptionError("The timbres have different widths: they are of different models")
    first, second = _units([a, b])
    return float(np.clip(first @ second, -1.0, 1.0))


@dataclass(frozen=True)
class TimbreMap:
    """Voices laid out in a square by timbre.

    Attributes:
        points: (K, 2) float64 in [-1, 1].
        centre: (D,) mean direction.
        axes: (2, D), scaled so that the points fill the square.
    """

    points: np.ndarray
    centre: np.ndarray
    axes: np.ndarray

    @classmethod
    def of(cls, timbres: Sequence[np.ndarray]) -> TimbreMap:
        """The map of K >= 1 embeddings of one width; the same for the same ones.

        Raises:
            OptionError: there are none, or they are of different widths.
        """
        if not len(timbres) or len({np.shape(one) for one in timbres}) > 1:
            raise OptionError("A map needs voices of one model")
        units = _units(timbres)
        centre = units.mean(0)
        _, sizes, directions = np.linalg.svd(units - centre, full_matrices=False)
        axes = np.zeros((2, units.shape[1]))
        for i in range(min(2, int((sizes > _TINY).sum()))):
            axes[i] = directions[i] * np.sign(directions[i][np.abs(directions[i]).argmax()])
        points = (units - centre) @ axes.T
        scale = np.maximum(np.abs(points).max(0), _TINY)  # each way: the square is filled
        return cls(points / scale, centre, axes / scale[:, None])

    def place(self, timbre: np.ndarray) -> tuple[float, float]:
        """Where a (D,) embedding lies; outside of the voices it is put at the edge."""
        found = np.clip(self.axes @ (_units([timbre])[0] - self.centre), -1.0, 1.0)
        return float(found[0]), float(found[1])

    def weights_at(self, x: float, y: float, most: int = NEIGHBOURS) -> np.ndarray:
        """How much of each voice there is at a place: its neighbours, by inverse distance.

        Args:
            x, y: in [-1, 1].
            most: voices that take part, at least two.

        Returns:
            (K,) of sum 1; where there are two voices or more, at least two are over 0.
        """
        away = np.square(self.points - (x, y)).sum(1)
        near = np.argsort(away, kind="stable")[: max(2, most)]
        pull = 1.0 / np.square(away[near] + _SOFT**2)
        pull /= pull.sum()
        pull[pull < _LEAST_SHARE] = 0.0
        pull[:2] = np.maximum(pull[:2], _LEAST_SHARE)
        weights = np.zeros(len(self.points))
        weights[near] = pull
        return weights / weights.sum()


@dataclass(frozen=True)
class Likeness:
    """A voice and how alike another one is.

    Attributes:
        name: of the voice.
        similarity: see :func:`timbre_similarity`.
    """

    name: str
    similarity: float


def likenesses(timbre: np.ndarray, voices: Sequence[Voice]) -> list[Likeness]:
    """How alike a (D,) timbre is to voices of the same model, the closest first; others are
    left out."""
    found = [
        Likeness(voice.name, timbre_similarity(timbre, voice.timbre))
        for voice in voices if np.shape(voice.timbre) == np.shape(timbre)
    ]
    return sorted(found, key=lambda one: -one.similarity)


def draw_voice(
    voices: Sequence[Voice], seed: int, *, apart_from: Sequence[Voice] = ()
) -> Voice:
    """A new, plausible voice: a random blend, as far from the middle as people are.

    Args:
        voices: three or more of one model, each with a consent statement; parents are drawn
            among them, and their statements are inherited.
        seed: the same draws the same voice.
        apart_from: voices it should not be like: of many draws, the one whose closest of these
            is the least alike is taken.

    Returns:
        The voice, without a name; ``parents`` are those it was blended from.

    Raises:
        OptionError: there are too few voices, or they are of different models.
        ConsentError: a drawn parent has no consent statement.
    """
    if len(voices) < FEWEST:
        raise OptionError(f"A new voice is drawn from {FEWEST} voices or more",
                          "Keep more voices first.")
    units = _units([voice.timbre for voice in voices])
    centre = units.mean(0)
    usual = float(np.median(np.linalg.norm(units - centre, axis=1)))
    rng = np.random.default_rng(seed)
    others = [voice.timbre for voice in apart_from
              if np.shape(voice.timbre) == np.shape(voices[0].timbre)]
    crowd = _units(others) if others else np.zeros((0, units.shape[1]))
    best: tuple[float, dict[Voice, float], float] | None = None
    for _ in range(_TRIES if len(crowd) else 1):
        chosen = rng.choice(len(voices), min(_MOST_PARENTS, len(voices)), replace=False)
        shares = 0.1 + 0.7 * rng.dirichlet([1.5] * len(chosen))
        reach = usual * rng.uniform(*_REACH)
        point, _ = _moved(units[chosen], shares / shares.sum(), centre, reach)
        closest = float((crowd @ point).max(initial=-1.0))
        if best is None or closest < best[0]:
            weights = {voices[i]: float(w) for i, w in zip(chosen, shares, strict=True)}
            best = closest, weights, reach
    assert best is not None
    return _drawn(best[1], centre, best[2])


def _moved(
    units: np.ndarray, shares: np.ndarray, centre: np.ndarray, reach: float
) -> tuple[np.ndarray, float]:
    """A blend's direction at ``reach`` from the middle, and by how much it was stretched."""
    away = shares @ units - centre
    stretch = float(np.clip(reach / max(float(np.linalg.norm(away)), _TINY), 1.0, _STRETCH))
    point = centre + stretch * away
    return point / max(float(np.linalg.norm(point)), _TINY), stretch


def _drawn(weights: dict[Voice, float], centre: np.ndarray, reach: float) -> Voice:
    blend = blend_voices(weights, require_consent=True)
    shares = np.array(list(blend.parents.values()))
    lengths = np.array([np.linalg.norm(np.asarray(v.timbre, np.float64)) for v in weights])
    point, stretch = _moved(_units([v.timbre for v in weights]), shares, centre, reach)
    timbre = (point * (shares @ lengths)).astype(np.float32)
    middle = mean_pitch([v.pitch_hz for v in weights], [1.0] * len(weights))
    pitch = blend.pitch_hz
    if pitch and middle:
        pitch = float(np.clip(middle * (pitch / middle) ** stretch, *_PITCH_HZ))
    source = hashlib.sha256(blend.source_hash.encode() + timbre.tobytes()).hexdigest()
    return replace(blend, timbre=timbre, pitch_hz=pitch, source_hash=source)
