"""One column of a portfolio's table: its values, its unit, and whether equal treatment is at stake."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import polars as pl


class Kind(StrEnum):
    """What a column is for; decides how it is validated, encoded and filtered."""

    ID = "id"
    TARGET = "target"
    NUMERIC = "numeric"
    FLAG = "flag"
    CATEGORY = "category"
    DATE = "date"


class Unit(StrEnum):
    """The unit a value is stored in; an empty one means a bare number or a level."""

    NONE = ""
    CURRENCY = "currency units"
    CURRENCY_PER_YEAR = "currency units a year"
    DAYS_BEFORE = "days relative to the application (negative: before it)"
    YEARS = "years"
    PEOPLE = "people"
    HOUR = "hour of the day"
    COUNT = "count"
    SHARE = "normalised, 0 to 1"


class Sensitivity(StrEnum):
    """Whether equal treatment is at stake: a protected column is never a feature, a sensitive one is monitored."""

    NONE = "none"
    SENSITIVE = "sensitive"
    PROTECTED = "protected"


class SpecialUse(StrEnum):
    """What a model sees of a special value: a missing value, or also an indicator feature."""

    MISSING = "missing"
    INDICATOR = "indicator"


@dataclass(frozen=True, slots=True)
class Special:
    """A stored number that is a code rather than a quantity: its meaning, and what a model sees."""

    value: float
    meaning: str
    use: SpecialUse = SpecialUse.MISSING

    @property
    def shown(self) -> str:
        """The value as files write it, without a decimal point if it is whole."""
        return f"{self.value:.0f}" if self.value.is_integer() else repr(self.value)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the application table.

    `minimum` and `maximum` are in `unit` and closed; `special` values may lie outside. `levels` are the categories in
    the order in which they are shown and encoded, `level_labels` words for those that do not speak for themselves;
    `cohort` marks the columns that the predictions table carries so that cohorts can be cut by them.
    """

    name: str
    label: str
    description: str
    group: str
    kind: Kind
    dtype: pl.DataType
    unit: Unit = Unit.NONE
    minimum: float | None = None
    maximum: float | None = None
    levels: tuple[str, ...] = ()
    level_labels: tuple[tuple[str, str], ...] = ()
    nullable: bool = False
    special: tuple[Special, ...] = ()
    sensitivity: Sensitivity = Sensitivity.NONE
    cohort: bool = False

    @property
    def special_values(self) -> tuple[float, ...]:
        """The stored numbers that are codes, not quantities."""
        return tuple(each.value for each in self.special)

    def is_special(self, value: object) -> bool:
        """Whether a stored value is a code rather than a quantity."""
        return bool(self.special) and value in self.special_values

    def meaning(self, value: object) -> str | None:
        """What a special value means; None for any other value."""
        return next((each.meaning for each in self.special if each.value == value), None)

    @property
    def is_input(self) -> bool:
        """Whether an application brings it: everything but identifier and outcome."""
        return self.kind not in (Kind.ID, Kind.TARGET)


_WHOLE = (pl.Int8(), pl.Int16(), pl.Int32(), pl.Int64())


def smallest_integer(values: Iterable[float]) -> pl.DataType:
    """The smallest signed integer dtype that holds all `values`; Int64 where a bound is missing."""
    ends = list(values)
    for bits, dtype in zip((7, 15, 31), _WHOLE, strict=False):
        if ends and all(-(2**bits) <= value < 2**bits for value in ends):
            return dtype
    return _WHOLE[-1]
