"""The conditions of a definition, computed over one application or over many at once.

A comparison with a missing value is false, and so is `!=` with one. A special value is missing, but for `is_special`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, reduce
from itertools import chain
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import polars as pl

from data.definition.columns import Kind
from data.definition.definition import Definition
from data.definition.grammar import Name, Node, Number, Text, columns_of, fold

# A number is a float or a float64 array, NaN where missing; a level is a text or an array of them, "" where missing.
Values: TypeAlias = Mapping[str, Any]
Function: TypeAlias = Callable[[Values], Any]
Get: TypeAlias = Callable[[str], Any]
# A special value is no quantity: `is_special` asks for it under the column's name with this in front.
_SPECIAL = "~"


def holds(condition: Node, application: Mapping[str, object], definition: Definition) -> bool:
    """Whether `condition` holds; a column that `application` does not give is missing."""
    values: dict[str, Any] = {}
    for name in columns_of(condition):
        put_value(values, definition, name, application.get(name))
    return bool(computed(condition)(values))


def compiled(conditions: Sequence[Node], definition: Definition) -> Callable[[Get], tuple[bool, ...]]:
    """`holds` for each of `conditions`, as one function of what an application has in a column, None where missing.

    It takes a tenth of the time that walking through the trees takes.
    """
    names = {name: str(place) for place, name in enumerate(dict.fromkeys(chain(*map(columns_of, conditions))))}
    space: dict[str, Any] = {f"f{place}": _COMPUTE[name] for name, place in _CALLED.items()}
    space |= {"nan": math.nan, "smallest": _smallest, "largest": _largest, "divided": _divided}
    lines = []
    for name, place in names.items():
        column = definition.column(name)
        lines.append(f"v{place} = get({name!r})")
        if column.kind is Kind.CATEGORY:
            lines.append(f"if v{place} is None or v{place} != v{place}: v{place} = ''")
            lines.append(f"s{place} = False")
        else:
            lines.append(f"if v{place} is None: v{place} = nan")
            lines.append(f"s{place} = v{place} in {column.special_values!r}")
            lines.append(f"if s{place}: v{place} = nan")

    def leaf(node: Number | Text | Name) -> str:
        return f"v{names[node.column]}" if isinstance(node, Name) else repr(node.value)

    told = ", ".join(fold(condition, leaf, _written) for condition in conditions)
    source = "\n    ".join(("def check(get):", *lines, f"return ({told},)" if told else "return ()"))
    # It is written from names, numbers and texts of a definition, each as Python's own literal.
    exec(compile(source, "<conditions>", "exec"), space)  # noqa: S102
    check: Callable[[Get], tuple[bool, ...]] = space["check"]
    return check


def _written(function: str, parts: tuple[str, ...]) -> str:
    """A call in Python, with numbers and texts instead of arrays."""
    if function in ("+", "*", "-", "<", "<=", ">", ">=", "and", "or"):
        return f"({f' {function} '.join(parts)})"
    if function == "neg":
        return f"(-{parts[0]})"
    if function == "not":
        return f"(not {parts[0]})"
    if function == "==":
        # What is equal to something known is known.
        return f"({parts[0]} == {parts[1]} != '')"
    if function == "is_special":
        return parts[0].replace("v", "s", 1)
    own = {"minimum": "smallest", "maximum": "largest", "/": "divided"}
    return f"{own[function] if function in own else f'f{_CALLED[function]}'}({', '.join(parts)})"


def _smallest(*values: float) -> float:
    return min((value for value in values if value == value), default=math.nan)


def _largest(*values: float) -> float:
    return max((value for value in values if value == value), default=math.nan)


def _divided(numerator: float, denominator: float) -> float:
    return math.nan if denominator == 0 else numerator / denominator


def put_value(values: dict[str, Any], definition: Definition, name: str, value: Any) -> None:
    """Add what one application has in a column to `values`."""
    column = definition.column(name)
    is_missing = value is None or value != value
    if column.kind is Kind.CATEGORY:
        values[name] = "" if is_missing else value
        return
    is_special = not is_missing and column.is_special(value)
    values[name] = np.nan if is_missing or is_special else value
    values[_SPECIAL + name] = is_special


def put_array(values: dict[str, Any], definition: Definition, present: pl.Series) -> None:
    """Add a column of many applications to `values`."""
    column = definition.column(present.name)
    if column.kind is Kind.CATEGORY:
        values[column.name] = present.cast(pl.String).fill_null("").to_numpy()
        return
    numbers = present.cast(pl.Float64).fill_null(np.nan).to_numpy()
    is_special = np.isin(numbers, column.special_values)
    values[column.name] = np.where(is_special, np.nan, numbers)
    values[_SPECIAL + column.name] = is_special


@lru_cache(maxsize=256)
def computed(node: Node) -> Function:
    """The tree as a function of the values by name."""
    return fold(node, _leaf, _joined)[0]


def _leaf(node: Number | Text | Name) -> tuple[Function, str]:
    if isinstance(node, Name):
        name = node.column
        return (lambda values: values[name]), name
    value = node.value
    return (lambda _: value), ""


def _joined(function: str, parts: tuple[tuple[Function, str], ...]) -> tuple[Function, str]:
    if function == "is_special":
        name = _SPECIAL + parts[0][1]
        return (lambda values: values.get(name, False)), ""
    compute, operands = _COMPUTE[function], [part for part, _ in parts]
    return (lambda values: compute(*(each(values) for each in operands))), ""


def _ratio(numerator: Any, denominator: Any) -> Any:
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.true_divide(numerator, np.where(np.equal(denominator, 0), np.nan, denominator))


def _differs(one: Any, other: Any) -> Any:
    # A comparison with a missing value never holds; only here Python thinks otherwise.
    return (one != other) & _is_known(one) & _is_known(other)


def _equals(one: Any, other: Any) -> Any:
    return (one == other) & _is_known(one) & _is_known(other)


def _is_known(value: Any) -> Any:
    # NaN differs from itself.
    return (value == value) & (value != "")


def _present(*values: Any) -> tuple[Any, Any]:
    """The values side by side along a new first axis, 0 where missing, and where they are present."""
    present = np.stack(np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values)))
    is_there = ~np.isnan(present)
    return np.where(is_there, present, 0.0), is_there


def _sum(*values: Any) -> Any:
    present, is_there = _present(*values)
    return np.where(is_there.any(axis=0), present.sum(axis=0), np.nan)


def _mean(*values: Any) -> Any:
    present, is_there = _present(*values)
    return _ratio(present.sum(axis=0), is_there.sum(axis=0))


def _weighted_mean(*parts: Any) -> Any:
    present, is_there = _present(*parts[::2])
    weights = np.reshape(np.asarray(parts[1::2], dtype=np.float64), (-1,) + (1,) * (present.ndim - 1))
    return _ratio((weights * present).sum(axis=0), (weights * is_there).sum(axis=0))


def _count_missing(*values: Any) -> Any:
    return sum((np.isnan(value) if not _is_level(value) else np.equal(value, "")) * 1.0 for value in values)


def _is_level(value: Any) -> bool:
    return isinstance(value, str) or getattr(value, "dtype", None) == np.dtype(object)


def _chained(step: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    return lambda *values: reduce(step, values)


_COMPUTE: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "+": _chained(operator.add),
        "-": operator.sub,
        "*": _chained(operator.mul),
        "/": _ratio,
        "neg": operator.neg,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
        "==": _equals,
        "!=": _differs,
        "and": _chained(operator.and_),
        "or": _chained(operator.or_),
        "not": np.logical_not,
        "sum": _sum,
        "mean": _mean,
        "weighted_mean": _weighted_mean,
        "minimum": _chained(np.fmin),
        "maximum": _chained(np.fmax),
        "count_missing": _count_missing,
    }
)
_CALLED: Mapping[str, int] = MappingProxyType({name: place for place, name in enumerate(_COMPUTE)})
