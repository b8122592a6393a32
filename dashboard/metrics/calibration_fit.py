"""How PDs would have to be moved and stretched to fit: calibration in the large, and slope (Cox 1958)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dashboard.metrics.counts import FloatArray, ScoreCounts
from dashboard.metrics.differences import NO_COMPARISON, SAME_APPLICATIONS
from dashboard.metrics.discrimination import missing_outcome
from dashboard.metrics.estimate import Estimate, normal_estimate
from dashboard.metrics.rates import default_rate

# The log-odds of a PD of 0 or 1 are infinite: none is taken as surer than one in a million.
SMALLEST_PD = 1e-6
NO_EXPECTED = "the model expects no default at all"
SAME_PDS = "all of the cohort's applications have the same PD"
SEPARATED = "the PD separates the cohort's defaults from its non-defaults completely"
NOT_SETTLED = "the fit did not settle"
_MAX_STEPS = 100
_TOLERANCE = 1e-14


@dataclass(frozen=True, slots=True)
class CalibrationInTheLarge:
    """Defaults observed per default expected (1 is right), and by how much log-odds are too low (0 is right)."""

    ratio: Estimate
    intercept: Estimate


@dataclass(frozen=True, slots=True)
class CalibrationSlope:
    """Slope and intercept of the observed log-odds on those of the PD; 1 and 0 are right.

    A slope below 1 says that PDs are too extreme, one above 1 that they are too much alike. `intercept` belongs to the
    same line, so it is the shift at a PD of 50 %; calibration in the large has a slope of 1 instead.
    """

    slope: Estimate
    intercept: Estimate


@dataclass(frozen=True, slots=True)
class LineDifference:
    """By how much two cohorts' calibration slopes differ, and a test that they have one calibration line.

    `p_value` is that of slope and level together; not defined where the slopes' difference is not.
    """

    slope: Estimate
    p_value: Estimate


@dataclass(frozen=True, slots=True)
class _Bins:
    # Bins that hold applications; the log-odds are those of the bin's mean PD.
    logit: FloatArray
    applications: FloatArray
    bad: FloatArray


def calibration_in_the_large(counts: ScoreCounts) -> CalibrationInTheLarge:
    """Observed over expected defaults, and the shift of log-odds that makes the two equal.

    The ratio's interval is Wilson's of the default rate, divided by the mean PD; the shift's is Wald's. Source: Cox
    (1958), Biometrika 45(3/4), with the slope held at 1.
    """
    rate, expected = default_rate(counts), counts.resolved.pd_sum
    ratio = Estimate.undefined(NO_EXPECTED if counts.n_resolved else counts.why_unresolved)
    if expected:
        ratio = rate.mapped(lambda share: share * counts.n_resolved / expected)
    reason = missing_outcome(counts)
    return CalibrationInTheLarge(ratio, Estimate.undefined(reason) if reason else _shift(_bins(counts)))


def calibration_slope(counts: ScoreCounts) -> CalibrationSlope:
    """Logistic regression of the outcome on the log-odds of the PD, with Wald's intervals.

    Source: Cox (1958), Biometrika 45(3/4); fitted by Newton's method on the PD bins.
    """
    reason = missing_outcome(counts)
    bins = None if reason else _bins(counts)
    reason = reason or (_no_slope(bins) if bins else "")
    if reason or bins is None:
        return CalibrationSlope(Estimate.undefined(reason), Estimate.undefined(reason))
    return _line(bins)


def shift_difference(
    counts: ScoreCounts,
    other: ScoreCounts,
    *,
    shared: ScoreCounts | None = None,
    fitted: tuple[Estimate, Estimate] | None = None,
) -> Estimate:
    """Calibration in the large of `counts` less that of `other`, as shifts of log-odds, with its interval.

    `shared` holds the applications that are in both, None where none is; `fitted` the two shifts where they are known
    already. The variance is that of the sum of what each
    application adds to the two shifts, so that one in both counts once, and it needs no model of the defaults. Source:
    Huber (1967), Proceedings of the Fifth Berkeley Symposium 1 ("sandwich").
    """
    one, two = fitted or [calibration_in_the_large(each).intercept for each in (counts, other)]
    if one.value is None or two.value is None:
        return one if one.value is None else Estimate.undefined(NO_COMPARISON)
    lines = ((one.value, 1.0), (two.value, 1.0))
    covariance = _covariance((counts, other), lines, shared, slice(1))
    if covariance is None:
        return Estimate.undefined(SAME_APPLICATIONS)
    return normal_estimate(one.value - two.value, math.sqrt(float(covariance[0, 0])))


def line_difference(
    counts: ScoreCounts,
    other: ScoreCounts,
    *,
    shared: ScoreCounts | None = None,
    fitted: tuple[CalibrationSlope, CalibrationSlope] | None = None,
) -> LineDifference:
    """Calibration slope of `counts` less that of `other` with its interval, and Wald's test of the whole line.

    `shared`, `fitted` (the two lines) and the variance are as in `shift_difference`. For disjoint cohorts this is the
    test of an interaction with the cohort in one logistic regression. Source of the line: Cox (1958), Biometrika
    45(3/4).
    """
    lines = fitted or [calibration_slope(each) for each in (counts, other)]
    (level, slope), (other_level, other_slope) = ((line.intercept.value, line.slope.value) for line in lines)
    if level is None or slope is None or other_level is None or other_slope is None:
        reason = lines[0].slope if slope is None else Estimate.undefined(NO_COMPARISON)
        return LineDifference(reason, reason)
    ends = ((level, slope), (other_level, other_slope))
    covariance = _covariance((counts, other), ends, shared, slice(2))
    if covariance is None:
        same = Estimate.undefined(SAME_APPLICATIONS)
        return LineDifference(same, same)
    gap = np.subtract(*ends)
    # Chi-squared of two degrees of freedom exceeds x with probability exp(-x / 2).
    statistic = max(float(gap @ np.linalg.solve(covariance, gap)), 0.0)
    return LineDifference(
        normal_estimate(float(gap[1]), math.sqrt(float(covariance[1, 1]))), Estimate(math.exp(-statistic / 2))
    )


Line = tuple[float, float]


def _covariance(
    cohorts: tuple[ScoreCounts, ScoreCounts], lines: tuple[Line, Line], shared: ScoreCounts | None, fitted: slice
) -> FloatArray | None:
    """Covariance of the difference of two lines' `fitted` parameters; None where nothing is left of it."""
    one, two = (np.linalg.inv(_products(each, line)[fitted, fitted]) for each, line in zip(cohorts, lines, strict=True))
    own, other = (_products(each, line, line)[fitted, fitted] for each, line in zip(cohorts, lines, strict=True))
    covariance: FloatArray = one @ own @ one + two @ other @ two
    largest = np.linalg.det(covariance)
    if shared is not None and shared.n_applications:
        common = one @ _products(shared, *lines)[fitted, fitted] @ two
        covariance = covariance - common - common.T
    return covariance if np.linalg.det(covariance) > _TOLERANCE * largest else None


def _products(counts: ScoreCounts, line: Line, other: Line | None = None) -> FloatArray:
    """Sums over applications of the products of level and slope, each weighed by the variance of the outcome at `line`.

    With another line, by the product of what the outcome is off either.
    """
    bins = _bins(counts)
    pd = _expit(line[0] + line[1] * bins.logit)
    if other is None:
        weight = bins.applications * pd * (1 - pd)
    else:
        second = _expit(other[0] + other[1] * bins.logit)
        weight = bins.bad * (1 - pd) * (1 - second) + (bins.applications - bins.bad) * pd * second
    design = np.stack([np.ones(bins.logit.size), bins.logit])
    products: FloatArray = (design * weight) @ design.T
    return products


def _bins(counts: ScoreCounts) -> _Bins:
    counts = counts.sample
    used = np.flatnonzero(counts.applications)
    n = counts.applications[used].astype(np.float64)
    pd = np.clip((counts.good_pd[used] + counts.bad_pd[used]) / n, SMALLEST_PD, 1 - SMALLEST_PD)
    return _Bins(np.log(pd / (1 - pd)), n, counts.bad[used].astype(np.float64))


def _no_slope(bins: _Bins) -> str:
    # Without overlap of the outcomes the likelihood grows with the slope for ever.
    of_good, of_bad = bins.logit[bins.bad < bins.applications], bins.logit[bins.bad > 0]
    if bins.logit[0] == bins.logit[-1]:
        return SAME_PDS
    apart = of_good.max() <= of_bad.min() or of_bad.max() <= of_good.min()
    return SEPARATED if apart else ""


def _shift(bins: _Bins) -> Estimate:
    n_bad, n = float(bins.bad.sum()), float(bins.applications.sum())
    observed = math.log(n_bad / (n - n_bad))
    # The mean of the shifted PDs lies between the smallest and the largest of them, which brackets the shift.
    low, high = observed - float(bins.logit.max()), observed - float(bins.logit.min())
    shift = min(max(0.0, low), high)
    for _ in range(_MAX_STEPS):
        gap, information = _score(bins, shift)
        low, high = (shift, high) if gap > 0 else (low, shift)
        if information and gap**2 <= _TOLERANCE * information:
            # Newton squares the error, so that one more step from here leaves nothing but rounding.
            return normal_estimate(shift + gap / information, 1 / math.sqrt(information))
        newton = shift + gap / information if information else math.inf
        shift = newton if low < newton < high else (low + high) / 2
    return Estimate.undefined(NOT_SETTLED)


def _score(bins: _Bins, shift: float) -> tuple[float, float]:
    fitted = _expit(bins.logit + shift)
    weight = bins.applications * fitted * (1 - fitted)
    return float((bins.bad - bins.applications * fitted).sum()), float(weight.sum())


def _line(bins: _Bins) -> CalibrationSlope:
    n_bad, n = float(bins.bad.sum()), float(bins.applications.sum())
    # Centred, so that slope and level are nearly independent of each other and the steps are well conditioned.
    centre = float((bins.logit * bins.applications).sum()) / n
    x = bins.logit - centre
    # Right PDs are nearly the answer; hopeless ones are a worse start than the default rate for everybody.
    starts = ((centre, 1.0), (math.log(n_bad / (n - n_bad)), 0.0))
    level, slope = max(starts, key=lambda start: _log_likelihood(bins, x, *start))
    for _ in range(_MAX_STEPS):
        gradient, (s0, s1, s2) = _derivatives(bins, x, level, slope)
        determinant = s0 * s2 - s1**2
        if determinant <= 0:
            break
        steps = (s2 * gradient[0] - s1 * gradient[1]) / determinant, (s0 * gradient[1] - s1 * gradient[0]) / determinant
        if gradient[0] * steps[0] + gradient[1] * steps[1] <= _TOLERANCE:
            level, slope = level + steps[0], slope + steps[1]
            at_zero = math.sqrt((s2 + 2 * centre * s1 + centre**2 * s0) / determinant)
            return CalibrationSlope(
                normal_estimate(slope, math.sqrt(s0 / determinant)), normal_estimate(level - slope * centre, at_zero)
            )
        level, slope = _uphill(bins, x, (level, slope), steps)
    return CalibrationSlope(Estimate.undefined(NOT_SETTLED), Estimate.undefined(NOT_SETTLED))


def _derivatives(
    bins: _Bins, x: FloatArray, level: float, slope: float
) -> tuple[tuple[float, float], tuple[float, float, float]]:
    fitted = _expit(level + slope * x)
    residual = bins.bad - bins.applications * fitted
    weight = bins.applications * fitted * (1 - fitted)
    weighted = weight * x
    gradient = float(residual.sum()), float((residual * x).sum())
    return gradient, (float(weight.sum()), float(weighted.sum()), float((weighted * x).sum()))


def _uphill(bins: _Bins, x: FloatArray, start: tuple[float, float], steps: tuple[float, float]) -> tuple[float, float]:
    # The likelihood is concave, so that a step which is short enough climbs; a whole one may overshoot.
    before, share = _log_likelihood(bins, x, *start), 1.0
    while True:
        level, slope = start[0] + share * steps[0], start[1] + share * steps[1]
        # The slack is rounding's, which near the top is all that is left to compare.
        if _log_likelihood(bins, x, level, slope) >= before - 1e-8 or share < _TOLERANCE:
            return level, slope
        share /= 2


def _log_likelihood(bins: _Bins, x: FloatArray, level: float, slope: float) -> float:
    logit = level + slope * x
    return float((bins.bad * logit - bins.applications * np.logaddexp(0, logit)).sum())


def _expit(log_odds: FloatArray) -> FloatArray:
    # Beyond these the result is 0 or 1 to the last digit, and the exponential would overflow.
    return 1 / (1 + np.exp(-np.clip(log_odds, -700, 700)))
