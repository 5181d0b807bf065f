"""What the judged loss says: positive is worse, in pairs, kept beside the weights it is of."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from recipes.export import loss
from tests.export.conftest import Case
from voice.errors import ModelFileError
from voice.export.judged import FILE, Judged, read_judged, schemes_of, write_judged
from voice.export.manifest import LossEntry, read_manifest


def scored(errors: int, sim: float, mos: float, count: int = 12) -> list[dict]:
    """Rows that differ much from each other, each by the same from another list's."""
    return [{"reference": f"{i}.wav", "lang": "en" if i % 2 else "zh", "errors": 10 * i + errors,
             "length": 100, "sim": sim + i / 100, "mos": mos + i / 10} for i in range(count)]


def test_losses_are_positive_where_the_smaller_bundle_is_worse() -> None:
    exact, worse = (dict.fromkeys(loss.WAYS, rows)
                    for rows in (scored(0, 0.80, 3.0), scored(2, 0.79, 3.1)))
    found = loss.entries("int8", exact, worse)
    assert [(e.part, e.figure, e.value) for e in found] == [
        (part, name, value) for part in ("all", "text2semantic", "decoder")
        for name, value in (("error rate", 0.02), ("similarity", 0.01), ("DNSMOS", -0.1))]
    # Rates of the rows reach from 0 to 110 %; their differences are all the same.
    assert {e.interval for e in found} == {(0.02, 0.02), (0.01, 0.01), (-0.1, -0.1)}
    assert {(e.precision, e.rows) for e in found} == {("int8", 12)}


def test_a_language_weighs_as_many_rows_as_it_has() -> None:
    rows = [{"lang": "en", "errors": 1, "length": 2}, {"lang": "zh", "errors": 0, "length": 90},
            {"lang": "zh", "errors": 9, "length": 10}]
    assert loss.mean_error_rate(rows) == pytest.approx((0.5 + 2 * 0.09) / 3)


def test_judged_losses_are_kept_for_bundles_of_the_same_weights_and_schemes(
    case: Case, tmp_path: Path
) -> None:
    manifest = read_manifest(case.folder)
    own = LossEntry("all", "int8", "error rate", 0.01, 60, f"{loss.HOW}: x", (-0.01, 0.02))
    traced = LossEntry("read", "int8", "share", 0.0, 6, "python -m voice export")
    assert read_judged(tmp_path) == Judged()
    write_judged(tmp_path, [dataclasses.replace(manifest, losses=(traced, own))])
    kept = read_judged(tmp_path)
    schemes = {x.part: x.scheme for x in schemes_of(manifest)}
    assert kept.of(manifest.revision, schemes) == (own,)
    assert kept.of(manifest.revision, {"decoder": schemes["decoder"]}) == (own,)
    assert kept.of("another", schemes) == ()
    assert kept.of(manifest.revision, schemes | {"decoder": "int8"}) == ()
    # Another choice of schemes stands beside it; the same again takes its place.
    graphs = tuple(dataclasses.replace(g, precision="fp16") for g in manifest.graphs)
    other = dataclasses.replace(own, value=0.03)
    write_judged(tmp_path, [dataclasses.replace(manifest, graphs=graphs, losses=(other,))])
    newer = dataclasses.replace(own, value=0.02)
    write_judged(tmp_path, [dataclasses.replace(manifest, losses=(newer,))])
    kept = read_judged(tmp_path)
    assert kept.of(manifest.revision, schemes) == (newer,)
    assert kept.of(manifest.revision, dict.fromkeys(schemes, "fp16")) == (other,)
    # Those of other weights go.
    write_judged(tmp_path, [dataclasses.replace(manifest, revision="another", losses=(own,))])
    kept = read_judged(tmp_path)
    assert kept.of("another", schemes) == (own,) and kept.of(manifest.revision, schemes) == ()
    (tmp_path / FILE).write_text("{", "utf8")
    with pytest.raises(ModelFileError, match="losses.json"):
        read_judged(tmp_path)
