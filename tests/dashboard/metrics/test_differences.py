"""Differences of means over disjoint parts, and what an interval says of chance."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.differences import (
    NO_COMPARISON,
    SAME_APPLICATIONS,
    correlated_difference,
    linear_combination,
    mean_difference,
    p_value,
    shared_correlation,
    split,
)
from dashboard.metrics.estimate import NO_APPLICATIONS, Estimate
from dashboard.metrics.rates import default_rate


def cohort(defaults: int, applications: int, pd: float = 0.1) -> ScoreCounts:
    return exact_counts(np.arange(applications) < defaults, np.full(applications, pd))


def size(counts: ScoreCounts) -> float:
    return counts.n_applications


def rates(one: ScoreCounts, two: ScoreCounts, shared: ScoreCounts | None = None) -> Estimate:
    return mean_difference(split(one, two, shared), default_rate, size)


def test_two_shares_differ_as_newcombe_has_it() -> None:
    # His example (a): 56 of 70 against 48 of 80, method 10.
    found = rates(cohort(56, 70), cohort(48, 80))
    assert (found.value, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


def test_a_part_differs_from_its_whole_as_much_less_as_the_rest_is_less_than_the_whole() -> None:
    part, rest = cohort(30, 200), cohort(40, 600, pd=0.2)
    whole, apart = rates(part, part + rest, part), rates(part, rest)
    for found, wanted in ((whole.value, apart.value), (whole.low, apart.low), (whole.high, apart.high)):
        assert found == pytest.approx(0.75 * (wanted or 0.0))
    assert (rates(part + rest, part, part).value or 0) == pytest.approx(-(whole.value or 0))


def test_cohorts_that_overlap_differ_by_their_three_parts() -> None:
    one, two, both = cohort(10, 100), cohort(40, 200, pd=0.2), cohort(60, 300, pd=0.3)
    found = rates(one + both, two + both, both)
    assert found.value == pytest.approx(70 / 400 - 100 / 500)
    # By hand: 0.25, -0.4 and 0.75 - 0.6 of the parts' rates, whose Wilson intervals SciPy gives.
    reach = []
    for factor, hits, n in ((0.25, 10, 100), (-0.4, 40, 200), (0.15, 60, 300)):
        interval = stats.binomtest(hits, n).proportion_ci(method="wilson")
        reach.append(sorted(factor * (end - hits / n) for end in (interval.low, interval.high)))
    low, high = (math.sqrt(sum(ends[i] ** 2 for ends in reach)) for i in (0, 1))
    assert (found.low, found.high) == pytest.approx((-0.025 - low, -0.025 + high))


def test_nothing_to_compare_says_why() -> None:
    some, none = cohort(1, 5), ScoreCounts.empty()
    assert rates(none, some).reason == NO_APPLICATIONS
    assert rates(some, none).reason == NO_COMPARISON
    assert rates(some, some, some).reason == SAME_APPLICATIONS
    assert correlated_difference(Estimate(1.0, 0.0, 2.0), Estimate.undefined("x")).reason == NO_COMPARISON


def test_figures_without_an_interval_differ_without_one() -> None:
    assert linear_combination([(2.0, Estimate(1.0)), (-1.0, Estimate(3.0, 2.0, 4.0))]) == Estimate(-1.0)
    assert correlated_difference(Estimate(1.0), Estimate(3.0, 2.0, 4.0)) == Estimate(-2.0)


def test_errors_that_are_shared_cancel() -> None:
    one, two = Estimate(0.5, 0.4, 0.6), Estimate(0.3, 0.2, 0.4)
    assert correlated_difference(one, two, 1.0) == Estimate(0.2, 0.2, 0.2)
    assert correlated_difference(one, two).low == pytest.approx(0.2 - math.hypot(0.1, 0.1))
    part, rest = cohort(30, 200), cohort(90, 600, pd=0.2)
    assert shared_correlation(split(part, part + rest, part)) == pytest.approx(math.sqrt(30 / 120))
    assert shared_correlation(split(part, rest, None)) == 0.0


@pytest.mark.parametrize(("value", "error"), [(0.3, 0.1), (-0.2, 0.11), (0.0, 1.0)])
def test_the_p_value_of_a_normal_interval_is_the_normal_test(value: float, error: float) -> None:
    half = stats.norm.ppf(0.975) * error
    found = p_value(Estimate(value, value - half, value + half))
    assert found == pytest.approx(2 * stats.norm.sf(abs(value) / error))
    assert p_value(Estimate(value)) is None


def test_p_is_below_5_percent_where_the_interval_leaves_out_0() -> None:
    just, not_quite = Estimate(0.2, 1e-9, 0.9), Estimate(0.2, -1e-9, 0.9)
    assert (p_value(just) or 1) < 0.05 < (p_value(not_quite) or 0)
    assert (p_value(Estimate(-0.2, -0.9, 1e-9)) or 0) > 0.05
