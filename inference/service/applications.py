"""An application as JSON brings it: a type that is generated from the schema, one key a column.

Every column may be left out or null, which both mean that its value is missing (an application of which too little is
known is referred instead of scored); what no column may hold is refused by
Pydantic before anything is scored.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema
from typing_extensions import TypedDict  # Pydantic wants this one below Python 3.12

from data import schema
from data.definition.columns import Column, Kind
from inference.values import LONGEST_LEVEL, Value, is_allowed_number

# Not empty, not only spaces, no control characters.
_LEVEL_PATTERN = r"^[^\x00-\x1F\x7F-\x9F]*[^\s\x00-\x1F\x7F-\x9F][^\x00-\x1F\x7F-\x9F]*$"


def _make_type() -> Any:
    columns = [column for column in schema.COLUMNS if column.kind is not Kind.TARGET]
    made = TypedDict("Application", {column.name: _field(column) for column in columns}, total=False)  # type: ignore[misc]
    made.__pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[attr-defined]
    made.__doc__ = "The columns of one application; any may be left out, or null, where nothing is known."
    return made


def _field(column: Column) -> Any:
    kind = _level_type() if column.kind is Kind.CATEGORY else _number_type(column)
    return Annotated[kind | None, Field(title=column.label, description=_description(column))]


def _level_type() -> Any:
    limits = Field(strict=True, min_length=1, max_length=LONGEST_LEVEL, pattern=_LEVEL_PATTERN)
    # Blanks around a text are no part of it, as in every file of applications.
    return Annotated[str, limits, AfterValidator(str.strip)]


def _number_type(column: Column) -> Any:
    # A sentinel lies outside the range, which is then left to a function of ours.
    has_range = column.sentinel is None
    low, high = (column.minimum, column.maximum) if has_range else (None, None)
    checks: list[Any] = [Field(strict=True, allow_inf_nan=False, ge=low, le=high)]
    if not has_range:
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


def _number_schema(column: Column) -> dict[str, Any]:
    kind = "integer" if column.dtype.is_integer() else "number"
    numbers = {"type": kind, "minimum": column.minimum, "maximum": column.maximum}
    return numbers if column.sentinel is None else {"anyOf": [numbers, {"const": column.sentinel}]}


def _description(column: Column) -> str:
    parts = [column.description]
    if column.unit:
        parts.append(f"Unit: {column.unit}.")
    if column.sentinel is not None:
        parts.append(f"{column.sentinel} stands for: {column.sentinel_meaning}.")
    if column.levels:
        listed = ", ".join(f"`{level}`" for level in column.levels)
        parts.append(f"One of {listed}; another text is scored as a category never seen.")
    return " ".join(parts)


if TYPE_CHECKING:
    Application: TypeAlias = dict[str, Value]
else:
    Application = _make_type()

EXAMPLE: dict[str, Any] = {
    "SK_ID_CURR": 100_001, "NAME_CONTRACT_TYPE": "Cash loans", "AMT_INCOME_TOTAL": 135_000.0, "AMT_CREDIT": 568_800.0,
    "AMT_ANNUITY": 20_560.5, "AMT_GOODS_PRICE": 450_000.0, "DAYS_BIRTH": -19_241, "DAYS_EMPLOYED": -2_329,
    "DAYS_REGISTRATION": -5_170, "DAYS_ID_PUBLISH": -812, "NAME_INCOME_TYPE": "Working",
    "NAME_EDUCATION_TYPE": "Higher education", "NAME_HOUSING_TYPE": "House / apartment", "FLAG_OWN_CAR": "N",
    "FLAG_OWN_REALTY": "Y", "CNT_CHILDREN": 0, "ORGANIZATION_TYPE": "Kindergarten", "REGION_RATING_CLIENT": 2,
    "REGION_RATING_CLIENT_W_CITY": 2, "EXT_SOURCE_2": 0.62, "EXT_SOURCE_3": 0.48,
}  # fmt: skip
