"""Counts of the groups of many columns at once, from rows that are sorted and coded once for the whole table.

What a page asks of one column, `counts.count_scores_by` answers; this is for whoever asks for all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from dashboard.metrics.counts import AnyArray, BoolArray, FloatArray, IntArray, ScoreCounts, counted_rows
from data.predictions.scores import ScoreGrid
from data.predictions.table import EXPOSURE, OUTCOME, PD_BIN, PROBABILITY


@dataclass(frozen=True, slots=True, eq=False)
class CodedRows:
    """A table's rows by rising PD: `order` are their places in the table, `codes` each row's group by column."""

    grid: ScoreGrid | None
    order: IntArray
    outcome: BoolArray
    pd: FloatArray
    bins: AnyArray | None
    exposure: FloatArray | None
    codes: Mapping[str, npt.NDArray[np.uint8]]

    def counts(self, chosen: BoolArray | None = None) -> Iterator[tuple[str, dict[int, ScoreCounts]]]:
        """For each column the counts of its groups, by code, among the `chosen` rows (in the table's order) or all.

        They equal those of `count_scores_by`; groups without a row are left out.
        """
        rows = np.arange(self.order.size) if chosen is None else np.flatnonzero(chosen[self.order])
        for name, codes in self.codes.items():
            own = codes[rows]
            # Eight bits sort by counting, and rows of a group stay by rising PD.
            by_code = rows[np.argsort(own, kind="stable")]
            ends = np.cumsum(np.bincount(own, minlength=1))
            starts = np.concatenate([[0], ends[:-1]])
            spans = zip(starts.tolist(), ends.tolist(), strict=True)
            yield name, {code: self._count(by_code[low:high]) for code, (low, high) in enumerate(spans) if low < high}

    def _count(self, rows: IntArray) -> ScoreCounts:
        bins, exposure = (None if each is None else each[rows] for each in (self.bins, self.exposure))
        return counted_rows(self.outcome[rows], self.pd[rows], bins, exposure, self.grid, is_sorted=True)


def code_rows(frame: pl.DataFrame, grid: ScoreGrid | None, codes: Mapping[str, pl.Expr]) -> CodedRows:
    """The rows of `frame`, which is as `count_scores` wants it, with these columns' groups (UInt8, none null)."""
    order = frame[PROBABILITY].arg_sort().to_numpy()
    coded = frame.select(expression.alias(name) for name, expression in codes.items())

    def of(values: pl.Series) -> AnyArray:
        array: AnyArray = values.to_numpy()[order]
        array.setflags(write=False)
        return array

    exposure = frame[EXPOSURE].cast(pl.Float64).fill_null(0) if EXPOSURE in frame.columns else None
    return CodedRows(
        grid,
        order,
        of(frame[OUTCOME]),
        of(frame[PROBABILITY].cast(pl.Float64)),
        None if grid is None else of(frame[PD_BIN]),
        None if exposure is None else of(exposure),
        {series.name: of(series) for series in coded},
    )
