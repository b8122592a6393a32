"""Rows of a cohort by the bins of every cohort column at once, and the only other place where metrics touch rows.

Each row's bin in a column is a small code, worked out once for the whole portfolio. Columns with few bins share one
joint code, so that one pass over the rows counts several columns: the joint table's margins are theirs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

from dashboard.metrics.counts import BoolArray, IntArray
from data.predictions.pieces import tally

# A joint table of this size still fits the fastest cache, where counting costs the same as for a single column.
MAX_CELLS = 4_096


class ColumnCountsError(ValueError):
    """Columns that cannot be counted."""

    @classmethod
    def from_code(cls, name: str, n_bins: int) -> ColumnCountsError:
        return cls(f"{name} has rows whose code is missing or not one of its {n_bins:,} bins; fix its bins.")


@dataclass(frozen=True, slots=True, eq=False)
class ColumnCounts:
    """The number of rows per bin of each column, in the order of the columns; immutable and additive."""

    by_column: Mapping[str, IntArray]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(self.by_column)

    def __getitem__(self, name: str) -> IntArray:
        return self.by_column[name]

    def __add__(self, other: ColumnCounts) -> ColumnCounts:
        return ColumnCounts({name: number + other[name] for name, number in self.by_column.items()})

    def __sub__(self, other: ColumnCounts) -> ColumnCounts:
        return ColumnCounts({name: number - other[name] for name, number in self.by_column.items()})


@dataclass(frozen=True, slots=True, eq=False)
class JointCodes:
    """The joint code of some columns for each row, UInt16; `shape` are their numbers of bins."""

    names: tuple[str, ...]
    shape: tuple[int, ...]
    cells: npt.NDArray[np.uint16]

    def margins(self, rows: npt.NDArray[np.intp] | None) -> dict[str, IntArray]:
        """The rows per bin of each column, of the chosen rows or of all."""
        cells = self.cells if rows is None else self.cells.take(rows)
        table = tally(cells, math.prod(self.shape)).reshape(self.shape)
        axes = range(len(self.shape))
        return {name: table.sum(axis=tuple(a for a in axes if a != axis)) for axis, name in enumerate(self.names)}


@dataclass(frozen=True, slots=True, eq=False)
class ColumnCodes:
    """The bins of every row in every column, about half a byte a row and column; `names` as they were given."""

    names: tuple[str, ...]
    n_rows: int
    joint: tuple[JointCodes, ...]
    whole: ColumnCounts


def make_column_codes(frame: pl.DataFrame, codes: Mapping[str, tuple[pl.Expr, int]]) -> ColumnCodes:
    """The codes of the rows of `frame`, given each column's expression (an integer from 0) and its number of bins.

    Raises:
        ColumnCountsError: a code is null or not below the number of bins.
    """
    sizes = {name: n_bins for name, (_, n_bins) in codes.items()}
    # A few columns at a time: the codes of all are half as large as the table.
    joint = tuple(_joined(frame, group, codes) for group in packed(sizes))
    return ColumnCodes(tuple(sizes), frame.height, joint, _counted(joint, tuple(sizes), None))


def select_rows(frame: pl.DataFrame, filters: pl.Expr | None) -> BoolArray | None:
    """Which rows of `frame` pass `filters`; None for all of them."""
    if filters is None:
        return None
    # Added to the frame, not selected from it: a filter that is the same for all rows gives one value a row too.
    chosen = frame.with_columns(filters.fill_null(value=False).alias("chosen"))["chosen"].to_numpy()
    chosen.setflags(write=False)
    return chosen


def count_both(frame: pl.DataFrame, one: pl.Expr | None, other: pl.Expr | None) -> int:
    """The number of rows of `frame` that pass both filters; None passes all."""
    chosen = [select_rows(frame, filters) for filters in (one, other)]
    masks = [mask for mask in chosen if mask is not None]
    return int(np.count_nonzero(np.logical_and.reduce(masks))) if masks else frame.height


def count_columns(codes: ColumnCodes, chosen: BoolArray | None) -> ColumnCounts:
    """The rows per bin of every column among the `chosen` rows (one value a row), or among all."""
    if chosen is None:
        return codes.whole
    rows = np.flatnonzero(chosen)
    if 2 * rows.size <= codes.n_rows:
        return _counted(codes.joint, codes.names, rows)
    # The other rows are fewer, and the whole is known.
    return codes.whole - _counted(codes.joint, codes.names, np.flatnonzero(~chosen))


def _counted(joint: Sequence[JointCodes], names: Sequence[str], rows: npt.NDArray[np.intp] | None) -> ColumnCounts:
    by_name = {name: number for group in joint for name, number in group.margins(rows).items()}
    return ColumnCounts({name: by_name[name] for name in names})


def packed(sizes: Mapping[str, int]) -> list[list[str]]:
    """The columns in groups whose joint table is small enough, the largest first into the first group with room."""
    groups: list[list[str]] = []
    for name in sorted(sizes, key=lambda name: -sizes[name]):
        room = (g for g in groups if math.prod(sizes[n] for n in g) * sizes[name] <= MAX_CELLS)
        group = next(room, None)
        if group is None:
            groups.append([name])
        else:
            group.append(name)
    return groups


def _joined(frame: pl.DataFrame, names: Sequence[str], codes: Mapping[str, tuple[pl.Expr, int]]) -> JointCodes:
    shape = tuple(codes[name][1] for name in names)
    cells = np.zeros(frame.height, dtype=np.uint16)
    for name, n_bins in zip(names, shape, strict=True):
        coded = frame.select(codes[name][0]).to_series()
        if coded.null_count() or (frame.height and not 0 <= int(str(coded.max())) < n_bins):
            raise ColumnCountsError.from_code(name, n_bins)
        cells *= np.uint16(n_bins)
        np.add(cells, coded.to_numpy(), out=cells, casting="unsafe")
    cells.setflags(write=False)
    return JointCodes(tuple(names), shape, cells)
