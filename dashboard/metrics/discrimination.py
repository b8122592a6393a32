"""How well the PD ranks defaults above non-defaults."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from dashboard.metrics.counts import AnyArray, FloatArray, ScoreCounts, on_common_bins, weighted_sum
from dashboard.metrics.curves import spread_along
from dashboard.metrics.differences import correlated_difference
from dashboard.metrics.estimate import (
    NO_DEFAULTS,
    NO_NON_DEFAULTS,
    Z95,
    Estimate,
    student_quantile,
)
from dashboard.metrics.rates import wilson_bounds
from dashboard.metrics.weighing import effective_share

# With fewer defaults (or non-defaults) than this on the wrong side, DeLong's variance says little of the AUC's.
MIN_MISPLACED = 3
NO_COMPARISON = "the cohort compared with lacks defaults or non-defaults"
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class DeLong:
    """AUC with DeLong's variance and its degrees of freedom; 0 and 0 with fewer than two applications of an outcome."""

    auc: float
    variance: float
    degrees_of_freedom: float


@dataclass(frozen=True, slots=True)
class KsStatistic:
    """The largest gap between the outcomes' cumulative shares, and the cutoff (a PD) at which it occurs."""

    statistic: Estimate
    cutoff: float | None


@dataclass(frozen=True, slots=True)
class RocCurve:
    """Points of the ROC curve from (0, 0) to (1, 1), thinned for drawing.

    `cutoff` is the PD at and above which is declined; the first point, which declines nobody, has infinity.
    `max_gap` is how far either rate of the full curve is at most from the straight lines through these points, both
    read where the sum of the two rates is the same.
    """

    false_positive_rate: FloatArray
    true_positive_rate: FloatArray
    cutoff: FloatArray
    max_gap: float


def missing_outcome(counts: ScoreCounts) -> str | None:
    """Why good and bad cannot be compared; None if both occur."""
    if not counts.n_resolved:
        return counts.why_unresolved
    if not counts.n_bad:
        return NO_DEFAULTS
    return None if counts.n_good else NO_NON_DEFAULTS


def delong(counts: ScoreCounts) -> DeLong | None:
    """AUC and its variance from placement values with midranks; None where an outcome is missing.

    Source: DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44(3), in the midrank form of Sun and Xu (2014), IEEE
    Signal Processing Letters 21(11).
    """
    return delong_of(*_by_class(counts))


def _by_class(counts: ScoreCounts) -> tuple[AnyArray, AnyArray]:
    """The good and the bad ones; where there are weights in effective numbers of either, which ranks do not feel."""
    if counts.weighing is None:
        return counts.good, counts.bad
    good, bad = counts.weighing.good, counts.weighing.bad
    return effective_share(counts.n_good, good) * counts.good, effective_share(counts.n_bad, bad) * counts.bad


def delong_of(good: AnyArray, bad: AnyArray) -> DeLong | None:
    """`delong` of the numbers of good and of bad applications in bins by rising PD."""
    n_good, n_bad = good.sum().item(), bad.sum().item()
    if not n_good or not n_bad:
        return None
    of_bad, of_good = _placements(good, bad)
    auc = weighted_sum(of_bad, bad) / n_bad
    if min(n_good, n_bad) < 2:
        return DeLong(auc, 0.0, 0.0)
    bad_variance = _covariance(of_bad - auc, of_bad - auc, bad, (n_bad, n_bad))
    good_variance = _covariance(of_good - auc, of_good - auc, good, (n_good, n_good))
    variance = bad_variance + good_variance
    if not variance:
        return DeLong(auc, 0.0, 0.0)
    # Satterthwaite's: the variance is itself an estimate, a rough one where the defaults are few.
    return DeLong(auc, variance, variance**2 / (bad_variance**2 / (n_bad - 1) + good_variance**2 / (n_good - 1)))


def roc_auc(counts: ScoreCounts) -> Estimate:
    """Probability that a default has a higher PD than a non-default, ties counting half.

    The interval is DeLong's on the logit scale, which stays within 0 and 1, with Student's quantile for the degrees of
    freedom of the variance. Where fewer than three of the rarer outcome are misplaced (their number times 1 - AUC, or
    AUC below 50 %) or that variance is 0, it is Newcombe's score interval, which needs no variance from the sample.
    """
    result = delong(counts)
    if result is None:
        return Estimate.undefined(str(missing_outcome(counts)))
    good, bad = _by_class(counts)
    return auc_estimate(result, good.sum().item(), bad.sum().item())


def auc_estimate(result: DeLong, n_good: float, n_bad: float) -> Estimate:
    """The AUC of `result`, of so many applications of each outcome, with the interval of `roc_auc`."""
    misplaced = min(n_good, n_bad) * min(result.auc, 1 - result.auc)
    if not result.variance or misplaced < MIN_MISPLACED:
        return _newcombe(result.auc, n_good, n_bad)
    return _logit_interval(result)


def auc_difference(counts: ScoreCounts, other: ScoreCounts, *, shared: ScoreCounts | None = None) -> Estimate:
    """AUC of `counts` less that of `other`; `shared` holds the applications that are in both, None where none is.

    The interval joins those of the two AUCs (Zou and Donner 2008, Statistics in Medicine 27(10)) with DeLong's
    correlation, to which the shared applications alone contribute. It is exact in that sense for cohorts that are
    disjoint, that overlap, or of which one is a part of the other.

    Raises:
        CountsError: the grids are those of different tables, or `shared` is not a part of both.
    """
    one, two = roc_auc(counts), roc_auc(other)
    if not one.is_defined or not two.is_defined:
        return Estimate.undefined(missing_outcome(counts) or NO_COMPARISON)
    found = correlated_difference(one, two, 0.0 if shared is None else _auc_correlation(counts, other, shared))
    return Estimate(found.value, max(found.low or 0.0, -1.0), min(found.high or 0.0, 1.0))


def gini(counts: ScoreCounts) -> Estimate:
    """2 AUC - 1, with the interval of the AUC mapped alike; also the accuracy ratio of the CAP."""
    return roc_auc(counts).mapped(lambda auc: 2 * auc - 1)


def ks_statistic(counts: ScoreCounts) -> KsStatistic:
    """Largest absolute gap between the cumulative shares of defaults and of non-defaults, over all cutoffs.

    The gap at each cutoff has Newcombe's interval for a difference of shares. The upper end is the highest of theirs:
    the population's largest gap is at some cutoff, and lies below that one's end. The lower end is that of the cutoff
    found, less what a maximum is too high by on average. Its coverage is in docs/metrics.md. Source: Newcombe (1998),
    Statistics in Medicine 17(8), method 10.
    """
    reason = missing_outcome(counts)
    if reason:
        return KsStatistic(Estimate.undefined(reason), None)
    of_good, of_bad = _by_class(counts)
    bad, good = np.cumsum(of_bad), np.cumsum(of_good)
    n_good, n_bad = good[-1].item(), bad[-1].item()
    gap = good / n_good - bad / n_bad
    best = int(np.argmax(np.abs(gap)))
    # The gap is reached after the whole bin, so the cutoff that splits there is the next bin's.
    cutoff = float(counts.cutoffs[best + 1])
    value = abs(float(gap[best]))
    down, up = _reach(good, n_good, bad, n_bad)
    # Read from the other outcome's side, distances change places.
    low = value - (down if gap[best] > 0 else up)[best] - _excess(value, 1 / n_good + 1 / n_bad)
    high = max((gap + up).max(), (down - gap).max())
    return KsStatistic(Estimate.around(value, max(float(low), 0.0), min(float(high), 1.0)), cutoff)


def roc_curve(counts: ScoreCounts, *, max_points: int = 300) -> RocCurve | None:
    """True against false positive rate over all cutoffs, in at most `max_points`; None where an outcome is missing."""
    if missing_outcome(counts):
        return None
    # From the highest PD down: the curve starts where nobody is declined.
    tpr = np.concatenate([[0.0], np.cumsum(counts.bad[::-1]) / counts.n_bad])
    fpr = np.concatenate([[0.0], np.cumsum(counts.good[::-1]) / counts.n_good])
    cutoff = np.concatenate([[np.inf], counts.edges[::-1]])
    travelled = fpr + tpr
    kept = spread_along(travelled, max_points)
    gap = np.abs(np.interp(travelled, travelled[kept], tpr[kept]) - tpr)
    return RocCurve(fpr[kept], tpr[kept], cutoff[kept], float(gap.max()))


def _placements(good: AnyArray, bad: AnyArray) -> tuple[FloatArray, FloatArray]:
    """Share of goods ranked below each bin's defaults, and of defaults ranked above its goods; ties count half."""
    goods, bads = np.cumsum(good), np.cumsum(bad)
    return (goods - good / 2) / goods[-1], (bads[-1] - bads + bad / 2) / bads[-1]


def _covariance(of_one: FloatArray, of_two: FloatArray, shared: AnyArray, sizes: tuple[float, float]) -> float:
    """Covariance of two means of these deviations, over samples of these sizes that have `shared` in common."""
    n, m = sizes
    return weighted_sum(of_one * of_two, shared) / math.sqrt(n * (n - 1) * m * (m - 1))


def _auc_correlation(one: ScoreCounts, two: ScoreCounts, shared: ScoreCounts) -> float:
    one, two, shared = on_common_bins(one, two, shared)
    # Subtracting is the check that `shared` is a part of both.
    _ = one - shared, two - shared
    first, second = delong(one), delong(two)
    if first is None or second is None or not first.variance * second.variance:
        return 0.0
    (bad_one, good_one), (bad_two, good_two) = _placements(one.good, one.bad), _placements(two.good, two.bad)
    covariance = _covariance(bad_one - first.auc, bad_two - second.auc, shared.bad, (one.n_bad, two.n_bad))
    covariance += _covariance(good_one - first.auc, good_two - second.auc, shared.good, (one.n_good, two.n_good))
    return min(covariance / math.sqrt(first.variance * second.variance), 1.0)


def _logit_interval(result: DeLong) -> Estimate:
    auc = result.auc
    half = student_quantile(result.degrees_of_freedom) * math.sqrt(result.variance) / (auc * (1 - auc))
    centre = math.log(auc / (1 - auc))
    return Estimate.around(auc, _expit(centre - half), _expit(centre + half))


def _expit(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value >= 0 else math.exp(value) / (1 + math.exp(value))


def _reach(good: AnyArray, n_good: float, bad: AnyArray, n_bad: float) -> tuple[FloatArray, FloatArray]:
    """How far the interval of each gap, the share of the goods less that of the bads, reaches down and up."""
    p, q = good / n_good, bad / n_bad
    p_low, p_high = wilson_bounds(good, n_good)
    q_low, q_high = wilson_bounds(bad, n_bad)
    return np.hypot(p - p_low, q_high - q), np.hypot(p_high - p, q - q_low)


def _excess(gap: float, noise: float) -> float:
    # A maximum picks the cutoff where noise adds to the gap. Around it the gap is a parabola plus a two-sided Brownian
    # motion, whose maximum has a known mean (Janson, Louchard and Martin-Loef 2010, Electronic Journal of Probability
    # 15: 0.996 for W(t) - t^2 / 2); the parabola is that of two normal scores of equal variance with this gap.
    if not 0 < gap < 1:
        return 0.0
    distance = 2 * _NORMAL.inv_cdf((1 + gap) / 2)
    return float(0.996 * (noise**2 * _NORMAL.pdf(distance / 2) / distance) ** (1 / 3))


def _newcombe(auc: float, n_good: float, n_bad: float) -> Estimate:
    # Method 5 of Newcombe (2006), Statistics in Medicine 25(4): all AUCs from which the one found is within 1.96
    # standard errors, with Hanley and McNeil's variance at each.
    candidates = np.linspace(0, 1, 10_001)
    n = (n_good + n_bad) / 2 - 1
    spread = (1 - candidates) / (2 - candidates) + candidates / (1 + candidates)
    variance = candidates * (1 - candidates) * (1 + n * spread) / (n_good * n_bad)
    inside = candidates[np.abs(auc - candidates) <= Z95 * np.sqrt(variance) + 1e-12]
    return Estimate.around(auc, float(inside.min(initial=auc)), float(inside.max(initial=auc)))
