"""Whether a PD of 10 % means that one application in ten defaults."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dashboard.metrics.amounts import Amounts, mean_estimate
from dashboard.metrics.counts import AnyArray, FloatArray, IntArray, ScoreCounts, weighted_sum
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.groups import equal_count_groups, summed
from dashboard.metrics.rates import wilson_bounds

MAX_RELATIVE_GAP = 0.25
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

    @property
    def n_fitting(self) -> int:
        """Number of groups whose mean PD lies inside the interval of their default rate."""
        return int(((self.low <= self.mean_pd) & (self.mean_pd <= self.high)).sum())

    @property
    def n_fitting_if_right(self) -> float:
        """Mean number of groups that fit when every PD is right, by the intervals' nominal 95 %."""
        return 0.95 * self.applications.size


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


def brier_score(counts: ScoreCounts) -> Estimate:
    """Mean squared difference of PD and outcome (1 for a default), with its interval (see `amounts`).

    PDs are taken as equal within a bin and outcome, which leaves out at most a quarter of the squared bin width
    (2.5e-9 on the standard grid). Source: Brier (1950), Monthly Weather Review 78(1).
    """
    return mean_loss(counts, counts.good_mean_pd**2, (1 - counts.bad_mean_pd) ** 2)


def mean_loss(counts: ScoreCounts, of_good: FloatArray, of_bad: FloatArray) -> Estimate:
    """Mean over the resolved applications of what each adds to a score: `of_good`, or `of_bad` of defaults, by bin."""
    if not counts.n_resolved:
        return Estimate.undefined(counts.why_unresolved)
    counts = counts.sample
    n = counts.n_applications
    # Without one outcome, its losses would be those that the PDs expect.
    expected = counts.good_pd + counts.bad_pd
    if n == 1:
        loss = of_bad if counts.n_bad else of_good
        return Estimate(weighted_sum(loss, counts.applications))
    parts = [
        _losses(of_good, counts.good, counts.applications - expected),
        _losses(of_bad, counts.bad, expected),
    ]
    return mean_estimate(parts, n)


def _losses(loss: FloatArray, number: AnyArray, expected: FloatArray) -> Amounts:
    weights = number if number.any() else expected
    total, squares = weighted_sum(loss, weights), weighted_sum(loss**2, weights)
    return Amounts(1.0, total if number.any() else 0.0, squares / total if total else 0.0)


def reliability(counts: ScoreCounts, *, n_groups: int = 20) -> Reliability:
    """Predicted against observed in up to `n_groups` groups of about equally many applications.

    A PD bin is never split: it belongs to the group in which its middle application falls.
    """
    counts = counts.resolved
    group = equal_count_groups(counts, n_groups)
    n, bad, pd_sum = (
        summed(group, values, n_groups) for values in (counts.applications, counts.bad, counts.good_pd + counts.bad_pd)
    )
    used = n > 0
    n, bad, pd_sum = n[used], bad[used], pd_sum[used]
    worth, dtype = counts.effective_share, counts.good.dtype
    low, high = wilson_bounds(worth * bad, worth * n)
    return Reliability(n.astype(dtype), bad.astype(dtype), pd_sum / n, bad / n, low, high)


def expected_calibration_error(counts: ScoreCounts, *, n_groups: int = 20) -> CalibrationError:
    """Mean absolute gap of mean PD and default rate over equal-count groups, weighted by their size.

    Source: Naeini, Cooper and Hauskrecht (2015), AAAI, with equal-count instead of equal-width groups.
    """
    groups = reliability(counts, n_groups=n_groups)
    total = counts.n_resolved
    if not total:
        return CalibrationError(Estimate.undefined(counts.why_unresolved), 0.0, 0.0, groups)
    counts = counts.sample
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
        gammaln(n + 1)
        - gammaln(defaults + 1)
        - gammaln(n - defaults + 1)
        + defaults * math.log(rate)
        + (n - defaults) * math.log1p(-rate)
    )
    shrunk = math.sqrt(variance / (n * rate * (1 - rate)))
    return shrunk * np.abs(defaults - expected), chance / chance.sum()


def _on_grid(size: FloatArray, chance: FloatArray, step: float) -> FloatArray:
    place = np.minimum(size / step, 2 * _NOISE_CELLS - 2)
    cell = place.astype(np.int64)
    upper = place - cell
    cells, shares = np.concatenate([cell, cell + 1]), np.concatenate([chance * (1 - upper), chance * upper])
    return np.bincount(cells, shares, 2 * _NOISE_CELLS).astype(np.float64)
