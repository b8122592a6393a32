from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from dashboard.metrics.calibration import (
    Reliability,
    brier_score,
    expected_calibration_error,
    reliability,
)
from dashboard.metrics.counts import ScoreCounts, exact_counts
from scripts.intervals.calibration_error import compared

cohorts = st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=1, max_size=80)


def test_brier_by_hand() -> None:
    assert brier_score(exact_counts([1, 0, 1], [0.9, 0.2, 0.4])).value == pytest.approx((0.1**2 + 0.2**2 + 0.6**2) / 3)


@settings(max_examples=150)
@given(cohorts)
def test_brier_agrees_with_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    outcome, pd = np.array([row[0] for row in rows]), np.array([row[1] for row in rows]) / 12
    found = brier_score(exact_counts(outcome, pd))
    assert found.value == pytest.approx(brier_score_loss(outcome, pd, pos_label=True), abs=1e-9)


def test_the_brier_score_of_a_cohort_without_defaults_allows_for_some() -> None:
    # 0 of 100 defaults leave room for 3 %, which at a PD of 10 % would add 0.81 each.
    found = brier_score(exact_counts([0] * 100, [0.1] * 100))
    assert found.value == pytest.approx(0.01)
    assert found.high == pytest.approx(0.01 + 0.81 * 0.028, abs=2e-3)


def test_with_many_applications_it_is_the_mean_and_196_standard_errors(exact: ScoreCounts) -> None:
    found = brier_score(exact)
    good, bad = exact.edges**2, (1 - exact.edges) ** 2
    mean = float(good @ exact.good + bad @ exact.bad) / exact.n_applications
    squares = float((good - mean) ** 2 @ exact.good + (bad - mean) ** 2 @ exact.bad)
    half = 1.959963984540054 * np.sqrt(squares) / exact.n_applications
    assert [found.low, found.high] == pytest.approx([mean - half, mean + half], rel=2e-4)


def test_bins_bound_the_errors(binned: ScoreCounts, exact: ScoreCounts) -> None:
    coarse, fine = brier_score(binned).value, brier_score(exact).value
    assert coarse is not None
    assert fine is not None
    assert 0 <= fine - coarse <= 2.5e-9
    ece, exact_ece = (expected_calibration_error(counts).error.value for counts in (binned, exact))
    assert ece == pytest.approx(exact_ece, abs=1e-4)


def test_brier_covers_95_percent() -> None:
    rng = np.random.default_rng(11)
    pd = np.array([0.02, 0.05, 0.1, 0.2, 0.4])
    share = np.array([0.3, 0.3, 0.2, 0.15, 0.05])
    truth = float(share @ (pd * (1 - pd)))
    cells = rng.multinomial(20_000, np.concatenate([share * (1 - pd), share * pd]), 4_000)
    zeros, hits = np.zeros(5), 0
    for good, bad in zip(cells[:, :5], cells[:, 5:], strict=True):
        found = brier_score(ScoreCounts(pd, good, bad, good * pd, bad * pd, zeros, zeros))
        hits += found.low <= truth <= found.high if found.low is not None and found.high is not None else 0
    assert hits / 4_000 == pytest.approx(0.95, abs=0.01)


def test_reliability_agrees_with_scikit_learn_without_ties() -> None:
    rng = np.random.default_rng(12)
    pd = rng.permutation(np.linspace(0.01, 0.6, 1_000))
    outcome = rng.random(1_000) < pd
    found = reliability(exact_counts(outcome, pd), n_groups=20)
    rate, mean = calibration_curve(outcome, pd, n_bins=20, strategy="quantile")
    assert found.applications.tolist() == [50] * 20
    np.testing.assert_allclose(found.default_rate, rate, atol=1e-9)
    np.testing.assert_allclose(found.mean_pd, mean, atol=1e-9)
    error = expected_calibration_error(exact_counts(outcome, pd), n_groups=20).error.value
    assert error == pytest.approx(np.abs(rate - mean).mean(), abs=1e-9)


def test_groups_that_fit_by_hand() -> None:
    # A mean PD of 5 % lies inside 2 to 11 %, one of 30 % outside 7 to 16 %; of two right groups 1.9 fit on average.
    rates = np.array([0.05, 0.1])
    found = Reliability(
        np.array([100, 100]), np.array([5, 10]), np.array([0.05, 0.3]), rates, rates - 0.03, rates + 0.06
    )
    assert found.n_fitting == 1
    assert found.n_fitting_if_right == pytest.approx(1.9)


def test_ties_stay_together() -> None:
    # Seven applications at 0.1 and three at 0.5, asked for in five groups: two remain.
    found = reliability(exact_counts([1] + [0] * 6 + [1, 1, 0], [0.1] * 7 + [0.5] * 3), n_groups=5)
    assert found.applications.tolist() == [7, 3]
    assert found.defaults.tolist() == [1, 2]
    error = expected_calibration_error(exact_counts([1] + [0] * 6 + [1, 1, 0], [0.1] * 7 + [0.5] * 3), n_groups=5)
    assert error.error.value == pytest.approx(0.7 * (1 / 7 - 0.1) + 0.3 * (2 / 3 - 0.5))


@pytest.mark.parametrize(
    ("size", "n_groups", "scale"), [(100, 50, 1.0), (620, 20, 1.0), (2_000, 20, 0.05), (5_000, 5, 1.0)]
)
def test_the_noise_is_that_of_right_pds_drawn_one_by_one(size: int, n_groups: int, scale: float) -> None:
    pd = scale * np.random.default_rng(size).beta(1.2, 13.6, size)
    found = compared(pd, n_groups, n_samples=8_000, seed=19)
    assert found.mean == pytest.approx(found.drawn_mean, rel=0.01)
    assert found.high == pytest.approx(found.drawn_high, rel=0.015)
    assert found.below == pytest.approx(0.95, abs=0.008)


def test_the_noise_of_one_group_by_hand() -> None:
    # Of two applications at 50 %, 0, 1 or 2 default: the error is 0 half the time and 50 % the other half.
    found = expected_calibration_error(exact_counts([0, 1], [0.5, 0.5]), n_groups=1)
    assert found.noise == pytest.approx(0.25)
    assert found.noise_high == pytest.approx(0.5, abs=1e-3)


def test_sure_pds_have_no_noise() -> None:
    found = expected_calibration_error(exact_counts([1, 0], [0.0, 1.0]))
    assert (found.error.value, found.noise, found.noise_high) == (1.0, 0.0, 0.0)


def test_empty_cohort_is_not_defined() -> None:
    empty = ScoreCounts.empty()
    assert brier_score(empty).value is None
    assert expected_calibration_error(empty).error.value is None
    assert reliability(empty).applications.size == 0


def test_one_row_has_a_score_without_interval() -> None:
    found = brier_score(exact_counts([1], [0.7]))
    assert found.value == pytest.approx(0.09)
    assert found.low is None
