"""Which points of a curve are drawn: by hand, and on random walks."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.metrics.curves import spread_along


def test_points_at_which_nothing_was_travelled_are_left_out() -> None:
    assert spread_along(np.array([0.0, 0.0, 0.5, 0.5, 1.0])).tolist() == [0, 2, 4]


def test_steps_are_equal_along_the_curve_and_not_along_its_points() -> None:
    # Ninety points cover the first tenth, ten the rest: five points lie nearest to 0, 0.25, 0.5, 0.75 and 1 from above.
    travelled = np.concatenate([np.linspace(0, 0.1, 90), np.linspace(0.2, 1, 9)])
    assert travelled[spread_along(travelled, 5)].tolist() == [0.0, 0.30000000000000004, 0.5, 0.8, 1.0]


@settings(max_examples=100)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=200), st.integers(2, 50))
def test_both_ends_stay_and_no_two_points_are_farther_apart_than_one_step_and_one_jump(
    steps: list[int], most: int
) -> None:
    travelled = np.cumsum(steps).astype(np.float64)
    kept = spread_along(travelled, most)
    assert kept.size <= most
    assert (np.diff(kept) > 0).all()
    assert (travelled[kept[0]], travelled[kept[-1]]) == (travelled[0], travelled[-1])
    step = (travelled[-1] - travelled[0]) / (most - 1)
    assert (np.diff(travelled[kept]) <= step + max(steps) + 1e-9).all()
