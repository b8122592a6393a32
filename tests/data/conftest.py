"""A table made by rule, whose every cell a test can foretell."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pytest

from data.definition.columns import Column
from data.home_credit import embedded


@pytest.fixture(scope="session")
def make_rows() -> Callable[[int], pl.DataFrame]:
    """A function of n that gives n valid applications: ids from 100001, values stepping through what the schema allows.

    Every fifth row lacks what may be missing; every seventh holds the sentinels; levels come in the schema's order.
    """
    return _rows


def _rows(n_rows: int) -> pl.DataFrame:
    return pl.DataFrame({column.name: _values(column, n_rows) for column in embedded.COLUMNS})


def _values(column: Column, n_rows: int) -> pl.Series:
    if column.name == embedded.ID:
        return pl.int_range(100_001, 100_001 + n_rows, dtype=pl.Int32, eager=True).alias(column.name)
    cells = [None if column.nullable and row % 5 == 4 else _value(column, row) for row in range(n_rows)]
    return pl.Series(column.name, cells, dtype=column.dtype)


def _value(column: Column, row: int) -> str | float:
    if column.levels:
        return column.levels[row % len(column.levels)]
    if column.special and row % 7 == 3:
        return int(column.special_values[0])
    assert column.minimum is not None
    assert column.maximum is not None
    value = column.minimum + (column.maximum - column.minimum) * (row % 11) / 10
    return round(value) if column.dtype.is_integer() else value
