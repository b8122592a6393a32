"""What a table of applications holds, column by column: the range and levels that occur, and what is typical."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from data import schema
from data.definition.columns import Column, Kind

_HALF = 0.5


@dataclass(frozen=True, slots=True)
class ColumnFacts:
    """What occurs in one column: a number's range (its sentinel left out), or a category's levels in schema order.

    `middle` is the median of a number or flag, its sentinel left out. `typical` is that too, or the commonest level, of
    equally common ones the first; where more than half of the applications hold the sentinel, or no value, it is that.
    """

    low: float | None
    high: float | None
    levels: tuple[str, ...]
    has_missing: bool
    has_sentinel: bool
    middle: float | int | None
    typical: float | int | str | None

    def has_seen(self, column: Column, value: float | str | None) -> bool:
        """Whether `value` lies within what occurs in `column`."""
        if value is None:
            return self.has_missing
        if isinstance(value, str):
            return value in self.levels
        if column.sentinel is not None and value == column.sentinel:
            return self.has_sentinel
        return self.low is not None and self.high is not None and self.low <= value <= self.high


def describe_table(table: pl.LazyFrame) -> dict[str, ColumnFacts]:
    """The facts of every input column of `table` (all but id and target), by name.

    One pass over the rows: about 0.4 s for 307,511.
    """
    columns = [column for column in schema.COLUMNS if column.kind not in (Kind.ID, Kind.TARGET)]
    numbers = [column for column in columns if column.kind is not Kind.CATEGORY]
    levels = [column for column in columns if column.kind is Kind.CATEGORY]
    found = table.select(pl.len(), *map(_number_facts, numbers), *map(_level_counts, levels)).collect().row(0)
    n_rows, told = found[0], found[1:]
    facts = {
        column.name: _of_number(column, n_rows, **said) for column, said in zip(numbers, told, strict=False)
    } | {
        column.name: _of_levels(column, n_rows, said)
        for column, said in zip(levels, told[len(numbers) :], strict=True)
    }  # fmt: skip
    return {column.name: facts[column.name] for column in columns}


def _number_facts(column: Column) -> pl.Expr:
    values = pl.col(column.name)
    quantities = values if column.sentinel is None else values.filter(values != column.sentinel)
    # A flag's median is the commoner of its two values.
    return pl.struct(
        low=quantities.min().cast(pl.Float64), high=quantities.max().cast(pl.Float64),
        middle=quantities.quantile(_HALF, "lower").cast(pl.Float64), n_missing=values.null_count(),
        n_sentinel=pl.lit(0) if column.sentinel is None else (values == column.sentinel).sum(),
    ).alias(column.name)  # fmt: skip


def _of_number(
    column: Column, n_rows: int, *, low: float, high: float, middle: float | None, n_missing: int, n_sentinel: int
) -> ColumnFacts:
    found = int(middle) if middle is not None and column.dtype.is_integer() else middle
    half = _HALF * n_rows
    typical = None if n_missing > half else column.sentinel if n_sentinel > half else found
    return ColumnFacts(low, high, (), n_missing > 0, n_sentinel > 0, found, typical)


def _level_counts(column: Column) -> pl.Expr:
    return pl.col(column.name).cast(pl.String).value_counts(name="~n").implode().alias(column.name)


def _of_levels(column: Column, n_rows: int, counted: list[Mapping[str, str | int | None]]) -> ColumnFacts:
    counts = {each[column.name]: each["~n"] for each in counted}
    n_missing = int(counts.pop(None, 0) or 0)
    found = {str(level): int(n or 0) for level, n in counts.items()}
    listed = [level for level in column.levels if level in found]
    levels = (*listed, *(level for level in sorted(found) if level not in listed))
    typical = None if n_missing > _HALF * n_rows else max(levels, key=found.__getitem__, default=None)
    return ColumnFacts(None, None, levels, n_missing > 0, False, None, typical)
