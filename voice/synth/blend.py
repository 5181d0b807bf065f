"""New voices of others: timbre embeddings averaged on the hypersphere.

Directions: great-circle interpolation (slerp, Shoemake 1985) for two, the weighted spherical mean
(S. R. Buss, J. P. Fillmore: Spherical averages, 2001) for more. Lengths: the weighted mean.

Axes: K parents, D width of an embedding.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping, Sequence

import numpy as np

from voice.audio.note import now
from voice.errors import ConsentError, OptionError
from voice.synth.labels import check_name
from voice.synth.voicefile import Voice

_STEPS = 100
_CLOSE = 1e-12
_TINY = 1e-9


def slerp(a: np.ndarray, b: np.ndarray, share: float) -> np.ndarray:
    """The point at ``share`` of the great circle from a to b.

    Args:
        a, b: (D,) unit vectors. For opposite ones, any of the half circles would do: one is
            chosen that is the same in both directions.
        share: in [0, 1].
    """
    angle = _angle(a, b)
    if angle < _TINY:
        return a if share < 0.5 else b
    if math.pi - angle < _TINY:
        side = np.eye(len(a))[np.abs(a).argmin()]
        side = side - (side @ a) * a
        return math.cos(share * angle) * a + math.sin(share * angle) * side / np.linalg.norm(side)
    result = math.sin((1 - share) * angle) * a + math.sin(share * angle) * b
    return result / np.linalg.norm(result)


def _angle(a: np.ndarray, b: np.ndarray) -> float:
    """Between unit vectors; exact for near and for opposite ones, unlike the arc cosine."""
    return 2.0 * math.atan2(float(np.linalg.norm(a - b)), float(np.linalg.norm(a + b)))


def spherical_mean(vectors: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The unit vector whose weighted squared great-circle distances have the least sum.

    Args:
        vectors: (K, D) unit vectors.
        weights: (K,) positive, of sum 1.

    Returns:
        (D,) unit vector.
    """
    if len(vectors) == 2:
        return slerp(vectors[0], vectors[1], float(weights[1]))
    mean = weights @ vectors
    if np.linalg.norm(mean) < _TINY:
        mean = vectors[weights.argmax()]
    mean = mean / np.linalg.norm(mean)
    for _ in range(_STEPS):
        step = weights @ np.stack([_log(mean, v) for v in vectors])
        size = float(np.linalg.norm(step))
        if size < _CLOSE:
            break
        mean = math.cos(size) * mean + math.sin(size) * step / size
        mean = mean / np.linalg.norm(mean)
    return mean


def _log(base: np.ndarray, point: np.ndarray) -> np.ndarray:
    """The tangent at ``base`` that leads to ``point``, as long as their distance."""
    across = point - (point @ base) * base
    size = float(np.linalg.norm(across))
    return across * (_angle(base, point) / size) if size > _TINY else np.zeros_like(base)


def blend_timbres(timbres: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """The timbre between others.

    Args:
        timbres: K of (D,), none of them zero.
        weights: K, not negative; they are divided by their sum.

    Returns:
        (D,) float32. A weight of 1 among zeros gives that parent exactly, and the order of the
        parents does not matter.

    Raises:
        OptionError: the weights or the shapes do not allow a blend.
    """
    shares = check_weights({str(i): w for i, w in enumerate(weights)})
    if len(timbres) != len(weights) or not len(timbres):
        raise OptionError(f"{len(timbres)} timbres have {len(weights)} weights")
    if len({np.shape(t) for t in timbres}) != 1:
        raise OptionError("The timbres have different widths: they are of different models")
    used = [(w, np.asarray(t, np.float64)) for t, w in zip(timbres, shares.values(), strict=True)]
    used = sorted(((w, t) for w, t in used if w > 0), key=lambda item: (item[0], item[1].tobytes()))
    norms = np.array([np.linalg.norm(t) for _, t in used])
    if not np.isfinite(norms).all() or norms.min() <= 0:
        raise OptionError("A timbre is zero or not finite")
    if len(used) == 1:
        return used[0][1].astype(np.float32)
    share = np.array([w for w, _ in used])
    units = np.stack([t for _, t in used]) / norms[:, None]
    return (spherical_mean(units, share) * (share @ norms)).astype(np.float32)


def mean_pitch(pitches: Sequence[float], weights: Sequence[float]) -> float:
    """The weighted geometric mean in Hz; 0 if one with a weight is 0 (unknown), or there is none.

    Args:
        pitches: in Hz.
        weights: not negative, of any sum over 0.
    """
    used = [(w, hz) for hz, w in zip(pitches, weights, strict=True) if w > 0]
    if not used or min(hz for _, hz in used) <= 0:
        return 0.0
    total = math.fsum(w for w, _ in used)
    return 2.0 ** (math.fsum(w * math.log2(hz) for w, hz in used) / total)


def mean_equalizer(
    equalizers: Sequence[np.ndarray | None], shares: Sequence[float]
) -> np.ndarray | None:
    """The weighted mean of (K,) gains in dB, None being no gain; None if all are.

    Args:
        equalizers: of the parents.
        shares: of sum 1.
    """
    known = [(w, e) for w, e in zip(shares, equalizers, strict=True) if e is not None and w > 0]
    if not known:
        return None
    return np.sum([w * e.astype(np.float64) for w, e in known], 0).astype(np.float32)


def check_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """Weights divided by their sum.

    Args:
        weights: by name.

    Raises:
        OptionError: names those that are negative or not finite, or all are zero.
    """
    bad = [f"{k} = {v}" for k, v in weights.items() if not _usable(v)]
    if bad:
        raise OptionError(
            f"Blend weights are wrong: {', '.join(bad)}", "They must be finite numbers, 0 or more."
        )
    largest = max(weights.values(), default=0.0)
    if largest <= 0:
        raise OptionError("Blend weights are all 0", "At least one must be more than 0.")
    scaled = {k: v / largest for k, v in weights.items()}  # the sum of huge ones could overflow
    total = math.fsum(scaled.values())
    return {k: v / total for k, v in scaled.items()}


def _usable(weight: object) -> bool:
    number = isinstance(weight, int | float | np.integer | np.floating)
    return bool(
        number and not isinstance(weight, bool) and math.isfinite(weight) and weight >= 0
    )


def blend_voices(
    weights: Mapping[Voice, float], name: str = "", *, prosody_of: Voice | None = None,
    prosody: Mapping[Voice, float] | None = None, require_consent: bool = False,
) -> Voice:
    """A new voice between others.

    Args:
        weights: by voice; two or more voices, of one model.
        name: of the new voice; may be empty if it is not kept.
        prosody_of: the parent whose prompt it continues; by default the heaviest.
        prosody: weights of the manner of speaking, where they are not those of the timbre: its
            pitch lies between by these, and the heaviest one's prompt is continued.
        require_consent: whether every parent must have a consent statement. Without, a parent
            that has none leaves the new voice without one, and so it cannot be kept.

    Returns:
        The voice, its parents' weights (of sum 1) in ``parents``.

    Raises:
        OptionError: the weights are wrong, there are fewer than two voices, or the voices are
            of different models.
        ConsentError: a parent has no consent statement, where that is required.
    """
    voices = list(weights)
    if len(voices) < 2:
        raise OptionError("A blend needs two or more voices", "Name another voice.")
    names = _distinct([voice.name or "unnamed" for voice in voices])
    shares = check_weights(dict(zip(names, weights.values(), strict=True)))
    _check_models(voices, names)
    if require_consent:
        _check_consents(voices, names)
    spoken = _prosody(voices, names, prosody_of, prosody)
    pitched = list((spoken or shares).values())
    leader = prosody_of or voices[max(range(len(voices)), key=pitched.__getitem__)]
    return Voice(
        name=check_name(name) if name else "",
        model=leader.model,
        revision=leader.revision,
        timbre=blend_timbres([v.timbre for v in voices], list(shares.values())),
        pitch_hz=mean_pitch([v.pitch_hz for v in voices], pitched),
        equalizer=mean_equalizer([v.equalizer for v in voices], list(shares.values())),
        prompt_codes=leader.prompt_codes,
        prompt_phonemes=leader.prompt_phonemes,
        prompt_text=leader.prompt_text,
        prompt_mel=leader.prompt_mel,
        languages=tuple(dict.fromkeys(lang for v in (leader, *voices) for lang in v.languages)),
        consent=_inherited(voices, names),
        consent_date=max(voice.consent_date for voice in voices),
        source_hash=_source(voices, list(shares.values())),
        parents=shares,
        prosody={name: share for name, share in spoken.items() if share},
        created=now(),
    )


def _prosody(
    voices: Sequence[Voice], names: Sequence[str], leader: Voice | None,
    weights: Mapping[Voice, float] | None,
) -> dict[str, float]:
    """Shares of the manner of speaking by name; empty where they are those of the timbre."""
    foreign = [v.name or "unnamed" for v in ([leader] if leader else list(weights or {}))
               if v not in voices]
    if foreign:
        raise OptionError(
            f"The prosody is to come from {', '.join(foreign)}, which is not blended",
            f"Name one of {', '.join(names)}.",
        )
    if leader is not None and weights is not None:
        raise OptionError("The prosody has both one voice and weights", "Give one of them.")
    if weights is None:
        return {}
    return check_weights({n: weights.get(v, 0.0) for n, v in zip(names, voices, strict=True)})


def _distinct(names: list[str]) -> list[str]:
    """Names of which later ones of the same spelling carry a number."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        result.append(name if seen[name] == 1 else f"{name[:70]} ({seen[name]})")
    return result


def _check_models(voices: Sequence[Voice], names: Sequence[str]) -> None:
    made_for = {
        name: f"{v.model} {v.revision}".strip() for name, v in zip(names, voices, strict=True)
    }
    if len(set(made_for.values())) > 1:
        shown = ", ".join(f"{name} for {model}" for name, model in made_for.items())
        raise OptionError(
            f"The voices are made for different models ({shown})",
            "Make them again with one model.",
        )


def _check_consents(voices: Sequence[Voice], names: Sequence[str]) -> None:
    missing = [n for n, v in zip(names, voices, strict=True) if not v.consent.strip()]
    if missing:
        raise ConsentError(
            f"No consent statement was given for {', '.join(missing)}",
            "Keep the voice with one first.",
        )


def _inherited(voices: Sequence[Voice], names: Sequence[str]) -> str:
    """The parents' statements, each once; empty if one of them has none."""
    statements = [voice.consent.strip() for voice in voices]
    if not all(statements):
        return ""
    by_text: dict[str, list[str]] = {}
    for name, statement in zip(names, statements, strict=True):
        by_text.setdefault(statement, []).append(name)
    return "; ".join(f"{', '.join(who)}: {text}" for text, who in by_text.items())[:4000]


def _source(voices: Sequence[Voice], shares: Sequence[float]) -> str:
    parts = sorted(f"{v.source_hash} {w:.9f}" for v, w in zip(voices, shares, strict=True))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
