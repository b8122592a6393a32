"""Whether a PD of 10 % means that one application in ten defaults."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from dashboard.metrics.amounts import Amounts, mean_estimate
from dashboard.metrics.counts import AnyArray, FloatArray, IntArray, ScoreCounts, weighted_sum
from dashboard.metrics.discrimination import roc_auc
from dashboard.metrics.estimate import NO_APPLICATIONS, Estimate
from dashboard.metrics.groups import equal_count_groups, summed
from dashboard.metrics.rates import default_rate, wilson_bounds

MAX_RELATIVE_GAP = 0.25
NOTABLE_RELATIVE_GAP = 0.1
MIN_NOISE_RATIO = 2.0
_NOISE_CELLS = 4_096


@dataclass(frozen=True, slots=True)
class Reliability:
    """Groups of about equally many applications, by rising PD; one value per group and none for empty ones.

    `low` and `high` are the ends of Wilson's interval of `default_rate`.
    """

    applications: IntArray
    defaults: IntArray
    mean_pd: FloatArray
    default_rate: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True, slots=True)
class CalibrationError:
    """Expected calibration error (no interval: it is biased upwards) and what perfect calibration would show.

    `noise` is the mean error that chance alone gives groups of these sizes when every PD is right, and `noise_high`
    what it stays below in 95 of 100 such cohorts; an error below that says nothing against the model.
    """

    error: Estimate
    noise: float
    noise_high: float
    groups: Reliability


class Verdict(StrEnum):
    """What can be said of the calibration."""

    CALIBRATED = "calibrated"
    OFF_LEVEL = "usable, but off in level"
    UNCALIBRATED = "uncalibrated"
    TOO_FEW = "too few to conclude"


@dataclass(frozen=True, slots=True)
class CalibrationCheck:
    """A verdict with the figures it rests on: mean PD, default rate and calibration error, all as shares."""

    verdict: Verdict
    mean_pd: float | None
    default_rate: Estimate
    error: float | None
    message: str


def brier_score(counts: ScoreCounts) -> Estimate:
    """Mean squared difference of PD and outcome (1 for a default), with its interval (see `amounts`).

    PDs are taken as equal within a bin and outcome, which leaves out at most a quarter of the squared bin width
    (2.5e-9 on the standard grid). Source: Brier (1950), Monthly Weather Review 78(1).
    """
    return mean_loss(counts, counts.good_mean_pd**2, (1 - counts.bad_mean_pd) ** 2)


def mean_loss(counts: ScoreCounts, of_good: FloatArray, of_bad: FloatArray) -> Estimate:
    """Mean over applications of what each adds to a score: `of_good` or, where it defaulted, `of_bad`, by bin."""
    n = counts.n_applications
    if not n:
        return Estimate.undefined(NO_APPLICATIONS)
    # Without one outcome, its losses would be those that the PDs expect.
    expected = counts.good_pd + counts.bad_pd
    if n == 1:
        loss = of_bad if counts.n_bad else of_good
        return Estimate(weighted_sum(loss, counts.applications))
    parts = [
        _losses(of_good, counts.good, counts.applications - expected), _losses(of_bad, counts.bad, expected),
    ]  # fmt: skip
    return mean_estimate(parts, n)


def _losses(loss: FloatArray, number: AnyArray, expected: FloatArray) -> Amounts:
    weights = number if number.any() else expected
    total, squares = weighted_sum(loss, weights), weighted_sum(loss**2, weights)
    return Amounts(1.0, total if number.any() else 0.0, squares / total if total else 0.0)


def reliability(counts: ScoreCounts, *, n_groups: int = 20) -> Reliability:
    """Predicted against observed in up to `n_groups` groups of about equally many applications.

    A PD bin is never split: it belongs to the group in which its middle application falls.
    """
    group = equal_count_groups(counts, n_groups)
    n, bad, pd_sum = (
        summed(group, values, n_groups) for values in (counts.applications, counts.bad, counts.good_pd + counts.bad_pd)
    )
    used = n > 0
    n, bad, pd_sum = n[used], bad[used], pd_sum[used]
    low, high = wilson_bounds(bad, n)
    return Reliability(n.astype(np.int64), bad.astype(np.int64), pd_sum / n, bad / n, low, high)


def expected_calibration_error(counts: ScoreCounts, *, n_groups: int = 20) -> CalibrationError:
    """Mean absolute gap of mean PD and default rate over equal-count groups, weighted by their size.

    Source: Naeini, Cooper and Hauskrecht (2015), AAAI, with equal-count instead of equal-width groups.
    """
    groups = reliability(counts, n_groups=n_groups)
    total = counts.n_applications
    if not total:
        return CalibrationError(Estimate.undefined(NO_APPLICATIONS), 0.0, 0.0, groups)
    weight = groups.applications / total
    error = weighted_sum(np.abs(groups.mean_pd - groups.default_rate), weight)
    return CalibrationError(Estimate(error), *_noise(counts, n_groups), groups)


def _noise(counts: ScoreCounts, n_groups: int) -> tuple[float, float]:
    """Mean and 95 % quantile of the calibration error if every PD is right: the sum of its groups' gaps.

    A group's defaults are then binomial but for the spread of its PDs, which makes them a little less variable; gaps
    are drawn in by as much. Their distributions are put on one grid, means kept, and folded.
    """
    group = equal_count_groups(counts, n_groups)
    pd_sum = counts.good_pd + counts.bad_pd
    pd = np.divide(pd_sum, counts.applications, out=np.zeros(pd_sum.size), where=counts.applications > 0)
    parts = (counts.applications, pd_sum, pd_sum * (1 - pd))
    gaps = [
        gap
        for n, expected, variance in zip(*(summed(group, part, n_groups) for part in parts), strict=True)
        if (gap := _null_gap(int(n), float(expected), float(variance)))
    ]
    if not gaps:
        return 0.0, 0.0
    total = counts.n_applications
    means = [float((size * chance).sum()) for size, chance in gaps]
    variance = sum(float((size**2 * chance).sum()) - mean**2 for (size, chance), mean in zip(gaps, means, strict=True))
    step = (sum(means) + 12 * math.sqrt(variance)) / (_NOISE_CELLS - 1)
    # Twice the cells, so that what wraps around is nothing.
    spectrum = np.prod([np.fft.rfft(_on_grid(*gap, step)) for gap in gaps], axis=0)
    below = np.cumsum(np.fft.irfft(spectrum, 2 * _NOISE_CELLS))
    return sum(means) / total, float(np.searchsorted(below, 0.95)) * step / total


def _null_gap(n: int, expected: float, variance: float) -> tuple[FloatArray, FloatArray] | None:
    """Sizes and probabilities of the gap of observed and expected defaults among `n`; None where there can be none."""
    rate = expected / n if n else 0.0
    if not 0 < rate < 1:
        return None
    from scipy.special import gammaln  # start-up does not wait for it

    reach = 9 * math.sqrt(n * rate * (1 - rate)) + 12
    defaults = np.arange(max(math.floor(expected - reach), 0), min(math.ceil(expected + reach), n) + 1)
    chance = np.exp(
        gammaln(n + 1) - gammaln(defaults + 1) - gammaln(n - defaults + 1)
        + defaults * math.log(rate) + (n - defaults) * math.log1p(-rate)
    )  # fmt: skip
    shrunk = math.sqrt(variance / (n * rate * (1 - rate)))
    return shrunk * np.abs(defaults - expected), chance / chance.sum()


def _on_grid(size: FloatArray, chance: FloatArray, step: float) -> FloatArray:
    place = np.minimum(size / step, 2 * _NOISE_CELLS - 2)
    cell = place.astype(np.int64)
    upper = place - cell
    cells, shares = np.concatenate([cell, cell + 1]), np.concatenate([chance * (1 - upper), chance * upper])
    return np.bincount(cells, shares, 2 * _NOISE_CELLS).astype(np.float64)


def calibration_check(counts: ScoreCounts, *, n_groups: int = 10) -> CalibrationCheck:
    """Whether the PDs may be read as probabilities, judged by how far off they are rather than by a p-value.

    The yardstick is the rarer outcome's share. Uncalibrated means that either the mean PD lies outside the default
    rate's interval and more than 25 % of the yardstick away from it, or the calibration error exceeds what chance
    gives by more than 25 % of the yardstick and is at least twice it. Otherwise, when the interval is itself wider
    than that to either side, there are too few applications to conclude; and when the mean PD lies outside it and more
    than 10 % of the yardstick away, PDs are usable but off in level.
    """
    rate = default_rate(counts)
    if rate.value is None or rate.low is None or rate.high is None:
        return CalibrationCheck(Verdict.TOO_FEW, None, rate, None, f"Calibration is {rate.explanation}.")
    mean = counts.pd_sum / counts.n_applications
    result = expected_calibration_error(counts, n_groups=n_groups)
    error = result.error.value or 0.0
    allowed = MAX_RELATIVE_GAP * min(rate.value, 1 - rate.value)
    gap = 0.0 if rate.low <= mean <= rate.high else abs(mean - rate.value)
    off_shape = error - result.noise > allowed and error >= MIN_NOISE_RATIO * result.noise
    verdict = Verdict.CALIBRATED
    if gap > allowed or off_shape:
        verdict = Verdict.UNCALIBRATED
    elif (rate.high - rate.low) / 2 > allowed:
        verdict = Verdict.TOO_FEW
    elif gap > NOTABLE_RELATIVE_GAP * min(rate.value, 1 - rate.value):
        verdict = Verdict.OFF_LEVEL
    message = _message(verdict, mean, rate.value, error)
    auc = roc_auc(counts)
    if auc.high is not None and auc.high < 0.5:
        message += " Higher scores go with fewer defaults: is this the probability of repayment?"
    return CalibrationCheck(verdict, mean, rate, error, message)


def _message(verdict: Verdict, mean: float, rate: float, error: float) -> str:
    found = (
        f"the mean PD is {100 * mean:.2f} % where {100 * rate:.2f} % defaulted, "
        f"and tenths of the cohort by PD are off by {100 * error:.2f} points on average"
    )
    match verdict:
        case Verdict.CALIBRATED:
            return f"PDs can be read as probabilities: {found}."
        case Verdict.OFF_LEVEL:
            side = "low" if mean < rate else "high"
            return f"PDs are too {side} by {100 * abs(mean - rate) / rate:.0f} % of the default rate: {found}."
        case Verdict.UNCALIBRATED:
            return f"These scores are not probabilities: {found}."
        case Verdict.TOO_FEW:
            return f"Too few applications to conclude on calibration: {found}."
