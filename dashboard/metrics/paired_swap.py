"""The swap set: whom two models approve and decline differently, how these repay, and what the switch earns."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from dashboard.metrics.amounts import Amounts, mean_estimate
from dashboard.metrics.counts import BAD, GOOD, OPEN, BoolArray, FloatArray, IntArray
from dashboard.metrics.differences import linear_combination
from dashboard.metrics.economics import Terms
from dashboard.metrics.estimate import NO_OUTCOMES, Z95, Estimate
from dashboard.metrics.paired import LEAST_OF_AN_OUTCOME, PairedRows
from dashboard.metrics.rates import NO_EXPOSURE, share
from dashboard.metrics.weighing import effective_share

NOBODY = "nobody is in it"


class Swap(StrEnum):
    """What the two models decide on an application; swapped in are those that the second alone approves."""

    NEITHER = "neither"
    OUT = "out"
    IN = "in"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class SwapGroup:
    """The applications on which the two models decide alike in one of four ways.

    `n` is the sum of their weights (without weights their number), `default_rate` that of those whose outcome is known.
    `expected_loss` is by the PDs of the first and of the second model, `observed_loss` and `profit` are of what is
    known: what approving them lost and earned, in currency units.
    """

    swap: Swap
    n_rows: int
    n: float
    n_open: float
    defaults: float
    default_rate: Estimate
    exposure: Estimate
    expected_loss: tuple[Estimate, Estimate]
    observed_loss: Estimate
    profit: Estimate


@dataclass(frozen=True, slots=True, eq=False)
class SwapSet:
    """The four groups; `cutoffs` are the PDs at and above which each model declines, `swaps` each row's group.

    `rate_difference` is the default rate of those swapped in less that of those swapped out, `gain` the profit that
    approving the ones instead of the others earns. `swaps` are places in the order of `Swap`.
    """

    cutoffs: tuple[float, float]
    groups: tuple[SwapGroup, ...]
    rate_difference: Estimate
    gain: Estimate
    swaps: IntArray

    def of(self, swap: Swap) -> SwapGroup:
        """One of the groups."""
        return next(group for group in self.groups if group.swap is swap)

    def rows(self, swap: Swap) -> BoolArray:
        """Which rows are in a group."""
        found: BoolArray = self.swaps == tuple(Swap).index(swap)
        return found

    @property
    def n(self) -> float:
        """All applications."""
        return sum(group.n for group in self.groups)

    @property
    def approved(self) -> tuple[float, float]:
        """How many each model approves."""
        both = self.of(Swap.BOTH).n
        return both + self.of(Swap.OUT).n, both + self.of(Swap.IN).n


def equal_approval_cutoff(rows: PairedRows, cutoff: float) -> float:
    """The cutoff of the second model at which it approves about as many as the first does at `cutoff`.

    Scores that tie are never parted, so that the two numbers can differ; of two that are equally near, the lower one.
    """
    approved = _total(rows, rows.one.pd < cutoff)
    counted = np.bincount(rows.two.place, weights=rows.weight, minlength=rows.two.n_places)
    # Of the places only those that rows of the cohort hold are cutoffs, and one above all of them.
    pds = np.full(rows.two.n_places + 1, np.inf)
    pds[rows.two.place] = rows.two.pd
    pds[-1] = np.nextafter(max(float(rows.two.pd.max()), 1.0), 2.0)
    below = np.concatenate([[0.0], np.cumsum(counted)])
    gaps = np.where(np.isfinite(pds), np.abs(below - approved), np.inf)
    return float(pds[int(np.argmin(gaps))])


def swap_set(rows: PairedRows, cutoffs: tuple[float, float], terms: Terms) -> SwapSet:
    """Who changes sides, given each model's cutoff; `rows` are not empty.

    Each rate has Wilson's interval, the difference of two Newcombe's (1998, Statistics in Medicine 17(8), method 10),
    since nobody is swapped both in and out. The gain's is that of the mean over all rows whose outcome is known, most
    of which add nothing.
    """
    approves = tuple(scores.pd < cutoff for scores, cutoff in zip((rows.one, rows.two), cutoffs, strict=True))
    swaps = 2 * approves[1].astype(np.int64) + approves[0]
    sums = _Sums.of(rows, swaps)
    worth = _worth(rows)
    groups = tuple(_group(rows, sums, index, terms, worth) for index in range(len(Swap)))
    rates = {group.swap: group.default_rate for group in groups}
    change = linear_combination(((1.0, rates[Swap.IN]), (-1.0, rates[Swap.OUT])))
    return SwapSet(cutoffs, groups, change, _gain(rows, swaps, terms), swaps)


@dataclass(frozen=True, slots=True)
class _Sums:
    # By group and outcome: rows, weights, and sums of exposure, of its powers, and of exposure times PD.
    rows: FloatArray
    weight: FloatArray
    exposure: tuple[FloatArray, FloatArray, FloatArray]
    at_risk: tuple[FloatArray, FloatArray]

    @classmethod
    def of(cls, rows: PairedRows, swaps: IntArray) -> _Sums:
        n_kinds = OPEN + 1
        cells = n_kinds * swaps + rows.outcome

        def summed(values: FloatArray | None) -> FloatArray:
            if rows.weight is not None:
                values = rows.weight if values is None else rows.weight * values
            found = np.bincount(cells, weights=values, minlength=len(Swap) * n_kinds)
            return found.astype(np.float64).reshape(len(Swap), n_kinds)

        number = np.bincount(cells, minlength=len(Swap) * n_kinds).astype(np.float64).reshape(len(Swap), n_kinds)
        amounts = rows.exposure
        if amounts is None:
            nothing = np.zeros_like(number)
            return cls(number, summed(None), (nothing, nothing, nothing), (nothing, nothing))
        powers = summed(amounts), summed(amounts**2), summed(amounts**3)
        return cls(number, summed(None), powers, (summed(amounts * rows.one.pd), summed(amounts * rows.two.pd)))


def _group(rows: PairedRows, sums: _Sums, index: int, terms: Terms, worth: float) -> SwapGroup:
    good, bad, is_open = sums.weight[index].tolist()
    exposure, losses, observed, profit = _money(rows, sums, index, terms)
    n = good + bad + is_open
    return SwapGroup(
        swap=tuple(Swap)[index],
        n_rows=int(sums.rows[index].sum()),
        n=n if rows.weight is not None else int(n),
        n_open=is_open if rows.weight is not None else int(is_open),
        defaults=bad if rows.weight is not None else int(bad),
        default_rate=share(worth * bad, worth * (good + bad), NO_OUTCOMES if n else NOBODY),
        exposure=exposure,
        expected_loss=losses,
        observed_loss=observed,
        profit=profit,
    )


def _money(
    rows: PairedRows, sums: _Sums, index: int, terms: Terms
) -> tuple[Estimate, tuple[Estimate, Estimate], Estimate, Estimate]:
    """Exposure, expected loss by each model, observed loss and profit of a group."""
    if rows.why_no_pd:
        undefined = Estimate.undefined(rows.why_no_pd)
        exposure = Estimate(float(sums.exposure[0][index].sum())) if rows.exposure is not None else undefined
        return exposure, (undefined, undefined), undefined, undefined
    n_known = float(sums.weight[index, [GOOD, BAD]].sum())
    profit = _profit(rows, sums, index, terms) if n_known else Estimate.undefined(_why_none(sums, index))
    if rows.exposure is None:
        undefined = Estimate.undefined(NO_EXPOSURE)
        return undefined, (undefined, undefined), undefined, profit
    one, two = (Estimate(terms.lgd * float(each[index].sum())) for each in sums.at_risk)
    lost = Estimate(terms.lgd * float(sums.exposure[0][index, BAD]))
    if not n_known:
        lost = Estimate.undefined(_why_none(sums, index))
    return Estimate(float(sums.exposure[0][index].sum())), (one, two), lost, profit


def _why_none(sums: _Sums, index: int) -> str:
    return NO_OUTCOMES if sums.weight[index].any() else NOBODY


def _profit(rows: PairedRows, sums: _Sums, index: int, terms: Terms) -> Estimate:
    """What the group earned, with the interval of `amounts`, times the number of those whose outcome is known."""
    n_known = float(sums.weight[index, [GOOD, BAD]].sum())
    effective = n_known * _worth(rows)
    parts = []
    for outcome, stake in ((GOOD, terms.margin), (BAD, -terms.lgd)):
        first, second, third = (
            (float(each[index, outcome]) for each in sums.exposure)
            if rows.exposure is not None
            else (terms.ead**power * float(sums.weight[index, outcome]) for power in (1, 2, 3))
        )
        if first and stake:
            share_known = effective / n_known
            parts.append(Amounts(stake, share_known * first, second / first, third * first / second**2))
    if not parts:
        return Estimate(0.0)
    mean = mean_estimate(parts, effective)
    return mean.mapped(lambda value: value * n_known)


def _worth(rows: PairedRows) -> float:
    """How many effective applications each that is counted is worth; 1 without weights."""
    weight = rows.weight
    return 1.0 if weight is None else effective_share(float(weight.sum()), float((weight**2).sum()))


def _gain(rows: PairedRows, swaps: IntArray, terms: Terms) -> Estimate:
    """The profit that approving those swapped in instead of those swapped out earns, over rows of known outcome."""
    if rows.why_no_pd:
        return Estimate.undefined(rows.why_no_pd)
    known = rows.outcome != OPEN
    if not known.any():
        return Estimate.undefined(NO_OUTCOMES)
    sign = (swaps == tuple(Swap).index(Swap.IN)).astype(np.float64) - (swaps == tuple(Swap).index(Swap.OUT))
    stake = np.where(rows.outcome == BAD, -terms.lgd, terms.margin)
    earned = (sign * stake * (terms.ead if rows.exposure is None else rows.exposure))[known]
    weight = np.ones(earned.size) if rows.weight is None else rows.weight[known]
    total, n = float(weight.sum()), earned.size
    if not total:
        return Estimate.undefined(NO_OUTCOMES)
    mean = float((weight * earned).sum()) / total
    if n < LEAST_OF_AN_OUTCOME:
        return Estimate(mean * total)
    error = math.sqrt(float((weight**2 * (earned - mean) ** 2).sum()) * n / (n - 1))
    return Estimate.around(mean * total, mean * total - Z95 * error, mean * total + Z95 * error)


def _total(rows: PairedRows, chosen: BoolArray) -> float:
    return float(np.count_nonzero(chosen)) if rows.weight is None else float(rows.weight[chosen].sum())
