from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.optimize import brentq
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression

from dashboard.metrics.calibration_fit import (
    NO_EXPECTED,
    SAME_PDS,
    SEPARATED,
    SMALLEST_PD,
    calibration_in_the_large,
    calibration_slope,
    line_difference,
    shift_difference,
)
from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.differences import NO_COMPARISON, SAME_APPLICATIONS
from dashboard.metrics.estimate import NO_APPLICATIONS, NO_DEFAULTS, NO_NON_DEFAULTS, Estimate

Z = 1.959963984540054
Outcomes = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
cohorts = st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=2, max_size=80)


def arrays(rows: list[tuple[bool, int]]) -> tuple[Outcomes, Floats]:
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows]) / 12


def kept_off(pd: Floats) -> Floats:
    return np.clip(pd, 1e-6, 1 - 1e-6)


def drawn(n_rows: int, *, level: float = 0.0, slope: float = 1.0, seed: int = 3) -> tuple[Outcomes, Floats]:
    """Outcomes and PDs with log-odds of default = level + slope x log-odds of the PD; many ties."""
    rng = np.random.default_rng(seed)
    pd = np.round(rng.beta(1.2, 13.6, n_rows), 3).clip(0.001)
    return rng.random(n_rows) < expit(level + slope * logit(pd)), pd


def assert_estimate(found: Estimate, value: float, error: float) -> None:
    assert found.value == pytest.approx(value, abs=1e-9)
    assert found.low == pytest.approx(value - Z * error, abs=1e-9)
    assert found.high == pytest.approx(value + Z * error, abs=1e-9)


def test_ratio_by_hand() -> None:
    found = calibration_in_the_large(exact_counts([1, 0, 0, 0, 1], [0.1, 0.2, 0.3, 0.1, 0.3])).ratio
    assert found.value == pytest.approx(2 / 1.0)
    # Wilson's ends for 2 of 5, by the formula: (2 + z^2/2 -+ z sqrt(2 x 3/5 + z^2/4)) / (5 + z^2), over a mean of 0.2.
    half = Z * np.sqrt(1.2 + Z**2 / 4)
    assert found.low == pytest.approx((2 + Z**2 / 2 - half) / (5 + Z**2) / 0.2)
    assert found.high == pytest.approx((2 + Z**2 / 2 + half) / (5 + Z**2) / 0.2)


def test_intercept_by_hand() -> None:
    # One PD for all: the shift is the difference of two log-odds, its variance 1 / (n p (1 - p)).
    counts = exact_counts([1] * 20 + [0] * 80, [0.1] * 100)
    assert_estimate(calibration_in_the_large(counts).intercept, float(logit(0.2) - logit(0.1)), 1 / 4)


@settings(max_examples=150)
@given(cohorts)
def test_intercept_solves_its_equation(rows: list[tuple[bool, int]]) -> None:
    outcome, pd = arrays(rows)
    found = calibration_in_the_large(exact_counts(outcome, pd)).intercept
    if outcome.all() or not outcome.any():
        assert found.reason == (NO_NON_DEFAULTS if outcome.all() else NO_DEFAULTS)
        return
    odds = logit(kept_off(pd))
    shift = brentq(lambda a: expit(a + odds).sum() - outcome.sum(), -40, 40, xtol=1e-13, rtol=1e-14)
    fitted = expit(shift + odds)
    assert found.value == pytest.approx(shift, abs=1e-9)
    error = 1 / np.sqrt((fitted * (1 - fitted)).sum())
    assert found.high is not None
    assert found.high - shift == pytest.approx(Z * error, rel=1e-6)


@pytest.mark.parametrize(("level", "slope"), [(0.0, 1.0), (0.4, 1.0), (-0.5, 0.6), (2.0, 1.8), (0.0, -0.3)])
@pytest.mark.parametrize("n_rows", [300, 5_000])
def test_slope_agrees_with_scikit_learn(n_rows: int, level: float, slope: float) -> None:
    outcome, pd = drawn(n_rows, level=level, slope=slope)
    found = calibration_slope(exact_counts(outcome, pd))
    x = logit(pd)
    fit = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-13, max_iter=200).fit(x[:, None], outcome)
    design = np.column_stack([np.ones(n_rows), x])
    fitted = expit(design @ [fit.intercept_[0], fit.coef_[0, 0]])
    covariance = np.linalg.inv(design.T @ (design * (fitted * (1 - fitted))[:, None]))
    assert_estimate(found.slope, fit.coef_[0, 0], np.sqrt(covariance[1, 1]))
    assert_estimate(found.intercept, fit.intercept_[0], np.sqrt(covariance[0, 0]))


@settings(max_examples=300)
@given(cohorts)
def test_slope_solves_its_equations_or_says_why_not(rows: list[tuple[bool, int]]) -> None:
    outcome, pd = arrays(rows)
    found = calibration_slope(exact_counts(outcome, pd))
    good, bad = pd[~outcome], pd[outcome]
    if found.slope.value is None or found.intercept.value is None:
        assert found.slope.reason == found.intercept.reason
        assert found.slope.reason == (
            NO_NON_DEFAULTS
            if not good.size
            else NO_DEFAULTS
            if not bad.size
            else SAME_PDS
            if pd.min() == pd.max()
            else SEPARATED
        )
        if found.slope.reason == SEPARATED:
            assert good.max() <= bad.min() or bad.max() <= good.min()
        return
    odds = logit(kept_off(pd))
    residual = outcome - expit(found.intercept.value + found.slope.value * odds)
    assert residual.sum() == pytest.approx(0, abs=1e-6)
    assert (residual * odds).sum() == pytest.approx(0, abs=1e-5)


def test_sure_pds_are_kept_off_the_ends() -> None:
    counts = exact_counts([0, 1, 0, 1, 0], [0.0, 0.0, 0.4, 0.6, 1.0])
    at_edge = exact_counts([0, 1, 0, 1, 0], [SMALLEST_PD, SMALLEST_PD, 0.4, 0.6, 1 - SMALLEST_PD])
    assert calibration_slope(counts) == calibration_slope(at_edge)


@pytest.mark.parametrize(
    ("counts", "reason"),
    [
        (ScoreCounts.empty(), NO_APPLICATIONS),
        (exact_counts([0], [0.1]), NO_DEFAULTS),
        (exact_counts([1], [0.1]), NO_NON_DEFAULTS),
        (exact_counts([1, 0], [0.1, 0.1]), SAME_PDS),
        (exact_counts([0, 0, 1], [0.1, 0.2, 0.2]), SEPARATED),
        (exact_counts([1, 1, 0], [0.1, 0.2, 0.3]), SEPARATED),
    ],
)
def test_slope_that_is_not_there_says_why(counts: ScoreCounts, reason: str) -> None:
    assert calibration_slope(counts).slope.reason == reason


def test_ratio_needs_something_expected() -> None:
    assert calibration_in_the_large(ScoreCounts.empty()).ratio.reason == NO_APPLICATIONS
    assert calibration_in_the_large(exact_counts([1, 0], [0.0, 0.0])).ratio.reason == NO_EXPECTED
    assert calibration_in_the_large(exact_counts([0, 0], [0.1, 0.2])).ratio.value == 0


def test_bins_bound_the_errors(binned: ScoreCounts, exact: ScoreCounts) -> None:
    coarse, fine = (calibration_in_the_large(counts) for counts in (binned, exact))
    assert coarse.ratio.value == pytest.approx(fine.ratio.value, rel=1e-9)
    assert coarse.intercept.value == pytest.approx(fine.intercept.value, abs=1e-6)
    lines = [calibration_slope(counts) for counts in (binned, exact)]
    assert lines[0].slope.value == pytest.approx(lines[1].slope.value, abs=2e-3)
    assert lines[0].intercept.value == pytest.approx(lines[1].intercept.value, abs=5e-3)


def test_intervals_cover_95_percent() -> None:
    rng = np.random.default_rng(17)
    pd = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.4])
    share = np.array([0.2, 0.25, 0.25, 0.15, 0.1, 0.05])
    true = expit(0.3 + 1.2 * logit(pd))
    zeros, hits = np.zeros(6), np.zeros(3)
    shift = brentq(lambda a: share @ (expit(a + logit(pd)) - true), -3, 3)
    for cells in rng.multinomial(3_000, np.concatenate([share * (1 - true), share * true]), 4_000):
        good, bad = cells[:6], cells[6:]
        counts = ScoreCounts(pd, good, bad, good * pd, bad * pd, zeros, zeros)
        line = calibration_slope(counts)
        truths = ((calibration_in_the_large(counts).intercept, shift), (line.slope, 1.2), (line.intercept, 0.3))
        for i, (found, truth) in enumerate(truths):
            assert found.low is not None
            assert found.high is not None
            hits[i] += found.low <= truth <= found.high
    np.testing.assert_allclose(hits / 4_000, 0.95, atol=0.01)


def logistic_by_rows(outcome: Outcomes, design: Floats) -> tuple[Floats, Floats]:
    """Coefficients of a logistic regression and White's covariance of them, row by row."""
    beta = np.zeros(design.shape[1])
    for _ in range(30):
        fitted = expit(design @ beta)
        bread = np.linalg.inv((design * (fitted * (1 - fitted))[:, None]).T @ design)
        beta = beta + bread @ (design.T @ (outcome - fitted))
    scores = design * (outcome - expit(design @ beta))[:, None]
    return beta, bread @ (scores.T @ scores) @ bread


def test_lines_of_disjoint_cohorts_differ_by_the_interaction_of_one_regression() -> None:
    rng = np.random.default_rng(3)
    pd = np.round(rng.beta(1.2, 8.0, 4_000), 3).clip(0.001, 0.9)
    is_first = rng.random(4_000) < 0.3
    outcome = rng.random(4_000) < expit(0.2 * is_first + (1 - 0.15 * is_first) * logit(pd))
    one, two = (exact_counts(outcome[rows], pd[rows]) for rows in (is_first, ~is_first))
    ones = np.ones(pd.size)
    design = np.stack([ones, logit(pd), is_first, is_first * logit(pd)], axis=1)
    beta, covariance = logistic_by_rows(outcome, design)
    found = line_difference(one, two)
    assert found.slope.value == pytest.approx(beta[3], abs=1e-8)
    half = 1.959964 * np.sqrt(covariance[3, 3])
    assert (found.slope.low, found.slope.high) == pytest.approx((beta[3] - half, beta[3] + half), abs=1e-6)
    wald = beta[2:] @ np.linalg.solve(covariance[2:, 2:], beta[2:])
    assert found.p_value.value == pytest.approx(stats.chi2.sf(wald, 2))


def test_shifts_of_disjoint_cohorts_differ_with_the_sum_of_their_variances() -> None:
    sides = [drawn(3_000, level=0.2, seed=5), drawn(5_000, seed=6)]
    shifts = [brentq(lambda a, y=y, pd=pd: (expit(a + logit(pd)) - y).sum(), -3, 3, xtol=1e-13) for y, pd in sides]
    variance = 0.0
    for shift, (outcome, pd) in zip(shifts, sides, strict=True):
        fitted = expit(shift + logit(pd))
        variance += float(((outcome - fitted) ** 2).sum() / (fitted * (1 - fitted)).sum() ** 2)
    found = shift_difference(*(exact_counts(*side) for side in sides))
    assert_estimate(found, shifts[0] - shifts[1], variance**0.5)


def test_a_part_is_as_far_from_its_whole_as_from_the_rest() -> None:
    rng = np.random.default_rng(4)
    pd = np.round(rng.beta(1.2, 8.0, 6_000), 3).clip(0.001, 0.9)
    is_part = rng.random(6_000) < 0.4
    outcome = rng.random(6_000) < expit(logit(pd) + 0.15 * is_part)
    part, rest, whole = (exact_counts(outcome[rows], pd[rows]) for rows in (is_part, ~is_part, is_part | True))
    # The same hypothesis, tested by the same applications.
    within, apart = line_difference(part, whole, shared=part), line_difference(part, rest)
    assert np.log(within.p_value.value or 1) == pytest.approx(np.log(apart.p_value.value or 1), rel=0.1)
    assert (apart.p_value.value or 1) < 0.01
    tested = [
        (each.value or 0) / ((each.high or 0) - (each.low or 0))
        for each in (shift_difference(part, whole, shared=part), shift_difference(part, rest))
    ]
    assert tested[0] == pytest.approx(tested[1], rel=0.03)
    assert line_difference(part, part, shared=part).slope.reason == SAME_APPLICATIONS
    assert shift_difference(part, part, shared=part).reason == SAME_APPLICATIONS


def test_a_cohort_without_both_outcomes_differs_from_none() -> None:
    both, good = exact_counts([1, 0, 0, 1], [0.9, 0.4, 0.5, 0.1]), exact_counts([0, 0], [0.9, 0.4])
    for found in (line_difference(both, good).slope, shift_difference(both, good)):
        assert found.reason == NO_COMPARISON
    for found in (line_difference(good, both).p_value, shift_difference(good, both)):
        assert found.reason == NO_DEFAULTS
