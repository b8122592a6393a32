"""One way to change an application, in steps of growing change."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inference.values import Value

# A level, a document or a number given counts as much as an amount that changes by a tenth.
FLAG_COST = math.log(1.1)
FARTHEST = 0.6
# An amount moves in steps of 1, 2 or 5 times a power of ten, the largest within this share of it.
PRECISION = 0.001
_COARSE = 0.025

Floats: TypeAlias = NDArray[np.float64]
Places: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Move:
    """One way to change an application.

    `values` are, by step, what it moves to: an amount, a ratio, or the one value of a column (object dtype where that
    is a level). `costs` are |ln(after / before)|, or `FLAG_COST`. `columns` are those that it can change. Moves with
    the same `choice`, unless it is empty, exclude one another.
    """

    name: str
    columns: frozenset[str]
    values: NDArray[Any]
    costs: Floats
    choice: str = ""

    @property
    def coarse(self) -> Places:
        """Steps about 2.5 % of the amount apart, the last one among them."""
        # A step belongs to the range that its change falls into; the last of each range stands for it.
        ranges = np.floor((1.0 - np.exp(-self.costs)) / _COARSE)
        return np.flatnonzero(np.diff(ranges, append=np.inf) > 0)


def step_of(amount: float, share: float = PRECISION, least: float = 1.0) -> float:
    """The step in which an amount moves, at most `share` of it: 1, 2 or 5 times a power of ten; at least `least`."""
    most = max(share * amount, least)
    power = 10.0 ** math.floor(math.log10(most) + 1e-9)
    return next(power * factor for factor in (5.0, 2.0, 1.0) if power * factor <= most * (1 + 1e-9))


def steps_to(now: float, end: float, step: float) -> Floats:
    """Whole steps beyond the amount `now`, as far as `end`; positive ones only."""
    direction = 1 if end > now else -1
    first = math.ceil(now / step) - 1 if direction < 0 else math.floor(now / step) + 1
    values = step * np.arange(first, end / step + direction * 1e-9, direction)
    return values[values > 0]


def costs_of(now: float, values: Floats) -> Floats:
    """|ln(after / before)| of each value."""
    return np.abs(np.log(values / now))


def amount_of(value: Value) -> float:
    """The amount to vary, or NaN if it cannot be scaled."""
    # Text cannot come here: the application has been scored by then.
    number = math.nan if value is None or isinstance(value, str) else float(value)
    return number if 0.0 < number < math.inf else math.nan
