"""The rows of one table as arrays, checked once, from which cohorts are counted in pieces.

What `counts.count_scores` does for any frame, this does for a table that many cohorts are cut from: nothing is
filtered, checked or widened anew, so that a hundred times the rows still count within a click.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from dashboard.metrics.counts import (
    MOST_EXACT,
    OPEN,
    AnyArray,
    BoolArray,
    CountsError,
    FloatArray,
    IntArray,
    ScoreCounts,
    counts_of,
    exact_counts,
    outcome_codes,
    weigh,
)
from dashboard.metrics.weighing import Weighing
from data.predictions.scores import ScoreGrid
from data.predictions.table import EXPOSURE, OUTCOME, PD_BIN, PROBABILITY, WEIGHT

Places = IntArray | slice

# Beside this many rows, a table of counts per bin is small.
_PIECE = 1 << 18
_MOST_AT_ONCE = 1 << 21


@dataclass(frozen=True, slots=True, eq=False)
class TableRows:
    """Outcome, PD, place in the `grid` and exposure (0 where it is not known) of each row; arrays are read-only.

    An `outcome` is `GOOD`, `BAD` or, where the table `has_open` rows, `OPEN`.
    """

    grid: ScoreGrid | None
    outcome: npt.NDArray[np.uint8]
    pd: FloatArray
    bins: AnyArray | None
    exposure: AnyArray | None
    has_open: bool = False
    weight: FloatArray | None = None

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return self.outcome.size

    @property
    def n_bins(self) -> int:
        """How many bins the grid has; 0 without one."""
        return 0 if self.grid is None else self.grid.edges.size

    @property
    def n_kinds(self) -> int:
        """How many kinds of outcomes there are, open ones among them."""
        return 3 if self.has_open else 2

    @property
    def is_resolved(self) -> BoolArray:
        """Of which rows the outcome is known."""
        found: BoolArray = self.outcome != OPEN
        return found

    def take(self, rows: Places) -> TableRows:
        """The rows at these places, in that order."""
        return TableRows(
            self.grid,
            at(self.outcome, rows),
            at(self.pd, rows),
            None if self.bins is None else at(self.bins, rows),
            None if self.exposure is None else at(self.exposure, rows),
            self.has_open,
            None if self.weight is None else at(self.weight, rows),
        )

    def cells(self) -> IntArray:
        """For each row its bin, and beyond the last one again for defaults, and for the open ones."""
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
            return exact_counts(part.outcome, part.pd, part.exposure, part.weight)
        return self._summed(None, np.zeros(1, dtype=np.int64), 1, chosen)[0]

    def counts_by(
        self, codes: npt.NDArray[np.uint8], n_groups: int, chosen: BoolArray | None = None
    ) -> dict[int, ScoreCounts]:
        """The counts of each group among the `chosen` rows, given all rows' groups, by code and in its order.

        They equal those of `count_scores_by`; groups without a row are left out.
        """
        number = np.zeros(n_groups, dtype=np.int64)
        for rows in self.pieces(chosen):
            number += np.bincount(at(codes, rows), minlength=n_groups)
        is_few = (number <= MOST_EXACT) | (self.grid is None)
        found = self._few_by(codes, is_few, chosen) if number[is_few].any() else {}
        large = np.flatnonzero(~is_few)
        if large.size:
            # What is few is counted together, in front of the others.
            starts = np.where(is_few, 0, np.cumsum(~is_few) * self.n_kinds * self.n_bins)
            counted = self._summed(codes, starts, large.size + 1, chosen)[1:]
            found |= dict(zip(large.tolist(), counted, strict=True))
        return dict(sorted(found.items()))

    def _few_by(self, codes: AnyArray, is_few: BoolArray, chosen: BoolArray | None) -> dict[int, ScoreCounts]:
        rows = np.concatenate([_places(places)[is_few.take(at(codes, places))] for places in self.pieces(chosen)])
        own = codes.take(rows)
        parts = {int(code): self.take(rows[own == code]) for code in np.unique(own)}
        return {code: exact_counts(part.outcome, part.pd, part.exposure, part.weight) for code, part in parts.items()}

    def _summed(
        self, codes: AnyArray | None, starts: IntArray, n_tables: int, chosen: BoolArray | None
    ) -> list[ScoreCounts]:
        """The counts of `n_tables` groups on the grid, given where the cells of each row's group start."""
        grid, n_bins = self.grid, self.n_bins
        assert grid is not None
        shape = (n_tables, self.n_kinds, n_bins)
        number: AnyArray = np.zeros(math.prod(shape), dtype=np.int64 if self.weight is None else np.float64)
        weighings: list[Weighing] | None = None
        pds, exposures = np.zeros(number.size), np.zeros(number.size)
        # As many rows at once as a table of counts has cells, so that adding it up is not the larger part.
        for rows in self.pieces(chosen, max(_PIECE, min(number.size, _MOST_AT_ONCE))):
            part = self.take(rows)
            cells = part.cells()
            if codes is not None:
                cells += starts.take(at(codes, rows))
            weight = part.weight
            number += np.bincount(cells, weights=weight, minlength=number.size)
            if not grid.is_exact:
                own = part.pd if weight is None else weight * part.pd
                pds += np.bincount(cells, weights=own, minlength=number.size)
            if part.exposure is not None:
                amounts: AnyArray = part.exposure if weight is None else weight * part.exposure
                exposures += np.bincount(cells, weights=amounts, minlength=number.size)
            if weight is not None:
                found = weigh(cells // n_bins, weight, n_tables, self.n_kinds)
                weighings = found if weighings is None else [a.plus(b) for a, b in zip(weighings, found, strict=True)]
        if grid.is_exact:
            # The product, not a sum of equal terms: one rounding instead of many.
            pds = np.tile(grid.edges, self.n_kinds * n_tables) * number
        tables = [table.reshape(shape) for table in (number, pds, exposures)]
        for table in tables:
            table.setflags(write=False)
        return [
            counts_of(grid.edges, *each, is_exact=grid.is_exact, weighing=weighings[place] if weighings else None)
            for place, each in enumerate(zip(*tables, strict=True))
        ]


def add_counts(one: ScoreCounts, other: ScoreCounts, grid: ScoreGrid) -> ScoreCounts:
    """The counts of two cohorts of one table that have no row in common, in the bins that both together have."""
    found = one + other
    return found if found.n_applications <= MOST_EXACT else found.on(grid.edges, is_exact=grid.is_exact)


def _places(rows: Places) -> IntArray:
    return np.arange(rows.start, rows.stop) if isinstance(rows, slice) else rows


def at(values: AnyArray, rows: Places) -> AnyArray:
    """The values of the rows at these places."""
    return values[rows] if isinstance(rows, slice) else values.take(rows)


def table_rows(frame: pl.DataFrame, grid: ScoreGrid | None) -> TableRows:
    """The rows of `frame`, which is as `count_scores` wants it.

    Raises:
        CountsError: a PD is null or no probability.
    """
    pds, outcomes = frame[PROBABILITY], frame[OUTCOME]
    if n_wrong := frame.height - int(pds.is_between(0, 1).sum()):
        raise CountsError.from_nulls(n_wrong)
    exposure = frame[EXPOSURE].fill_null(0) if EXPOSURE in frame.columns else None
    return TableRows(
        grid,
        _frozen(outcome_codes(outcomes)),
        _array(pds.cast(pl.Float64)),
        None if grid is None else _array(frame[PD_BIN]),
        None if exposure is None else _array(exposure),
        bool(outcomes.null_count()),
        _array(frame[WEIGHT]) if WEIGHT in frame.columns else None,
    )


def _array(values: pl.Series) -> AnyArray:
    return _frozen(values.to_numpy())


def _frozen(array: AnyArray) -> AnyArray:
    array.setflags(write=False)
    return array
