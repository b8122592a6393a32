"""One applicant's PD as fields move: what the figures of it are given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dashboard.charts.field_map import FieldMap
from dashboard.charts.field_sensitivity import FieldCurve
from dashboard.charts.moved_field import MovedField
from dashboard.words.field_ranges import FieldRange, is_levels, shown_factor
from dashboard.words.field_words import word_field
from data.definition.columns import Unit
from inference.values import Value


def moved_field(found: FieldRange, current: Value) -> MovedField:
    """The field as figures show it, with the applicant's own value."""
    column = found.column
    words = word_field(column, current)
    if is_levels(column):
        own = None if current is None else words
        return MovedField(column.label, "", tuple(word_field(column, value) for value in found.grid), own, words)
    factor = shown_factor(column)
    numbers = tuple(float(value or 0.0) * factor + 0.0 for value in found.grid)
    is_quantity = current is not None and not isinstance(current, str) and not column.is_special(current)
    # That a share is one, its axis says.
    units = {Unit.DAYS_BEFORE: "years", Unit.SHARE: ""}
    unit = units.get(column.unit, column.unit.value)
    quantity = float(current) * factor + 0.0 if is_quantity else None  # type: ignore[arg-type]
    return MovedField(column.label, unit, numbers, quantity, words)


def field_curve(found: FieldRange, pds: NDArray[np.float32], current: Value, current_pd: float) -> FieldCurve:
    """PDs at each value of the range, as the figure takes them."""
    return FieldCurve(moved_field(found, current), pds.astype(np.float64), current_pd, found.density, found.edges)


def field_map(
    across: FieldRange, down: FieldRange, pds: NDArray[np.float32], current: Sequence[Value], current_pd: float
) -> FieldMap:
    """PDs of shape (down, across); `current` are the applicant's values across and down."""
    fields = moved_field(across, current[0]), moved_field(down, current[1])
    return FieldMap(*fields, pds.astype(np.float64), current_pd)
