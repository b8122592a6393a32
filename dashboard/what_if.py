"""One applicant's PD as fields move: the values that a field moves over, and the figures' input made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from dashboard import labels
from dashboard.charts.field_map import FieldMap
from dashboard.charts.field_sensitivity import FieldCurve
from dashboard.charts.moved_field import MovedField
from dashboard.field_words import word_field
from dashboard.metrics.counts import FloatArray, IntArray
from data.schema import Column, Kind, Unit
from inference.sensitivity import field_grid
from inference.values import Value

_BINS = 40


@dataclass(frozen=True, slots=True)
class FieldRange:
    """The stored values that a field moves over, in the order shown, and how the portfolio spreads over them.

    `density` counts applications: between two `edges`, in the unit shown, for a number; by value for levels and flags.
    """

    column: Column
    grid: tuple[Value, ...]
    density: IntArray
    edges: FloatArray


def shown_factor(column: Column) -> float:
    """What a stored number is multiplied by to be shown: days before the application are shown as years."""
    return -1 / labels.DAYS_PER_YEAR if column.unit is Unit.DAYS_BEFORE else 1.0


def is_levels(column: Column) -> bool:
    """Whether the column's values are shown as words."""
    return column.kind is not Kind.NUMERIC


def make_range(column: Column, values: pl.Series, *, n: int) -> FieldRange:
    """The range over which `column` moves in at most `n` numbers; `values` are the portfolio's."""
    grid = field_grid(column, values, n=n)
    if is_levels(column):
        counts = dict(values.cast(pl.String).value_counts(name="~n").iter_rows())
        density = np.array([counts.get(str(value), 0) for value in grid], dtype=np.int64)
        return FieldRange(column, grid, density, np.zeros(0))
    factor = shown_factor(column)
    ordered = tuple(sorted(grid, key=lambda value: float(value or 0.0) * factor))
    shown = values.drop_nulls().cast(pl.Float64).to_numpy() * factor
    if len(ordered) < 2:
        return FieldRange(column, ordered, np.zeros(0, dtype=np.int64), np.zeros(0))
    ends = [float(value or 0.0) * factor for value in (ordered[0], ordered[-1])]
    # The sentinel lies outside of the range.
    density, edges = np.histogram(shown, bins=_BINS, range=(ends[0], ends[1]))
    return FieldRange(column, ordered, density.astype(np.int64), edges)


def moved_field(found: FieldRange, current: Value) -> MovedField:
    """The field as figures show it, with the applicant's own value."""
    column = found.column
    words = word_field(column, current)
    if is_levels(column):
        own = None if current is None else words
        return MovedField(column.label, "", tuple(word_field(column, value) for value in found.grid), own, words)
    factor = shown_factor(column)
    numbers = tuple(float(value or 0.0) * factor + 0.0 for value in found.grid)
    is_quantity = current is not None and not isinstance(current, str) and current != column.sentinel
    # That a share is one, its axis says.
    units = {Unit.DAYS_BEFORE: "years", Unit.SHARE: ""}
    unit = units.get(column.unit, column.unit.value)
    return MovedField(column.label, unit, numbers, float(current) * factor if is_quantity else None, words)  # type: ignore[arg-type]


def field_curve(found: FieldRange, pds: NDArray[np.float32], current: Value, current_pd: float) -> FieldCurve:
    """PDs at each value of the range, as the figure takes them."""
    return FieldCurve(moved_field(found, current), pds.astype(np.float64), current_pd, found.density, found.edges)


def field_map(
    across: FieldRange, down: FieldRange, pds: NDArray[np.float32], current: Sequence[Value], current_pd: float
) -> FieldMap:
    """PDs of shape (down, across); `current` are the applicant's values across and down."""
    fields = moved_field(across, current[0]), moved_field(down, current[1])
    return FieldMap(*fields, pds.astype(np.float64), current_pd)
