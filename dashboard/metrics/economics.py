"""What a cutoff costs and earns, which one is best, how sure that is, and how it moves with the assumptions.

Both questions are one: approving an application that repays gains something, approving one that defaults loses
something, and the best cutoff has the largest difference below it. With costs, each application counts 1, the gain is
the cost of a false decline and the loss that of a false approval; with profit, it counts its exposure, and gain and
loss are the margin and the loss given default.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from dashboard.metrics.amounts import Amounts, mean_estimate
from dashboard.metrics.counts import AnyArray, BoolArray, FloatArray, IntArray, ScoreCounts
from dashboard.metrics.discrimination import missing_outcome
from dashboard.metrics.estimate import Estimate
from data.predictions.scores import round_cutoffs

NOTHING_AT_STAKE = "neither a right nor a wrong decision is worth anything with these assumptions"
# 95 % quantile, found by simulation, of what the scaled gap must reach (see `_optimum`).
CRITICAL_GAP = 1.57
# Of exposure at one PD: the most that is believed, and what is taken where there are fewer than three PDs to tell by.
MAX_RELATIVE_VARIANCE, UNKNOWN_RELATIVE_VARIANCE = 4.0, 1.0
# How many exposures of the others that are approved stand beside those of one outcome, whose spread they steady.
BORROWED = 30
COST_RATIOS = tuple(float(ratio) for ratio in (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 25, 30, 40, 50))
LGDS = tuple(step / 20 for step in range(1, 21))
MARGINS = tuple(step / 100 for step in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18, 20, 22, 25, 30))


_NOTHING = np.zeros(0)


@dataclass(frozen=True, slots=True)
class Costs:
    """What a false approval and a false decline cost, 0 or more, in any one unit."""

    false_approval: float
    false_decline: float

    @property
    def theory_cutoff(self) -> float | None:
        """c_FP / (c_FP + c_FN): the PD at which both decisions cost the same; None where both cost nothing."""
        return _balance(self.false_decline, self.false_approval)


@dataclass(frozen=True, slots=True)
class Terms:
    """Margin and loss given default as shares of exposure; `ead` is the exposure where the predictions carry none."""

    margin: float
    lgd: float
    ead: float

    @property
    def break_even(self) -> float | None:
        """margin / (margin + LGD): the PD above which a loan loses on average; None where both are 0."""
        return _balance(self.margin, self.lgd)


@dataclass(frozen=True, slots=True)
class CutoffCurve:
    """Cost or profit per application over all cutoffs, thinned for drawing; each point is exact.

    `realised` counts the observed outcomes, `expected` each application by its PD. `applied` is the cutoff in force and
    `now` what it gives. `optimum` is the best cutoff that can be set, the lowest of equally good ones, with the range
    that holds the population's best one in 95 % of samples; `best` is what it gives here. `theory` is the best cutoff
    for PDs that are right, where `expected` has its best value. Costs are in the unit of the costs, profit in currency
    units. `applications` are those whose outcome is known. `scaled_gap` is by how many standard errors the best cutoff
    found beats the one in force.
    """

    cutoff: FloatArray
    realised: FloatArray
    expected: FloatArray
    applied: float
    now: Estimate
    optimum: Estimate
    best: float | None
    theory: float | None
    applications: int
    scaled_gap: float | None = None

    @property
    def given_away(self) -> float | None:
        """What the cutoff in force costs more, or earns less, than the best one, over all applications."""
        if self.best is None or self.now.value is None:
            return None
        return abs(self.now.value - self.best) * self.applications


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """The best cutoff for each of several values of one assumption, `current` among them, the others left as they are.

    `low` and `high` are the ends of its 95 % range. `excess` is what the cutoff in force gives away against the best
    one, per application, and `relative_excess` that as a share of what the best one costs or earns; NaN if that is 0.
    """

    values: FloatArray
    current: float
    applied: float
    optimum: FloatArray
    low: FloatArray
    high: FloatArray
    theory: FloatArray
    excess: FloatArray
    relative_excess: FloatArray


@dataclass(frozen=True, slots=True)
class _Book:
    """What each cutoff at which decisions change sums up to, in what applications count (1, or their exposure).

    `at` is the number of bins below, `cutoff` the PD there, which not always `can_be_set`, `approved` how many
    applications that is, `approved_bad` how many defaults. `bad` is what is approved of those that defaulted, `good`
    of those that repaid, for costs less all of it, so that what is declined is a debt; `_squares` are of what each
    application counts, `expected_` by PD instead of outcome. `sign` is -1 where less is better, as for costs.
    """

    at: IntArray
    cutoff: FloatArray
    can_be_set: BoolArray
    approved: IntArray
    approved_bad: IntArray
    good: FloatArray
    good_squares: FloatArray
    expected_good: FloatArray
    bad: FloatArray
    bad_squares: FloatArray
    expected_bad: FloatArray
    gain: float
    loss: float
    sign: int
    applications: int

    def benefit(self) -> FloatArray:
        """What the decisions gain less what they lose; more is better."""
        return self.gain * self.good - self.loss * self.bad

    def realised(self) -> FloatArray:
        """Cost or profit per application at each cutoff, by observed outcomes."""
        return self.sign * self.benefit() / self.applications

    def expected(self) -> FloatArray:
        """Cost or profit per application at each cutoff, by PD."""
        return self.sign * (self.gain * self.expected_good - self.loss * self.expected_bad) / self.applications

    def estimate(self, index: int) -> Estimate:
        """Cost or profit per application at one cutoff, with its interval (see `amounts`)."""
        approved, n_bad = self.approved[index].item(), self.approved_bad[index].item()
        good, bad = (abs(float(sums[index])) for sums in (self.good, self.bad))
        if self.sign < 0:
            # Each error counts 1. Where nobody is approved (declined), no default (good one) can be wrongly so.
            parts = [Amounts(self.loss, bad, 1.0)] if approved else []
            parts += [Amounts(self.gain, good, 1.0)] if approved < self.applications else []
            return mean_estimate(parts, self.applications)
        if not approved:
            return mean_estimate([], self.applications)
        squares = float(self.good_squares[index]), float(self.bad_squares[index])
        typical = BORROWED * (good + bad) / approved, BORROWED * (squares[0] + squares[1]) / approved
        parts = [
            _steadied(weight, number, own, typical)
            for weight, number, own in (
                (self.gain, approved - n_bad, (good, squares[0])),
                (-self.loss, n_bad, (bad, squares[1])),
            )
        ]
        return mean_estimate(parts, self.applications)


def _steadied(weight: float, number: int, own: tuple[float, float], typical: tuple[float, float]) -> Amounts:
    """Exposures of one outcome given their sum and sum of squares, with a spread that owes less to the few there are.

    With logarithms normal and the spread known, their asymmetry would be 1 + v for a relative variance v. Here the
    spread is estimated from the amounts themselves, and is small when their sum is; simulations (docs/metrics.md) put
    what is left at the root of that.
    """
    total, squares = own[0] + typical[0], own[1] + typical[1]
    if not total:
        return Amounts(weight, 0.0, 0.0)
    return Amounts(weight, own[0], squares / total, math.sqrt(squares * (number + BORROWED)) / total)


def cost_curve(counts: ScoreCounts, costs: Costs, *, cutoff: float, max_points: int = 300) -> CutoffCurve | None:
    """c_FN x false approvals + c_FP x false declines, per application, over all cutoffs; None without outcomes."""
    return CutoffCurves(counts, costs).drawn(cutoff, max_points) if counts.n_resolved else None


def profit_curve(counts: ScoreCounts, terms: Terms, *, cutoff: float, max_points: int = 300) -> CutoffCurve | None:
    """Sum over the approved of EAD x ((1 - y) x margin - y x LGD), per application; None without outcomes."""
    return CutoffCurves(counts, terms).drawn(cutoff, max_points) if counts.n_resolved else None


def realised_at(counts: ScoreCounts, stakes: Costs | Terms, cutoffs: Sequence[float]) -> tuple[Estimate, ...]:
    """Cost (of `Costs`) or profit (of `Terms`) per application at each of `cutoffs`; some outcome is known."""
    counts = counts.sample
    book = _cost_book(counts, stakes) if isinstance(stakes, Costs) else _profit_book(counts, stakes)
    return tuple(book.estimate(int(at)) for at in _index(book, counts, np.asarray([*map(counts.snap, cutoffs)])))


def cost_sensitivity(
    counts: ScoreCounts, costs: Costs, *, cutoff: float, ratios: Sequence[float] = COST_RATIOS
) -> Sensitivity | None:
    """The cheapest cutoff by c_FN / c_FP, in units of c_FP; None where an outcome is missing or c_FP is 0."""
    if not costs.false_decline:
        return None
    counts, current = counts.sample, costs.false_approval / costs.false_decline
    values = _with(ratios, current)
    return _sensitivity(counts, _cost_book(counts, costs), cutoff, current, {value: (1.0, value) for value in values})


def lgd_sensitivity(
    counts: ScoreCounts, terms: Terms, *, cutoff: float, lgds: Sequence[float] = LGDS
) -> Sensitivity | None:
    """The most profitable cutoff by LGD, a share; None where an outcome is missing or the margin is 0."""
    counts, stakes = counts.sample, {value: (terms.margin, value) for value in _with(lgds, terms.lgd)}
    return _sensitivity(counts, _profit_book(counts, terms), cutoff, terms.lgd, stakes) if terms.margin else None


def margin_sensitivity(
    counts: ScoreCounts, terms: Terms, *, cutoff: float, margins: Sequence[float] = MARGINS
) -> Sensitivity | None:
    """The most profitable cutoff by margin, a share; None where an outcome is missing or the LGD is 0."""
    counts, stakes = counts.sample, {value: (value, terms.lgd) for value in _with(margins, terms.margin)}
    return _sensitivity(counts, _profit_book(counts, terms), cutoff, terms.margin, stakes) if terms.lgd else None


def _balance(gain: float, loss: float) -> float | None:
    return gain / (gain + loss) if gain + loss else None


def _with(values: Iterable[float], current: float) -> list[float]:
    return sorted({*values, current})


def _cost_book(counts: ScoreCounts, costs: Costs) -> _Book:
    sums = _Sums(counts.good, counts.good, counts.bad, counts.bad, counts.good_pd + counts.bad_pd)
    return _book(counts, sums, (costs.false_decline, costs.false_approval), sign=-1)


def _profit_book(counts: ScoreCounts, terms: Terms) -> _Book:
    if counts.exposure_sum:
        good, bad = counts.good_exposure, counts.bad_exposure
        expected = counts.good_mean_pd * good + counts.bad_mean_pd * bad
        sums = _Sums(
            good, _squares(good, counts.good, counts.edges), bad, _squares(bad, counts.bad, counts.edges), expected
        )
    else:
        ead = terms.ead
        expected = ead * (counts.good_pd + counts.bad_pd)
        sums = _Sums(ead * counts.good, ead**2 * counts.good, ead * counts.bad, ead**2 * counts.bad, expected)
    return _book(counts, sums, (terms.margin, terms.lgd), sign=1)


class _Sums(NamedTuple):
    """Per bin, what its applications count, its square, and it times PD."""

    good: AnyArray
    good_squares: AnyArray
    bad: AnyArray
    bad_squares: AnyArray
    expected_bad: FloatArray


def _book(counts: ScoreCounts, sums: _Sums, stakes: tuple[float, float], *, sign: int) -> _Book:
    # Decisions change after each bin that holds applications, and nowhere else.
    at: IntArray = np.concatenate([[0], 1 + np.flatnonzero(counts.applications)])
    cutoffs = counts.cutoffs[at]

    def below(values: AnyArray, *, less_all: bool = False) -> FloatArray:
        total: FloatArray = np.concatenate([[0.0], np.cumsum(values)])
        chosen: FloatArray = total[at]
        return chosen - total[-1] if less_all else chosen

    debt = sign < 0
    return _Book(
        at=at,
        cutoff=cutoffs,
        can_be_set=round_cutoffs(cutoffs) == cutoffs,
        approved=below(counts.applications).astype(counts.good.dtype),
        approved_bad=below(counts.bad).astype(counts.good.dtype),
        good=below(sums.good, less_all=debt),
        good_squares=below(sums.good_squares, less_all=debt),
        expected_good=below(sums.good + sums.bad - sums.expected_bad, less_all=debt),
        bad=below(sums.bad),
        bad_squares=below(sums.bad_squares),
        expected_bad=below(sums.expected_bad),
        gain=stakes[0],
        loss=stakes[1],
        sign=sign,
        applications=counts.n_applications,
    )


def _squares(amounts: FloatArray, number: IntArray, pd: FloatArray) -> FloatArray:
    """Sum of squared exposure per bin, of which the bins hold the sum alone: exact for a bin of one application.

    Within a bin exposure is taken to vary, relative to its mean, as bins' means do around the straight line between
    their neighbours (Gasser, Sroka and Jennen-Steinmetz 1986, Biometrika 73(3)).
    """
    used = np.flatnonzero(number)
    squares = np.zeros(amounts.size)
    if not used.size or not amounts.any():
        return squares
    n, mean = number[used], amounts[used] / number[used]
    relative = _relative_variance(n, mean, pd[used]) if used.size > 2 else UNKNOWN_RELATIVE_VARIANCE
    squares[used] = amounts[used] ** 2 / n * (1 + relative) / (1 + relative / n)
    return squares


def _relative_variance(n: IntArray, mean: FloatArray, pd: FloatArray) -> float:
    before = (pd[2:] - pd[1:-1]) / (pd[2:] - pd[:-2])
    residual = mean[1:-1] - before * mean[:-2] - (1 - before) * mean[2:]
    noise = residual**2 / (1 / n[1:-1] + before**2 / n[:-2] + (1 - before) ** 2 / n[2:])
    variance = float(noise.mean())
    # The squares of the means have that much of the noise in them.
    level = float((mean**2).mean()) - variance * float((1 / n).mean())
    return variance / max(level, variance / MAX_RELATIVE_VARIANCE) if variance else 0.0


class CutoffCurves:
    """What cost (of `Costs`) or profit (of `Terms`) gives at any cutoff in force, without its drawing.

    What all cutoffs share is worked out once; of `counts` some outcome is known.
    """

    def __init__(self, counts: ScoreCounts, stakes: Costs | Terms) -> None:
        # Of the sums over all applications, weights are no sample's.
        self._n_applications = counts.n_resolved
        self._counts = counts = counts.sample
        self._book = _cost_book(counts, stakes) if isinstance(stakes, Costs) else _profit_book(counts, stakes)
        self._theory = _balance(self._book.gain, self._book.loss)
        self._reason = missing_outcome(counts)
        self._usual = _best_of(self._book, self._reason)

    def at(self, cutoff: float) -> CutoffCurve:
        """The curve with `cutoff` (a PD) in force, none of its points drawn."""
        return self.applied(self._counts.snap(cutoff), self.indexes(np.array([cutoff]))[0])

    def indexes(self, cutoffs: FloatArray) -> list[int]:
        """Where in the book the decisions of each of `cutoffs` are, for `applied`."""
        indexes: list[int] = _index(self._book, self._counts, cutoffs).tolist()
        return indexes

    def applied(self, applied: float, now: int) -> CutoffCurve:
        """The curve with the cutoff `applied` in force, whose decisions are at the index `now`."""
        # Decisions in force can be set, so that no best ones are worse.
        can_be_set = bool(self._book.can_be_set[now])
        optimum, best, gaps = self._usual if can_be_set else _best_of(_setting(self._book, now), self._reason)
        return CutoffCurve(
            cutoff=_NOTHING,
            realised=_NOTHING,
            expected=_NOTHING,
            applied=applied,
            now=self._book.estimate(now),
            optimum=optimum,
            best=best,
            theory=self._theory,
            applications=self._n_applications,
            scaled_gap=None if gaps is None else float(gaps[now]),
        )

    def drawn(self, cutoff: float, max_points: int) -> CutoffCurve:
        """The curve with `cutoff` in force, thinned for drawing."""
        curve = self.at(cutoff)
        marks = (curve.applied, curve.optimum.value, curve.optimum.high, curve.theory)
        points = _drawn(self._counts, [mark for mark in marks if mark is not None], max_points)
        index = _index(self._book, self._counts, points)
        realised, expected = self._book.realised()[index], self._book.expected()[index]
        return replace(curve, cutoff=points, realised=realised, expected=expected)


def _best_of(book: _Book, reason: str | None) -> tuple[Estimate, float | None, FloatArray | None]:
    """The best cutoff, what it gives, and by how many standard errors each other one is worse."""
    optimum = _optimum(book, reason)
    if not optimum.is_defined:
        return optimum, None, None
    best = float(book.sign * (book.sign * book.realised())[book.can_be_set].max())
    return optimum, best, _scaled_gaps(book)[1]


def _setting(book: _Book, now: int) -> _Book:
    """`book` with the decisions in force among those that can be set, so that no best ones are worse."""
    return replace(book, can_be_set=book.can_be_set | (np.arange(book.at.size) == now))


def _drawn(counts: ScoreCounts, marks: Sequence[float], max_points: int) -> FloatArray:
    """Cutoffs from 0 to where 99.5 % of applications are below, or a little past the last of `marks`."""
    below = np.cumsum(counts.applications)
    last = counts.edges[np.searchsorted(below, 0.995 * below[-1])]
    end = min(1.0, max(float(last), 1.1 * max(marks)))
    even = np.linspace(0, end, max_points - len(marks))
    if not counts.is_exact:
        even = round_cutoffs(even)
    return np.unique(np.concatenate([even, np.minimum(marks, end)]))


def _index(book: _Book, counts: ScoreCounts, cutoffs: FloatArray) -> IntArray:
    """Where in `book` the decisions of each cutoff are."""
    below = np.searchsorted(counts.edges, counts.snapped(cutoffs), side="left")
    return np.searchsorted(book.at, below, side="right") - 1


def _optimum(book: _Book, reason: str | None) -> Estimate:
    """The lowest of the best cutoffs, with the range that holds the population's best one in 95 % of samples.

    A cutoff stays in the range where giving it up for the best one found gains no more than `CRITICAL_GAP` standard
    errors. The two decide differently on the applications between them, each of which moves the gain by its own stake,
    so that its variance is the sum of their squares: as observed, or, where that is more, as it is around the optimum,
    where gains and losses balance. The best one found has been picked for its luck, which is why 1.96 would be wrong.
    """
    if reason or not book.gain + book.loss:
        return Estimate.undefined(reason or NOTHING_AT_STAKE)
    best, gaps = _scaled_gaps(book)
    near = np.flatnonzero(np.abs(gaps) <= CRITICAL_GAP)
    cutoff, low, high = (float(book.cutoff[index]) for index in (best, min(near[0], best), max(near[-1], best)))
    return Estimate.around(cutoff, low, high)


def _scaled_gaps(book: _Book) -> tuple[int, FloatArray]:
    """The best cutoff's index, and by how many standard errors each gives away against it."""
    benefit = book.benefit()
    best = int(np.argmax(np.where(book.can_be_set, benefit, -np.inf)))
    observed = book.gain**2 * book.good_squares + book.loss**2 * book.bad_squares
    balanced = book.gain * book.loss * (book.good_squares + book.bad_squares)
    variance = np.maximum(np.abs(observed - observed[best]), np.abs(balanced - balanced[best]))
    gap = benefit[best] - benefit
    beyond = np.where(gap, np.copysign(np.inf, gap), 0.0)
    return best, np.divide(gap, np.sqrt(variance), out=beyond, where=variance > 0)


def _sensitivity(
    counts: ScoreCounts, book: _Book, cutoff: float, current: float, stakes: Mapping[float, tuple[float, float]]
) -> Sensitivity | None:
    if missing_outcome(counts):
        return None
    now = int(_index(book, counts, np.array([counts.snap(cutoff)]))[0])
    book = _setting(book, now)
    rows = [_row(replace(book, gain=gain, loss=loss), now) for gain, loss in stakes.values()]
    columns = np.array(rows).T
    return Sensitivity(np.array(list(stakes)), current, counts.snap(cutoff), *columns)


def _row(book: _Book, now: int) -> tuple[float, ...]:
    optimum, benefit = _optimum(book, None), book.benefit()
    best = float(benefit[book.can_be_set].max())
    excess = (best - float(benefit[now])) / book.applications
    theory = _balance(book.gain, book.loss)
    relative = excess * book.applications / abs(best) if best else math.nan
    return (*(end or 0.0 for end in (optimum.value, optimum.low, optimum.high)), theory or 0.0, excess, relative)
