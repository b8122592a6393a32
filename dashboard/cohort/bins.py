"""Bins: how one column is cut into a few groups, the same for segments, shifts, dependence curves and histograms."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from dashboard.cohort.filters import Condition, LevelFilter, RangeFilter
from dashboard.metrics.counts import FloatArray
from dashboard.words import labels
from data.predictions.pieces import distinct, level_counts, pieces, recoded
from data.predictions.table import CohortColumn, CohortKind

OTHER = "Other levels"
MOST_BINS = 60
_DIGITS = (1, 2, 3, 4, 5, 6)


@dataclass(frozen=True, slots=True)
class Bins:
    """A column's groups in display order; a row's group is its `code`, an index into `labels`.

    A category has one group a level (`levels`, those beyond the first 59 together), a number one for each half-open
    range between ascending `edges` (in the stored unit and precision; the first and last are open), from the highest
    stored value down where `is_descending`: days before the application are shown as years since. A decimal number is
    stored in 64 bits where it `is_double`, else in 32. After the ranges comes a group for each of the `special` values
    and one for the rows without a value, where the column has such rows. `no_quantities` are all special values that
    the column may hold.
    """

    column: str
    title: str
    labels: tuple[str, ...]
    levels: tuple[tuple[str, ...], ...] = ()
    edges: tuple[float, ...] = ()
    special: tuple[float, ...] = ()
    no_quantities: tuple[float, ...] = ()
    has_missing: bool = False
    is_integer: bool = False
    is_double: bool = False
    is_descending: bool = False

    @property
    def n_values(self) -> int:
        """How many groups hold ordinary values, before those of special and of missing values."""
        return len(self.labels) - len(self.special) - self.has_missing

    def code(self) -> pl.Expr:
        """The group of each row, UInt8."""
        return pl.col(self.column).map_batches(self._coded, return_dtype=pl.UInt8, is_elementwise=True)

    def _coded(self, values: pl.Series) -> pl.Series:
        return pl.Series(values.name, self.codes(values))

    def codes(self, values: pl.Series) -> npt.NDArray[np.uint8]:
        """The group of each of `values`, which are of the column."""
        codes = self._level_codes(values) if self.levels else self._range_codes(values)
        last = len(self.labels) - 1
        if values.null_count():
            codes = np.where(values.is_null().to_numpy(), np.uint8(last), codes)
        return codes

    def _level_codes(self, values: pl.Series) -> npt.NDArray[np.uint8]:
        by_level = {level: code for code, group in enumerate(self.levels) for level in group}
        stored = values
        if not isinstance(stored.dtype, pl.Enum):
            text = values.cast(pl.String)
            stored = text.cast(pl.Enum(text.drop_nulls().unique()))
        assert isinstance(stored.dtype, pl.Enum)
        table = [by_level.get(level, len(self.labels) - 1) for level in stored.dtype.categories] or [0]
        return recoded(stored.to_physical().fill_null(0).to_numpy(), np.array(table, dtype=np.uint8))

    def _range_codes(self, values: pl.Series) -> npt.NDArray[np.uint8]:
        numbers = values.fill_null(0).to_numpy()
        codes = np.empty(numbers.size, dtype=np.uint8)
        for piece in pieces(numbers.size):
            own = numbers[piece].astype(np.float64)
            # Not below: what is no number is larger than all.
            place = np.zeros(own.size, dtype=np.uint8)
            for edge in self.edges:
                place += ~(own < edge)
            codes[piece] = self.n_values - 1 - place if self.is_descending else place
            for special_place, special in enumerate(self.special):
                codes[piece][own == special] = self.n_values + special_place
        return codes

    def condition(self, code: int) -> Condition:
        """The condition that selects exactly the rows of group `code`."""
        if self.has_missing and code == len(self.labels) - 1:
            return LevelFilter(self.column, (), with_missing=True) if self.levels else self._missing()
        if self.levels:
            return LevelFilter(self.column, tuple(sorted(self.levels[code])))
        if code >= self.n_values:
            special = self.special[code - self.n_values]
            return RangeFilter(self.column, with_special=(special,), beside_range=True, special=self.no_quantities)
        ends = (-math.inf, *self.edges, math.inf)
        place = self.n_values - 1 - code if self.is_descending else code
        low, high = ends[place], ends[place + 1]
        return RangeFilter(
            self.column,
            None if math.isinf(low) else self._from(low),
            None if math.isinf(high) else self._just_below(high),
            special=self.no_quantities,
        )

    def _missing(self) -> Condition:
        return RangeFilter(self.column, with_missing=True, beside_range=True, special=self.no_quantities)

    def _from(self, edge: float) -> float:
        return edge if self.is_integer or self.is_double else _brief(np.float32(edge))

    def _just_below(self, edge: float) -> float:
        # Ranges of filters are closed; the largest stored value under the edge ends this one.
        if self.is_integer:
            return math.ceil(edge) - 1
        if self.is_double:
            return math.nextafter(edge, -math.inf)
        return _brief(np.nextafter(np.float32(edge), np.float32(-np.inf)))


def _brief(stored: np.float32) -> float:
    """The number with the fewest digits that 32 bits store as `stored`: 0.58 and not 0.5799999833106995."""
    brief = float(str(stored))
    return brief if np.float32(brief) == stored else float(stored)


@dataclass(frozen=True, slots=True)
class ValueGrid:
    """Where the slider of a number stops, in the shown unit and rising, and how many rows lie from one to the next.

    `stops` are one more than there are `counts`; the first and last are the least and greatest value; without any
    value it is empty. `special` are those of the column's special values that occur, each with its rows; `n_missing`
    rows have no value. `few` are the values themselves, as they are stored and each with its rows, where there are no
    more than two.
    """

    stops: tuple[float, ...]
    counts: tuple[int, ...]
    special: tuple[tuple[float, int], ...]
    n_missing: int
    few: tuple[tuple[float, int], ...] = ()


def make_grid(values: pl.Series, column: CohortColumn, *, n_steps: int = 40) -> ValueGrid:
    """A grid of about `n_steps` round steps over the middle 99 % of `values`, and the rest up to either end."""
    numbers, special = _split(values, column)
    counted = tuple(zip(special, numbers.special, strict=True))
    if not numbers.n_rows:
        return ValueGrid((), (), counted, values.null_count())
    factor = labels.scale(column).factor
    shown, rows = numbers.values.astype(np.float64) * factor, numbers.rows
    if factor < 0:
        shown, rows = shown[::-1], rows[::-1]
    ends = np.array([int(0.005 * numbers.n_rows), min(int(0.995 * numbers.n_rows), numbers.n_rows - 1)])
    low, high = shown[np.searchsorted(np.cumsum(rows), ends, side="right")]
    step = _nice_step((high - low) / n_steps)
    # A whole number is not cut between two of its values.
    step = max(step, 1.0) if values.dtype.is_integer() and labels.scale(column).factor > 0 else step
    inside = [labels.significant(i * step, 12) for i in range(math.ceil(low / step), math.floor(high / step) + 1)]
    stops = np.unique([shown[0], *(stop for stop in inside if shown[0] < stop < shown[-1]), shown[-1]])
    counts = np.histogram(shown, bins=stops, weights=rows)[0] if stops.size > 1 else rows.sum(keepdims=True)
    return ValueGrid(tuple(map(float, stops)), tuple(map(int, counts)), counted, values.null_count(), _few(numbers))


def _few(numbers: _Numbers) -> tuple[tuple[float, int], ...]:
    """The values and their rows where there are no more than two values."""
    if numbers.values.size > 2:
        return ()
    return tuple((float(value), int(n)) for value, n in zip(numbers.values, numbers.rows, strict=True))


def _nice_step(rough: float) -> float:
    if rough <= 0:
        return 1.0
    size = 10.0 ** math.floor(math.log10(rough))
    return size * next(step for step in (1, 2, 2.5, 5, 10) if step * size >= rough)


def make_bins(values: pl.Series, column: CohortColumn, n_groups: int) -> Bins:
    """The groups of `values`, the portfolio's own, of `column`; a number is cut into up to `n_groups` of like size.

    Boundaries are rounded as far as that leaves the groups alike; ties may make them fewer. A number with no more
    distinct values than that gets one group a value.
    """
    if column.kind is CohortKind.LEVELS:
        return _level_bins(values, column)
    numbers, special = _split(values, column)
    edges, names = _number_bins(numbers, column, n_groups)
    is_descending = labels.scale(column).factor < 0
    if is_descending:
        names = names[::-1]
    has_missing = values.null_count() > 0
    return Bins(
        column.name,
        labels.column_title(column),
        (*names, *(labels.special(column, value) for value in special), *([labels.MISSING] if has_missing else [])),
        edges=edges,
        special=special,
        no_quantities=column.special_values,
        has_missing=has_missing,
        is_integer=values.dtype.is_integer(),
        is_double=values.dtype == pl.Float64,
        is_descending=is_descending,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Numbers:
    """The distinct quantities of a column, rising, with the `rows` of each, and those of its `special` values."""

    values: npt.NDArray[Any]
    rows: npt.NDArray[np.int64]
    special: tuple[int, ...]
    dtype: pl.DataType

    @property
    def n_rows(self) -> int:
        """How many rows have a quantity."""
        return int(self.rows.sum())


def _split(values: pl.Series, column: CohortColumn) -> tuple[_Numbers, tuple[float, ...]]:
    """The quantities among `values`, and which of the column's special values they hold, in declared order."""
    numbers, rows = distinct(values)
    # As floats: somebody's own column of that name may be too narrow to hold a special value.
    exact = numbers.astype(np.float64)
    is_special = np.isin(exact, column.special_values)
    present = dict(zip(exact[is_special].tolist(), rows[is_special].tolist(), strict=True))
    special = tuple(value for value in column.special_values if value in present)
    own = tuple(present[value] for value in special)
    return _Numbers(numbers[~is_special], rows[~is_special], own, values.dtype), special


def _level_bins(values: pl.Series, column: CohortColumn) -> Bins:
    levels = values if isinstance(values.dtype, pl.Enum) else values.cast(pl.Enum(column.levels))
    counted = [level for level in level_counts(levels) if level is not None]
    present = set(counted[: MOST_BINS - 1])
    shown = [level for level in column.levels if level in present]
    others = tuple(level for level in counted if level not in present)
    groups = [(level,) for level in shown] + ([others] if others else [])
    names = [labels.level(column, level) for level in shown] + ([OTHER] if others else [])
    has_missing = values.null_count() > 0
    return Bins(
        column.name,
        labels.column_title(column),
        (*names, *([labels.gap(column)] if has_missing else [])),
        levels=tuple(groups),
        has_missing=has_missing,
    )


def _number_bins(numbers: _Numbers, column: CohortColumn, n_groups: int) -> tuple[tuple[float, ...], tuple[str, ...]]:
    if numbers.values.size <= max(n_groups, 2):
        values_of_groups = [float(value) for value in numbers.values]
        return tuple(values_of_groups[1:]), tuple(labels.quantity(column, value) for value in values_of_groups)
    edges = _rounded(numbers, column, n_groups)
    is_counted = numbers.dtype.is_integer() and labels.scale(column).factor == 1
    return edges, _range_names(numbers.values.astype(np.float64), edges, column, is_counted=is_counted)


def _rounded(numbers: _Numbers, column: CohortColumn, n_groups: int) -> tuple[float, ...]:
    """Quantiles, rounded in the shown unit to the fewest digits that keep the groups within a tenth of their size."""
    wanted = np.arange(1, n_groups) / n_groups
    values = numbers.values.astype(np.float64)
    below = np.concatenate([[0], np.cumsum(numbers.rows)])
    # The first value at or above each quantile.
    exact = values[np.searchsorted(below, np.ceil((below[-1] - 1) * wanted), side="right") - 1]
    is_single = numbers.dtype == pl.Float32
    scale = labels.scale(column)
    for digits in _DIGITS:
        shown = [labels.significant(value * scale.factor, digits) for value in exact]
        # Dividing may leave a last digit that nobody wrote.
        edges = np.array([labels.significant(value / scale.factor, 15) for value in shown])
        if is_single:
            # As 32 bits store it: a value that is 0.58 lies at the edge 0.58 in whatever precision they are compared.
            edges = edges.astype(np.float32).astype(np.float64)
        if np.all(np.abs(below[np.searchsorted(values, edges)] / below[-1] - wanted) <= 0.1 / n_groups):
            break
    else:
        edges = exact
    inside = np.unique(edges[(edges > values[0]) & (edges <= values[-1])])
    return tuple(float(edge) for edge in inside)


def _range_names(
    values: FloatArray, edges: Sequence[float], column: CohortColumn, *, is_counted: bool
) -> tuple[str, ...]:
    if not edges:
        return (labels.quantity(column, float(values[0])),)
    ends = [None, *edges, None]
    return tuple(_range_name(column, low, high, is_counted=is_counted) for low, high in itertools.pairwise(ends))


def _range_name(column: CohortColumn, low: float | None, high: float | None, *, is_counted: bool) -> str:
    if is_counted and low is not None and high is not None and math.ceil(high) - math.ceil(low) == 1:
        # The only whole number in it: "0 to 1" would say that 1 is, too.
        return labels.quantity(column, math.ceil(low))
    return labels.span(column, low, high)
