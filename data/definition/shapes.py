"""Validators for the values of a definition: each checks one value and says what is expected instead."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from data.definition.errors import Place, nearest, number_words, shown

# A value as TOML has it, checked at its place and returned; raises DefinitionError.
Shape: TypeAlias = Callable[[object, Place], Any]
LARGEST = 1e18


def text(most: int = 200, *, lines: bool = False, empty: bool = False) -> Shape:
    """A printable text of at most `most` characters; with `lines` it may have several lines."""

    def check(value: object, place: Place) -> str:
        if not isinstance(value, str):
            raise place.error(f"is {_kind(value)}", 'write a text in quotation marks, such as "income"')
        if not value.strip() and not empty:
            raise place.error("is an empty text", "write something or leave the key out")
        if len(value) > most:
            raise place.error(f"is {len(value):,} characters long", f"shorten it to at most {most:,}")
        if not all(each.isprintable() or (lines and each == "\n") for each in value):
            raise place.error("holds a character that cannot be printed", "take it out")
        return value

    return check


def column(value: object, place: Place) -> str:
    """The name of a column, as the file has it; it may hold anything."""
    if not isinstance(value, str):
        raise place.error(f"is {_kind(value)}", 'write the name of a column in quotation marks, such as "income"')
    _check_name(value, place)
    return value


def stored(value: object, place: Place) -> str:
    """A text as a table holds it; it may hold any characters."""
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_STORED:
        raise place.error(
            "is not a text of a usable length" if isinstance(value, str) else f"is {_kind(value)}",
            f"write a text of up to {_LONGEST_STORED:,} characters in quotation marks, as the table has it",
        )
    return value


def word(*known: str) -> Shape:
    """One of the `known` words."""

    def check(value: object, place: Place) -> str:
        if not isinstance(value, str) or value not in known:
            wrong = shown(value) if isinstance(value, str) else _kind(value)
            raise place.error(f"is {wrong}", f"write one of {_listed(wrong, known)}")
        return value

    return check


def truth(value: object, place: Place) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise place.error(f"is {_kind(value)}", "write true or false, without quotation marks")
    return value


def number(low: float = -LARGEST, high: float = LARGEST) -> Shape:
    """A finite number from `low` to `high`."""

    def check(value: object, place: Place) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise place.error(f"is {_kind(value)}", "write a number, without quotation marks")
        if not low <= value <= high:
            is_short = isinstance(value, float) or abs(value) < LARGEST
            wrong = number_words(value) if is_short else "a number that is too large"
            raise place.error(f"is {wrong}", f"write a number from {number_words(low)} to {number_words(high)}")
        return value

    return check


def whole(low: int, high: int) -> Shape:
    """A whole number from `low` to `high`."""

    def check(value: object, place: Place) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise place.error("is not such a number", f"write a whole number from {low:,} to {high:,}")
        return value

    return check


def value(given: object, place: Place) -> float | int | str:
    """What a column of a table may hold: a number or a text."""
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        raise place.error(f"is {_kind(given)}", "write a number or a text in quotation marks")
    return text(1_000, empty=True)(given, place) if isinstance(given, str) else number()(given, place)  # type: ignore[no-any-return]


def items(shape: Shape, most: int, *, at_least: int = 0) -> Shape:
    """A list of `at_least` to `most` different things."""

    def check(value: object, place: Place) -> list[Any]:
        if not isinstance(value, list):
            raise place.error(f"is {_kind(value)}", 'write a list in brackets, such as ["a", "b"]')
        if len(value) < at_least:
            raise place.error(f"lists {len(value)}", f"list at least {at_least}")
        if len(value) > most:
            raise place.error(f"lists {len(value):,}", f"list at most {most:,}")
        checked = [shape(each, place / number) for number, each in enumerate(value, 1)]
        texts = [each for each in checked if isinstance(each, str)]
        if len(set(texts)) < len(texts):
            repeated = next(each for at, each in enumerate(texts) if each in texts[:at])
            raise place.error(f"lists {shown(repeated)} twice", "keep one of them")
        return checked

    return check


def table(keys: Mapping[str, Shape], required: tuple[str, ...] = ()) -> Shape:
    """A table that has only known keys."""

    def check(value: object, place: Place) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise place.error(f"is {_kind(value)}", f"write a table with {_listed('', keys)}")
        for key in value:
            if key not in keys:
                raise (place / key).error("is an unknown key", f"known here are {_listed(key, keys)}")
        for key in required:
            if key not in value:
                raise place.error(f"has no {key}", f"write {key} = ...")
        return {key: keys[key](each, place / key) for key, each in value.items()}

    return check


def named(shape: Shape, most: int, noun: str) -> Shape:
    """A table with a name of somebody's own for each key."""

    def check(value: object, place: Place) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise place.error(f"is {_kind(value)}", f"write a table with the name of each {noun} as a key")
        if len(value) > most:
            raise place.error(f"has {len(value):,} entries", f"keep at most {most:,}")
        for key in value:
            _check_name(key, place / key)
        return {key: shape(each, place / key) for key, each in value.items()}

    return check


def either(is_first: Callable[[object], bool], first: Shape, other: Shape) -> Shape:
    """The one shape or the other, by what is there."""
    return lambda value, place: first(value, place) if is_first(value) else other(value, place)


def _check_name(name: str, place: Place) -> None:
    if not name.strip():
        raise place.error("is an empty name", "name the column in the file, or leave it out of the definition")
    if len(name) > _LONGEST_NAME:
        raise place.error(f"is a name of {len(name):,} characters", f"shorten it to at most {_LONGEST_NAME}")


_LONGEST_NAME, _LONGEST_STORED = 200, 1_000


def _kind(value: object) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "no finite number"
    words = {bool: "true or false", int: "a number", float: "a number", str: "a text", list: "a list", dict: "a table"}
    return words.get(type(value), "a date or a time")


def _listed(name: str, known: Mapping[str, Shape] | tuple[str, ...]) -> str:
    return nearest(name, known, most=len(known))
