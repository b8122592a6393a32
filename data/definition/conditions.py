"""Whether a condition of a definition holds for one application.

A comparison with a missing value is false; so is `!=`. A special value is missing, but for `is_special`.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from functools import reduce
from types import MappingProxyType
from typing import Any

from data.definition.definition import Definition
from data.definition.grammar import Call, Name, Node, Number, Text

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = MappingProxyType(
    {
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
        "==": operator.eq,
        "!=": operator.ne,
    }
)


def holds(condition: Node, application: Mapping[str, object], definition: Definition) -> bool:
    """Whether `condition` holds; a column that `application` does not give is missing."""
    return bool(_Reader(application, definition).value(condition))


class _Reader:
    def __init__(self, application: Mapping[str, object], definition: Definition) -> None:
        self._application, self._definition = application, definition

    def value(self, node: Node) -> Any:
        """A number, NaN where missing; a text, None where missing; or a truth."""
        match node:
            case Number(value) | Text(value):
                return value
            case Name(name):
                found = self._application.get(name)
                is_missing = found is None or self._definition.column(name).is_special(found)
                return math.nan if is_missing else found
            case Call("is_special", (Name(name),)):
                return self._definition.column(name).is_special(self._application.get(name))
            case Call("and", operands):
                return all(self.value(each) for each in operands)
            case Call("or", operands):
                return any(self.value(each) for each in operands)
            case Call("not", (operand,)):
                return not self.value(operand)
            case Call(function, operands) if function in _COMPARE:
                left, right = (self.value(each) for each in operands)
                return not _is_missing(left) and not _is_missing(right) and _COMPARE[function](left, right)
            case Call(function, operands):
                return _number(function, [float(self.value(each)) for each in operands])


def _is_missing(value: object) -> bool:
    # Only a NaN differs from itself.
    return value != value


def _number(function: str, values: list[float]) -> float:
    present = [value for value in values if not math.isnan(value)]
    match function:
        case "neg":
            return -values[0]
        case "+":
            return reduce(operator.add, values)
        case "-":
            return values[0] - values[1]
        case "*":
            return reduce(operator.mul, values)
        case "/":
            return values[0] / values[1] if values[1] else math.nan
        case "count_missing":
            return float(len(values) - len(present))
        case "weighted_mean":
            pairs = [(v, w) for v, w in zip(values[::2], values[1::2], strict=True) if not math.isnan(v)]
            weight = sum(w for _, w in pairs)
            return sum(v * w for v, w in pairs) / weight if weight > 0 else math.nan
    if not present:
        return math.nan
    match function:
        case "mean":
            return sum(present) / len(present)
        case "sum":
            return sum(present)
        case "minimum":
            return min(present)
        case "maximum":
            return max(present)
    raise ValueError(f"{function} gives no number")
