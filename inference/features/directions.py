"""Which way the PD may move with a raw field, and what that asks of every feature computed from it.

A direction is declared once, for a raw field (`[features.monotone]` of a definition). Which way each feature moves with
the field follows from the feature's own expression, so that no feature can undo what another one keeps: one that rises
and falls with a directed field, or that two directed fields pull opposite ways, is refused when the feature list is
made. Missing values and special values are cases of their own: only moves between quantities count.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import reduce
from operator import mul

from data.definition.columns import Column
from inference.errors import DirectionError
from inference.features.expressions import (
    Constant,
    CountMissing,
    Difference,
    Expression,
    Extreme,
    IsSpecial,
    Mean,
    Negative,
    Product,
    Ratio,
    Raw,
    Sum,
)

RISES, FALLS, FREE = 1, -1, 0
_MIXED = 2


def constraint(name: str, expression: Expression, directions: Mapping[str, int], columns: Mapping[str, Column]) -> int:
    """How the PD may move with a feature, so that it moves with each raw field as `directions` say: 1, -1, or 0.

    `columns` are those of the definition, which bound what a field can hold.

    Raises:
        DirectionError: the feature both rises and falls with a directed field, or two fields ask for opposite ways.
    """
    wanted: dict[int, str] = {}
    for column in expression.columns():
        slope = _Slopes(columns).of(expression, column) if column in directions else FREE
        if slope == _MIXED:
            raise DirectionError(
                f"Feature {name} can both rise and fall with {column}, which may move the PD one way only; "
                "remove it from the feature list, or the field from the directions."
            )
        if slope != FREE:
            wanted[slope * directions[column]] = column
    if len(wanted) > 1:
        raise DirectionError(
            f"Feature {name} is pulled opposite ways by the directions of {' and '.join(sorted(wanted.values()))}; "
            "remove it from the feature list, or one of the fields from the directions."
        )
    return next(iter(wanted), FREE)


class _Slopes:
    """How nodes move with a column, and what they can be, given what every column can hold."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = columns

    def of(self, node: Expression, column: str) -> int:
        """Whether the node rises (1), falls (-1) or stays (0) as `column` rises and stays present; 2 if it may both."""
        match node:
            case Raw():
                return RISES if node.column == column else FREE
            case IsSpecial() | CountMissing() | Constant():
                return FREE
            case Sum():
                return _together(self.of(term, column) for term in node.terms)
            case Mean() | Extreme() if _is_increasing(node):
                return _together(self.of(term, column) for term in node.terms)
            case Negative():
                return _times(self.of(node.operand, column), FALLS)
            case Difference():
                return _together((self.of(node.left, column), _times(self.of(node.right, column), FALLS)))
            case Product():
                signs = [self._sign(factor) for factor in node.factors]
                return _together(
                    _times(self.of(factor, column), *signs[:i], *signs[i + 1 :])
                    for i, factor in enumerate(node.factors)
                )
            case Ratio():
                over, under = self.of(node.over, column), self.of(node.under, column)
                low, high = self._range(node.under)
                if under != FREE and low <= 0 <= high:
                    # At zero the ratio goes missing, and a missing value may go anywhere.
                    return _MIXED
                return _together((_times(over, self._sign(node.under)), _times(under, self._sign(node.over), FALLS)))
            case _:
                return _MIXED if column in node.columns() else FREE

    def _sign(self, node: Expression) -> int:
        low, high = self._range(node)
        return RISES if low >= 0 else FALLS if high <= 0 else _MIXED

    def _range(self, node: Expression) -> tuple[float, float]:
        """The least and largest value that the node can have: exact at fields and numbers, elsewhere its sign alone."""
        match node:
            case Raw():
                column = self._columns[node.column]
                return (
                    -math.inf if column.minimum is None else column.minimum,
                    math.inf if column.maximum is None else column.maximum,
                )
            case Constant():
                return node.value, node.value
            case Sum():
                signs = {self._sign(term) for term in node.terms}
            case Mean() | Extreme() if _is_increasing(node):
                signs = {self._sign(term) for term in node.operands}
            case Negative():
                signs = {_times(self._sign(node.operand), FALLS)}
            case Product() | Ratio():
                signs = {_times(RISES, *(self._sign(part) for part in node.operands))}
            case _:
                signs = {_MIXED}
        low = 0.0 if signs == {RISES} else -math.inf
        return low, 0.0 if signs == {FALLS} else math.inf


def _times(slope: int, *signs: int) -> int:
    if slope == FREE:
        return FREE
    return _MIXED if _MIXED in (slope, *signs) else reduce(mul, signs, slope)


def _together(slopes: Iterable[int]) -> int:
    moving = set(slopes) - {FREE}
    return FREE if not moving else moving.pop() if len(moving) == 1 else _MIXED


def _is_increasing(node: Mean | Extreme) -> bool:
    return isinstance(node, Extreme) or min(node.weights) >= 0
