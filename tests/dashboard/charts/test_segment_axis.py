from __future__ import annotations

import numpy as np
import pytest

from dashboard.charts.segment_axis import Axis, make_axis

LOW, VALUE, HIGH = np.array([1.0, 2.0, 4.0]), np.array([2.0, 4.0, 6.0]), np.array([3.0, 7.0, 60.0])


def test_values_and_lines_are_on_the_axis_and_a_wide_interval_is_not_all_of_it() -> None:
    axis = make_axis(LOW, VALUE, HIGH, [9.0], from_zero=True)
    # Values and the line span 2 to 9, so that nothing beyond 9 + 7 is on it, but for a margin of 4 %.
    assert [axis.low, axis.high] == pytest.approx([1 - 0.6, 16 + 0.6])
    low, high = axis.clipped(LOW, HIGH)
    assert low.tolist() == LOW.tolist()
    assert high.tolist() == [3.0, 7.0, axis.high]
    assert axis.is_left(8.0)
    assert not axis.is_left(9.0)


@pytest.mark.parametrize(
    ("ends", "lines", "wanted"),
    [
        (([4.0], [5.0], [7.0]), [], (4.0, 7.0)),
        (([5.0], [5.0], [5.0]), [], (5.0, 5.0)),
        (([], [], []), [], (0.0, 1.0)),
        (([-3.0], [-2.0], [-1.0]), [0.0], (-3.0, 0.0)),
    ],
)
def test_one_value_or_none_has_an_axis(
    ends: tuple[list[float], list[float], list[float]], lines: list[float], wanted: tuple[float, float]
) -> None:
    low, value, high = (np.array(each, dtype=np.float64) for each in ends)
    axis = make_axis(low, value, high, lines, from_zero=False)
    assert axis.low <= wanted[0] <= wanted[1] <= axis.high
    assert axis.high - axis.low > 0


def test_shares_have_no_axis_below_0() -> None:
    nothing = np.zeros(2)
    assert make_axis(nothing, nothing, np.ones(2), [0.5], from_zero=True).low == 0.0
    assert make_axis(nothing, nothing, np.ones(2), [0.5], from_zero=False).low < 0.0
    assert Axis(0.0, 1.0).clipped(np.array([-1.0]), np.array([0.5]))[0].tolist() == [0.0]
