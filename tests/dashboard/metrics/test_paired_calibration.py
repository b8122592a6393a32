from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from dashboard.metrics.calibration_fit import calibration_in_the_large, calibration_slope
from dashboard.metrics.counts import BAD, GOOD, FloatArray, exact_counts
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.paired import PairedRows, Sample, rank_scores, variance_parts
from dashboard.metrics.paired_calibration import (
    _line_effects,
    brier_difference,
    intercept_difference,
    log_loss_difference,
    slope_difference,
)

RNG = np.random.default_rng(8)
N = 500
RISK = RNG.normal(-1.5, 1.0, N)
IS_BAD = RNG.random(N) < 1 / (1 + np.exp(-RISK))
ONE, TWO = (1 / (1 + np.exp(-level - slope * RISK - 0.4 * RNG.normal(size=N))) for level, slope in ((0.2, 0.8), (0, 1)))


def sample(weight: FloatArray | None = None, *, why: str = "") -> Sample:
    one, two = rank_scores(ONE, why_no_pd=why), rank_scores(TWO)
    return PairedRows(one, two, np.where(IS_BAD, BAD, GOOD).astype(np.uint8), weight).sample


def test_losses_against_scikit_learn_and_a_paired_t_test() -> None:
    found = brier_difference(sample())
    per_row = (TWO - IS_BAD) ** 2 - (ONE - IS_BAD) ** 2
    assert found.value == pytest.approx(sk.brier_score_loss(IS_BAD, TWO) - sk.brier_score_loss(IS_BAD, ONE))
    assert found.high is not None
    assert found.low is not None
    assert (found.high - found.low) / 3.92 == pytest.approx(per_row.std(ddof=1) / np.sqrt(N), rel=0.02)
    loss = log_loss_difference(sample()).value
    assert loss == pytest.approx(sk.log_loss(IS_BAD, TWO) - sk.log_loss(IS_BAD, ONE))


def test_calibration_differences_are_those_of_the_fits() -> None:
    counts = [exact_counts(IS_BAD, pd) for pd in (ONE, TWO)]
    shifts = [calibration_in_the_large(each).intercept for each in counts]
    lines = [calibration_slope(each) for each in counts]
    found = intercept_difference(sample(), (shifts[0], shifts[1]))
    assert found.value == pytest.approx((shifts[1].value or 0) - (shifts[0].value or 0))
    slope = slope_difference(sample(), (lines[0], lines[1]))
    assert slope.value == pytest.approx((lines[1].slope.value or 0) - (lines[0].slope.value or 0))
    # The two fits see the same outcomes: the difference is surer than either.
    assert (slope.high or 0) - (slope.low or 0) < (lines[1].slope.high or 0) - (lines[1].slope.low or 0)


@pytest.mark.parametrize("wanted", [np.array([1.0]), np.array([0.0, 1.0])], ids=["shift", "slope"])
def test_effects_are_the_derivatives_by_each_row_s_weight(wanted: FloatArray) -> None:
    weight = RNG.uniform(0.5, 2, N)

    def fit(weights: FloatArray) -> tuple[float, float]:
        counts = exact_counts(IS_BAD, ONE, weight=weights)
        if wanted.size == 1:
            return calibration_in_the_large(counts).intercept.value or 0.0, 1.0
        line = calibration_slope(counts)
        return line.intercept.value or 0.0, line.slope.value or 0.0

    at = sample(weight)
    effects = _line_effects(at, at.one, fit(weight), wanted)
    for row in range(0, N, 25):
        ends = []
        for step in (-1e-4, 1e-4):
            moved = weight.copy()
            moved[row] += step
            ends.append(fit(moved)[wanted.size - 1])
        assert effects.by_row[row] == pytest.approx((ends[1] - ends[0]) / 2e-4, abs=2e-6)
    assert sum(variance_parts(effects.by_row, at)) > 0


def test_scores_that_are_no_probabilities_have_no_losses() -> None:
    assert brier_difference(sample(why="the score ranks")).explanation == "not defined because the score ranks"


def test_a_fit_that_is_not_defined_says_why() -> None:
    undefined = Estimate.undefined("it separates")
    assert intercept_difference(sample(), (undefined, Estimate(0.0))).reason == "it separates"
    assert not intercept_difference(sample(), (Estimate(0.0), undefined)).is_defined
