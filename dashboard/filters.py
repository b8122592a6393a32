"""Filters: a frozen, hashable description of a cohort, and the Polars expression that selects it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import polars as pl


@dataclass(frozen=True, slots=True, order=True)
class LevelFilter:
    """Keep the rows whose `column` is one of `levels`; `with_missing` keeps those without a value too."""

    column: str
    levels: tuple[str, ...]
    with_missing: bool = False

    def expression(self) -> pl.Expr:
        """The Polars predicate."""
        chosen = pl.col(self.column).is_in(list(self.levels))
        return chosen | pl.col(self.column).is_null() if self.with_missing else chosen.fill_null(value=False)


@dataclass(frozen=True, slots=True, order=True)
class RangeFilter:
    """Keep the rows whose `column` lies in the closed range from `low` to `high`, in the unit it is stored in."""

    column: str
    low: float
    high: float

    def expression(self) -> pl.Expr:
        """The Polars predicate; a missing value is outside every range."""
        return pl.col(self.column).is_between(self.low, self.high).fill_null(value=False)


Condition = LevelFilter | RangeFilter


@dataclass(frozen=True, slots=True)
class Filters:
    """A cohort: the rows that meet all `conditions`; equal cohorts compare and hash equal whatever their order."""

    conditions: tuple[Condition, ...] = ()

    @classmethod
    def of(cls, conditions: Iterable[Condition]) -> Filters:
        """The cohort of `conditions`, one a column, in canonical order."""
        by_column = {condition.column: condition for condition in conditions}
        return cls(tuple(by_column[name] for name in sorted(by_column)))

    def __bool__(self) -> bool:
        return bool(self.conditions)

    def expression(self) -> pl.Expr | None:
        """The Polars predicate, or None for the whole portfolio."""
        if not self.conditions:
            return None
        return reduce(lambda a, b: a & b, (condition.expression() for condition in self.conditions))
