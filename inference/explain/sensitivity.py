"""The PD of one application as one of its fields moves, or two of them, all else equal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.columns import Column, Kind
from inference.explain.comparison import quantities
from inference.explain.variants import score_variants
from inference.model.session import ScoringSession
from inference.values import Value

GRID_POINTS = 120
# Beyond these quantiles lie so few applications that the curve would mostly show what the model never saw.
LOW_QUANTILE, HIGH_QUANTILE = 0.005, 0.995

Moved: TypeAlias = tuple[str, Sequence[Value]]
"""A field and the values over which it moves."""


def field_grid(column: Column, values: pl.Series, *, n: int = GRID_POINTS) -> tuple[Value, ...]:
    """The values over which a field moves, `values` being those that the portfolio holds of it.

    A category takes its levels that occur, in the column's order and those that it does not list behind them; a
    whole number of at most `n` distinct values takes these; any other number `n` values evenly spaced between the 0.5 %
    and the 99.5 % quantile, rounded where the column holds whole numbers, none twice. Missing and special values
    are left out; where nothing else occurs there are no values.
    """
    if column.kind is Kind.CATEGORY:
        found = set(values.drop_nulls().cast(pl.String).unique())
        return (*(level for level in column.levels if level in found), *sorted(found.difference(column.levels)))
    numbers = quantities(column, values.cast(pl.Float64).fill_nan(None))
    return _number_grid(numbers.to_numpy(), n, is_whole=column.dtype.is_integer())


def _number_grid(numbers: NDArray[np.float64], n: int, *, is_whole: bool) -> tuple[Value, ...]:
    if not numbers.size:
        return ()
    if is_whole:
        distinct = np.unique(numbers)
        if distinct.size <= n:
            return tuple(map(int, distinct.tolist()))
    low, high = np.quantile(numbers, (LOW_QUANTILE, HIGH_QUANTILE))
    spaced = np.linspace(low, high, n)
    # After rounding, too: neighbouring points may have become the same number.
    return tuple(map(int, np.unique(np.rint(spaced)).tolist())) if is_whole else tuple(np.unique(spaced).tolist())


def sensitivity(
    session: ScoringSession, application: Mapping[str, Value], name: str, grid: Sequence[Value]
) -> NDArray[np.float32]:
    """PD of the application with each value of `grid` in its field `name`: float32 of shape (values,).

    Raises:
        FeatureError: a key that is no column of the table, or a value of the wrong type.
    """
    return score_variants(session, application, {name: grid})


def sensitivity_map(
    session: ScoringSession, application: Mapping[str, Value], first: Moved, second: Moved
) -> NDArray[np.float32]:
    """PD at each pair of values of two different fields: float32 of shape (values of first, values of second).

    Raises:
        FeatureError: a key that is no column of the table, or a value of the wrong type.
        ValueError: both are the same field.
    """
    (name, grid), (other, other_grid) = first, second
    if name == other:
        raise ValueError(f"a map needs two different fields, not {name} twice")
    pairs = list(product(grid, other_grid))
    changes = {name: [value for value, _ in pairs], other: [value for _, value in pairs]}
    return score_variants(session, application, changes).reshape(len(grid), len(other_grid))
