"""What the order of the PDs is worth to who declines the riskiest: precision, separation, capture and lift."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dashboard.metrics.amounts import score_bounds
from dashboard.metrics.counts import AnyArray, FloatArray, ScoreCounts, weighted_sum
from dashboard.metrics.curves import MAX_POINTS, spread_along
from dashboard.metrics.discrimination import ks_statistic, missing_outcome
from dashboard.metrics.estimate import NO_DEFAULTS, Estimate, student_quantile
from dashboard.metrics.rates import wilson_bounds

N_GROUPS = 10


@dataclass(frozen=True, slots=True)
class PrecisionRecallCurve:
    """Precision (share of defaults among the declined) by recall (share of the defaults declined), thinned for drawing.

    `cutoff` is the PD at and above which is declined. Between two points the precision is that of the later one, so
    that the area under these steps is the average precision. `default_rate` is the precision of chance.
    """

    recall: FloatArray
    precision: FloatArray
    cutoff: FloatArray
    default_rate: float

    def precision_at(self, recall: float) -> float:
        """Precision where at least `recall` of the defaults are declined, a share of 0 to 1."""
        return float(self.precision[np.searchsorted(self.recall, recall, side="left").clip(0, self.recall.size - 1)])


@dataclass(frozen=True, slots=True)
class KsCurve:
    """Shares of the non-defaults and of the defaults with a PD below `pd`, thinned for drawing.

    `best` is the index of the point at which the gap is largest, which is the KS; `max_gap` is how far either share of
    the full curve is at most from the straight lines through these points, both read where their sum is the same.
    """

    pd: FloatArray
    good_below: FloatArray
    bad_below: FloatArray
    best: int
    max_gap: float

    @property
    def gap(self) -> FloatArray:
        """How much larger the share of the non-defaults is, point by point."""
        return self.good_below - self.bad_below


@dataclass(frozen=True, slots=True)
class CapCurve:
    """Share of the defaults among the riskiest share of the applications, from (0, 0) to (1, 1), thinned for drawing.

    `cutoff` is the PD at and above which lies that share; the first point has infinity. A perfect model reaches 1 at
    `default_rate`. `max_gap` is how far either share of the full curve is at most from the straight lines through
    these points, both read where their sum is the same.
    """

    share: FloatArray
    captured: FloatArray
    cutoff: FloatArray
    default_rate: float
    max_gap: float

    def captured_at(self, share: float) -> float:
        """Share of the defaults among the riskiest `share` of the applications, ties split pro rata."""
        return float(np.interp(share, self.share, self.captured))

    def share_for(self, captured: float) -> float:
        """The smallest share of the applications, riskiest first, that holds the share `captured` of the defaults."""
        reached = int(np.searchsorted(self.captured, captured, side="left"))
        ends = slice(max(reached - 1, 0), reached + 1)
        return float(np.interp(captured, self.captured[ends], self.share[ends]))


@dataclass(frozen=True, slots=True)
class LiftTable:
    """Groups of equally many applications, riskiest first; one value per group, shares and PDs from 0 to 1.

    `share` and `captured` are cumulative: of the applications, and of the defaults found among them. Applications with
    one PD that do not fit into a group are split pro rata, so `applications` and `defaults` need not be whole.
    `lowest_pd` is the PD down to which a group reaches. `*_low` and `*_high` are the ends of 95 % intervals.
    """

    share: FloatArray
    applications: FloatArray
    defaults: FloatArray
    lowest_pd: FloatArray
    mean_pd: FloatArray
    default_rate: FloatArray
    default_rate_low: FloatArray
    default_rate_high: FloatArray
    lift: FloatArray
    lift_low: FloatArray
    lift_high: FloatArray
    captured: FloatArray
    captured_low: FloatArray
    captured_high: FloatArray

    @property
    def cumulative_lift(self) -> FloatArray:
        """Default rate of this group and all riskier ones over that of the whole cohort."""
        return self.captured / self.share

    @property
    def overall_rate(self) -> float:
        """Default rate of the cohort."""
        return float(self.defaults.sum() / self.applications.sum())


def average_precision(counts: ScoreCounts) -> Estimate:
    """Mean over the defaults of the share of defaults among all applications with at least their PD.

    The interval is made on the logit scale from the variance of the influence of each application (infinitesimal
    jackknife); where that is 0 or of a single default it is Wilson's, each default being a trial. With few defaults
    the value is too high on average, so that the lower end starts a little below it. Sources: as scikit-learn's
    `average_precision_score`; Efron (1982), The Jackknife, the Bootstrap and Other Resampling Plans; logit scale: Boyd,
    Eng and Page (2013), ECML PKDD.
    """
    if not counts.n_bad:
        return Estimate.undefined(NO_DEFAULTS if counts.n_resolved else counts.why_unresolved)
    counts = counts.sample
    precision = _precision(counts)
    value = min(weighted_sum(precision, counts.bad) / counts.n_bad, 1.0)
    variance = _variance(counts, precision, value)
    if counts.n_bad < 2 or not variance or value == 1:
        low, high = wilson_bounds(value * counts.n_bad, counts.n_bad)
        return Estimate.around(value, float(low), float(high))
    half = student_quantile(counts.n_bad - 1) * math.sqrt(variance) / (value * (1 - value))
    ends = (
        1 / (1 + (1 - centre) / centre * math.exp(-side * half))
        for centre, side in ((value - _excess(counts, precision) / 2, -1), (value, 1))
    )
    return Estimate.around(value, *ends)


def precision_recall_curve(counts: ScoreCounts, *, max_points: int = MAX_POINTS) -> PrecisionRecallCurve | None:
    """Precision by recall over all cutoffs, in at most `max_points`; None where there is no default."""
    if not counts.n_bad:
        return None
    counts = counts.sample
    recall = np.cumsum(counts.bad[::-1]) / counts.n_bad
    precision = _precision(counts)[::-1]
    kept = spread_along(recall, max_points)
    # Where no default has been met yet there is no recall to draw at.
    kept = kept[recall[kept] > 0]
    rate = counts.n_bad / counts.n_applications
    return PrecisionRecallCurve(recall[kept], precision[kept], counts.edges[::-1][kept], rate)


def ks_curve(counts: ScoreCounts, *, max_points: int = MAX_POINTS) -> KsCurve | None:
    """Cumulative shares of both outcomes by PD, in at most `max_points` + 1; None where an outcome is missing."""
    cutoff = ks_statistic(counts).cutoff
    if cutoff is None:
        return None
    good = np.concatenate([[0.0], np.cumsum(counts.good) / counts.n_good])
    bad = np.concatenate([[0.0], np.cumsum(counts.bad) / counts.n_bad])
    pd = np.append(counts.edges, counts.edges[-1])
    best = int(np.argmax(np.abs(good - bad)))
    travelled = good + bad
    kept = spread_along(travelled, max_points)
    if 2 * kept.size <= max_points:
        # Both ends of each jump, so that few applications are drawn as the steps they are.
        kept = np.union1d(kept, kept[1:] - 1)
    kept = np.union1d(kept, [best])
    gap = np.abs(np.interp(travelled, travelled[kept], bad[kept]) - bad)
    return KsCurve(pd[kept], good[kept], bad[kept], int(np.searchsorted(kept, best)), float(gap.max()))


def cap_curve(counts: ScoreCounts, *, max_points: int = MAX_POINTS) -> CapCurve | None:
    """Cumulative accuracy profile, in at most `max_points`; None where an outcome is missing.

    Its accuracy ratio is the Gini (`discrimination.gini`). Source: Engelmann, Hayden and Tasche (2003), Risk 16(1).
    """
    if missing_outcome(counts):
        return None
    counts = counts.sample
    declined, caught = _from_the_riskiest(counts.applications), _from_the_riskiest(counts.bad)
    share, captured = declined / counts.n_applications, caught / counts.n_bad
    cutoff = np.concatenate([[np.inf], counts.edges[::-1]])
    travelled = share + captured
    kept = spread_along(travelled, max_points)
    gap = np.abs(np.interp(travelled, travelled[kept], captured[kept]) - captured)
    rate = counts.n_bad / counts.n_applications
    return CapCurve(share[kept], captured[kept], cutoff[kept], rate, float(gap.max()))


def lift_table(counts: ScoreCounts, *, n_groups: int = N_GROUPS) -> LiftTable | None:
    """Default rate, lift and gain of `n_groups` equally large groups, riskiest first; None where there is no default.

    Lift is a group's default rate over the cohort's, which is its share of all defaults times `n_groups`, and has the
    score interval of that share; so has the gain. Corrected for skewness, since safe groups hold few defaults.
    """
    if not counts.n_bad:
        return None
    counts = counts.resolved
    worth = counts.effective_share
    total, n_bad = counts.n_applications, counts.n_bad
    reached = _from_the_riskiest(counts.applications)
    wanted = total * np.arange(n_groups + 1) / n_groups
    # Straight lines between bins: a bin on a boundary is shared out as if its applications came in random order.
    sums = (counts.bad, counts.good_pd + counts.bad_pd)
    bad, pd_sum = (np.interp(wanted, reached, _from_the_riskiest(values)) for values in sums)
    defaults, size = np.diff(bad), total / n_groups
    # A hair less, so that rounding does not push a boundary that ends a bin into the next one.
    last = np.searchsorted(reached, wanted[1:] * (1 - 1e-12), side="left")
    rate = wilson_bounds(worth * defaults, np.full(n_groups, worth * size))
    share, captured = (score_bounds(worth * each, worth * n_bad) for each in (defaults, bad[1:]))
    return LiftTable(
        share=wanted[1:] / total,
        applications=np.full(n_groups, size),
        defaults=defaults,
        lowest_pd=counts.edges[::-1][last - 1],
        mean_pd=np.diff(pd_sum) / size,
        default_rate=defaults / size,
        default_rate_low=rate[0],
        default_rate_high=rate[1],
        lift=n_groups * defaults / n_bad,
        lift_low=n_groups * share[0],
        lift_high=n_groups * share[1],
        captured=bad[1:] / n_bad,
        captured_low=captured[0],
        captured_high=captured[1],
    )


def _from_the_riskiest(values: AnyArray) -> FloatArray:
    return np.concatenate([[0.0], np.cumsum(values[::-1])])


def _precision(counts: ScoreCounts) -> FloatArray:
    """Share of defaults among the applications in or above each bin; 0 where there are none."""
    bad = np.cumsum(counts.bad[::-1])[::-1]
    everybody = np.cumsum(counts.applications[::-1])[::-1]
    return np.divide(bad, everybody, out=np.zeros(bad.size), where=everybody > 0)


def _excess(counts: ScoreCounts, precision: FloatArray) -> float:
    # Each default is among those declined together with it: without itself, their share of defaults is lower.
    bad, everybody = (np.cumsum(values[::-1])[::-1] for values in (counts.bad, counts.applications))
    without = np.divide(bad - 1, everybody - 1, out=np.zeros(bad.size), where=everybody > 1)
    return weighted_sum(precision - without, counts.bad) / counts.n_bad


def _variance(counts: ScoreCounts, precision: FloatArray, value: float) -> float:
    # What one more application in a bin does to the average precision: it joins the mean if it is a default, and it
    # changes the precision of all defaults at or below its PD.
    everybody = np.cumsum(counts.applications[::-1])[::-1]
    weight = np.divide(counts.bad, everybody, out=np.zeros(everybody.size), where=everybody > 0)
    raised, lowered = np.cumsum(weight), np.cumsum(weight * precision)
    of_bad = precision - value + raised - lowered
    squares = weighted_sum(of_bad**2, counts.bad) + weighted_sum(lowered**2, counts.good)
    return squares / counts.n_bad**2
