"""A stored value of a column in words, and the title that such values stand under."""

from __future__ import annotations

from dashboard.words import labels
from data.definition import units
from data.definition.columns import Column, Kind, Unit
from data.definition.definition import Definition
from data.definition.units import AMOUNTS
from inference.values import Value

NO_YES = ("No", "Yes")
# Under a tenth of a year, times are said in days.
_FEW_DAYS = 36.5


def unit_words(column: Column, definition: Definition) -> str:
    """The unit in which the column's values are shown; empty for a bare number."""
    if column.unit is Unit.DAYS_BEFORE:
        return Unit.YEARS.value
    return units.unit_words(column.unit, labels.literal(definition.currency))


def field_title(column: Column, definition: Definition) -> str:
    """The column's label, with the unit in which its values are shown."""
    unit = unit_words(column, definition)
    return f"{column.label} ({unit})" if unit else column.label


def word_level(column: Column, level: str) -> str:
    """A level of `column` as it is called, or the level itself, as far as it can be shown."""
    return labels.literal(dict(column.level_labels).get(level, level))


def word_meaning(column: Column, value: float) -> str:
    """What a special value of `column` means, as the beginning of a line."""
    meaning = labels.literal(column.meaning(value) or "")
    return meaning[:1].upper() + meaning[1:]


def word_field(column: Column, value: Value) -> str:
    """A stored value in words: days before the application as years, levels as they are called, amounts to the cent.

    A time carries its unit, which is another one than is stored; everything else leaves it to `field_title`.
    """
    if value is None:
        return labels.MISSING
    if isinstance(value, str):
        return word_level(column, value)
    if column.is_special(value):
        return word_meaning(column, value)
    if column.kind is Kind.FLAG:
        return NO_YES[value > 0]
    return _word_number(column, value)


def word_stated(column: Column, value: Value, definition: Definition) -> str:
    """A stored value in words where no title says its unit: an amount with its currency, all else as `word_field`."""
    unit = "" if value is None or column.is_special(value) else _amount_unit(column, definition)
    return f"{word_field(column, value)} {unit}".rstrip()


def _amount_unit(column: Column, definition: Definition) -> str:
    return labels.literal(units.amount_words(column.unit, definition.currency))


def form_title(column: Column, definition: Definition) -> str:
    """The column's label, with the unit where that is not what the label says: years, and a named currency."""
    is_time = column.unit in (Unit.DAYS_BEFORE, Unit.YEARS)
    unit = Unit.YEARS.value if is_time else _amount_unit(column, definition)
    return f"{column.label} ({unit})" if unit else column.label


def _word_number(column: Column, value: float) -> str:
    match column.unit:
        case Unit.DAYS_BEFORE:
            # Zero days are no negative years.
            days = -value + 0.0
            if 0 < abs(days) < _FEW_DAYS:
                return f"{days:g} {'day' if days == 1 else 'days'}".replace("-", "−")
            return _years(labels.years(days / labels.DAYS_PER_YEAR))
        case Unit.YEARS:
            return _years(value)
        case unit if unit in AMOUNTS:
            return f"{value:,.2f}".removesuffix("0").removesuffix(".0").replace("-", "−")
        case _:
            whole = column.dtype.is_integer()
            return (f"{value:,}" if whole else f"{value:.4g}").replace("-", "−")


def _years(value: float) -> str:
    return f"{value:g} {'year' if value == 1 else 'years'}"
