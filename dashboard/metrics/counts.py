"""`ScoreCounts`: what one cohort comes down to, and the only place where metrics touch rows.

For each bin of the predicted probability of default (PD) it holds how many applications repaid ("good") and defaulted
("bad"), and the sums of PD and of exposure by outcome. It is additive, so that segments add up to their cohort and the
rest is the whole less the cohort; every metric is a function of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from data.predictions import EXPOSURE, OUTCOME, PROBABILITY
from data.predictions import PD_BIN as BIN

FloatArray: TypeAlias = npt.NDArray[np.float64]
AnyArray: TypeAlias = npt.NDArray[Any]
IntArray: TypeAlias = npt.NDArray[np.int64]
SegmentValue: TypeAlias = str | int | float | bool | None

BINS_PER_UNIT = 10_000
N_BINS = BINS_PER_UNIT + 1
STEP = 1 / BINS_PER_UNIT
MAX_SEGMENTS = 200


class CountsError(ValueError):
    """Counts that cannot be made or combined."""

    @classmethod
    def from_grids(cls, left: ScoreCounts, right: ScoreCounts) -> Self:
        return cls(
            f"These counts are on different PD grids ({left.edges.size:,} and {right.edges.size:,} bins); "
            "count both with `count_scores` before adding or subtracting."
        )

    @classmethod
    def from_negative(cls, name: str, pd_edge: float) -> Self:
        return cls(
            f"The number of {name} applications at a PD of {pd_edge:.4f} would be below zero; "
            "only a part can be taken from the whole that contains it."
        )

    @classmethod
    def from_shape(cls, name: str, size: int, expected: int) -> Self:
        return cls(f"`{name}` has {size:,} values where the grid has {expected:,}; give one value per bin.")

    @classmethod
    def from_missing_columns(cls, names: Iterable[str]) -> Self:
        listed = ", ".join(names)
        return cls(f"The predictions lack {listed}; load them with their `{BIN}` column (see `score_bins`).")

    @classmethod
    def from_nulls(cls, n_rows: int) -> Self:
        return cls(
            f"{n_rows:,} predictions have no outcome, no PD or one outside 0 to 1; "
            "drop or mend them when the file is loaded."
        )

    @classmethod
    def from_many_segments(cls, name: str, n_segments: int) -> Self:
        return cls(
            f"{name} has {n_segments:,} distinct values, more than the {MAX_SEGMENTS} that are counted apart; "
            "bin it first."
        )


@dataclass(frozen=True, slots=True, eq=False)
class ScoreCounts:
    """Applications, sums of PD and of exposure by outcome for each PD bin; immutable and additive.

    All arrays have one value per bin. `edges` are the lower edges, ascending: a bin holds PDs from its edge up to,
    not including, the next. `step` is the bins' width, or 0 where each bin is one distinct PD (`exact_counts`).
    Exposure is in currency units, and 0 throughout where it is not known.

    Raises:
        CountsError: an array's length differs from that of `edges`, or a count is negative.
    """

    edges: FloatArray
    good: IntArray
    bad: IntArray
    good_pd: FloatArray
    bad_pd: FloatArray
    good_exposure: FloatArray
    bad_exposure: FloatArray
    step: float = STEP

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            array = getattr(self, name)
            if array.size != self.edges.size:
                raise CountsError.from_shape(name, array.size, self.edges.size)
            if array.flags.writeable or array.dtype != _dtype_of(name):
                object.__setattr__(self, name, _frozen(array.astype(_dtype_of(name))))
        for name in ("good", "bad"):
            if np.any(getattr(self, name) < 0):
                raise CountsError.from_negative(name, float(self.edges[np.argmin(getattr(self, name))]))

    @classmethod
    def empty(cls) -> Self:
        """No application at all, on the standard grid; the neutral element of addition."""
        zeros = np.zeros(N_BINS)
        whole = zeros.astype(np.int64)
        return cls(STANDARD_EDGES, whole, whole, zeros, zeros, zeros, zeros)

    @property
    def n_good(self) -> int:
        """Number of applications that did not default."""
        return int(self.good.sum())

    @property
    def n_bad(self) -> int:
        """Number of applications that defaulted."""
        return int(self.bad.sum())

    @property
    def n_applications(self) -> int:
        """Number of applications."""
        return self.n_good + self.n_bad

    @property
    def applications(self) -> IntArray:
        """Number of applications per bin."""
        return self.good + self.bad

    @property
    def pd_sum(self) -> float:
        """Sum of PD over all applications: the number of defaults the model expects."""
        return float(self.good_pd.sum() + self.bad_pd.sum())

    @property
    def exposure_sum(self) -> float:
        """Sum of exposure over all applications, in currency units; 0 where it is not known."""
        return float(self.good_exposure.sum() + self.bad_exposure.sum())

    @property
    def good_mean_pd(self) -> FloatArray:
        """Mean PD of the good applications per bin; the bin's edge where there are none."""
        return np.divide(self.good_pd, self.good, out=self.edges.copy(), where=self.good > 0)

    @property
    def bad_mean_pd(self) -> FloatArray:
        """Mean PD of the bad applications per bin; the bin's edge where there are none."""
        return np.divide(self.bad_pd, self.bad, out=self.edges.copy(), where=self.bad > 0)

    def snap(self, cutoff: float) -> float:
        """The cutoff that is applied for `cutoff`: the nearest one on the grid, or itself where the bins are exact."""
        return round(cutoff * BINS_PER_UNIT) / BINS_PER_UNIT if self.step else cutoff

    def first_declined(self, cutoff: float) -> int:
        """Index of the first bin at or above `cutoff`, which is declined; one past the last if there is none."""
        if self.step:
            return min(max(round(cutoff * BINS_PER_UNIT), 0), self.edges.size)
        return int(np.searchsorted(self.edges, cutoff, side="left"))

    def __add__(self, other: ScoreCounts) -> ScoreCounts:
        self._check_grid(other)
        sums: dict[str, AnyArray] = {name: getattr(self, name) + getattr(other, name) for name in _SUMS}
        return ScoreCounts(self.edges, **sums, step=self.step)

    def __sub__(self, other: ScoreCounts) -> ScoreCounts:
        self._check_grid(other)
        rest: dict[str, AnyArray] = {name: getattr(self, name) - getattr(other, name) for name in _SUMS}
        # Subtracting floats leaves dust where nothing is left; a bin without applications sums to nothing.
        for outcome in ("good", "bad"):
            for name in (f"{outcome}_pd", f"{outcome}_exposure"):
                rest[name] = np.where(rest[outcome] > 0, np.maximum(rest[name], 0.0), 0.0)
        return ScoreCounts(self.edges, **rest, step=self.step)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        # Most of the 10,001 bins are empty in a cohort; a cache holds and unpickles only those that are not.
        used = np.flatnonzero(self.applications)
        edges = None if self.edges is STANDARD_EDGES else self.edges
        return _rebuilt, (edges, self.step, used, tuple(getattr(self, name)[used] for name in _SUMS))

    def _check_grid(self, other: ScoreCounts) -> None:
        if self.edges is not other.edges and not np.array_equal(self.edges, other.edges):
            raise CountsError.from_grids(self, other)


def _frozen(array: AnyArray) -> AnyArray:
    array.setflags(write=False)
    return array


STANDARD_EDGES: FloatArray = np.arange(N_BINS) / BINS_PER_UNIT
STANDARD_EDGES.setflags(write=False)
_ARRAYS = tuple(field.name for field in fields(ScoreCounts) if field.name != "step")
_SUMS = _ARRAYS[1:]


def _dtype_of(name: str) -> type[np.int64] | type[np.float64]:
    return np.int64 if name in ("good", "bad") else np.float64


def _rebuilt(edges: FloatArray | None, step: float, used: IntArray, values: tuple[AnyArray, ...]) -> ScoreCounts:
    grid = STANDARD_EDGES if edges is None else edges
    sums: dict[str, AnyArray] = {name: np.zeros(grid.size, dtype=_dtype_of(name)) for name in _SUMS}
    for array, part in zip(sums.values(), values, strict=True):
        array[used] = part
    return ScoreCounts(grid, **sums, step=step)


def weighted_sum(values: AnyArray, weights: AnyArray) -> float:
    """Sum of values x weights over all bins.

    Not `values @ weights`: from 10,000 elements on BLAS hands a dot product to threads, and waiting for them on a busy
    machine took 24 ms where all of an AUC takes 0.2.
    """
    return float((values * weights).sum())


def score_bin_expression(column: str = PROBABILITY) -> pl.Expr:
    """The PD bin of each row as a UInt16 column called `pd_bin`: floor(PD x 10,000), 0 to 10,000; null stays null.

    The PD that counts is the stored Float32, widened to Float64. Its 24-bit mantissa times 10,000 is exact there, so
    `pd_bin >= round(cutoff * 10_000)` says the same as `PD >= cutoff` for every cutoff on the grid. A PD outside 0
    to 1, or not a number, has no bin: null.
    """
    stored = pl.col(column).cast(pl.Float32).cast(pl.Float64)
    valid = stored.is_between(0, 1)
    return pl.when(valid).then((stored * BINS_PER_UNIT).floor()).cast(pl.UInt16).alias(BIN)


def score_bins(default_probability: npt.ArrayLike) -> npt.NDArray[np.uint16]:
    """The PD bin of each value, as `score_bin_expression` gives it.

    Raises:
        CountsError: a PD is outside 0 to 1 or not a number.
    """
    stored = np.asarray(default_probability, dtype=np.float32).astype(np.float64)
    n_wrong = int(stored.size - np.count_nonzero((stored >= 0) & (stored <= 1)))
    if n_wrong:
        raise CountsError.from_nulls(n_wrong)
    return np.floor(stored * BINS_PER_UNIT).astype(np.uint16)


def count_scores(frame: pl.DataFrame | pl.LazyFrame, *, filters: pl.Expr | None = None) -> ScoreCounts:
    """The counts of the rows that pass `filters` (all of them by default), on the standard grid.

    `frame` has `is_default` (Boolean), `default_probability` (Float32), `pd_bin` (UInt16, see `score_bin_expression`)
    and, where known, `exposure` (in currency units; null counts as 0).

    Raises:
        CountsError: a column is missing, or an outcome or PD is null.
    """
    rows = _rows(frame, filters, {}).collect()
    return _counts_from(_bincounts(rows, rows["cell"], n_cells=2 * N_BINS))


def count_scores_by(
    frame: pl.DataFrame | pl.LazyFrame, column: str | pl.Expr, *, filters: pl.Expr | None = None
) -> Mapping[SegmentValue, ScoreCounts]:
    """The counts of each segment, in one pass, ordered by the segments' values (an Enum's in its own order, null last).

    `column` names a column or is an expression over them, for example a number cut into ranges. Segments without a row
    are left out; they add up to what `count_scores` gives for the same filters.

    Raises:
        CountsError: as in `count_scores`, or there are more than `MAX_SEGMENTS` distinct values.
    """
    segment = pl.col(column) if isinstance(column, str) else column
    rows = _rows(frame, filters, {"segment": segment}).collect()
    levels, codes = _coded(rows["segment"], column if isinstance(column, str) else "the expression")
    cells = rows["cell"] + codes * (2 * N_BINS)
    width = len(levels) * 2 * N_BINS
    tables = [table.reshape(-1, 2 * N_BINS) for table in _bincounts(rows, cells, n_cells=width)]
    return {level: _counts_from([table[i] for table in tables]) for i, level in enumerate(levels)}


def exact_counts(
    is_default: npt.ArrayLike, default_probability: npt.ArrayLike, exposure: npt.ArrayLike | None = None
) -> ScoreCounts:
    """Counts whose bins are the distinct PDs themselves, so that every metric of them is exact.

    The three hold one value per application. Such counts add up only where their PDs are the same set.
    """
    scores = np.asarray(default_probability, dtype=np.float64)
    outcome = np.asarray(is_default, dtype=bool)
    amounts = np.zeros(scores.size) if exposure is None else np.asarray(exposure, dtype=np.float64)
    edges, index = np.unique(scores, return_inverse=True)

    def summed(chosen: npt.NDArray[np.bool_], weights: FloatArray) -> AnyArray:
        return np.bincount(index[chosen], weights=weights[chosen], minlength=edges.size)

    ones = np.ones(scores.size)
    good, bad, good_exposure, bad_exposure = (
        summed(chosen, weights) for weights in (ones, amounts) for chosen in (~outcome, outcome)
    )
    # The product, not a sum of equal terms: one rounding instead of many.
    return ScoreCounts(
        edges, good.astype(np.int64), bad.astype(np.int64), edges * good, edges * bad, good_exposure, bad_exposure, 0.0
    )  # fmt: skip


def _rows(frame: pl.DataFrame | pl.LazyFrame, filters: pl.Expr | None, extra: Mapping[str, pl.Expr]) -> pl.LazyFrame:
    rows = frame.lazy()
    names = frame.columns if isinstance(frame, pl.DataFrame) else rows.collect_schema().names()
    missing = [name for name in (OUTCOME, PROBABILITY, BIN) if name not in names]
    if missing:
        raise CountsError.from_missing_columns(missing)
    if filters is not None:
        rows = rows.filter(filters)
    exposure = [pl.col(EXPOSURE).cast(pl.Float64).fill_null(0)] if EXPOSURE in names else []
    # One cell per (bin, outcome); NumPy's bincount over it is twice as fast as a group-by on both.
    cell = (pl.col(BIN).cast(pl.Int64) + pl.col(OUTCOME).cast(pl.Int64) * N_BINS).alias("cell")
    return rows.select(
        cell, pl.col(PROBABILITY).cast(pl.Float64), *exposure, **{k: v.alias(k) for k, v in extra.items()}
    )


def _bincounts(rows: pl.DataFrame, cells: pl.Series, n_cells: int) -> list[AnyArray]:
    n_null = max(cells.null_count(), rows[PROBABILITY].null_count())
    if n_null:
        raise CountsError.from_nulls(n_null)
    index = cells.to_numpy()
    weights = [rows[name].to_numpy() for name in (PROBABILITY, EXPOSURE) if name in rows.columns]
    sums: list[AnyArray] = [np.bincount(index, weights=weight, minlength=n_cells) for weight in weights]
    if len(sums) == 1:
        sums.append(np.zeros(n_cells))
    # Frozen as a whole: the slices that become `ScoreCounts` are then taken over without being copied.
    return [_frozen(table) for table in (np.bincount(index, minlength=n_cells), *sums)]


def _counts_from(tables: list[AnyArray]) -> ScoreCounts:
    (good, bad), (good_pd, bad_pd), (good_exposure, bad_exposure) = (table.reshape(2, N_BINS) for table in tables)
    return ScoreCounts(STANDARD_EDGES, good, bad, good_pd, bad_pd, good_exposure, bad_exposure)


def _coded(values: pl.Series, name: str) -> tuple[list[SegmentValue], pl.Series]:
    levels = values.unique().sort(nulls_last=True)
    if len(levels) > MAX_SEGMENTS:
        raise CountsError.from_many_segments(name, len(levels))
    known = levels.drop_nulls()
    codes = values.replace_strict(known, range(len(known)), default=len(known), return_dtype=pl.Int64)
    return levels.to_list(), codes
