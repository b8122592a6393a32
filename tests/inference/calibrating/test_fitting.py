"""Fitted curves against scikit-learn, SciPy's optimiser and numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from dashboard.metrics.calibration_fit import calibration_slope
from dashboard.metrics.counts import exact_counts
from inference.calibrating.curves import Bands, LogOddsCurve, ScoreCurve, expit
from inference.calibrating.errors import CalibrationError
from inference.calibrating.fitting import (
    Method,
    Sample,
    equal_bands,
    fit_bands,
    fit_beta,
    fit_curve,
    fit_isotonic,
    fit_platt,
    fit_score,
)

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@pytest.fixture(scope="module")
def drawn() -> tuple[Floats, Bools, Floats]:
    """PDs that are too extreme and too low, the outcomes, and weights; PDs are rounded, so that some tie."""
    random = np.random.default_rng(11)
    true = expit(random.normal(-2.2, 1.0, 6_000))
    pds = np.round(expit(1.4 * np.log(true / (1 - true)) - 0.3), 4)
    return np.clip(pds, 1e-4, 1 - 1e-4), random.random(6_000) < true, random.integers(1, 4, 6_000).astype(np.float64)


def test_platt_is_a_logistic_regression_on_log_odds(drawn: tuple[Floats, Bools, Floats]) -> None:
    pds, is_bad, weights = drawn
    curve = fit_platt(Sample.of(pds, is_bad, weights))
    reference = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=200)
    reference.fit(np.log(pds / (1 - pds))[:, None], is_bad, sample_weight=weights)
    assert curve.of_log_pd == curve.of_log_rest == pytest.approx(reference.coef_[0, 0], rel=1e-8)
    assert curve.intercept == pytest.approx(reference.intercept_[0], rel=1e-8)


def test_platt_is_the_line_of_the_page_calibration(drawn: tuple[Floats, Bools, Floats]) -> None:
    pds, is_bad, _ = drawn
    curve, line = fit_platt(Sample.of(pds, is_bad)), calibration_slope(exact_counts(is_bad, pds))
    assert (curve.of_log_pd, curve.intercept) == pytest.approx((line.slope.value, line.intercept.value), abs=1e-9)


def test_whole_weights_count_rows_as_often(drawn: tuple[Floats, Bools, Floats]) -> None:
    pds, is_bad, weights = drawn
    times = weights.astype(np.int64)
    repeated = Sample.of(np.repeat(pds, times), np.repeat(is_bad, times))
    for fit in (fit_platt, fit_beta, fit_isotonic):
        own, other = fit(Sample.of(pds, is_bad, weights)), fit(repeated)
        assert own.log_odds(pds) == pytest.approx(other.log_odds(pds), rel=1e-9)


def test_a_score_in_points_gets_a_line_of_its_own_unit(drawn: tuple[Floats, Bools, Floats]) -> None:
    pds, is_bad, _ = drawn
    points = np.round(600 - 20 / np.log(2) * np.log(pds / (1 - pds)), 1)
    curve = fit_score(Sample.of(points, is_bad), is_safer_higher=True)
    reference = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=200)
    reference.fit(points[:, None] / 100, is_bad)
    assert curve.slope == pytest.approx(reference.coef_[0, 0] / 100, rel=1e-7)
    assert curve.intercept == pytest.approx(reference.intercept_[0], rel=1e-7)


def test_isotonic_is_scikit_learns_on_rows_that_it_has_not_seen(drawn: tuple[Floats, Bools, Floats]) -> None:
    pds, is_bad, weights = drawn
    half = np.arange(pds.size) % 2 == 0
    curve = fit_isotonic(Sample.of(pds[half], is_bad[half], weights[half]))
    reference = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
    reference.fit(pds[half], is_bad[half], sample_weight=weights[half])
    assert expit(curve.log_odds(pds[~half])) == pytest.approx(reference.predict(pds[~half]), abs=1e-12)


def test_isotonic_of_points_falls_with_them() -> None:
    # Pooled by hand: at 300 1 of 2, at 400 2 of 2 (with it 3 of 4), at 500 1 of 4, at 600 0 of 2.
    scores = np.repeat([300.0, 400.0, 500.0, 600.0], [2, 2, 4, 2])
    is_bad = np.array([1, 0, 1, 1, 1, 0, 0, 0, 0, 0], dtype=bool)
    curve = fit_isotonic(Sample.of(scores, is_bad), is_safer_higher=True)
    assert expit(curve.log_odds(np.array([300.0, 400.0, 500.0, 600.0, 700.0]))) == pytest.approx(
        [0.75, 0.75, 0.25, 0.0, 0.0], abs=1e-12
    )


def _beta_by_scipy(pds: Floats, is_bad: Bools, weights: Floats) -> tuple[float, Floats]:
    """The least negative log-likelihood over slopes from 0 on, and its parameters (c, a, b)."""
    columns = np.vstack([np.ones(pds.size), np.log(pds), -np.log1p(-pds)])

    def loss(at: Floats) -> tuple[float, Floats]:
        log_odds = at @ columns
        value = (weights * (np.logaddexp(0, log_odds) - is_bad * log_odds)).sum()
        return float(value), columns @ (weights * (expit(log_odds) - is_bad))

    found = minimize(
        loss,
        np.array([0.0, 1.0, 1.0]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None), (0, None), (0, None)],
        options={"maxiter": 5_000, "ftol": 1e-16, "gtol": 1e-9},
    )
    return float(found.fun), np.asarray(found.x)


def test_beta_is_the_best_curve_that_scipy_finds(drawn: tuple[Floats, Bools, Floats]) -> None:
    pds, is_bad, weights = drawn
    curve = fit_beta(Sample.of(pds, is_bad, weights))
    least, (c, a, b) = _beta_by_scipy(pds, is_bad, weights)
    assert (curve.intercept, curve.of_log_pd, curve.of_log_rest) == pytest.approx((c, a, b), abs=2e-4)
    log_odds = curve.log_odds(pds)
    own = float((weights * (np.logaddexp(0, log_odds) - is_bad * log_odds)).sum())
    assert own <= least + 1e-7


@pytest.mark.parametrize(("of_log_pd", "of_log_rest"), [(-0.5, 1.5), (1.5, -0.2)])
def test_beta_keeps_slopes_from_turning(of_log_pd: float, of_log_rest: float) -> None:
    """Outcomes of a curve that rises over these PDs although one of its slopes is negative."""
    random = np.random.default_rng(3)
    pds = random.uniform(0.3, 0.85, 8_000)
    is_bad = random.random(8_000) < expit(LogOddsCurve(-0.5, of_log_pd, of_log_rest).log_odds(pds))
    curve = fit_beta(Sample.of(pds, is_bad))
    least, (c, a, b) = _beta_by_scipy(pds, is_bad, np.ones(pds.size))
    assert min(curve.of_log_pd, curve.of_log_rest) == 0
    assert (curve.intercept, curve.of_log_pd, curve.of_log_rest) == pytest.approx((c, a, b), abs=2e-4)
    log_odds = curve.log_odds(pds)
    assert float((np.logaddexp(0, log_odds) - is_bad * log_odds).sum()) <= least + 1e-7


def test_bands_have_their_default_rates() -> None:
    scores = np.array([0.05, 0.05, 0.15, 0.15, 0.15, 0.15, 0.5])
    is_bad = np.array([0, 0, 1, 0, 0, 0, 1], dtype=bool)
    curve = fit_bands(Sample.of(scores, is_bad), (0.1, 0.2))
    assert curve == Bands((0.1, 0.2), (0.0, 0.25, 1.0))
    # By weight: 3 of 6.
    weighted = fit_bands(Sample.of(scores, is_bad, np.array([1.0, 1, 3, 1, 1, 1, 1])), (0.1, 0.2))
    assert weighted.pds == (0.0, 0.5, 1.0)


def test_a_band_that_nobody_is_in_has_its_neighbours_rate() -> None:
    scores, is_bad = np.array([0.15, 0.15, 0.5]), np.array([1, 0, 1], dtype=bool)
    assert fit_bands(Sample.of(scores, is_bad), (0.1, 0.2, 0.3, 0.9)).pds == (0.5, 0.5, 0.5, 1.0, 1.0)


def test_equal_bands_hold_about_as_many_each() -> None:
    edges = equal_bands(np.arange(100.0), 4)
    assert edges == (25.0, 50.0, 75.0)
    # Where most scores tie, there are fewer bands.
    assert equal_bands(np.array([0.1] * 97 + [0.2, 0.3, 0.4]), 4) == ()
    assert equal_bands(np.array([0.1] * 10 + [0.2] * 90), 4) == (0.2,)


def test_weights_of_nothing_leave_rows_out() -> None:
    sample = Sample.of(np.array([0.1, 0.2, 0.2]), np.array([True, False, True]), np.array([0.0, 1.0, 2.0]))
    assert (sample.scores.tolist(), sample.total.tolist(), sample.bad.tolist()) == ([0.2], [3.0], [2.0])
    assert sample.rate == pytest.approx(2 / 3)


def test_a_score_that_ranks_the_wrong_way_round_is_refused(drawn: tuple[Floats, Bools, Floats]) -> None:
    pds, is_bad, _ = drawn
    turned = Sample.of(1 - pds, is_bad)
    for fit in (fit_platt, fit_beta, fit_isotonic):
        with pytest.raises(CalibrationError, match="wrong way round"):
            fit(turned)
    with pytest.raises(CalibrationError, match="wrong way round"):
        fit_score(Sample.of(100 * pds, is_bad), is_safer_higher=True)


@pytest.mark.parametrize("fit", [fit_platt, fit_beta])
def test_a_score_that_knows_the_outcome_is_refused(fit: Callable[[Sample], LogOddsCurve]) -> None:
    scores = np.linspace(0.1, 0.9, 40)
    with pytest.raises(CalibrationError, match="separates"):
        fit(Sample.of(scores, scores > 0.5))


def test_methods_of_pds_are_not_for_points(drawn: tuple[Floats, Bools, Floats]) -> None:
    pds, is_bad, _ = drawn
    sample = Sample.of(700 - 100 * pds, is_bad)
    for method in (Method.BETA, Method.TARGET):
        with pytest.raises(CalibrationError, match="no probability"):
            fit_curve(method, sample, is_pd=False, is_safer_higher=True)
    assert isinstance(fit_curve(Method.PLATT, sample, is_pd=False, is_safer_higher=True), ScoreCurve)


def test_one_score_for_all_is_refused() -> None:
    sample = Sample.of(np.full(30, 0.1), np.arange(30) < 10)
    for fit in (fit_platt, fit_beta, fit_isotonic):
        with pytest.raises(CalibrationError, match="same score"):
            fit(sample)
