"""Each refusal says what, and what to do."""

from __future__ import annotations

import pytest

from inference.calibrating.errors import CalibrationError


@pytest.mark.parametrize(
    ("error", "what_to_do"),
    [
        (CalibrationError.from_few(3, 1, 10), "choose a larger cohort"),
        (CalibrationError.from_separation(), "isotonic or grades"),
        (CalibrationError.from_reversed("a slope of -1"), "which end of the score is the riskier"),
        (CalibrationError.from_points("beta"), "use platt, isotonic or grades"),
        (CalibrationError.from_target(0.001, 0.01, 1.0), "between 0.01 and 1"),
        (CalibrationError.from_no_rate(), "--target-rate"),
        (CalibrationError.from_unreadable("no JSON"), "calibrate again"),
    ],
)
def test_a_refusal_is_one_sentence(error: CalibrationError, what_to_do: str) -> None:
    assert what_to_do in str(error)
    assert str(error).endswith(".")
    assert "\n" not in str(error)
