"""What judges found a precision to cost, kept beside a model's weights for its later bundles.

``losses.json`` in the model's folder: for each precision the scheme of every part it was measured
with, and the losses. A bundle of the same weights and the same schemes has them in its manifest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from voice.errors import ModelFileError
from voice.export.manifest import LossEntry, Manifest
from voice.spec.load import from_dict, to_dict

FILE = "losses.json"
_MOST_BYTES = 1 << 20
_OWN = "python -m voice export"  # measured anew by every export


@dataclass(frozen=True)
class PartScheme:
    """A part of the model and the scheme of its weights."""

    part: str
    scheme: str


@dataclass(frozen=True)
class JudgedPrecision:
    """Losses of one choice of schemes.

    Attributes:
        revision: of the weights.
        schemes: of every part that the measured bundles had.
        losses: as in the manifest.
    """

    revision: str
    schemes: tuple[PartScheme, ...]
    losses: tuple[LossEntry, ...]


@dataclass(frozen=True)
class Judged:
    """The content of the file."""

    precisions: tuple[JudgedPrecision, ...] = ()

    def of(self, revision: str, schemes: Mapping[str, str]) -> tuple[LossEntry, ...]:
        """Losses of these weights with these schemes; none where they were not measured."""
        for own in self.precisions:
            measured = {(x.part, x.scheme) for x in own.schemes}
            if own.revision == revision and measured >= set(schemes.items()):
                return own.losses
        return ()


def schemes_of(manifest: Manifest) -> tuple[PartScheme, ...]:
    """The scheme of each part of a bundle."""
    found = {Path(g.weights).stem: g.precision for g in manifest.graphs}
    return tuple(PartScheme(part, scheme) for part, scheme in found.items())


def read_judged(folder: Path) -> Judged:
    """What is known of a model; nothing where there is no file.

    Raises:
        ModelFileError: the file is damaged.
    """
    path = folder / FILE
    if not path.is_file():
        return Judged()
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("too large")
        return from_dict(Judged, json.loads(path.read_bytes()), str(path))
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{path}: cannot be read ({error})",
                             "Remove it, or measure again.") from error


def write_judged(folder: Path, manifests: Iterable[Manifest]) -> None:
    """Keeps the judged losses of bundles beside the model, with those of other schemes of it."""
    new = [JudgedPrecision(m.revision, schemes_of(m), tuple(x for x in m.losses if x.how != _OWN))
           for m in manifests if any(x.how != _OWN for x in m.losses)]
    measured = [(own.revision, set(own.schemes)) for own in new]
    old = [own for own in read_judged(folder).precisions
           if own.revision in {revision for revision, _ in measured}
           and (own.revision, set(own.schemes)) not in measured]
    found = Judged((*old, *new))
    text = json.dumps(to_dict(found), ensure_ascii=False, indent=1, allow_nan=False)
    (folder / FILE).write_text(text + "\n", "utf8")
