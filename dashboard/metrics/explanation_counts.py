"""What the contributions of a cohort's rows come down to: sums per feature, and one feature's table of cells.

All rows of the cohort are counted, never a sample. Both results are additive, so that the rest is the whole less the
cohort. Contributions are whole numbers of steps here (see `inference.explain.contributions`), so that sums are exact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from dashboard.metrics.counts import FloatArray, IntArray
from inference.explain.contributions import Contributions, ExplainedFeature

# A feature's contributions are counted in at most this many ranges of equal width.
MOST_CELLS = 512
_PIECE = 1 << 15

BoolArray = npt.NDArray[np.bool_]


class ExplanationError(ValueError):
    """Counts of contributions that cannot be combined."""

    @classmethod
    def from_others(cls) -> Self:
        return cls("These counts are of other contributions or another feature; only like counts add up.")


@dataclass(frozen=True, slots=True, eq=False)
class ContributionSums:
    """Sums over a cohort's rows, one per feature: of contributions, of their sizes and of their squares, in steps.

    `names` and `labels` are the features', `step` is a step in log-odds.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    step: float
    n_applications: int
    total: IntArray
    absolute: IntArray
    squares: IntArray

    def __add__(self, other: ContributionSums) -> ContributionSums:
        return self._combined(other, 1)

    def __sub__(self, other: ContributionSums) -> ContributionSums:
        return self._combined(other, -1)

    def _combined(self, other: ContributionSums, sign: int) -> ContributionSums:
        if (self.names, self.step) != (other.names, other.step):
            raise ExplanationError.from_others()
        return replace(
            self,
            n_applications=self.n_applications + sign * other.n_applications,
            total=self.total + sign * other.total,
            absolute=self.absolute + sign * other.absolute,
            squares=self.squares + sign * other.squares,
        )


@dataclass(frozen=True, slots=True, eq=False)
class FeatureCounts:
    """A cohort's applications by the bin of one feature's value and by its contribution.

    `table` has shape (value bins + 1, cells), its last row for a missing value; a cell is `width` steps wide, the
    first begins at `lowest` steps. `total` has the sum of contributions per value bin, in steps.
    """

    feature: ExplainedFeature
    step: float
    lowest: int
    width: int
    table: IntArray
    total: IntArray

    @property
    def n_applications(self) -> int:
        """Number of applications."""
        return int(self.table.sum())

    @property
    def middles(self) -> FloatArray:
        """The middle of each cell, in log-odds."""
        first = self.lowest + (self.width - 1) / 2
        places: FloatArray = np.arange(self.table.shape[1], dtype=np.float64)
        return (first + self.width * places) * self.step

    def flipped(self) -> FeatureCounts:
        """The same with the value bins in descending order, the missing values last as before."""
        order = [*range(len(self.table) - 2, -1, -1), len(self.table) - 1]
        return replace(self, table=self.table[order], total=self.total[order])

    def __add__(self, other: FeatureCounts) -> FeatureCounts:
        return self._combined(other, 1)

    def __sub__(self, other: FeatureCounts) -> FeatureCounts:
        return self._combined(other, -1)

    def _combined(self, other: FeatureCounts, sign: int) -> FeatureCounts:
        if (self.feature, self.step) != (other.feature, other.step):
            raise ExplanationError.from_others()
        return replace(self, table=self.table + sign * other.table, total=self.total + sign * other.total)


def count_contributions(
    contributions: Contributions, chosen: BoolArray | None = None, *, whole: ContributionSums | None = None
) -> ContributionSums:
    """The sums of every feature over the `chosen` rows (one value a row), or over all.

    With the sums of all rows given as `whole`, no more than half of the rows are read: the others are taken from it.
    """
    height = contributions.frame.height
    if chosen is None:
        return _sums(contributions, contributions.frame.lazy(), height)
    number = int(np.count_nonzero(chosen))
    if whole is None or 2 * number <= height:
        return _sums(contributions, contributions.frame.lazy().filter(pl.Series(chosen)), number)
    return whole - _sums(contributions, contributions.frame.lazy().filter(pl.Series(~chosen)), height - number)


def _sums(contributions: Contributions, table: pl.LazyFrame, n_applications: int) -> ContributionSums:
    names, labels = zip(*((feature.name, feature.label) for feature in contributions.features), strict=True)
    wide = pl.col(names).cast(pl.Int64)
    sums = table.select(
        wide.sum().name.suffix(":1"), wide.abs().sum().name.suffix(":2"), wide.pow(2).sum().name.suffix(":3")
    ).collect()
    total, absolute, squares = sums.to_numpy().reshape(3, len(names)).astype(np.int64)
    return ContributionSums(names, labels, contributions.step, n_applications, total, absolute, squares)


def count_feature(contributions: Contributions, name: str, chosen: BoolArray | None = None) -> FeatureCounts:
    """The cells of the feature called `name` over the `chosen` rows (one value a row), or over all."""
    feature = next(feature for feature in contributions.features if feature.name == name)
    steps = contributions.frame[name].to_numpy()
    codes = contributions.frame[feature.code_column].to_numpy()
    if chosen is not None:
        # By place: twice as fast as by a mask, which is gone through anew for either array.
        rows = np.flatnonzero(chosen)
        steps, codes = steps[rows], codes[rows]
    n_codes, span = feature.bins.size + 1, feature.highest - feature.lowest
    # A width that is a power of two, and cells that 16 bits tell apart: a third of the time of the obvious way.
    shift = max(span.bit_length() - (min(MOST_CELLS, 65_536 // n_codes).bit_length() - 1), 0)
    n_cells = (span >> shift) + 1
    table, total = np.zeros(n_codes * n_cells, dtype=np.int64), np.zeros(n_codes)
    # In pieces that stay in the processor's cache.
    for start in range(0, steps.size, _PIECE):
        own, code = steps[start : start + _PIECE], codes[start : start + _PIECE]
        above = own.view(np.uint16) - np.uint16(feature.lowest % 65_536)
        cells = (above >> np.uint16(shift)) + code * np.uint16(n_cells)
        table += np.bincount(cells, minlength=table.size)
        # Cast here: bincount would do it an element at a time.
        total += np.bincount(code, weights=own.astype(np.float64), minlength=n_codes)
    shape = (n_codes, n_cells)
    return FeatureCounts(
        feature, contributions.step, feature.lowest, 1 << shift, table.reshape(shape), total.astype(np.int64)
    )
