"""Facts on a table of applications, column by column: range, levels, and the typical value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from data.definition.columns import Column, Kind
from data.definition.definition import Definition

_HALF = 0.5


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What occurs in one column: a number's range (special values left out), or a category's levels in table order.

    `has_special` counts the rows of each special value that occurs. `middle` is the median of a number or flag, special
    values left out. `typical` is that too, or the commonest level, of equally common ones the first; where more than
    half of the applications hold one special value, or no value, it is that. Of a date only gaps are counted.
    """

    low: float | None
    high: float | None
    levels: tuple[str, ...]
    has_missing: bool
    has_special: Mapping[float, int]
    middle: float | int | None
    typical: float | int | str | None

    def has_seen(self, column: Column, value: float | str | None) -> bool:
        """Whether `value` lies within what occurs in `column`."""
        if value is None:
            return self.has_missing
        if isinstance(value, str):
            return value in self.levels
        if column.is_special(value):
            return value in self.has_special
        return self.low is not None and self.high is not None and self.low <= value <= self.high


def describe_table(table: pl.LazyFrame, definition: Definition) -> dict[str, ColumnFacts]:
    """The facts of every input column of `table` (all but id and target), by name.

    One pass over the rows: about 0.4 s for 307,511.
    """
    numbers = [column for column in definition.inputs if column.kind in (Kind.NUMERIC, Kind.FLAG)]
    levels = [column for column in definition.inputs if column.kind is Kind.CATEGORY]
    dates = [column.name for column in definition.inputs if column.kind is Kind.DATE]
    found = table.select(
        pl.len().alias("~n"),
        *map(_number_facts, numbers),
        *map(_level_counts, levels),
        *(pl.col(name).null_count() for name in dates),
    ).collect()
    row = found.row(0, named=True)
    n_rows = row["~n"]
    facts = {column.name: _of_number(column, n_rows, **row[column.name]) for column in numbers}
    facts |= {column.name: _of_levels(column, n_rows, row[column.name]) for column in levels}
    facts |= {name: ColumnFacts(None, None, (), row[name] > 0, {}, None, None) for name in dates}
    return {column.name: facts[column.name] for column in definition.inputs}


def _number_facts(column: Column) -> pl.Expr:
    values = pl.col(column.name)
    quantities = values.filter(~values.cast(pl.Float64).is_in(column.special_values)) if column.special else values
    # A flag's median is the commoner of its two values.
    return pl.struct(
        low=quantities.min().cast(pl.Float64),
        high=quantities.max().cast(pl.Float64),
        middle=quantities.quantile(_HALF, "lower").cast(pl.Float64),
        n_missing=values.null_count(),
        special=pl.concat_list(
            [(values == value).sum().cast(pl.Int64) for value in column.special_values] or [pl.lit(0, pl.Int64)]
        ),
    ).alias(column.name)


def _of_number(
    column: Column,
    n_rows: int,
    *,
    low: float,
    high: float,
    middle: float | None,
    n_missing: int,
    special: list[int],
) -> ColumnFacts:
    is_whole = column.dtype.is_integer()
    found = int(middle) if middle is not None and is_whole else middle
    half = _HALF * n_rows
    counts = {value: n for value, n in zip(column.special_values, special, strict=False) if n}
    common = next((int(value) if is_whole else value for value, n in counts.items() if n > half), found)
    return ColumnFacts(low, high, (), n_missing > 0, counts, found, None if n_missing > half else common)


def _level_counts(column: Column) -> pl.Expr:
    return pl.col(column.name).cast(pl.String).value_counts(name="~n").implode().alias(column.name)


def _of_levels(column: Column, n_rows: int, counted: list[Mapping[str, str | int | None]]) -> ColumnFacts:
    counts = {each[column.name]: each["~n"] for each in counted}
    n_missing = int(counts.pop(None, 0) or 0)
    found = {str(level): int(n or 0) for level, n in counts.items()}
    listed = [level for level in column.levels if level in found]
    levels = (*listed, *(level for level in sorted(found) if level not in listed))
    typical = None if n_missing > _HALF * n_rows else max(levels, key=found.__getitem__, default=None)
    return ColumnFacts(None, None, levels, n_missing > 0, {}, None, typical)
