"""The range over which a field of an application is moved, and its distribution in the portfolio."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from dashboard.metrics.counts import FloatArray, IntArray
from dashboard.words import labels
from data.definition.columns import Column, Kind, Unit
from inference.explain.sensitivity import field_grid
from inference.values import Value

_BINS = 40


@dataclass(frozen=True, slots=True)
class FieldRange:
    """The stored values of a field's range in the order shown, and their distribution in the portfolio.

    `density` counts applications: between two `edges`, in the unit shown, for a number; by value for levels and flags.
    """

    column: Column
    grid: tuple[Value, ...]
    density: IntArray
    edges: FloatArray


def shown_factor(column: Column) -> float:
    """The factor from a stored to a shown number; days before the application are shown as years."""
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
    # Special values lie outside the range.
    density, edges = np.histogram(shown, bins=_BINS, range=(ends[0], ends[1]))
    return FieldRange(column, ordered, density.astype(np.int64), edges)
