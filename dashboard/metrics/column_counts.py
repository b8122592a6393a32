"""Applications of a cohort by the bins of every cohort column at once; with `row_counts` all that touches rows.

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

from dashboard.metrics.counts import AnyArray, BoolArray, FloatArray
from dashboard.metrics.weighing import Overlap, effective_share
from data.predictions.pieces import pieces, tally
from data.predictions.table import WEIGHT

# A joint table of this size still fits the fastest cache, where counting costs the same as for a single column.
MAX_CELLS = 4_096


class ColumnCountsError(ValueError):
    """Columns that cannot be counted."""

    @classmethod
    def from_code(cls, name: str, n_bins: int) -> ColumnCountsError:
        return cls(f"{name} has rows whose code is missing or not one of its {n_bins:,} bins; fix its bins.")


@dataclass(frozen=True, slots=True, eq=False)
class ColumnCounts:
    """The applications per bin of each column, in the order of the columns; immutable and additive.

    Where rows have weights, numbers are sums of weights, and `squares` is the sum of the squared ones.
    """

    by_column: Mapping[str, AnyArray]
    squares: float | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The columns."""
        return tuple(self.by_column)

    @property
    def effective_share(self) -> float:
        """How many effective applications there are for each that is counted: 1 without weights."""
        if self.squares is None:
            return 1.0
        return effective_share(next((float(each.sum()) for each in self.by_column.values()), 0.0), self.squares)

    def __getitem__(self, name: str) -> AnyArray:
        return self.by_column[name]

    def __add__(self, other: ColumnCounts) -> ColumnCounts:
        squares = None if self.squares is None else self.squares + (other.squares or 0.0)
        return ColumnCounts({name: number + other[name] for name, number in self.by_column.items()}, squares)


@dataclass(frozen=True, slots=True, eq=False)
class JointCodes:
    """The joint code of some columns for each row, UInt16; `shape` are their numbers of bins."""

    names: tuple[str, ...]
    shape: tuple[int, ...]
    cells: npt.NDArray[np.uint16]

    def margins(self, rows: npt.NDArray[np.intp] | None, weight: FloatArray | None = None) -> dict[str, AnyArray]:
        """The rows per bin of each column, of the chosen rows or of all; or the sums of their weights."""
        cells, n_cells = self.cells if rows is None else self.cells.take(rows), math.prod(self.shape)
        table = (tally(cells, n_cells) if weight is None else _weighed(cells, weight, n_cells)).reshape(self.shape)
        axes = range(len(self.shape))
        return {name: table.sum(axis=tuple(a for a in axes if a != axis)) for axis, name in enumerate(self.names)}


@dataclass(frozen=True, slots=True, eq=False)
class ColumnCodes:
    """The bins of every row in every column, about half a byte a row and column; `names` as they were given.

    `weight` says how often each row counts, where rows have weights.
    """

    names: tuple[str, ...]
    n_rows: int
    joint: tuple[JointCodes, ...]
    whole: ColumnCounts
    weight: FloatArray | None = None


def make_column_codes(frame: pl.DataFrame, codes: Mapping[str, tuple[pl.Expr, int]]) -> ColumnCodes:
    """The codes of the rows of `frame`, given each column's expression (an integer from 0) and its number of bins.

    Rows count as often as the column of weights says, where there is one.

    Raises:
        ColumnCountsError: a code is null or not below the number of bins.
    """
    sizes = {name: n_bins for name, (_, n_bins) in codes.items()}
    # A few columns at a time: the codes of all are half as large as the table.
    joint = tuple(_joined(frame, group, codes) for group in packed(sizes))
    weight = _weights_of(frame)
    return ColumnCodes(tuple(sizes), frame.height, joint, _counted(joint, tuple(sizes), None, weight), weight)


def select_rows(frame: pl.DataFrame, filters: pl.Expr | None) -> BoolArray | None:
    """Which rows of `frame` pass `filters`; None for all of them."""
    if filters is None:
        return None
    # Added to the frame, not selected from it: a filter that is the same for all rows gives one value a row too.
    chosen = frame.with_columns(filters.fill_null(value=False).alias("chosen"))["chosen"].to_numpy()
    chosen.setflags(write=False)
    return chosen


def count_both(frame: pl.DataFrame, one: pl.Expr | None, other: pl.Expr | None) -> Overlap:
    """The rows of `frame` that pass both filters; None passes all."""
    chosen = [select_rows(frame, filters) for filters in (one, other)]
    masks = [mask for mask in chosen if mask is not None]
    both = np.logical_and.reduce(masks) if masks else None
    n_rows, weight = frame.height if both is None else int(np.count_nonzero(both)), _weights_of(frame)
    if weight is None:
        return Overlap.of_rows(n_rows)
    own = weight if both is None else weight[both]
    return Overlap(n_rows, float(own.sum()), float((own**2).sum()))


def count_columns(codes: ColumnCodes, chosen: BoolArray | None) -> ColumnCounts:
    """The applications per bin of every column among the `chosen` rows (one value a row), or among all."""
    if chosen is None:
        return codes.whole
    rows = np.flatnonzero(chosen)
    # Of weights nothing is taken off the whole: where nothing is left, their sums would leave a speck.
    if 2 * rows.size <= codes.n_rows or codes.weight is not None:
        return _counted(codes.joint, codes.names, rows, codes.weight)
    # The other rows are fewer, and the whole is known.
    others = _counted(codes.joint, codes.names, np.flatnonzero(~chosen), None)
    return ColumnCounts({name: number - others[name] for name, number in codes.whole.by_column.items()})


def _counted(
    joint: Sequence[JointCodes],
    names: Sequence[str],
    rows: npt.NDArray[np.intp] | None,
    weight: FloatArray | None,
) -> ColumnCounts:
    own = weight if weight is None or rows is None else weight.take(rows)
    by_name = {name: number for group in joint for name, number in group.margins(rows, own).items()}
    squares = None if own is None else float((own**2).sum())
    return ColumnCounts({name: by_name[name] for name in names}, squares)


def _weights_of(frame: pl.DataFrame) -> FloatArray | None:
    return frame[WEIGHT].to_numpy() if WEIGHT in frame.columns else None


def _weighed(cells: npt.NDArray[np.uint16], weight: FloatArray, n_cells: int) -> FloatArray:
    found = np.zeros(n_cells)
    for piece in pieces(cells.size):
        found += np.bincount(cells[piece], weights=weight[piece], minlength=n_cells)
    return found


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
