"""The single values of a visit, each with its name in a link, its default, a reader and a writer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from data.definition.definition import Definition

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parameter(Generic[T]):
    """One value of a visit.

    `read` takes a text and the table's definition, and raises ValueError if the text is not a valid value, or a
    ScoreroomError with the reason.
    """

    name: str
    default: T
    read: Callable[[str, Definition], T]
    word: Callable[[T], str]
    always_written: bool = False
    options: tuple[str, ...] = ()


DECLARED: dict[str, Parameter[Any]] = {}


def _declared(parameter: Parameter[T]) -> Parameter[T]:
    if DECLARED.setdefault(parameter.name, parameter).default != parameter.default:
        raise ValueError(f"Two parameters are called {parameter.name}; a link could not tell them apart.")
    DECLARED[parameter.name] = parameter
    return parameter


def number(name: str, default: float, *, low: float, high: float, always_written: bool = False) -> Parameter[float]:
    """A number from `low` to `high`."""

    def read(text: str, _: Definition) -> float:
        value = float(text)
        if not (math.isfinite(value) and low <= value <= high):
            raise ValueError(text)
        return value

    return _declared(Parameter(name, float(default), read, lambda value: f"{value:.10g}", always_written))


def whole(name: str, default: int, *, low: int, high: int) -> Parameter[int]:
    """A whole number from `low` to `high`."""

    def read(text: str, _: Definition) -> int:
        value = int(text)
        if not low <= value <= high:
            raise ValueError(text)
        return value

    return _declared(Parameter(name, default, read, str))


def choice(name: str, options: Sequence[str], default: str | None = None) -> Parameter[str]:
    """One of `options`, the first by default."""

    def read(text: str, _: Definition) -> str:
        if text not in options:
            raise ValueError(text)
        return text

    first = options[0] if default is None else default
    return _declared(Parameter(name, first, read, str, options=tuple(options)))


def text(name: str, default: str = "", *, longest: int = 100) -> Parameter[str]:
    """Any text; the caller checks what it names."""

    def read(value: str, _: Definition) -> str:
        if len(value) > longest:
            raise ValueError(value)
        return value

    return _declared(Parameter(name, default, read, str))


def of_table(name: str, default: T, read: Callable[[str, Definition], T], word: Callable[[T], str]) -> Parameter[T]:
    """A value with a reader and a writer of its own."""
    return _declared(Parameter(name, default, read, word))
