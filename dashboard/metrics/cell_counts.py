"""`CellCounts`: what a table of two columns holds, counted in one pass; for figures that need no order of PDs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboard.metrics.counts import AnyArray, BoolArray, FloatArray, IntArray
from dashboard.metrics.row_counts import TableRows, at

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
    rows: TableRows,
    codes: tuple[AnyArray, AnyArray],
    shape: tuple[int, int],
    *,
    cutoff: float = 1.0,
    chosen: BoolArray | None = None,
) -> CellCounts:
    """The cells of `codes` (whole numbers from 0 up to, not including, `shape`, one a row) among the `chosen` rows, or
    all; approved are PDs below `cutoff`.

    Raises:
        ValueError: a code is outside of `shape`.
    """
    for own, size in zip(codes, shape, strict=True):
        if own.size and not 0 <= own.min() <= own.max() < size:
            raise ValueError(f"Codes run from {own.min()} to {own.max()} where there are {size} groups.")
    n_cells = shape[0] * shape[1]
    by_kind, pd_sum = np.zeros(n_cells * _KINDS, dtype=np.int64), np.zeros(n_cells)
    for places in rows.pieces(chosen):
        part = rows.take(places)
        down, across = (at(own, places) for own in codes)
        cell = down.astype(np.intp) * shape[1] + across
        kind = part.outcome + 2 * (part.pd < cutoff)
        by_kind += np.bincount(cell * _KINDS + kind, minlength=by_kind.size)
        pd_sum += np.bincount(cell, weights=part.pd, minlength=n_cells)
    declined_good, declined_bad, approved_good, approved_bad = by_kind.reshape(*shape, _KINDS).transpose(2, 0, 1)
    return CellCounts(
        declined_good + declined_bad + approved_good + approved_bad,
        declined_bad + approved_bad,
        approved_good + approved_bad,
        approved_bad,
        pd_sum.reshape(shape),
    )
