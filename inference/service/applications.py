"""An application as JSON brings it: a type that is generated from the definition that is open, one key a column.

Every column may be left out or null; both mean that its value is missing (an application of which too little is known
is referred instead of scored). Pydantic refuses what no column may hold before anything is scored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, WithJsonSchema
from typing_extensions import TypedDict  # Pydantic wants this one below Python 3.12

from data.definition.columns import Column, Kind
from data.definition.definition import Definition
from data.definition.units import unit_words
from inference.service.settings import APPLICATION_BYTES
from inference.values import LONGEST_LEVEL, Value, is_allowed_number

# Not empty, not only spaces, no control characters.
_LEVEL_PATTERN = r"^[^\x00-\x1F\x7F-\x9F]*[^\s\x00-\x1F\x7F-\x9F][^\x00-\x1F\x7F-\x9F]*$"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INT64 = 2**63
# What a value takes up in JSON besides the name of its column.
_LONGEST_VALUE_BYTES = 100


def application_type(definition: Definition) -> Any:
    """The type of one application of a definition's table: a `TypedDict`, which Pydantic checks."""
    columns = [column for column in definition.columns if column.name != definition.target]
    fields = {column.name: _field(column, definition.currency) for column in columns}
    made = TypedDict("Application", fields, total=False)  # type: ignore[misc]
    made.__pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[attr-defined]
    made.__doc__ = "The columns of one application; any may be left out, or null, where nothing is known."
    return made


def example_of(definition: Definition) -> dict[str, Value]:
    """An application for documentation: the definition's own, or else the low end of every column of the model."""
    if definition.example:
        return dict(definition.example)
    return {name: _any_value(definition.column(name)) for name in definition.features.columns}


def next_example(definition: Definition) -> dict[str, Value]:
    """The example with the id of another application, where it has one."""
    example = example_of(definition)
    found = example.get(definition.id)
    if isinstance(found, str):
        return {**example, definition.id: f"{found}-2"}
    return example if found is None else {**example, definition.id: int(found) + 1}


def wrong_example(definition: Definition) -> tuple[str, Value]:
    """A column and a value that it cannot hold, for documentation."""
    named = [definition.column(name) for name in (definition.roles.exposure, *definition.features.columns) if name]
    column = next((each for each in named if each.kind is not Kind.CATEGORY), named[0])
    if column.kind is Kind.CATEGORY:
        return column.name, 1
    return column.name, -1 if column.minimum is not None and column.minimum > -1 else "much"


def most_bytes(definition: Definition) -> int:
    """The most bytes that one application may have: more than usual where a table has very many columns."""
    needed = sum(len(json.dumps(name)) + _LONGEST_VALUE_BYTES for name in definition.by_name)
    return max(APPLICATION_BYTES, needed)


def id_of(application: Mapping[str, Value], definition: Definition) -> int | str | None:
    """The application's id, None where it has none."""
    found = application.get(definition.id)
    return int(found) if isinstance(found, float) else found


def _any_value(column: Column) -> Value:
    if column.kind is Kind.CATEGORY:
        return column.levels[0] if column.levels else None
    end = next((end for end in (column.minimum, column.maximum) if end is not None), 0)
    return int(end) if column.dtype.is_integer() else float(end)


def _field(column: Column, currency: str) -> Any:
    return Annotated[_type(column) | None, Field(title=column.label, description=_description(column, currency))]


def _type(column: Column) -> Any:
    if column.kind is Kind.DATE:
        limits = Field(strict=True, max_length=10)
        schema = WithJsonSchema({"type": "string", "format": "date"})
        return Annotated[str, limits, AfterValidator(_check_date), schema]
    if column.kind is Kind.CATEGORY or not column.dtype.is_numeric():
        return _text_type()
    if column.kind is Kind.ID and column.maximum is None:
        # Exact beyond 2 ** 53, where a float is not.
        limits = Field(strict=True, ge=-_INT64, lt=_INT64)
        return Annotated[int, limits, BeforeValidator(_as_whole), WithJsonSchema({"type": "integer"})]
    return _number_type(column)


def _text_type() -> Any:
    limits = Field(strict=True, min_length=1, max_length=LONGEST_LEVEL, pattern=_LEVEL_PATTERN)
    # Blanks around a text are no part of it, as in every file of applications.
    return Annotated[str, limits, AfterValidator(str.strip)]


def _number_type(column: Column) -> Any:
    # Special values lie outside the range, which is then left to a function of ours.
    low, high = (None, None) if column.special else (column.minimum, column.maximum)
    checks: list[Any] = [Field(strict=True, allow_inf_nan=False, ge=low, le=high)]
    if column.special:
        checks.append(AfterValidator(partial(_check, column)))
    elif column.dtype.is_integer():
        checks.append(AfterValidator(_check_whole))
    return Annotated[(float, *checks, WithJsonSchema(_number_schema(column)))]


def _check(column: Column, number: float) -> float:
    if not is_allowed_number(column, number):
        raise ValueError("not a value of this column")
    return number


def _check_whole(number: float) -> float:
    if not number.is_integer():
        raise ValueError("not a whole number")
    return number


def _as_whole(found: object) -> object:
    return int(found) if isinstance(found, float) and found.is_integer() else found


def _check_date(text: str) -> str:
    if not _DATE.fullmatch(text):
        raise ValueError("not a date such as 2024-01-31")
    date.fromisoformat(text)
    return text


def _number_schema(column: Column) -> dict[str, Any]:
    is_whole = column.dtype.is_integer()
    ends = {"minimum": column.minimum, "maximum": column.maximum}
    numbers: dict[str, Any] = {"type": "integer" if is_whole else "number"}
    numbers |= {name: int(end) if is_whole else end for name, end in ends.items() if end is not None}
    special = [{"const": int(value) if is_whole else value} for value in column.special_values]
    return {"anyOf": [numbers, *special]} if special else numbers


def _description(column: Column, currency: str) -> str:
    parts = [column.description] if column.description else []
    if column.unit:
        parts.append(f"Unit: {unit_words(column.unit, currency)}.")
    parts += [f"{special.shown} stands for: {special.meaning}." for special in column.special]
    if column.levels:
        listed = ", ".join(f"`{level}`" for level in column.levels)
        parts.append(f"One of {listed}; another text is scored as a category never seen.")
    if column.kind is Kind.DATE:
        parts.append("A date such as 2024-01-31.")
    return " ".join(parts)
