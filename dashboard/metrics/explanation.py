"""Which features move the prediction, by how much and which way; all in log-odds, of all applications of a cohort.

A contribution of c multiplies the odds of default by exp(c).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.metrics.counts import FloatArray, IntArray
from dashboard.metrics.estimate import NO_APPLICATIONS, Estimate, normal_estimate
from dashboard.metrics.explanation_counts import ContributionSums, FeatureCounts
from inference.explain.contributions import BinKind, ExplainedFeature

# Below this many applications means and quantiles say little.
MIN_TO_CONCLUDE = 30
LOW, HIGH = 0.1, 0.9
MOST_BARS = 30
# What a strip leaves out at either end: a handful of rows would stretch it beyond reading.
_TAIL = 0.005


@dataclass(frozen=True, slots=True)
class Effect:
    """A feature's mean contribution or mean size of it, in log-odds."""

    name: str
    label: str
    estimate: Estimate

    @property
    def size(self) -> float:
        """The estimate's absolute value; 0 where it is not defined."""
        return abs(self.estimate.value or 0.0)


@dataclass(frozen=True, slots=True)
class Effects:
    """All features' effects, the largest first; `n_applications` they are of."""

    ordered: tuple[Effect, ...]
    n_applications: int

    def of(self, name: str) -> Estimate:
        """The effect of the feature called `name`."""
        return next(effect.estimate for effect in self.ordered if effect.name == name)

    @property
    def total(self) -> float:
        """The sum of all effects, in log-odds."""
        return math.fsum(effect.estimate.value or 0.0 for effect in self.ordered)


@dataclass(frozen=True, slots=True)
class Strip:
    """How one feature's contributions are spread over a cohort, in bars of equal width.

    `edges` are the bars' boundaries in log-odds (one more than there are bars), `share` each bar's share of the
    applications and `value` their mean rank by the feature's value, 0 for the lowest to 1 for the highest; NaN where no
    application has a value, and throughout for a category, whose levels have no order. `below` and `above` are the
    shares beyond the edges; `low`, `median` and `high` the quantiles at 10, 50 and 90 %. `with_low` and `with_high` are
    the median contributions among the third with the lowest and the third with the highest values, None where the
    feature has no order or fewer than two values.
    """

    feature: ExplainedFeature
    n_applications: int
    edges: FloatArray
    share: FloatArray
    value: FloatArray
    below: float
    above: float
    low: float
    median: float
    high: float
    with_low: float | None
    with_high: float | None


@dataclass(frozen=True, slots=True)
class Dependence:
    """How one feature's contribution depends on its value, one element for each bin of values, the missing ones last.

    `mean`, `low` and `high` (quantiles at 10 and 90 %) are in log-odds and NaN where no application has such a value;
    `resolution` is the width of the cells from which the quantiles are taken, in log-odds.
    """

    feature: ExplainedFeature
    applications: IntArray
    mean: FloatArray
    low: FloatArray
    high: FloatArray
    resolution: float

    @property
    def n_applications(self) -> int:
        """Number of applications."""
        return int(self.applications.sum())

    @property
    def share(self) -> FloatArray:
        """Share of the applications per bin."""
        return self.applications / max(self.n_applications, 1)


def importance(sums: ContributionSums) -> Effects:
    """Mean size (absolute value) of each feature's contribution, with the normal interval of a mean."""
    return _effects(sums, sums.absolute)


def difference(sums: ContributionSums, against: ContributionSums | None = None) -> Effects:
    """Each feature's mean contribution less that of `against`, by default less 0, the mean over the training rows.

    They add up to the difference of the mean log-odds. The interval is that of two independent means, so let the
    cohorts share no row, or read it as too wide.
    """
    own = _effects(sums, sums.total)
    if against is None:
        return own
    other = _effects(against, against.total)
    pairs = [Effect(effect.name, effect.label, _less(effect.estimate, other.of(effect.name))) for effect in own.ordered]
    return _ordered(pairs, min(own.n_applications, other.n_applications))


def _effects(sums: ContributionSums, total: IntArray) -> Effects:
    n = sums.n_applications
    if not n:
        nothing = Estimate.undefined(NO_APPLICATIONS)
        return Effects(tuple(Effect(*words, nothing) for words in zip(sums.names, sums.labels, strict=True)), 0)
    mean = total / n
    # The squares are at least n mean^2 up to rounding.
    variance = np.maximum(sums.squares - n * mean**2, 0.0) / max(n - 1, 1)
    errors = np.sqrt(variance / n) * sums.step
    effects = [
        Effect(name, label, normal_estimate(float(value), float(error)) if n > 1 else Estimate(float(value)))
        for name, label, value, error in zip(sums.names, sums.labels, mean * sums.step, errors, strict=True)
    ]
    return _ordered(effects, n)


def _ordered(effects: Sequence[Effect], n_applications: int) -> Effects:
    return Effects(tuple(sorted(effects, key=lambda effect: -effect.size)), n_applications)


def _less(one: Estimate, other: Estimate) -> Estimate:
    if one.value is None or other.value is None:
        return one if one.value is None else other
    if one.high is None or other.high is None:
        return Estimate(one.value - other.value)
    half = math.hypot(one.high - one.value, other.high - other.value)
    return Estimate(one.value - other.value, one.value - other.value - half, one.value - other.value + half)


def strip(counts: FeatureCounts) -> Strip | None:
    """How the contributions are spread; None where there is no application."""
    n = counts.n_applications
    if not n:
        return None
    number = counts.table.sum(axis=0)
    first, last = (_place(number, level) for level in (_TAIL, 1 - _TAIL))
    per_bar = math.ceil((last - first + 1) / MOST_BARS)
    n_bars = math.ceil((last - first + 1) / per_bar)
    bars = slice(first, first + n_bars * per_bar)
    values, ranked = _ranks(counts)
    in_bars = [_folded(row[bars], n_bars, per_bar) for row in (number, values, ranked)]
    with np.errstate(invalid="ignore"):
        value = in_bars[2] / in_bars[1]
    low, median, high = (_quantile(counts, number, level) for level in (LOW, 0.5, HIGH))
    with_low, with_high = _thirds(counts)
    bounds: FloatArray = first + per_bar * np.arange(n_bars + 1, dtype=np.float64)
    edges = (counts.lowest - 0.5 + counts.width * bounds) * counts.step
    return Strip(
        counts.feature,
        n,
        edges,
        in_bars[0] / n,
        value,
        float(number[:first].sum() / n),
        float(number[bars.stop :].sum() / n),
        low,
        median,
        high,
        with_low,
        with_high,
    )


def _folded(row: FloatArray | IntArray, n_bars: int, per_bar: int) -> FloatArray:
    padded = np.zeros(n_bars * per_bar)
    padded[: row.size] = row
    summed: FloatArray = padded.reshape(n_bars, per_bar).sum(axis=1)
    return summed


def _has_order(counts: FeatureCounts) -> bool:
    return counts.feature.bins.kind is not BinKind.LEVELS


def _ranks(counts: FeatureCounts) -> tuple[FloatArray, FloatArray]:
    """Per cell the applications with a value, and the sum of their ranks by value (the mean rank of a tie)."""
    by_value = counts.table[:-1].sum(axis=1)
    n = by_value.sum()
    if not n or not _has_order(counts):
        nothing = np.zeros(counts.table.shape[1])
        return nothing, nothing
    rank = (np.cumsum(by_value) - by_value / 2) / n
    present = counts.table[:-1]
    return present.sum(axis=0).astype(np.float64), (rank[:, None] * present).sum(axis=0)


def _thirds(counts: FeatureCounts) -> tuple[float | None, float | None]:
    """Median contributions of the lowest and of the highest third by value, each in whole bins of values."""
    by_value = counts.table[:-1].sum(axis=1)
    used = np.flatnonzero(by_value)
    if used.size < 2 or not _has_order(counts):
        return None, None
    reached = np.cumsum(by_value[used]) / by_value.sum()
    # As many bins as come nearest to a third, at least one, and never the same bin at both ends.
    n_low = int(np.argmin(np.abs(reached - 1 / 3))) + 1
    n_high = used.size - 1 - int(np.argmin(np.abs(reached - 2 / 3)[:-1]))
    n_low = min(n_low, used.size - n_high)
    low, high = (counts.table[part].sum(axis=0) for part in (used[:n_low], used[used.size - n_high :]))
    return _quantile(counts, low, 0.5), _quantile(counts, high, 0.5)


def _place(number: IntArray, level: float) -> int:
    return int(np.searchsorted(np.cumsum(number), level * number.sum()))


def _quantile(counts: FeatureCounts, number: IntArray, level: float) -> float:
    return float(counts.middles[_place(number, level)])


def dependence(counts: FeatureCounts) -> Dependence:
    """Mean contribution and its 10 and 90 % quantiles for each bin of the feature's values."""
    applications = counts.table.sum(axis=1)
    used = applications > 0
    mean = np.full(applications.size, np.nan)
    np.divide(counts.total * counts.step, applications, out=mean, where=used)
    low, high = (
        np.array(
            [_quantile(counts, row, level) if any_ else np.nan for row, any_ in zip(counts.table, used, strict=True)]
        )
        for level in (LOW, HIGH)
    )
    return Dependence(counts.feature, applications, mean, low, high, counts.width * counts.step)
