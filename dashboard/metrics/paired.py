"""Two models over the same rows, and the interval of whatever figure of the one less that of the other.

A figure is a function of how much each row counts. How far the row moves it, were it to count a little more, is the
row's effect; of a difference of two figures it is the difference of the two effects. The variance of a figure is the
sum of its squared effects, and of a difference as well, so that what both models share cancels row by row, and one
reckoning serves all figures. Source: Jaeckel (1972), Bell Laboratories memorandum 72-1215-11 ("infinitesimal
jackknife"); Efron (1982), The Jackknife, the Bootstrap and Other Resampling Plans, chapter 6. For the AUC it is
DeLong's.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dashboard.metrics.counts import BAD, OPEN, AnyArray, BoolArray, FloatArray, IntArray
from dashboard.metrics.estimate import NO_APPLICATIONS, NO_DEFAULTS, NO_NON_DEFAULTS, NO_OUTCOMES, Estimate
from dashboard.metrics.estimate import student_quantile as quantile_of
from dashboard.metrics.weighing import effective_share

# With fewer of either outcome, a spread says nothing.
LEAST_OF_AN_OUTCOME = 2


@dataclass(frozen=True, slots=True, eq=False)
class RankedScores:
    """A model's PD for each row, and the `place` of that PD among the `n_places` distinct ones of the table, rising.

    `why_no_pd` says why scores are no probabilities (completing "not defined because ..."), where they are none.
    """

    pd: FloatArray
    place: IntArray
    n_places: int
    why_no_pd: str = ""

    def take(self, rows: IntArray) -> RankedScores:
        """The rows at these places of the table, in that order."""
        return RankedScores(self.pd.take(rows), self.place.take(rows), self.n_places, self.why_no_pd)


def rank_scores(pd: npt.ArrayLike, *, why_no_pd: str = "") -> RankedScores:
    """The PDs of a table with their places: the one sort that a model needs, whatever is asked of it later."""
    scores = np.asarray(pd, dtype=np.float64)
    distinct, place = np.unique(scores, return_inverse=True)
    return RankedScores(scores, place.astype(np.int64), max(distinct.size, 1), why_no_pd)


# Without slots: cached properties keep their results in the instance.
@dataclass(frozen=True, eq=False)
class PairedRows:
    """Rows with the scores of two models: `outcome` is `GOOD`, `BAD` or `OPEN`; `weight` says how often a row counts.

    `exposure` is in currency units, None where it is not known.
    """

    one: RankedScores
    two: RankedScores
    outcome: npt.NDArray[np.uint8]
    weight: FloatArray | None = None
    exposure: FloatArray | None = None

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return self.outcome.size

    @cached_property
    def n_open(self) -> int:
        """Of how many rows the outcome is not known."""
        return int(np.count_nonzero(self.outcome == OPEN))

    @property
    def is_resolved(self) -> BoolArray:
        """Of which rows the outcome is known."""
        found: BoolArray = self.outcome != OPEN
        return found

    @property
    def why_no_pd(self) -> str:
        """Why a score of the two is no probability; empty where both are."""
        return self.one.why_no_pd or self.two.why_no_pd

    def take(self, rows: IntArray) -> PairedRows:
        """The rows at these places, in that order."""
        weight, exposure = (None if each is None else each.take(rows) for each in (self.weight, self.exposure))
        return PairedRows(self.one.take(rows), self.two.take(rows), self.outcome.take(rows), weight, exposure)

    def chosen(self, chosen: BoolArray | None) -> PairedRows:
        """The `chosen` rows (one value a row); None chooses all."""
        return self if chosen is None else self.take(np.flatnonzero(chosen))

    @cached_property
    def sample(self) -> Sample:
        """What figures are worked out from: the rows whose outcome is known."""
        known = self.take(np.flatnonzero(self.is_resolved)) if self.n_open else self
        is_bad = known.outcome == BAD
        return Sample(known.one, known.two, is_bad, known.weight, known.exposure, n_open=self.n_open)


@dataclass(frozen=True, eq=False)
class Sample:
    """The rows whose outcome is known, with whether each defaulted; `n_open` others are left out."""

    one: RankedScores
    two: RankedScores
    is_bad: BoolArray
    weight: FloatArray | None
    exposure: FloatArray | None
    n_open: int = 0

    @property
    def why_no_pd(self) -> str:
        """Why a score of the two is no probability; empty where both are."""
        return self.one.why_no_pd or self.two.why_no_pd

    @cached_property
    def totals(self) -> tuple[float, float]:
        """The sums of the weights of the good and of the bad ones; without weights their numbers."""
        good, bad = np.bincount(self.is_bad, weights=self.weight, minlength=2).tolist()
        return good, bad

    @cached_property
    def effective(self) -> tuple[float, float]:
        """The effective numbers of good and bad ones (Kish), without weights the numbers."""
        if self.weight is None:
            return self.totals
        squares = np.bincount(self.is_bad, weights=self.weight**2, minlength=2)
        good, bad = (total * effective_share(total, square) for total, square in zip(self.totals, squares, strict=True))
        return float(good), float(bad)

    @property
    def total(self) -> float:
        """The sum of all weights."""
        return sum(self.totals)

    @property
    def missing_outcome(self) -> str:
        """Why good and bad ones cannot be compared; empty if both occur."""
        n_good, n_bad = self.totals
        if not n_good + n_bad:
            return NO_OUTCOMES if self.n_open else NO_APPLICATIONS
        return NO_DEFAULTS if not n_bad else "" if n_good else NO_NON_DEFAULTS

    def mean(self, values: AnyArray) -> float:
        """The weighted mean of a value a row."""
        return float(np.average(values, weights=self.weight)) if values.size else 0.0

    def cells(self, scores: RankedScores) -> IntArray:
        """For each row its place, and beyond the last one again for defaults."""
        return scores.place + scores.n_places * self.is_bad

    def by_place(self, scores: RankedScores) -> tuple[FloatArray, FloatArray]:
        """How much counts as good and as bad at each place."""
        counted = np.bincount(self.cells(scores), weights=self.weight, minlength=2 * scores.n_places)
        return counted[: scores.n_places].astype(np.float64), counted[scores.n_places :].astype(np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Effects:
    """A figure's value, and by how much each row moves it per unit of the row's weight."""

    value: float
    by_row: FloatArray

    def less(self, other: Effects) -> Effects:
        """This figure less `other`."""
        return Effects(self.value - other.value, self.by_row - other.by_row)


def estimate_of(effects: Effects, sample: Sample, *, low: float = -math.inf, high: float = math.inf) -> Estimate:
    """The figure with its interval, kept within `low` and `high`.

    Value +- Student's quantile x standard error, with Satterthwaite's degrees of freedom over the two outcomes. No
    interval where fewer than two rows have an outcome, or where no row moves a figure that is not 0.
    """
    parts = variance_parts(effects.by_row, sample)
    variance = sum(parts)
    if min(sample.effective) < LEAST_OF_AN_OUTCOME or (not variance and effects.value):
        return Estimate(effects.value)
    half = quantile_of(degrees_of_freedom(parts, sample.effective)) * math.sqrt(variance) if variance else 0.0
    return Estimate.around(effects.value, max(effects.value - half, low), min(effects.value + half, high))


def difference(
    one: Effects, two: Effects, sample: Sample, *, low: float = -math.inf, high: float = math.inf
) -> Estimate:
    """The figure of the second model less that of the first, with the interval of `estimate_of`."""
    return estimate_of(two.less(one), sample, low=low, high=high)


def variance_parts(by_row: FloatArray, sample: Sample) -> tuple[float, float]:
    """What the good and what the bad ones add to the variance of a figure; 0 of an outcome with fewer than two."""
    moved = by_row if sample.weight is None else sample.weight * by_row
    squares = np.bincount(sample.is_bad, weights=moved**2, minlength=2).tolist()
    good, bad = (
        square * n / (n - 1) if n >= LEAST_OF_AN_OUTCOME else 0.0
        for square, n in zip(squares, sample.effective, strict=True)
    )
    return good, bad


def degrees_of_freedom(parts: tuple[float, float], numbers: tuple[float, float]) -> float:
    """Those of a variance that is the sum of two, each estimated from so many rows.

    Source: Satterthwaite (1946), Biometrics Bulletin 2(6).
    """
    spread = sum(part**2 / (n - 1) for part, n in zip(parts, numbers, strict=True) if part)
    return sum(parts) ** 2 / spread if spread else math.inf
