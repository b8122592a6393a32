"""Out of fold: each row's PD against scikit-learn's on the same folds, and what cohort, target and floor do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from inference.calibrating.calibrator import prior_shift
from inference.calibrating.curves import Bands, expit
from inference.calibrating.errors import CalibrationError
from inference.calibrating.fitting import Method
from inference.calibrating.out_of_fold import Request, Scored, calibrate, falling_bands


@pytest.fixture(scope="module")
def rows() -> Scored:
    """5,000 PDs that are too low; a tenth of the outcomes are open, and two thirds of the rows are of the cohort."""
    random = np.random.default_rng(8)
    n = 5_000
    log_odds = random.normal(-2, 1, n)
    return Scored(
        scores=np.round(expit(0.8 * log_odds - 1), 5),
        is_bad=random.random(n) < expit(log_odds),
        is_resolved=random.random(n) < 0.9,
        in_cohort=random.random(n) < 2 / 3,
        folds=random.integers(0, 4, n).astype(np.uint8),
        weights=random.uniform(0.5, 2.0, n),
    )


def test_platt_out_of_fold_is_scikit_learns_on_the_same_folds(rows: Scored) -> None:
    found = calibrate(rows, Request(Method.PLATT))
    used = rows.in_cohort & rows.is_resolved
    assert rows.weights is not None
    columns = np.log(rows.scores / (1 - rows.scores))[:, None]
    expected = np.zeros(rows.scores.size)
    for fold, held_out in [*((fold, used & (rows.folds == fold)) for fold in range(4)), (-1, ~used)]:
        train = used & (rows.folds != fold)
        reference = LogisticRegression(C=np.inf, solver="newton-cholesky", tol=1e-12, max_iter=200)
        reference.fit(columns[train], rows.is_bad[train], sample_weight=rows.weights[train])
        expected[held_out] = reference.predict_proba(columns[held_out])[:, 1]
    assert found.pds == pytest.approx(expected, abs=1e-9)
    assert np.array_equal(found.is_fitted, used)
    assert found.default_rate == pytest.approx(np.average(rows.is_bad[used], weights=rows.weights[used]))


def test_isotonic_out_of_fold_is_scikit_learns_on_the_same_folds(rows: Scored) -> None:
    found = calibrate(rows, Request(Method.ISOTONIC))
    used = rows.in_cohort & rows.is_resolved
    assert rows.weights is not None
    for fold in range(4):
        train, held_out = used & (rows.folds != fold), used & (rows.folds == fold)
        reference = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip")
        reference.fit(rows.scores[train], rows.is_bad[train], sample_weight=rows.weights[train])
        assert found.pds[held_out] == pytest.approx(reference.predict(rows.scores[held_out]), abs=1e-12)


def test_no_row_is_judged_by_a_curve_that_saw_its_outcome(rows: Scored) -> None:
    """With the outcomes of one fold turned, its own PDs stay what they were, and all others change."""
    turned = replace(rows, is_bad=rows.is_bad ^ ((rows.folds == 2) & (np.arange(rows.scores.size) % 7 == 0)))
    before, after = (calibrate(each, Request(Method.PLATT)) for each in (rows, turned))
    same = before.is_fitted & (rows.folds == 2)
    assert np.array_equal(before.pds[same], after.pds[same])
    assert not np.isclose(before.pds[~same], after.pds[~same], rtol=1e-9).any()


@pytest.mark.parametrize("method", [*Method])
@pytest.mark.parametrize("floor", [0.0, 0.01])
def test_the_mean_pd_of_the_cohort_is_the_target(rows: Scored, method: Method, floor: float) -> None:
    found = calibrate(rows, Request(method, target_rate=0.05, floor=floor))
    used = rows.in_cohort & rows.is_resolved
    assert rows.weights is not None
    assert np.average(found.pds[used], weights=rows.weights[used]) == pytest.approx(0.05, abs=1e-12)
    assert found.mean_pd == pytest.approx(0.05, abs=1e-12)
    assert found.pds.min() >= floor
    assert found.prior_shift == pytest.approx(prior_shift(found.default_rate or 0.0, 0.05), abs=1e-12)


def test_a_target_needs_no_outcomes(rows: Scored) -> None:
    unknown = replace(rows, is_resolved=np.zeros(rows.scores.size, dtype=bool))
    found = calibrate(unknown, Request(Method.TARGET, target_rate=0.02))
    assert rows.weights is not None
    assert np.average(found.pds[rows.in_cohort], weights=rows.weights[rows.in_cohort]) == pytest.approx(0.02, abs=1e-12)
    assert (found.default_rate, found.prior_shift) == (None, None)
    assert not found.is_fitted.any()
    with pytest.raises(CalibrationError, match="0 repaid and 0 defaulted"):
        calibrate(unknown, Request(Method.PLATT))


def test_grades_have_ten_bands_unless_edges_are_named(rows: Scored) -> None:
    found = calibrate(rows, Request(Method.GRADES)).calibrator.curve
    assert isinstance(found, Bands)
    assert len(found.pds) == 10
    named = calibrate(rows, Request(Method.GRADES, edges=(0.05, 0.1))).calibrator.curve
    assert isinstance(named, Bands)
    used = rows.in_cohort & rows.is_resolved
    assert rows.weights is not None
    within = used & (rows.scores >= 0.05) & (rows.scores < 0.1)
    assert named.pds[1] == pytest.approx(np.average(rows.is_bad[within], weights=rows.weights[within]), abs=1e-12)


def test_bands_whose_rate_falls_are_named() -> None:
    bands = Bands((1.0, 2.0, 3.0), (0.01, 0.03, 0.02, 0.2))
    assert falling_bands(bands) == (2,)
    assert falling_bands(Bands((1.0, 2.0, 3.0), bands.pds[::-1]), is_safer_higher=True) == (1,)
    assert falling_bands(Bands((1.0,), (0.1, 0.1))) == ()


def test_what_cannot_be_calibrated_is_refused_in_a_sentence(rows: Scored) -> None:
    with pytest.raises(CalibrationError, match="--target-rate"):
        calibrate(rows, Request(Method.TARGET))
    with pytest.raises(CalibrationError, match="No applications"):
        calibrate(replace(rows, in_cohort=np.zeros(5_000, dtype=bool)), Request(Method.TARGET, target_rate=0.1))
    few = rows.in_cohort & (~rows.is_bad | (np.cumsum(rows.is_bad) <= 5))
    with pytest.raises(CalibrationError, match="at least 10 of each"):
        calibrate(replace(rows, in_cohort=few), Request(Method.BETA))
