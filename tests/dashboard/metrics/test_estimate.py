from __future__ import annotations

import math

import pytest

from dashboard.metrics.estimate import Z95, Estimate, normal_estimate


def test_value_outside_its_interval_is_refused() -> None:
    with pytest.raises(ValueError, match="low <= value <= high"):
        Estimate(0.5, 0.6, 0.7)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_numbers_that_are_none_are_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        Estimate(bad)


def test_undefined_needs_a_reason() -> None:
    with pytest.raises(ValueError, match="gives the reason"):
        Estimate(None)
    assert Estimate.undefined("nobody came").explanation == "not defined because nobody came"


def test_mapping_moves_value_and_ends() -> None:
    assert Estimate(0.75, 0.7, 0.8).mapped(lambda x: 10 * x) == Estimate(7.5, 7.0, 8.0)
    assert Estimate.undefined("why").mapped(math.exp) == Estimate.undefined("why")
    assert Estimate(0.75).mapped(lambda x: 2 * x) == Estimate(1.5)


def test_normal_interval_is_kept_in_range() -> None:
    assert pytest.approx(1.959963984540054, abs=1e-12) == Z95
    estimate = normal_estimate(0.1, 0.1, low=0)
    assert estimate.low == 0
    assert estimate.high == pytest.approx(0.1 + 0.1959963984540054)
