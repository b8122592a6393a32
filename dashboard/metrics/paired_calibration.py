"""Whose PDs are closer to what happened, over the same rows: Brier score, log-loss, calibration intercept and slope."""

from __future__ import annotations

import numpy as np

from dashboard.metrics.calibration_fit import SMALLEST_PD, CalibrationSlope
from dashboard.metrics.counts import FloatArray
from dashboard.metrics.differences import NO_COMPARISON
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.paired import Effects, RankedScores, Sample, difference


def brier_difference(sample: Sample) -> Estimate:
    """Mean squared error of the second model's PDs less that of the first; below 0 the second is better."""
    return _loss_difference(sample, [(scores.pd - sample.is_bad) ** 2 for scores in (sample.one, sample.two)])


def log_loss_difference(sample: Sample) -> Estimate:
    """Log-loss (nats) of the second model's PDs less that of the first; below 0 the second is better.

    PDs are kept 1e-6 away from 0 and 1, as in `calibration_scores.log_loss`.
    """
    return _loss_difference(sample, [_surprise(scores, sample) for scores in (sample.one, sample.two)])


def intercept_difference(sample: Sample, fitted: tuple[Estimate, Estimate]) -> Estimate:
    """Calibration in the large of the second model less that of the first, given both shifts of log-odds.

    Source of the variance: Huber (1967), Proceedings of the Fifth Berkeley Symposium 1 ("sandwich").
    """
    one, two = fitted
    if one.value is None or two.value is None:
        return one if one.value is None else Estimate.undefined(NO_COMPARISON)
    return difference(
        _line_effects(sample, sample.one, (one.value, 1.0), np.array([1.0])),
        _line_effects(sample, sample.two, (two.value, 1.0), np.array([1.0])),
        sample,
    )


def slope_difference(sample: Sample, fitted: tuple[CalibrationSlope, CalibrationSlope]) -> Estimate:
    """Calibration slope of the second model less that of the first, given both lines; the variance is the sandwich."""
    (level, slope), (other_level, other_slope) = ((line.intercept.value, line.slope.value) for line in fitted)
    if level is None or slope is None or other_level is None or other_slope is None:
        return fitted[0].slope if slope is None else Estimate.undefined(NO_COMPARISON)
    return difference(
        _line_effects(sample, sample.one, (level, slope), np.array([0.0, 1.0])),
        _line_effects(sample, sample.two, (other_level, other_slope), np.array([0.0, 1.0])),
        sample,
    )


def _loss_difference(sample: Sample, losses: list[FloatArray]) -> Estimate:
    if reason := sample.why_no_pd or ("" if sample.total else sample.missing_outcome):
        return Estimate.undefined(reason)
    one, two = (_mean_effects(sample, loss) for loss in losses)
    return difference(one, two, sample)


def _mean_effects(sample: Sample, values: FloatArray) -> Effects:
    mean = sample.mean(values)
    return Effects(mean, (values - mean) / sample.total)


def _surprise(scores: RankedScores, sample: Sample) -> FloatArray:
    pd = np.clip(scores.pd, SMALLEST_PD, 1 - SMALLEST_PD)
    return -np.log(np.where(sample.is_bad, pd, 1 - pd))


def _line_effects(sample: Sample, scores: RankedScores, line: tuple[float, float], wanted: FloatArray) -> Effects:
    """Effects on level (one entry of `wanted`) or on level and slope of a calibration line, summed as `wanted` says."""
    pd = np.clip(scores.pd, SMALLEST_PD, 1 - SMALLEST_PD)
    logit = np.log(pd / (1 - pd))
    fitted = 1 / (1 + np.exp(-np.clip(line[0] + line[1] * logit, -700, 700)))
    information = fitted * (1 - fitted)
    if sample.weight is not None:
        information *= sample.weight
    sums = [float(information.sum()), float((information * logit).sum()), float((information * logit**2).sum())]
    products = np.array([[sums[0], sums[1]], [sums[1], sums[2]]])[: wanted.size, : wanted.size]
    shares = np.linalg.solve(products, wanted)
    weigh = shares[0] if wanted.size == 1 else shares[0] + shares[1] * logit
    return Effects(line[wanted.size - 1], (sample.is_bad - fitted) * weigh)
