"""The expressions of a definition: a small, closed language, parsed into a tree and never evaluated as Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True, slots=True)
class Text:
    """A level of a category, to compare with."""

    value: str


@dataclass(frozen=True, slots=True)
class Name:
    """A column of the table; names of derived features are replaced by their trees when the definition is read."""

    column: str


@dataclass(frozen=True, slots=True)
class Call:
    """An operator (`+ - * / neg < <= > >= == != and or not`) or a function, over operands."""

    function: str
    operands: tuple[Node, ...]


Node: TypeAlias = Number | Text | Name | Call
