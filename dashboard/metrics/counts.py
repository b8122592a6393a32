"""Counting the rows of a frame: one pass, after which everything shown is a function of the counts.

The value that is counted is `score_counts.ScoreCounts`, which is offered here too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import polars as pl

from dashboard.metrics.score_counts import (
    BAD,
    GOOD,
    MAX_SEGMENTS,
    MOST_EXACT,
    OF_OPEN,
    OPEN,
    AnyArray,
    BoolArray,
    CountsError,
    FloatArray,
    IntArray,
    Outcomes,
    ScoreCounts,
    SegmentValue,
    frozen,
    on_common_bins,
    total_of,
    weighted_sum,
)
from dashboard.metrics.weighing import Weighing
from data.predictions.scores import ScoreGrid
from data.predictions.table import EXPOSURE, OUTCOME, PROBABILITY, WEIGHT
from data.predictions.table import PD_BIN as BIN

__all__ = [
    "BAD",
    "GOOD",
    "MAX_SEGMENTS",
    "MOST_EXACT",
    "OPEN",
    "AnyArray",
    "BoolArray",
    "CountsError",
    "FloatArray",
    "IntArray",
    "Outcomes",
    "ScoreCounts",
    "SegmentValue",
    "count_scores",
    "count_scores_by",
    "counts_of",
    "exact_counts",
    "on_common_bins",
    "outcome_codes",
    "total_of",
    "weigh",
    "weighted_sum",
]


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
        table = frozen(np.bincount(cells, weights=values, minlength=n_kinds * edges.size))
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
    opens = dict(zip(OF_OPEN, (*of_open, *open_pd, *open_exposure), strict=False))
    return ScoreCounts(edges, *known, is_exact, **opens, weighing=weighing)


def _coded(values: pl.Series, name: str) -> tuple[list[SegmentValue], npt.NDArray[np.uint8]]:
    levels = values.unique().sort(nulls_last=True)
    if len(levels) > MAX_SEGMENTS:
        raise CountsError.from_many_segments(name, len(levels))
    known = levels.drop_nulls()
    codes = values.replace_strict(known, range(len(known)), default=len(known), return_dtype=pl.UInt8)
    return levels.to_list(), codes.to_numpy()
