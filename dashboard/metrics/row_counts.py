"""The rows of one table as arrays, checked once, from which cohorts are counted in pieces.

What `counts.count_scores` does for any frame, this does for a table that many cohorts are cut from: nothing is
filtered, checked or widened anew, so that a hundred times the rows still count within a click.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from dashboard.metrics.counts import (
    MOST_EXACT,
    AnyArray,
    BoolArray,
    CountsError,
    FloatArray,
    IntArray,
    ScoreCounts,
    exact_counts,
)
from data.predictions.scores import ScoreGrid
from data.predictions.table import EXPOSURE, OUTCOME, PD_BIN, PROBABILITY

Places = IntArray | slice

# Beside this many rows, a table of counts per bin is small.
_PIECE = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class TableRows:
    """Outcome, PD, place in the `grid` and exposure (0 where it is not known) of each row; arrays are read-only."""

    grid: ScoreGrid | None
    outcome: BoolArray
    pd: FloatArray
    bins: AnyArray | None
    exposure: AnyArray | None

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return self.outcome.size

    @property
    def n_bins(self) -> int:
        """How many bins the grid has; 0 without one."""
        return 0 if self.grid is None else self.grid.edges.size

    def take(self, rows: Places) -> TableRows:
        """The rows at these places, in that order."""
        return TableRows(
            self.grid,
            at(self.outcome, rows),
            at(self.pd, rows),
            None if self.bins is None else at(self.bins, rows),
            None if self.exposure is None else at(self.exposure, rows),
        )

    def cells(self) -> IntArray:
        """For each row its bin, and beyond the last one again for defaults."""
        assert self.bins is not None
        cells = self.bins.astype(np.int64)
        cells += np.multiply(self.outcome, self.n_bins, dtype=np.int64)
        return cells

    def pieces(self, chosen: BoolArray | None, size: int = _PIECE) -> Iterator[Places]:
        """The places of the `chosen` rows (one value a row), or of all, about `size` at a time."""
        step = size if chosen is None else size * max(self.n_rows // max(int(np.count_nonzero(chosen)), 1), 1)
        for start in range(0, self.n_rows, step):
            stop = min(start + step, self.n_rows)
            yield slice(start, stop) if chosen is None else np.flatnonzero(chosen[start:stop]) + start

    def counts(self, chosen: BoolArray | None = None) -> ScoreCounts:
        """The counts of the `chosen` rows (one value a row), or of all; they equal those of `count_scores`."""
        n_chosen = self.n_rows if chosen is None else int(np.count_nonzero(chosen))
        if self.grid is None or n_chosen <= MOST_EXACT:
            part = self if chosen is None else self.take(np.flatnonzero(chosen))
            return exact_counts(part.outcome, part.pd, part.exposure)
        n_cells = 2 * self.n_bins
        number = np.zeros(n_cells, dtype=np.int64)
        pds, exposures = np.zeros(n_cells), np.zeros(n_cells)
        for rows in self.pieces(chosen):
            part = self.take(rows)
            cells = part.cells()
            number += np.bincount(cells, minlength=n_cells)
            if not self.grid.is_exact:
                pds += np.bincount(cells, weights=part.pd, minlength=n_cells)
            if part.exposure is not None:
                exposures += np.bincount(cells, weights=part.exposure, minlength=n_cells)
        if self.grid.is_exact:
            # The product, not a sum of equal terms: one rounding instead of many.
            pds = np.tile(self.grid.edges, 2) * number
        for table in (number, pds, exposures):
            table.setflags(write=False)
        good, bad = slice(None, self.n_bins), slice(self.n_bins, None)
        return ScoreCounts(
            self.grid.edges,
            number[good],
            number[bad],
            pds[good],
            pds[bad],
            exposures[good],
            exposures[bad],
            is_exact=self.grid.is_exact,
        )


def at(values: AnyArray, rows: Places) -> AnyArray:
    """The values of the rows at these places."""
    return values[rows] if isinstance(rows, slice) else values.take(rows)


def table_rows(frame: pl.DataFrame, grid: ScoreGrid | None) -> TableRows:
    """The rows of `frame`, which is as `count_scores` wants it.

    Raises:
        CountsError: an outcome or PD is null or no probability.
    """
    pds, outcomes = frame[PROBABILITY], frame[OUTCOME]
    usable = pds.is_between(0, 1) & outcomes.is_not_null()
    if n_wrong := frame.height - int(usable.sum()):
        raise CountsError.from_nulls(n_wrong)
    exposure = frame[EXPOSURE].fill_null(0) if EXPOSURE in frame.columns else None
    return TableRows(
        grid,
        _array(outcomes),
        _array(pds.cast(pl.Float64)),
        None if grid is None else _array(frame[PD_BIN]),
        None if exposure is None else _array(exposure),
    )


def _array(values: pl.Series) -> AnyArray:
    array: AnyArray = values.to_numpy()
    array.setflags(write=False)
    return array
