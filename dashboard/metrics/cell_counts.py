"""`CellCounts`: what a table of two columns holds, counted in one pass; for figures that need no order of PDs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboard.metrics.counts import BAD, OPEN, AnyArray, BoolArray, FloatArray, IntArray
from dashboard.metrics.row_counts import TableRows, at
from dashboard.metrics.weighing import effective_share

# Good, bad and open, declined and approved.
_KINDS = 6


@dataclass(frozen=True, slots=True, eq=False)
class CellCounts:
    """Counts and the sum of PD of each cell; arrays of shape (groups of one column, groups of the other).

    Where rows have weights they are effective numbers. `of_open` are those of the applications whose outcome is not
    known; None where all outcomes are.
    """

    applications: IntArray
    defaults: IntArray
    approved: IntArray
    approved_defaults: IntArray
    pd_sum: FloatArray
    of_open: OpenCells | None = None


@dataclass(frozen=True, slots=True, eq=False)
class OpenCells:
    """What of `CellCounts` is owed to applications whose outcome is not known."""

    applications: IntArray
    approved: IntArray
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
    by_kind: AnyArray = np.zeros(n_cells * _KINDS, dtype=np.int64 if rows.weight is None else np.float64)
    pd_sum, open_pd, squares = np.zeros(n_cells), np.zeros(n_cells), 0.0
    for places in rows.pieces(chosen):
        part = rows.take(places)
        down, across = (at(own, places) for own in codes)
        cell = down.astype(np.intp) * shape[1] + across
        kind = part.outcome + 3 * (part.pd < cutoff)
        pds = part.pd if part.weight is None else part.weight * part.pd
        by_kind += np.bincount(cell * _KINDS + kind, weights=part.weight, minlength=by_kind.size)
        pd_sum += np.bincount(cell, weights=pds, minlength=n_cells)
        if part.has_open:
            open_pd += np.bincount(cell, weights=np.where(part.is_resolved, 0.0, pds), minlength=n_cells)
        if part.weight is not None:
            squares += float((part.weight**2).sum())
    if rows.weight is not None:
        # Cells are read with their intervals: in effective applications.
        worth = effective_share(by_kind.sum().item(), squares)
        by_kind, pd_sum, open_pd = worth * by_kind, worth * pd_sum, worth * open_pd
    declined, approved = by_kind.reshape(*shape, 2, 3).transpose(2, 3, 0, 1)
    both = declined + approved
    return CellCounts(
        both.sum(axis=0),
        both[BAD],
        approved.sum(axis=0),
        approved[BAD],
        pd_sum.reshape(shape),
        OpenCells(both[OPEN], approved[OPEN], open_pd.reshape(shape)) if rows.has_open else None,
    )
