"""`CellCounts`: what a table of two columns holds, counted in one pass; for figures that need no order of PDs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from dashboard.metrics.counts import CountsError, FloatArray, IntArray
from data.predictions.table import OUTCOME, PROBABILITY

_KINDS = 4


@dataclass(frozen=True, slots=True, eq=False)
class CellCounts:
    """Counts and the sum of PD of each cell; arrays of shape (groups of one column, groups of the other)."""

    applications: IntArray
    defaults: IntArray
    approved: IntArray
    approved_defaults: IntArray
    pd_sum: FloatArray


def count_cells(
    frame: pl.DataFrame | pl.LazyFrame,
    codes: tuple[pl.Expr, pl.Expr],
    shape: tuple[int, int],
    *,
    cutoff: float = 1.0,
    filters: pl.Expr | None = None,
) -> CellCounts:
    """The cells of `codes` (expressions for whole numbers from 0 up to, not including, `shape`) among the rows that
    pass `filters`; approved are PDs below `cutoff`.

    Raises:
        CountsError: an outcome, a PD or a code is null.
        ValueError: a code is outside of `shape`.
    """
    rows = frame.lazy() if filters is None else frame.lazy().filter(filters)
    vertical, horizontal = (code.cast(pl.Int64).alias(name) for name, code in zip("vh", codes, strict=True))
    approved = pl.col(PROBABILITY) < cutoff
    kind = pl.col(OUTCOME).cast(pl.Int64) + 2 * approved.cast(pl.Int64)
    table = rows.select(vertical, horizontal, kind.alias("kind"), pl.col(PROBABILITY).cast(pl.Float64)).collect()
    _check(table, shape)
    cell = table["v"].to_numpy() * shape[1] + table["h"].to_numpy()
    n_cells = shape[0] * shape[1]
    by_kind = np.bincount(cell * _KINDS + table["kind"].to_numpy(), minlength=n_cells * _KINDS)
    pd_sum: FloatArray = np.bincount(cell, weights=table[PROBABILITY].to_numpy(), minlength=n_cells).astype(np.float64)
    declined_good, declined_bad, approved_good, approved_bad = by_kind.reshape(*shape, _KINDS).transpose(2, 0, 1)
    return CellCounts(
        declined_good + declined_bad + approved_good + approved_bad,
        declined_bad + approved_bad,
        approved_good + approved_bad,
        approved_bad,
        pd_sum.reshape(shape),
    )


def _check(table: pl.DataFrame, shape: tuple[int, int]) -> None:
    n_null = max(column.null_count() for column in table)
    if n_null:
        raise CountsError.from_nulls(n_null)
    for name, size in zip("vh", shape, strict=True):
        codes = table[name].to_numpy()
        if codes.size and not 0 <= codes.min() <= codes.max() < size:
            raise ValueError(f"Codes run from {codes.min()} to {codes.max()} where there are {size} groups.")
