"""Two models' scores beside the rows of a table, and the groups that those rows are in."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from dashboard.metrics.column_counts import ColumnCodes, ColumnCounts, count_columns
from dashboard.metrics.counts import AnyArray, BoolArray, IntArray, ScoreCounts
from dashboard.metrics.paired import PairedRows, RankedScores, rank_scores
from dashboard.metrics.paired_swap import Swap, SwapSet
from dashboard.metrics.row_counts import TableRows
from dashboard.metrics.stability import Stability, characteristic_stability
from data.predictions.scores import ScoreGrid


@dataclass(frozen=True, slots=True, eq=False)
class ColumnApart:
    """A column, and how differently those swapped in and those swapped out are spread over its groups."""

    name: str
    stability: Stability


def ranked(scores: pl.Series, *, why_no_pd: str = "") -> RankedScores:
    """The scores of a table, one a row; one that is null gets a PD of 0, and is left out by `pair` and by nothing else.

    `why_no_pd` says why they are no probabilities, where they are none.
    """
    return rank_scores(scores.fill_null(0.0).to_numpy(), why_no_pd=why_no_pd)


def pair(table: TableRows, one: RankedScores, two: RankedScores, chosen: BoolArray | None) -> PairedRows:
    """The `chosen` rows of the table (one value a row; None for all) with the scores that two models give them."""
    exposure = None if table.exposure is None else np.asarray(table.exposure, dtype=np.float64)
    return PairedRows(one, two, table.outcome, table.weight, exposure).chosen(chosen)


def scored_by_both(one: pl.Series, two: pl.Series, chosen: BoolArray | None) -> tuple[BoolArray | None, int]:
    """Those of the `chosen` rows that both models score, None for all, and the number of the others."""
    if not one.null_count() + two.null_count():
        return chosen, 0
    is_scored: BoolArray = (one.is_not_null() & two.is_not_null()).to_numpy()
    wanted = np.ones_like(is_scored) if chosen is None else chosen
    return is_scored & wanted, int(np.count_nonzero(wanted & ~is_scored))


def counts_of_model(rows: PairedRows, scores: RankedScores, grid: ScoreGrid | None) -> ScoreCounts:
    """The counts of a model's scores of these rows, `rows.one` or `rows.two`, on the grid of its own table."""
    bins = None if grid is None else grid.bins(scores.pd)
    table = TableRows(grid, rows.outcome, scores.pd, bins, rows.exposure, bool(rows.n_open), rows.weight)
    return table.counts()


def groups_of(codes: ColumnCodes, rows: IntArray | None) -> Iterator[tuple[str, npt.NDArray[np.uint8]]]:
    """For each column the group of every row, or of those at the places `rows`."""
    for joint in codes.joint:
        cells: AnyArray = joint.cells if rows is None else joint.cells.take(rows)
        for axis, name in enumerate(joint.names):
            below = math.prod(joint.shape[axis + 1 :])
            yield name, (cells // np.uint16(below) % np.uint16(joint.shape[axis])).astype(np.uint8)


def swapped_columns(codes: ColumnCodes, swap: SwapSet, rows: IntArray | None) -> tuple[ColumnApart, ...]:
    """The columns by how far those swapped in differ from those swapped out (the reference), the furthest first.

    `rows` are the places in the table of the rows that the swap set is of, None where it is of all. A column counts as
    far apart by what of its index exceeds chance alone.
    """
    out, into = (_counted(codes, swap.rows(each), rows) for each in (Swap.OUT, Swap.IN))
    found = characteristic_stability(out, into)
    apart = [ColumnApart(name, stability) for name, stability in found.items()]
    return tuple(sorted(apart, key=lambda each: -(each.stability.corrected or 0.0)))


def _counted(codes: ColumnCodes, members: BoolArray, rows: IntArray | None) -> ColumnCounts:
    mask = members
    if rows is not None:
        mask = np.zeros(codes.n_rows, dtype=bool)
        mask[rows[members]] = True
    return count_columns(codes, mask)
