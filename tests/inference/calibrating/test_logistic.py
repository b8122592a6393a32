"""The logistic fit against scikit-learn's without a penalty."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from inference.calibrating.errors import CalibrationError
from inference.calibrating.logistic import fit_logistic


def test_fit_is_that_of_scikit_learn_with_weights() -> None:
    random = np.random.default_rng(5)
    columns = np.vstack([random.normal(300, 40, 4_000), random.gamma(2.0, 0.01, 4_000)])
    chance = 1 / (1 + np.exp(-(0.02 * (columns[0] - 300) + 40 * columns[1] - 2)))
    is_bad, weights = random.random(4_000) < chance, random.uniform(0.2, 3.0, 4_000)
    own = fit_logistic(columns, weights, weights * is_bad)
    # Standardised for the reference too: its solver stops early on columns of such different units.
    mean, spread = columns.mean(axis=1), columns.std(axis=1)
    reference = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=200)
    reference.fit(((columns.T - mean) / spread), is_bad, sample_weight=weights)
    slopes = reference.coef_[0] / spread
    assert own.slopes == pytest.approx(slopes, rel=1e-8)
    assert own.intercept == pytest.approx(reference.intercept_[0] - slopes @ mean, rel=1e-8)


def test_a_two_by_two_table_has_its_log_odds_ratio_as_slope() -> None:
    # 10 of 100 at 0, 40 of 100 at 1: intercept ln(10/90), slope ln(40/60) - ln(10/90).
    fit = fit_logistic(np.array([[0.0, 1.0]]), np.array([100.0, 100.0]), np.array([10.0, 40.0]))
    assert fit.intercept == pytest.approx(np.log(10 / 90), abs=1e-10)
    assert fit.slopes[0] == pytest.approx(np.log(40 / 60) - np.log(10 / 90), abs=1e-10)
    assert fit.log_likelihood == pytest.approx(
        10 * np.log(0.1) + 90 * np.log(0.9) + 40 * np.log(0.4) + 60 * np.log(0.6), abs=1e-8
    )


def test_a_column_of_one_value_is_refused() -> None:
    with pytest.raises(CalibrationError, match="same score"):
        fit_logistic(np.array([[2.0, 2.0]]), np.array([10.0, 10.0]), np.array([1.0, 2.0]))


def test_outcomes_that_a_plane_separates_are_refused() -> None:
    # Neither column alone separates them; both together do.
    columns = np.array([[0.0, 1.0, 2.0, 3.0], [3.0, 0.5, 1.8, 0.0]])
    with pytest.raises(CalibrationError, match=r"separates|settle"):
        fit_logistic(columns, np.ones(4), np.array([1.0, 0.0, 1.0, 1.0]))


def test_many_places_are_fitted_as_exactly_as_few() -> None:
    random = np.random.default_rng(9)
    scores = np.sort(random.normal(-2.4, 1.1, 20_000))
    is_bad = random.random(20_000) < 1 / (1 + np.exp(-(0.9 * scores + 0.1)))
    own = fit_logistic(scores[None, :], np.ones(20_000), is_bad.astype(np.float64))
    reference = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=200)
    reference.fit(scores[:, None], is_bad)
    assert (own.intercept, own.slopes[0]) == pytest.approx((reference.intercept_[0], reference.coef_[0, 0]), rel=1e-8)
