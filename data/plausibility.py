"""What no single column shows: values that are each allowed and cannot be true together, or hardly so.

The rules are the definition's. An application that breaks one is scored all the same, and whoever reads its PD is told;
how many real and embedded applications break each is in docs/data.md.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from functools import lru_cache, reduce
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.columns import Kind
from data.definition.definition import Definition, Rule
from data.definition.grammar import Name, Node, Number, Text, fold

# A number is a float or a float64 array, NaN where missing; a level is a text or an array of them, "" where missing.
_Values: TypeAlias = Mapping[str, Any]
_Function: TypeAlias = Callable[[_Values], Any]
# A special value is no quantity: `is_special` asks for it under the column's name with this in front.
_SPECIAL = "~"


def broken_rules(application: Mapping[str, object], definition: Definition) -> tuple[Rule, ...]:
    """The rules that one application breaks; values are numbers and texts that its columns can hold."""
    values: dict[str, Any] = {}
    for name in _names(definition):
        _put_value(values, definition, name, application.get(name))
    checks = zip(definition.rules, _checks(definition), strict=True)
    return tuple(rule for rule, is_broken in checks if is_broken(values))


def broken_rules_each(applications: pl.DataFrame, definition: Definition) -> NDArray[np.bool_]:
    """Which rules each row breaks, bool of shape (rows, rules); a column that the table lacks is missing in all."""
    there = set(applications.columns)
    values: dict[str, Any] = {}
    for name in _names(definition):
        if name in there:
            _put_array(values, definition, applications[name])
        else:
            _put_value(values, definition, name, None)
    found = np.zeros((applications.height, len(definition.rules)), dtype=np.bool_)
    for place, is_broken in enumerate(_checks(definition)):
        found[:, place] = is_broken(values)
    return found


def _put_value(values: dict[str, Any], definition: Definition, name: str, value: Any) -> None:
    column = definition.column(name)
    is_missing = value is None or value != value
    if column.kind is Kind.CATEGORY:
        values[name] = "" if is_missing else value
        return
    is_special = not is_missing and column.is_special(value)
    values[name] = np.nan if is_missing or is_special else value
    values[_SPECIAL + name] = is_special


def _put_array(values: dict[str, Any], definition: Definition, found: pl.Series) -> None:
    column = definition.column(found.name)
    if column.kind is Kind.CATEGORY:
        values[column.name] = found.cast(pl.String).fill_null("").to_numpy()
        return
    numbers = found.cast(pl.Float64).fill_null(np.nan).to_numpy()
    is_special = np.isin(numbers, column.special_values)
    values[column.name] = np.where(is_special, np.nan, numbers)
    values[_SPECIAL + column.name] = is_special


@lru_cache(maxsize=8)
def _names(definition: Definition) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for rule in definition.rules for name in rule.columns))


@lru_cache(maxsize=8)
def _checks(definition: Definition) -> tuple[_Function, ...]:
    return tuple(_function(rule.when) for rule in definition.rules)


def _function(node: Node) -> _Function:
    """The tree as a function of the values by name."""
    return fold(node, _leaf, _joined)[0]


def _leaf(node: Number | Text | Name) -> tuple[_Function, str]:
    if isinstance(node, Name):
        name = node.column
        return (lambda values: values[name]), name
    value = node.value
    return (lambda _: value), ""


def _joined(function: str, parts: tuple[tuple[_Function, str], ...]) -> tuple[_Function, str]:
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
    found = np.stack(np.broadcast_arrays(*(np.asarray(value, dtype=np.float64) for value in values)))
    is_there = ~np.isnan(found)
    return np.where(is_there, found, 0.0), is_there


def _sum(*values: Any) -> Any:
    found, is_there = _present(*values)
    return np.where(is_there.any(axis=0), found.sum(axis=0), np.nan)


def _mean(*values: Any) -> Any:
    found, is_there = _present(*values)
    return _ratio(found.sum(axis=0), is_there.sum(axis=0))


def _weighted_mean(*parts: Any) -> Any:
    found, is_there = _present(*parts[::2])
    weights = np.reshape(np.asarray(parts[1::2], dtype=np.float64), (-1,) + (1,) * (found.ndim - 1))
    return _ratio((weights * found).sum(axis=0), (weights * is_there).sum(axis=0))


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
