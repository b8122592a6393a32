"""Whether a PD of 10 % means that one application in ten defaults."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from dashboard.metrics.counts import FloatArray, IntArray, ScoreCounts, weighted_sum
from dashboard.metrics.estimate import NO_APPLICATIONS, Estimate, normal_estimate
from dashboard.metrics.groups import equal_count_groups, summed
from dashboard.metrics.rates import wilson_bounds

MAX_RELATIVE_GAP = 0.25
Z95_ONE_SIDED = NormalDist().inv_cdf(0.95)


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
    """Mean squared difference of PD and outcome (1 for a default), with a normal interval.

    PDs are taken as equal within a bin and outcome, which leaves out at most a quarter of the squared bin width
    (2.5e-9 on the standard grid). Source: Brier (1950), Monthly Weather Review 78(1).
    """
    n = counts.n_applications
    if not n:
        return Estimate.undefined(NO_APPLICATIONS)
    good, bad = counts.good_mean_pd**2, (1 - counts.bad_mean_pd) ** 2
    score = (weighted_sum(good, counts.good) + weighted_sum(bad, counts.bad)) / n
    if n == 1:
        return Estimate(score)
    squares = weighted_sum((good - score) ** 2, counts.good) + weighted_sum((bad - score) ** 2, counts.bad)
    return normal_estimate(score, math.sqrt(squares / (n - 1) / n), low=0, high=1)


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
    return CalibrationError(Estimate(error), *_noise(groups), groups)


def _noise(groups: Reliability) -> tuple[float, float]:
    # |N(0, s)| has mean s sqrt(2 / pi), variance s^2 (1 - 2 / pi) and skewness 0.9953, with s the standard error of a
    # rate that equals the mean PD. Cornish and Fisher's first term makes a quantile of the sum's three moments.
    variance = np.clip(groups.mean_pd * (1 - groups.mean_pd), 0, None) / groups.applications
    spread = np.sqrt(variance) * groups.applications / groups.applications.sum()
    mean, squares = float(spread.sum()) * math.sqrt(2 / math.pi), float((spread**2).sum())
    if not squares:
        return 0.0, 0.0
    skewness = 0.9953 * float((spread**3).sum()) / squares**1.5
    quantile = Z95_ONE_SIDED + (Z95_ONE_SIDED**2 - 1) / 6 * skewness
    return mean, mean + quantile * math.sqrt(squares * (1 - 2 / math.pi))
