"""`ScoreCounts`: what a cohort's PDs and outcomes add up to, bin by bin, and counting it.

An application is good, bad or open (its outcome is not known yet). What needs an outcome is a function of the
`resolved` counts, what needs none of all of them.

The rows of a cohort are read once, in one pass; everything shown of it is a function of these counts. Counts are
additive: segments add up to their cohort and the rest is the whole less the cohort; every metric is a function of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Self, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from dashboard.metrics.estimate import NO_APPLICATIONS, NO_OUTCOMES
from dashboard.metrics.weighing import Weighing, effective_share
from data.predictions.scores import ScoreGrid, ceil_cutoff, floor_cutoffs, round_cutoffs
from data.predictions.table import EXPOSURE, OUTCOME, PROBABILITY, WEIGHT
from data.predictions.table import PD_BIN as BIN

FloatArray: TypeAlias = npt.NDArray[np.float64]
AnyArray: TypeAlias = npt.NDArray[Any]
IntArray: TypeAlias = npt.NDArray[np.int64]
BoolArray: TypeAlias = npt.NDArray[np.bool_]
SegmentValue: TypeAlias = str | int | float | bool | None

# A cohort or segment of no more rows is counted by distinct PD whatever the grid of its table.
MOST_EXACT = 32_768
MAX_SEGMENTS = 200
# How an outcome is written in an array of one value a row.
GOOD, BAD, OPEN = 0, 1, 2


class CountsError(ValueError):
    """Counts that cannot be made or combined."""

    @classmethod
    def from_grids(cls, left: ScoreCounts, right: ScoreCounts) -> Self:
        return cls(
            f"These counts are on the grids of two tables ({left.edges.size:,} and {right.edges.size:,} bins); "
            "count both with the same grid before combining them."
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
        return cls(f"The predictions lack {listed}; load them with `dashboard.cohort.columns.prepare`.")

    @classmethod
    def from_nulls(cls, n_rows: int) -> Self:
        return cls(
            f"{n_rows:,} predictions have no PD or one outside 0 to 1; drop or fix them when the file is loaded."
        )

    @classmethod
    def from_many_segments(cls, name: str, n_segments: int) -> Self:
        return cls(
            f"{name} has {n_segments:,} distinct values, more than the {MAX_SEGMENTS} that are counted apart; "
            "bin it first."
        )


_NO_ROWS, _NOTHING = np.zeros(0, dtype=np.int64), np.zeros(0)


class Outcomes:
    """Applications per bin by outcome: `good` that did not default, `bad` that did."""

    __slots__ = ()

    good: IntArray
    bad: IntArray

    @property
    def n_good(self) -> int:
        """Number of applications that did not default."""
        return total_of(self.good)

    @property
    def n_bad(self) -> int:
        """Number of applications that defaulted."""
        return total_of(self.bad)

    @property
    def n_resolved(self) -> int:
        """Number of applications whose outcome is known."""
        return self.n_good + self.n_bad


@dataclass(frozen=True, slots=True, eq=False)
class ScoreCounts(Outcomes):
    """Applications, sums of PD and of exposure by outcome for each PD bin; immutable and additive.

    `good` did not default, `bad` did, of the `open` nobody knows yet. All arrays have one value per bin. `edges` are
    the lower edges, ascending: a bin holds PDs from its edge up to, not including, the next. Where the counts are
    `is_exact`, each bin is one distinct PD, its edge. Exposure is in currency units, and 0 throughout where it is not
    known. Where applications have weights, each counts as many times as its weight says: numbers are sums of weights,
    and `weighing` says what intervals need to know of these.

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
    is_exact: bool = True
    open: IntArray = field(default_factory=lambda: _NO_ROWS)
    open_pd: FloatArray = field(default_factory=lambda: _NOTHING)
    open_exposure: FloatArray = field(default_factory=lambda: _NOTHING)
    weighing: Weighing | None = None

    def __post_init__(self) -> None:
        for name in _OF_OPEN:
            if getattr(self, name).size == 0:
                # One zero seen once a bin: it takes no memory, and tells that nothing is open without being looked at.
                nothing = np.broadcast_to(np.zeros(1, dtype=_dtype_of(name)), self.edges.size)
                object.__setattr__(self, name, nothing)
        for name in _ARRAYS:
            array, dtype = getattr(self, name), np.float64 if self.weighing else _dtype_of(name)
            if array.size != self.edges.size:
                raise CountsError.from_shape(name, array.size, self.edges.size)
            if array.flags.writeable or array.dtype != dtype:
                object.__setattr__(self, name, _frozen(array.astype(dtype)))
        for name in ("good", "bad", "open") if self.has_open else ("good", "bad"):
            if np.any(getattr(self, name) < 0):
                raise CountsError.from_negative(name, float(self.edges[np.argmin(getattr(self, name))]))

    @classmethod
    def empty(cls) -> Self:
        """No application at all; the neutral element of addition."""
        nothing = np.zeros(1)
        return cls(nothing, nothing.astype(np.int64), nothing.astype(np.int64), nothing, nothing, nothing, nothing)

    @property
    def has_open(self) -> bool:
        """Whether the outcome of any application is not known."""
        return self.open.strides[0] != 0 and bool(self.open.any())

    @property
    def resolved(self) -> ScoreCounts:
        """The counts of the applications whose outcome is known."""
        if not self.has_open:
            return self
        known = {name: getattr(self, name) for name in _KNOWN}
        weighing = None if self.weighing is None else self.weighing.resolved()
        return ScoreCounts(self.edges, **known, is_exact=self.is_exact, weighing=weighing)

    @property
    def sample(self) -> ScoreCounts:
        """The resolved counts as intervals take them: where there are weights, in effective applications."""
        return self.resolved.effective

    @property
    def effective(self) -> ScoreCounts:
        """The same counts; where there are weights scaled, so that they add up to the effective number."""
        if self.weighing is None:
            return self
        share = self.effective_share
        scaled = {name: share * getattr(self, name) for name in self._names()}
        squares = (share**2 * each for each in self.weighing[1:])
        weighing = Weighing(self.weighing.n_rows, *squares)
        return ScoreCounts(self.edges, **scaled, is_exact=self.is_exact, weighing=weighing)

    @property
    def effective_share(self) -> float:
        """How many effective applications there are for each that is counted: 1 without weights."""
        return 1.0 if self.weighing is None else effective_share(self.n_applications, self.weighing.squares)

    @property
    def n_rows(self) -> int:
        """Number of rows, whatever their weights."""
        return self.n_applications if self.weighing is None else self.weighing.n_rows

    @property
    def why_unresolved(self) -> str:
        """Why there is no application whose outcome is known, as a reason of `Estimate.undefined`."""
        return NO_OUTCOMES if self.n_open else NO_APPLICATIONS

    @property
    def n_open(self) -> int:
        """Number of applications whose outcome is not known."""
        return total_of(self.open) if self.has_open else 0

    @property
    def n_applications(self) -> int:
        """Number of applications, whatever is known of them."""
        return self.n_resolved + self.n_open

    @property
    def applications(self) -> IntArray:
        """Number of applications per bin, whatever is known of them."""
        return self._all("")

    @property
    def pd_sums(self) -> FloatArray:
        """Sum of PD over all applications per bin."""
        return self._all("_pd")

    @property
    def pd_sum(self) -> float:
        """Sum of PD over all applications: the number of defaults the model expects."""
        return self._sum("_pd")

    @property
    def exposure_sum(self) -> float:
        """Sum of exposure over all applications, in currency units; 0 where it is not known."""
        return self._sum("_exposure")

    def _all(self, what: str) -> AnyArray:
        known: AnyArray = getattr(self, f"good{what}") + getattr(self, f"bad{what}")
        return known + getattr(self, f"open{what}") if self.has_open else known

    def _sum(self, what: str) -> float:
        kinds = ("good", "bad", "open") if self.has_open else ("good", "bad")
        return float(sum(getattr(self, kind + what).sum() for kind in kinds))

    @property
    def good_mean_pd(self) -> FloatArray:
        """Mean PD of the good applications per bin; the bin's edge where there are none."""
        return np.divide(self.good_pd, self.good, out=self.edges.copy(), where=self.good > 0)

    @property
    def bad_mean_pd(self) -> FloatArray:
        """Mean PD of the bad applications per bin; the bin's edge where there are none."""
        return np.divide(self.bad_pd, self.bad, out=self.edges.copy(), where=self.bad > 0)

    @property
    def open_mean_pd(self) -> FloatArray:
        """Mean PD of the open applications per bin; the bin's edge where there are none."""
        return np.divide(self.open_pd, self.open, out=self.edges.copy(), where=self.open > 0)

    @property
    def cutoffs(self) -> FloatArray:
        """A cutoff per bin that declines it and all above, and at the end one that declines nobody.

        It is the highest that can be applied (see `round_cutoffs`) where one parts the bin from those below, else the
        bin's edge.
        """
        ends = np.append(self.edges, ceil_cutoff(float(self.edges[-1])))
        brief = floor_cutoffs(ends)
        below = np.concatenate([[-1.0], self.edges])
        return np.where(brief > below, brief, ends)

    def snap(self, cutoff: float) -> float:
        """The cutoff that is applied for `cutoff`: itself where it parts bins, else as `round_cutoffs` has it."""
        return float(self.snapped(np.array([cutoff]))[0])

    def snapped(self, cutoffs: FloatArray) -> FloatArray:
        """`snap` of each cutoff."""
        places = np.minimum(np.searchsorted(self.edges, cutoffs), self.edges.size - 1)
        return np.where(self.is_exact | (self.edges[places] == cutoffs), cutoffs, round_cutoffs(cutoffs))

    def first_declined(self, cutoff: float) -> int:
        """Index of the first bin at or above `cutoff`, which is declined; one past the last if there is none."""
        return int(np.searchsorted(self.edges, self.snap(cutoff), side="left"))

    def on(self, edges: FloatArray, *, is_exact: bool) -> ScoreCounts:
        """The same applications in the bins that begin at `edges`; those below all edges go into the first."""
        if edges is self.edges or np.array_equal(edges, self.edges):
            return self
        bins = np.maximum(np.searchsorted(edges, self.edges, side="right") - 1, 0)
        names = self._names()
        sums = {name: np.bincount(bins, weights=getattr(self, name), minlength=edges.size) for name in names}
        frozen = {name: _frozen(sums[name].astype(getattr(self, name).dtype)) for name in names}
        return ScoreCounts(edges, **frozen, is_exact=is_exact, weighing=self.weighing)

    def __add__(self, other: ScoreCounts) -> ScoreCounts:
        left, right = on_common_bins(self, other)
        sums: dict[str, AnyArray] = {name: getattr(left, name) + getattr(right, name) for name in left._names(right)}
        return ScoreCounts(left.edges, **sums, is_exact=left.is_exact, weighing=left._weighing_with(right, 1))

    def __sub__(self, other: ScoreCounts) -> ScoreCounts:
        left, right = on_common_bins(self, other)
        names = left._names(right)
        rest: dict[str, AnyArray] = {name: getattr(left, name) - getattr(right, name) for name in names}
        # Subtracting floats leaves dust where nothing is left; a bin without applications sums to nothing.
        weighing = left._weighing_with(right, -1)
        for name in _NUMBERS if weighing else ():
            if name in rest:
                rest[name] = np.where(np.abs(rest[name]) <= _DUST * getattr(left, name), 0.0, rest[name])
        for name in names:
            outcome, _, of_what = name.partition("_")
            if of_what:
                rest[name] = np.where(rest[outcome] > 0, np.maximum(rest[name], 0.0), 0.0)
        return ScoreCounts(left.edges, **rest, is_exact=left.is_exact, weighing=weighing)

    def _weighing_with(self, other: ScoreCounts, sign: int) -> Weighing | None:
        if self.weighing is None and other.weighing is None:
            return None
        one, two = (
            # Without weights each counts once.
            Weighing(each.n_applications, each.n_good, each.n_bad, each.n_open)
            if each.weighing is None
            else each.weighing
            for each in (self, other)
        )
        return one.plus(two, sign)

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        # Many bins are empty in a cohort; a cache holds and unpickles only those that are not.
        used = np.flatnonzero(self.applications)
        sums = {name: getattr(self, name)[used] for name in self._names()}
        return _rebuilt, (self.edges, self.is_exact, used, sums, self.weighing)

    def _names(self, *others: ScoreCounts) -> tuple[str, ...]:
        """The sums that these counts, or any of the `others`, hold."""
        return _SUMS if any(each.has_open for each in (self, *others)) else _KNOWN


def _frozen(array: AnyArray) -> AnyArray:
    array.setflags(write=False)
    return array


def total_of(number: AnyArray) -> int:
    """How many there are in all: a whole number, or where there are weights a sum of them."""
    total: int = number.sum().item()
    return total


_ARRAYS = tuple(each.name for each in fields(ScoreCounts) if each.name not in ("is_exact", "weighing"))
_NUMBERS, _DUST = ("good", "bad", "open"), 1e-9
_SUMS = _ARRAYS[1:]
_KNOWN, _OF_OPEN = _SUMS[:-3], _SUMS[-3:]


def _dtype_of(name: str) -> type[np.int64] | type[np.float64]:
    return np.int64 if name in _NUMBERS else np.float64


def _rebuilt(
    edges: FloatArray, is_exact: bool, used: IntArray, values: Mapping[str, AnyArray], weighing: Weighing | None
) -> ScoreCounts:
    sums: dict[str, AnyArray] = {name: np.zeros(edges.size, dtype=part.dtype) for name, part in values.items()}
    for name, array in sums.items():
        array[used] = values[name]
    frozen = {name: _frozen(array) for name, array in sums.items()}
    return ScoreCounts(edges, **frozen, is_exact=is_exact, weighing=weighing)


def on_common_bins(*counts: ScoreCounts) -> tuple[ScoreCounts, ...]:
    """`counts` on the same bins: the coarsest grid among them, or of exact ones all their distinct PDs.

    Raises:
        CountsError: two are on different grids of which neither is exact.
    """
    coarse = [each for each in counts if not each.is_exact]
    for each in coarse[1:]:
        if each.edges is not coarse[0].edges and not np.array_equal(each.edges, coarse[0].edges):
            raise CountsError.from_grids(coarse[0], each)
    if coarse:
        return tuple(each.on(coarse[0].edges, is_exact=False) for each in counts)
    if all(np.array_equal(each.edges, counts[0].edges) for each in counts[1:]):
        return counts
    edges = np.unique(np.concatenate([each.edges for each in counts]))
    return tuple(each.on(edges, is_exact=True) for each in counts)


def weighted_sum(values: AnyArray, weights: AnyArray) -> float:
    """Sum of values x weights over all bins.

    Not `values @ weights`: from 10,000 elements on BLAS hands a dot product to threads, and waiting for them on a busy
    machine took 24 ms where all of an AUC takes 0.2.
    """
    return float((values * weights).sum())


def count_scores(
    frame: pl.DataFrame | pl.LazyFrame, grid: ScoreGrid | None = None, *, filters: pl.Expr | None = None
) -> ScoreCounts:
    """The counts of the rows that pass `filters` (all of them by default).

    `frame` has `is_default` (Boolean, null where open), `default_probability` (Float64) and, where known, `exposure`
    (in currency units; null counts as 0). Without a `grid`, and for 32,768 rows or fewer, the bins are the distinct PDs
    of those rows. Otherwise they are those of the table's `grid`, and `frame` also has `pd_bin`, each row's place in
    it.

    Raises:
        CountsError: a column is missing, or a PD is null or no probability.
    """
    return _counted(_rows(frame, grid, filters, {}), grid)


def count_scores_by(
    frame: pl.DataFrame | pl.LazyFrame,
    column: str | pl.Expr,
    grid: ScoreGrid | None = None,
    *,
    filters: pl.Expr | None = None,
) -> Mapping[SegmentValue, ScoreCounts]:
    """The counts of each segment, ordered by the segments' values (an Enum's in its own order, null last).

    `column` names a column or is an expression over them, for example a number cut into ranges. Segments without a row
    are left out; they add up to what `count_scores` gives for the same filters.

    Raises:
        CountsError: as in `count_scores`, or there are more than `MAX_SEGMENTS` distinct values.
    """
    segment = pl.col(column) if isinstance(column, str) else column
    rows = _rows(frame, grid, filters, {"segment": segment})
    levels, codes = _coded(rows["segment"], column if isinstance(column, str) else "the expression")
    # Eight bits sort by counting.
    order = np.argsort(codes, kind="stable")
    bounds = np.searchsorted(codes[order], np.arange(len(levels) + 1))
    ordered = rows.drop("segment")[order]
    return {level: _counted(ordered[int(bounds[i]) : int(bounds[i + 1])], grid) for i, level in enumerate(levels)}


def exact_counts(
    outcomes: npt.ArrayLike,
    default_probability: npt.ArrayLike,
    exposure: npt.ArrayLike | None = None,
    weight: npt.ArrayLike | None = None,
    *,
    is_sorted: bool = False,
) -> ScoreCounts:
    """Counts whose bins are the distinct PDs themselves, so that every metric of them is exact.

    All hold one value per application: `outcomes` whether it defaulted, or `GOOD`, `BAD` and `OPEN`. `is_sorted`
    says that PDs do not fall.
    """
    scores = np.asarray(default_probability, dtype=np.float64)
    if not scores.size:
        return ScoreCounts.empty()
    if is_sorted:
        is_new = np.concatenate([[True], scores[1:] != scores[:-1]])
        edges, bins = scores[is_new], np.cumsum(is_new) - 1
    else:
        edges, bins = np.unique(scores, return_inverse=True)
    kinds = np.asarray(outcomes)
    cells = bins + np.multiply(kinds, edges.size, dtype=np.intp, casting="unsafe")
    amounts = None if exposure is None else np.asarray(exposure, dtype=np.float64)
    weights = None if weight is None else np.asarray(weight, dtype=np.float64)
    has_open = kinds.dtype != np.bool_ and bool((kinds == OPEN).any())
    return _summed(edges, cells, None, amounts, weights, has_open=has_open)


def _rows(
    frame: pl.DataFrame | pl.LazyFrame, grid: ScoreGrid | None, filters: pl.Expr | None, extra: Mapping[str, pl.Expr]
) -> pl.DataFrame:
    rows = frame.lazy()
    names = frame.columns if isinstance(frame, pl.DataFrame) else rows.collect_schema().names()
    wanted = [OUTCOME, PROBABILITY, *([BIN] if grid else [])]
    missing = [name for name in wanted if name not in names]
    if missing:
        raise CountsError.from_missing_columns(missing)
    if filters is not None:
        rows = rows.filter(filters)
    amounts = [pl.col(EXPOSURE).cast(pl.Float64).fill_null(0)] if EXPOSURE in names else []
    amounts += [pl.col(WEIGHT)] if WEIGHT in names else []
    table = rows.select(*wanted, *amounts, **{name: value.alias(name) for name, value in extra.items()}).collect()
    usable = table[PROBABILITY].is_between(0, 1).fill_null(value=False)
    n_wrong = table.height - int(usable.sum())
    if n_wrong:
        raise CountsError.from_nulls(n_wrong)
    return table


def _counted(rows: pl.DataFrame, grid: ScoreGrid | None) -> ScoreCounts:
    exposure = rows[EXPOSURE].to_numpy() if EXPOSURE in rows.columns else None
    weight = rows[WEIGHT].to_numpy() if WEIGHT in rows.columns else None
    bins = rows[BIN].to_numpy() if grid else None
    outcomes, pds = outcome_codes(rows[OUTCOME]), rows[PROBABILITY].to_numpy()
    if grid is None or bins is None or pds.size <= MOST_EXACT:
        return exact_counts(outcomes, pds, exposure, weight)
    # One cell per (bin, outcome); NumPy's bincount over it is twice as fast as a group-by on both.
    cells = bins + grid.edges.size * outcomes.astype(np.intp)
    has_open = bool(rows[OUTCOME].null_count())
    return _summed(grid.edges, cells, None if grid.is_exact else pds, exposure, weight, has_open=has_open)


def outcome_codes(outcomes: pl.Series) -> npt.NDArray[np.uint8]:
    """`GOOD`, `BAD` or `OPEN` for each of these outcomes (Boolean, null where open)."""
    return outcomes.cast(pl.UInt8).fill_null(OPEN).to_numpy()


def _summed(
    edges: FloatArray,
    cells: npt.NDArray[np.intp],
    pds: FloatArray | None,
    exposure: FloatArray | None,
    weight: FloatArray | None = None,
    *,
    has_open: bool,
) -> ScoreCounts:
    """Counts of rows by cell (bin, and beyond the last one again for defaults, and for the open ones).

    Without `pds` bins are single PDs.
    """
    n_kinds = 3 if has_open else 2

    def summed(values: FloatArray | None) -> list[AnyArray]:
        if weight is not None:
            values = weight if values is None else weight * values
        table = _frozen(np.bincount(cells, weights=values, minlength=n_kinds * edges.size))
        # Slices of what is frozen as a whole are taken over without being copied.
        return [table[kind * edges.size : (kind + 1) * edges.size] for kind in range(n_kinds)]

    number = summed(None)
    # The product, not a sum of equal terms: one rounding instead of many.
    pd_sums = [edges * each for each in number] if pds is None else summed(pds)
    exposures = [np.zeros(edges.size)] * n_kinds if exposure is None else summed(exposure)
    weighing = None
    if weight is not None:
        weighing = weigh(cells // edges.size, weight, 1)[0]
    return counts_of(edges, number, pd_sums, exposures, is_exact=pds is None, weighing=weighing)


def weigh(kinds: AnyArray, weight: FloatArray, n_tables: int, n_kinds: int = 3) -> list[Weighing]:
    """What is known of the weights of rows in each of several tables, given each row's table and outcome in one."""
    size = n_tables * n_kinds
    number = np.bincount(kinds, minlength=size).reshape(n_tables, n_kinds).sum(axis=1).tolist()
    squares = np.bincount(kinds, weights=weight**2, minlength=size).reshape(n_tables, n_kinds).tolist()
    return [Weighing(n, *[*each, 0.0][:3]) for n, each in zip(number, squares, strict=True)]


def counts_of(
    edges: FloatArray,
    number: Sequence[AnyArray],
    pd_sums: Sequence[AnyArray],
    exposures: Sequence[AnyArray],
    *,
    is_exact: bool,
    weighing: Weighing | None = None,
) -> ScoreCounts:
    """The counts of these numbers and sums, each given for the good, the bad and, where there are any, the open."""
    (good, bad, *of_open), (good_pd, bad_pd, *open_pd) = number, pd_sums
    good_exposure, bad_exposure, *open_exposure = exposures
    known = good, bad, good_pd, bad_pd, good_exposure, bad_exposure
    opens = dict(zip(_OF_OPEN, (*of_open, *open_pd, *open_exposure), strict=False))
    return ScoreCounts(edges, *known, is_exact, **opens, weighing=weighing)


def _coded(values: pl.Series, name: str) -> tuple[list[SegmentValue], npt.NDArray[np.uint8]]:
    levels = values.unique().sort(nulls_last=True)
    if len(levels) > MAX_SEGMENTS:
        raise CountsError.from_many_segments(name, len(levels))
    known = levels.drop_nulls()
    codes = values.replace_strict(known, range(len(known)), default=len(known), return_dtype=pl.UInt8)
    return levels.to_list(), codes.to_numpy()
