"""Differences of a figure between two cohorts that are disjoint, overlap, or of which one is a part of the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from dashboard.metrics.counts import ScoreCounts, on_common_bins
from dashboard.metrics.estimate import Z95, Estimate

NO_COMPARISON = "it is not defined for the cohort compared with"
SAME_APPLICATIONS = "both cohorts hold the same applications"

T = TypeVar("T")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Pieces(Generic[T]):
    """Two cohorts as three disjoint parts: what only the first holds, what only the second holds, and what both do."""

    one: T
    two: T
    both: T

    def mapped(self, function: Callable[[T], V]) -> Pieces[V]:
        """What `function` gives for each part."""
        return Pieces(function(self.one), function(self.two), function(self.both))


def split(one: ScoreCounts, two: ScoreCounts, shared: ScoreCounts | None) -> Pieces[ScoreCounts]:
    """The disjoint parts of `one` and `two`, which have `shared` in common, None where that is nothing.

    Raises:
        CountsError: the grids are those of different tables, or `shared` is not a part of both.
    """
    if shared is None or not shared.n_applications:
        return Pieces(one, two, ScoreCounts.empty())
    one, two, shared = on_common_bins(one, two, shared)
    return Pieces(one - shared, two - shared, shared)


def mean_difference(pieces: Pieces[T], figure: Callable[[T], Estimate], weight: Callable[[T], float]) -> Estimate:
    """`figure` of the first cohort less that of the second, where it is a mean over what `weight` counts.

    A cohort's figure is then the weighted mean of those of its disjoint parts, and the difference a sum over three
    independent parts (see `linear_combination`). A part is compared with its whole by this as it is with the rest of
    it: the two differences are in proportion, and so are their intervals.
    """
    one, two, both = (weight(part) for part in (pieces.one, pieces.two, pieces.both))
    if not one + both:
        # No part has the figure, and each says why.
        return figure(pieces.one)
    if not two + both:
        return Estimate.undefined(NO_COMPARISON)
    if not one and not two:
        return Estimate.undefined(SAME_APPLICATIONS)
    factors = (
        (one / (one + both), pieces.one),
        (-two / (two + both), pieces.two),
        (both / (one + both) - both / (two + both), pieces.both),
    )
    return linear_combination((factor, figure(part)) for factor, part in factors if factor)


def linear_combination(terms: Iterable[tuple[float, Estimate]]) -> Estimate:
    """Sum of factor x estimate over independent estimates, with its interval; without one where one has none.

    The ends are as far from the sum as the root of the summed squares of how far the terms' own ends are from them, so
    that each interval keeps its skewness. Source: Zou and Donner (2008), Statistics in Medicine 27(10), "MOVER"; of
    two shares it is method 10 of Newcombe (1998), Statistics in Medicine 17(8).
    """
    value, down, up, has_interval = 0.0, 0.0, 0.0, True
    for factor, estimate in terms:
        if estimate.value is None:
            return estimate
        value += factor * estimate.value
        if estimate.low is None or estimate.high is None:
            has_interval = False
            continue
        reach = sorted(factor * (end - estimate.value) for end in (estimate.low, estimate.high))
        down, up = math.hypot(down, reach[0]), math.hypot(up, reach[1])
    return Estimate.around(value, value - down, value + up) if has_interval else Estimate(value)


def correlated_difference(one: Estimate, two: Estimate, correlation: float = 0.0) -> Estimate:
    """`one` less `two`, both defined, whose errors have this correlation; without an interval where one has none.

    Source: as for `linear_combination`, of two terms that are not independent.
    """
    ends = (one.low, one.high, two.low, two.high)
    if one.value is None or two.value is None:
        return one if one.value is None else Estimate.undefined(NO_COMPARISON)
    p, q = one.value, two.value
    p_low, p_high, q_low, q_high = ends
    if p_low is None or p_high is None or q_low is None or q_high is None:
        return Estimate(p - q)

    def reach(a: float, b: float) -> float:
        return math.sqrt(max(a * a + b * b - 2 * correlation * a * b, 0.0))

    return Estimate.around(p - q, p - q - reach(p - p_low, q_high - q), p - q + reach(p_high - p, q - q_low))


def shared_correlation(pieces: Pieces[ScoreCounts]) -> float:
    """Correlation of one figure in two cohorts that share applications, for figures that are no means.

    K / sqrt(n m), where K of the n and m applications of the rarer outcome are in both: what it is to first order
    where the two do not truly differ, whatever the figure, since each shared application then counts alike in both.
    """
    both, one, two = (
        min(part.n_bad, part.n_good) for part in (pieces.both, pieces.one + pieces.both, pieces.two + pieces.both)
    )
    return min(both / math.sqrt(one * two), 1.0) if one and two else 0.0


def p_value(difference: Estimate) -> float | None:
    """Two-sided p-value of the hypothesis that there is no difference, by the same reckoning as its interval.

    The reach of the interval towards 0 is taken for 1.96 standard errors, so that p is below 0.05 exactly where the
    interval leaves out 0. None without an interval.
    """
    value, low, high = difference.value, difference.low, difference.high
    if value is None or low is None or high is None:
        return None
    reach = value - low if value > 0 else high - value
    if not reach:
        return 0.0 if value else 1.0
    return math.erfc(Z95 * abs(value) / reach / math.sqrt(2))
