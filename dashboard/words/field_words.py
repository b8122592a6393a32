"""A stored value of a column of the application table in words, and the title that such values stand under."""

from __future__ import annotations

from dashboard.words import labels
from dashboard.words.value_labels import NO_YES
from data.schema import Column, Kind, Unit
from inference.values import Value


def field_title(column: Column) -> str:
    """The column's label, with the unit in which its values are shown."""
    unit = "years" if column.unit is Unit.DAYS_BEFORE else column.unit.value
    return f"{column.label} ({unit})" if unit else column.label


def word_field(column: Column, value: Value) -> str:
    """A stored value in words: days before the application as years, levels as they are called, amounts to the cent.

    A time carries its unit, which is another one than is stored; everything else leaves it to `field_title`.
    """
    if value is None:
        return labels.MISSING
    if isinstance(value, str):
        return labels.level(column.name, value)
    if value == column.sentinel:
        return column.sentinel_meaning.capitalize()
    if column.kind is Kind.FLAG:
        return NO_YES[value > 0]
    return _word_number(column, value)


def _word_number(column: Column, value: float) -> str:
    match column.unit:
        case Unit.DAYS_BEFORE:
            # Zero days are no negative years.
            return _years(labels.significant(-value / labels.DAYS_PER_YEAR + 0.0, 3))
        case Unit.YEARS:
            return _years(value)
        case Unit.CURRENCY | Unit.CURRENCY_PER_YEAR:
            return f"{value:,.2f}".removesuffix("0").removesuffix(".0")
        case _:
            whole = column.dtype.is_integer()
            return (f"{value:,}" if whole else f"{value:.4g}").replace("-", "−")


def _years(value: float) -> str:
    return f"{value:g} {'year' if value == 1 else 'years'}"
