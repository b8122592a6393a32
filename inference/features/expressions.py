"""The small language in which a feature is said once; each node knows how Polars and how plain Python compute it.

A node carries what it needs to know of its column, so that it can be computed without a definition at hand.
Both forms follow the same order of float64 operations, so that their results agree bit for bit. A missing value is
null in the Polars form and NaN in the Python form: only so do comparisons treat it alike in both.
"""

from __future__ import annotations

import math
import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from operator import add, and_, mul, or_

import numpy as np
import polars as pl

from inference.errors import FeatureError

NAN = math.nan
UNKNOWN_LEVEL = -1.0
_FLOAT = pl.Float64


class Script:
    """Python source written node by node; a node that occurs twice is computed once."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.constants: dict[str, object] = {"nan": NAN, "number": number, "level": level}
        self._names: dict[Expression, str] = {}

    def value(self, node: Expression) -> str:
        """Name of the local variable that holds the node's value."""
        if node not in self._names:
            self._names[node] = node.write(self)
        return self._names[node]

    def values(self, nodes: Iterable[Expression]) -> list[str]:
        return [self.value(node) for node in nodes]

    def assign(self, text: str) -> str:
        name = f"v{len(self.lines)}"
        self.lines.append(f"{name} = {text}")
        return name

    def constant(self, value: object) -> str:
        name = f"k{len(self.constants)}"
        self.constants[name] = value
        return name


class Steps:
    """Polars expressions written node by node; a node that occurs twice is computed once, as a column of its own.

    `stages` are to be computed one after the other, each of columns that stand by then.
    """

    def __init__(self) -> None:
        self.stages: list[list[pl.Expr]] = []
        self._places: dict[Expression, tuple[int, pl.Expr]] = {}
        # The latest stage of what the node that is being written asked for.
        self._latest = -1

    def value(self, node: Expression) -> pl.Expr:
        """The column that holds the node's value."""
        if node not in self._places:
            before, self._latest = self._latest, -1
            self._places[node] = self._placed(node, node.polars(self))
            self._latest = before
        stage, column = self._places[node]
        self._latest = max(self._latest, stage)
        return column

    def values(self, nodes: Iterable[Expression]) -> list[pl.Expr]:
        return [self.value(node) for node in nodes]

    def _placed(self, node: Expression, written: pl.Expr) -> tuple[int, pl.Expr]:
        if isinstance(node, Constant):
            return -1, written
        stage = self._latest + 1
        self.stages += [[] for _ in range(len(self.stages), stage + 1)]
        # No column of a table is called so.
        name = f"\0{len(self._places)}"
        self.stages[stage].append(written.alias(name))
        return stage, pl.col(name)


class Expression(ABC):
    """A node: hashable, immutable, and able to say itself in both forms."""

    @property
    @abstractmethod
    def operands(self) -> tuple[Expression, ...]:
        """The nodes it is computed from."""

    @abstractmethod
    def polars(self, steps: Steps, /) -> pl.Expr:
        """Float64 expression of the operands' columns; null where missing, never NaN."""

    @abstractmethod
    def write(self, script: Script) -> str:
        """Append the lines that compute the node; the name returned then holds a float, NaN where missing."""

    def columns(self) -> tuple[str, ...]:
        """Raw columns behind the node, without repetition, in order of appearance."""
        return tuple(dict.fromkeys(name for node in self.operands for name in node.columns()))


class _Leaf(Expression):
    """A node that reads one column of the application table."""

    column: str

    @property
    def operands(self) -> tuple[Expression, ...]:
        return ()

    def columns(self) -> tuple[str, ...]:
        return (self.column,)


@dataclass(frozen=True, slots=True)
class Stored(_Leaf):
    """A number as it is stored, special values included."""

    column: str

    def polars(self, _: Steps) -> pl.Expr:
        return pl.col(self.column).cast(_FLOAT).fill_nan(None)

    def write(self, script: Script) -> str:
        found = script.assign(f"get({self.column!r})")
        # The common types are told apart in line: a call for each column would double the time of a row.
        return script.assign(
            f"{found} if {found}.__class__ is float else nan if {found} is None "
            f"else float({found}) if {found}.__class__ is int else number({self.column!r}, {found})"
        )


@dataclass(frozen=True, slots=True)
class Raw(_Leaf):
    """A number; the column's `special` values count as missing."""

    column: str
    # Not in the repr, which a model's digest is made of: the script that is written names them.
    special: tuple[float, ...] = field(default=(), repr=False)

    def polars(self, steps: Steps) -> pl.Expr:
        stored = steps.value(Stored(self.column))
        if not self.special:
            return stored
        return pl.when(reduce(and_, [stored != value for value in self.special])).then(stored)

    def write(self, script: Script) -> str:
        stored = script.value(Stored(self.column))
        if not self.special:
            return stored
        is_quantity = " and ".join(f"{stored} != {value!r}" for value in self.special)
        return script.assign(f"{stored} if {is_quantity} else nan")


@dataclass(frozen=True, slots=True, repr=False)
class IsSpecial(_Leaf):
    """1 where the column holds one of the `special` values, 0 where it holds anything else; missing where nothing."""

    column: str
    special: tuple[float, ...]

    def __repr__(self) -> str:
        # What the node was called when the first digests were made: renaming it changes no model.
        return f"IsSentinel(column={self.column!r})"

    def polars(self, steps: Steps) -> pl.Expr:
        stored = steps.value(Stored(self.column))
        return reduce(or_, [stored == value for value in self.special]).cast(_FLOAT)

    def write(self, script: Script) -> str:
        stored = script.value(Stored(self.column))
        is_special = " or ".join(f"{stored} == {value!r}" for value in self.special)
        return script.assign(f"1.0 if {is_special} else 0.0 if {stored} == {stored} else nan")


@dataclass(frozen=True, slots=True)
class Level(_Leaf):
    """A category as the position of its level in `levels`; any other level is -1."""

    column: str
    levels: tuple[str, ...] = field(repr=False)

    @property
    def codes(self) -> dict[str, float]:
        return {level: float(code) for code, level in enumerate(self.levels)}

    def polars(self, _: Steps) -> pl.Expr:
        found = pl.col(self.column)
        code = found.cast(pl.Enum(self.levels), strict=False).to_physical().cast(_FLOAT)
        return pl.when(found.is_not_null()).then(code.fill_null(UNKNOWN_LEVEL))

    def write(self, script: Script) -> str:
        codes = script.constant(dict[str | None, float](self.codes) | {None: NAN})
        found = script.assign(f"get({self.column!r})")
        code = script.assign(f"{codes}.get({found})")
        return script.assign(f"{code} if {code} is not None else level({self.column!r}, {found})")


@dataclass(frozen=True, slots=True)
class Constant(Expression):
    """A number that the definition states."""

    value: float

    @property
    def operands(self) -> tuple[Expression, ...]:
        return ()

    def polars(self, _: Steps) -> pl.Expr:
        return pl.lit(self.value, dtype=_FLOAT)

    def write(self, script: Script) -> str:
        return script.assign(repr(self.value))


@dataclass(frozen=True, slots=True)
class Negative(Expression):
    """`-operand`; missing where the operand is."""

    operand: Expression

    @property
    def operands(self) -> tuple[Expression, ...]:
        return (self.operand,)

    def polars(self, steps: Steps) -> pl.Expr:
        return -steps.value(self.operand)

    def write(self, script: Script) -> str:
        return script.assign(f"-{script.value(self.operand)}")


@dataclass(frozen=True, slots=True)
class Sum(Expression):
    """The terms added from left to right; missing where any is."""

    terms: tuple[Expression, ...]

    @property
    def operands(self) -> tuple[Expression, ...]:
        return self.terms

    def polars(self, steps: Steps) -> pl.Expr:
        return reduce(add, steps.values(self.terms)).fill_nan(None)

    def write(self, script: Script) -> str:
        return script.assign(" + ".join(script.values(self.terms)))


@dataclass(frozen=True, slots=True)
class Ratio(Expression):
    """`over / under`; missing where either is, or where `under` is zero."""

    over: Expression
    under: Expression

    @property
    def operands(self) -> tuple[Expression, ...]:
        return (self.over, self.under)

    def polars(self, steps: Steps) -> pl.Expr:
        over, under = steps.values(self.operands)
        return pl.when(under != 0.0).then(over / under).fill_nan(None)

    def write(self, script: Script) -> str:
        over, under = script.values(self.operands)
        return script.assign(f"{over} / {under} if {under} else nan")


@dataclass(frozen=True, slots=True)
class Difference(Expression):
    """`left - right`; missing where either is."""

    left: Expression
    right: Expression

    @property
    def operands(self) -> tuple[Expression, ...]:
        return (self.left, self.right)

    def polars(self, steps: Steps) -> pl.Expr:
        return (steps.value(self.left) - steps.value(self.right)).fill_nan(None)

    def write(self, script: Script) -> str:
        left, right = script.values(self.operands)
        return script.assign(f"{left} - {right}")


@dataclass(frozen=True, slots=True)
class Product(Expression):
    """The factors multiplied from left to right; missing where any is."""

    factors: tuple[Expression, ...]

    @property
    def operands(self) -> tuple[Expression, ...]:
        return self.factors

    def polars(self, steps: Steps) -> pl.Expr:
        return reduce(mul, steps.values(self.factors)).fill_nan(None)

    def write(self, script: Script) -> str:
        return script.assign(" * ".join(script.values(self.factors)))


@dataclass(frozen=True, slots=True)
class Mean(Expression):
    """Weighted mean of the terms that are present; missing where none is.

    With `divide=False` the weighted sum instead.
    """

    terms: tuple[Expression, ...]
    weights: tuple[float, ...]
    divide: bool = True

    @property
    def operands(self) -> tuple[Expression, ...]:
        return self.terms

    def polars(self, steps: Steps) -> pl.Expr:
        pairs = list(zip(steps.values(self.terms), self.weights, strict=True))
        total = reduce(add, [_times(node.fill_null(0.0), w) for node, w in pairs])
        weight = reduce(add, [_times(node.is_not_null().cast(_FLOAT), w) for node, w in pairs])
        return pl.when(weight > 0.0).then(total / weight if self.divide else total).fill_nan(None)

    def write(self, script: Script) -> str:
        pairs = list(zip(script.values(self.terms), self.weights, strict=True))
        total = script.assign(" + ".join(f"({x} if {x} == {x} else 0.0) * {w!r}" for x, w in pairs))
        weight = script.assign(" + ".join(f"({x} == {x}) * {w!r}" for x, w in pairs))
        return script.assign(
            f"{total} / {weight} if {weight} else nan" if self.divide else f"{total} if {weight} else nan"
        )


@dataclass(frozen=True, slots=True)
class Extreme(Expression):
    """The smallest, or with `largest` the largest, of the terms that are present; missing where none is."""

    terms: tuple[Expression, ...]
    largest: bool = False

    @property
    def operands(self) -> tuple[Expression, ...]:
        return self.terms

    def polars(self, steps: Steps) -> pl.Expr:
        if len(self.terms) > 2:
            # Two by two: from left to right the expression would grow threefold with each term.
            pairs = (Extreme(self.terms[i : i + 2], self.largest) for i in range(0, len(self.terms), 2))
            return steps.value(Extreme(tuple(pairs), self.largest))
        best, *others = steps.values(self.terms)
        return self._better(best, *others) if others else best

    def _better(self, best: pl.Expr, node: pl.Expr) -> pl.Expr:
        # Spelled out, because min_horizontal leaves open which of two equal zeros (0.0, -0.0) it returns.
        beats = (node > best) if self.largest else (node < best)
        return pl.when(best.is_null() | beats).then(node).otherwise(best)

    def write(self, script: Script) -> str:
        first, *rest = script.values(self.terms)
        sign = ">" if self.largest else "<"
        for name in rest:
            first = script.assign(f"{name} if {name} {sign} {first} or {first} != {first} else {first}")
        return first


@dataclass(frozen=True, slots=True)
class CountMissing(Expression):
    """How many of the terms are missing."""

    terms: tuple[Expression, ...]

    @property
    def operands(self) -> tuple[Expression, ...]:
        return self.terms

    def polars(self, steps: Steps) -> pl.Expr:
        return reduce(add, [node.is_null().cast(_FLOAT) for node in steps.values(self.terms)])

    def write(self, script: Script) -> str:
        return script.assign("0.0 + " + " + ".join(f"({x} != {x})" for x in script.values(self.terms)))


def _times(node: pl.Expr, weight: float) -> pl.Expr:
    # The usual weight changes no bit.
    return node if weight == 1.0 else node * weight


def number(column: str, found: object) -> float:
    """`found` as a float; the slow way, for what is neither a float, an int nor None.

    Raises:
        FeatureError: it is not a number.
    """
    if isinstance(found, numbers.Real | np.bool_):
        try:
            return float(found)
        except OverflowError:
            pass
    raise FeatureError.from_bad_value(column, found, "a number")


def level(column: str, found: object) -> float:
    """Code of a category that is no level of its column: -1 for a text, missing for a NaN.

    Raises:
        FeatureError: it is not a text.
    """
    if isinstance(found, str):
        return UNKNOWN_LEVEL
    if isinstance(found, float) and math.isnan(found):
        return NAN
    raise FeatureError.from_bad_value(column, found, "one of its levels as text")
