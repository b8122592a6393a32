"""How alike two models are: agreement of decisions, correlation of ranks, and where the ranks fall apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dashboard.metrics.counts import BAD, GOOD, FloatArray
from dashboard.metrics.estimate import NO_APPLICATIONS, Z95, Estimate, normal_estimate
from dashboard.metrics.paired import PairedRows, RankedScores
from dashboard.metrics.paired_swap import Swap, SwapSet
from dashboard.metrics.rates import share
from dashboard.metrics.weighing import effective_share

ALL_ALIKE = "one of the models gives all applications the same score"
ONE_DECISION = "each model decides on all applications alike"
# With fewer rows Fisher's scale has no spread.
_LEAST_ROWS = 4


@dataclass(frozen=True, slots=True)
class Agreement:
    """The share of applications on which both decide alike, and how far that is beyond chance (Cohen's kappa)."""

    share: Estimate
    kappa: Estimate


@dataclass(frozen=True, slots=True, eq=False)
class RankGrid:
    """Applications by rank in both models, cut into equal groups: arrays by the first's group, then the second's.

    `applications` are sums of weights; `defaults` and `resolved` are of those whose outcome is known.
    """

    applications: FloatArray
    defaults: FloatArray
    resolved: FloatArray

    @property
    def n_groups(self) -> int:
        """How many groups there are of each model's ranks."""
        return int(self.applications.shape[0])


def agreement(swap: SwapSet, rows: PairedRows) -> Agreement:
    """How often the decisions of the swap set agree.

    Source of kappa: Cohen (1960), Educational and Psychological Measurement 20(1); its standard error: Fleiss, Cohen
    and Everitt (1969), Psychological Bulletin 72(5), the delta method over the four groups.
    """
    number = {group.swap: float(group.n) for group in swap.groups}
    n = sum(number.values())
    worth = 1.0 if rows.weight is None else effective_share(n, float((rows.weight**2).sum()))
    alike = number[Swap.BOTH] + number[Swap.NEITHER]
    observed = share(worth * alike, worth * n, NO_APPLICATIONS)
    if not n:
        return Agreement(observed, Estimate.undefined(NO_APPLICATIONS))
    one, two = (approved / n for approved in swap.approved)
    by_chance = one * two + (1 - one) * (1 - two)
    if by_chance >= 1:
        return Agreement(observed, Estimate.undefined(ONE_DECISION))
    kappa = (alike / n - by_chance) / (1 - by_chance)
    variance = 0.0
    for group, count in number.items():
        in_one, in_two = group in (Swap.BOTH, Swap.OUT), group in (Swap.BOTH, Swap.IN)
        chance = (2 * two - 1) * (in_one - one) + (2 * one - 1) * (in_two - two)
        moved = (in_one == in_two) - alike / n - chance * (1 - alike / n) / (1 - by_chance)
        variance += count / n * (moved / (1 - by_chance)) ** 2
    return Agreement(observed, normal_estimate(kappa, math.sqrt(variance / (n * worth)), low=-1.0, high=1.0))


def rank_correlation(rows: PairedRows) -> Estimate:
    """Spearman's correlation of the two models' ranks over all rows, ties at their mean rank.

    The interval is made on Fisher's scale with the variance (1 + r^2 / 2) / (n - 3). Source: Bonett and Wright (2000),
    Psychometrika 65(1).
    """
    if not rows.n_rows:
        return Estimate.undefined(NO_APPLICATIONS)
    weight = np.ones(rows.n_rows) if rows.weight is None else rows.weight
    total = float(weight.sum())
    one, two = (mid_ranks(scores, weight) - 0.5 for scores in (rows.one, rows.two))
    spread = math.sqrt(float((weight * one**2).sum()) * float((weight * two**2).sum()))
    if not spread:
        return Estimate.undefined(ALL_ALIKE)
    value = min(max(float((weight * one * two).sum()) / spread, -1.0), 1.0)
    n = total * effective_share(total, float((weight**2).sum()))
    if n < _LEAST_ROWS or abs(value) >= 1:
        return Estimate(value)
    half = Z95 * math.sqrt((1 + value**2 / 2) / (n - 3))
    return Estimate.around(value, math.tanh(math.atanh(value) - half), math.tanh(math.atanh(value) + half))


def mid_ranks(scores: RankedScores, weight: FloatArray) -> FloatArray:
    """Each row's rank as a share of all weight, 0 to 1, rows that tie in the middle of theirs."""
    counted = np.bincount(scores.place, weights=weight, minlength=scores.n_places)
    middle = np.cumsum(counted) - counted / 2
    ranks: FloatArray = (middle / counted.sum()).take(scores.place)
    return ranks


def rank_grid(rows: PairedRows, *, n_groups: int = 20) -> RankGrid:
    """The rows by equal groups of the ranks in both models, the safest first."""
    weight = np.ones(rows.n_rows) if rows.weight is None else rows.weight
    one, two = (
        np.minimum((n_groups * mid_ranks(scores, weight)).astype(np.int64), n_groups - 1)
        for scores in (rows.one, rows.two)
    )
    cells = 3 * (n_groups * one + two) + rows.outcome
    counted = np.bincount(cells, weights=weight, minlength=3 * n_groups**2).astype(np.float64)
    counted = counted.reshape(n_groups, n_groups, 3)
    return RankGrid(counted.sum(axis=2), counted[:, :, BAD], counted[:, :, GOOD] + counted[:, :, BAD])
