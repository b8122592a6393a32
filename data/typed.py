"""JSON read into the frozen dataclass that it was written from, every part checked for its type."""

from __future__ import annotations

import math
import typing
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin

T = TypeVar("T")

_SCALARS = (str, bool, int, float, type(None))


def read_typed(kind: type[T], parsed: object) -> T:
    """`parsed`, as a JSON parser gives it, as a `kind`.

    A dataclass takes an object without further keys, a tuple a list, a mapping an object; numbers are finite.

    Raises:
        ValueError: a part is missing, too many, or of another type; the message names it.
    """
    result: T = _read(kind, parsed, kind.__name__)
    return result


def _read(kind: Any, parsed: object, place: str) -> Any:
    if kind is Any:
        return parsed
    if is_dataclass(kind):
        return _read_dataclass(kind, parsed, place)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (typing.Union, UnionType):
        return _read_scalar(tuple(arguments), parsed, place)
    if origin is tuple:
        return tuple(_read(arguments[0], each, f"{place}[{at}]") for at, each in enumerate(_as(list, parsed, place)))
    if origin is Mapping:
        items = _as(dict, parsed, place).items()
        return {name: _read(arguments[1], value, f"{place}.{name}"[:100]) for name, value in items}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(parsed)
    return _read_scalar((kind,), parsed, place)


@cache
def _parts(kind: Any) -> tuple[dict[str, Any], frozenset[str]]:
    """The types of a dataclass's fields, and the names of those without a default."""
    return typing.get_type_hints(kind), frozenset(
        each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING
    )


def _read_dataclass(kind: Any, parsed: object, place: str) -> Any:
    given = _as(dict, parsed, place)
    hints, needed = _parts(kind)
    odd = sorted((needed - given.keys()) | (given.keys() - hints.keys()))
    if odd:
        raise ValueError(f"{place}: {odd[0][:60]!r} is missing or not known")
    return kind(**{name: _read(hints[name], value, f"{place}.{name}") for name, value in given.items()})


def _read_scalar(kinds: tuple[Any, ...], parsed: object, place: str) -> object:
    wanted = {*kinds, int} if float in kinds else {*kinds}
    if (
        type(parsed) not in wanted
        or type(parsed) not in _SCALARS
        or (type(parsed) is float and not math.isfinite(parsed))
    ):
        names = " or ".join(sorted(kind.__name__ for kind in kinds))
        raise ValueError(f"{place} is {repr(parsed)[:40]}, expected {names}")
    return parsed


def _as(kind: type[T], parsed: object, place: str) -> T:
    if not isinstance(parsed, kind):
        raise ValueError(f"{place} is {repr(parsed)[:40]}, expected {'an object' if kind is dict else 'a list'}")
    return parsed
