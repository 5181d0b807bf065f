"""What a precision costs is measured on the same voices, whoever a bundle is for."""

from __future__ import annotations

import numpy as np

from tests.export.conftest import Case
from voice.export import measure


def test_the_same_weights_are_measured_with_the_same_voices(case: Case) -> None:
    first, again = measure.speakers(case.model), measure.speakers(case.model)
    assert [voice.name for voice in first] == ["Isla", "Heng"]
    for one, other in zip(first, again, strict=True):
        assert len(one.prompt_codes)
        assert one.consent
        np.testing.assert_array_equal(one.prompt_codes, other.prompt_codes)
        np.testing.assert_array_equal(one.timbre, other.timbre)
