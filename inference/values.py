"""Values of one application as people and links say them: checked against the definition one by one, never coerced."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Mapping
from typing import Any, Self, TypeAlias

from data.definition.columns import Column, Kind
from data.definition.definition import Definition
from data.files.validate import expectation
from inference.errors import FeatureError

Value: TypeAlias = float | int | str | None
"""What one column of an application holds: a number, a category's level, or None where it is missing."""

MISSING = "~missing"
LONGEST_LEVEL = 80
_ESCAPE = "~"
_LONGEST_QUOTE = 40
_NOT_INPUTS = (Kind.ID, Kind.TARGET)
# Narrower than float(): no separators, no spaces, no names of infinities, no digits of other scripts.
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


class ValueFault(FeatureError):  # noqa: N818 - a fault of one value, as those of a file's cells are
    """A value that its column cannot hold, or a column that an application cannot have."""

    @classmethod
    def from_unknown_column(cls, name: object) -> Self:
        return cls(
            f"The application table has no column {shown_value(name)}; leave it out or correct its spelling "
            "(`portfolio.toml` lists the columns)."
        )

    @classmethod
    def from_no_input(cls, column: Column) -> Self:
        return cls(f"{column.label} ({column.name}) is no input of the model; leave it out.")

    @classmethod
    def from_value(cls, column: Column, found: object) -> Self:
        expected = expectation(column)
        if column.kind is Kind.CATEGORY:
            expected += f" of 1 to {LONGEST_LEVEL} printable letters"
        return cls(
            f"{column.label} ({column.name}) is {shown_value(found)}; expected {expected}; "
            "correct it or set it to missing."
        )


def shown_value(found: object) -> str:
    """`found` in at most 40 letters; what is neither a number nor a text is named by its type, however deep it goes."""
    if isinstance(found, str):
        quoted = repr(found[:_LONGEST_QUOTE])
        return quoted if len(quoted) <= _LONGEST_QUOTE else quoted[: _LONGEST_QUOTE - 1] + "…"
    if found is None or isinstance(found, bool):
        return repr(found)
    if isinstance(found, float):
        return repr(float(found))
    if isinstance(found, numbers.Integral):
        # An integer of more than 4,300 digits has no decimal text in Python.
        return repr(int(found)) if int(found).bit_length() <= 128 else "a number of too many digits"
    return f"of type {type(found).__name__}"[:_LONGEST_QUOTE]


def input_column(definition: Definition, name: object) -> Column:
    """The column called `name`, which an application may have.

    Raises:
        ValueFault: there is no such column, or it is the identifier or the outcome, which are no inputs.
    """
    column = definition.by_name.get(name) if isinstance(name, str) else None
    if column is None:
        raise ValueFault.from_unknown_column(name)
    if column.kind in _NOT_INPUTS:
        raise ValueFault.from_no_input(column)
    return column


def check_value(definition: Definition, name: str, value: object) -> Value:
    """`value` in the one form that the column has for it: int in whole columns, float in others, str for a category.

    None is missing and allowed for every column; a level that the column does not list is allowed, too.

    Raises:
        ValueFault: an unknown column, the identifier or the outcome, or a value that the column cannot hold.
    """
    column = input_column(definition, name)
    if value is None:
        return None
    return _check_level(column, value) if column.kind is Kind.CATEGORY else _check_number(column, value)


def _check_level(column: Column, value: object) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > LONGEST_LEVEL or not value.isprintable():
        raise ValueFault.from_value(column, value)
    return str(value)


def _check_number(column: Column, value: object) -> int | float:
    # A bool is an integer in Python; as a value it is a slip of whoever wrote it.
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ValueFault.from_value(column, value)
    try:
        return _canonical(column, float(value), found=value)
    except OverflowError:
        raise ValueFault.from_value(column, value) from None


def _canonical(column: Column, number: float, *, found: object) -> int | float:
    if not is_allowed_number(column, number):
        raise ValueFault.from_value(column, found)
    # Adding zero makes 0.0 of -0.0.
    return int(number) if column.dtype.is_integer() else number + 0.0


def is_allowed_number(column: Column, number: float) -> bool:
    """`data.files.validate.is_allowed` for one number, without a series for each (200 times as slow)."""
    if not math.isfinite(number) or (column.dtype.is_integer() and not number.is_integer()):
        return False
    low = -math.inf if column.minimum is None else column.minimum
    high = math.inf if column.maximum is None else column.maximum
    return low <= number <= high or column.is_special(number)


def read_value(definition: Definition, name: str, text: str) -> Value:
    """The value that `text` says, as `word_value` words it: `~missing`, a plain number, or a level.

    A level that begins with a tilde has another one in front of it; a number has no separators and no spaces.

    Raises:
        ValueFault: as `check_value` does, and for a text that is no number in a column of numbers.
    """
    column = input_column(definition, name)
    if text == MISSING:
        return None
    if column.kind is Kind.CATEGORY:
        return _check_level(column, text.removeprefix(_ESCAPE))
    if not _NUMBER.fullmatch(text):
        raise ValueFault.from_value(column, text)
    return _canonical(column, float(text), found=text)


def word_value(value: Value) -> str:
    """`value` as a text from which `read_value` makes it again, exactly."""
    if value is None:
        return MISSING
    if isinstance(value, str):
        return _ESCAPE + value if value.startswith(_ESCAPE) else value
    return str(int(value)) if float(value).is_integer() else repr(float(value))


def check_application(definition: Definition, values: Mapping[Any, object]) -> dict[str, Value]:
    """Every column and value of an application checked, in the order given; any column may be left out.

    Raises:
        ValueFault: the first column or value that is refused.
    """
    return {
        input_column(definition, name).name: check_value(definition, str(name), value) for name, value in values.items()
    }
