"""What the judged loss writes into manifests: positive is worse, whatever the figure."""

from __future__ import annotations

from recipes.export.loss import entries


def test_losses_are_positive_where_the_smaller_bundle_is_worse() -> None:
    exact = {"error rate": 0.10, "similarity": 0.80, "DNSMOS": 3.0}
    worse = {"error rate": 0.12, "similarity": 0.79, "DNSMOS": 3.1}
    found = {e.figure: e for e in entries("int8", exact, worse, 60)}
    assert {name: e.value for name, e in found.items()} == {
        "error rate": 0.02, "similarity": 0.01, "DNSMOS": -0.1}
    assert {(e.part, e.precision, e.rows) for e in found.values()} == {("all", "int8", 60)}
