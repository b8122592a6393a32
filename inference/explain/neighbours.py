"""The applications most like a given one, in a distance that weighs fields by what they tell the model.

The distance of two applications is the weighted mean of how much they differ in each field: of a number, the
difference of its percentile ranks in the portfolio; of a category, 1 unless both are the same (Gower 1971, "A general
coefficient of similarity and some of its properties", with ranks in place of ranges). A missing value and each
special value are values of their own, at distance 1 from every other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.columns import Column, Kind
from data.definition.definition import Definition
from inference.errors import FeatureError
from inference.explain.contributions import Contributions
from inference.features.encoding import FeatureSet
from inference.features.expressions import level, number
from inference.values import Value

MAIN_FIELDS = 20
# Differences above 1 count as 1, so that codes which lie that far from 0 to 1 and from each other stand for "another".
# Special values have the codes 5, 7, 9, ... in the column's order.
_MISSING, _SPECIAL, _APART = 3.0, 5.0, 2.0
_MISSING_LEVEL, _NEW_LEVEL = -1.0, -2.0
# A block of rows stays in the processor's cache while its fields are gone through.
_BLOCK_ROWS = 32_768


@dataclass(frozen=True, slots=True)
class Nearest:
    """Positions in the table and float32 distances of 0 to 1, ordered by distance, then by position."""

    rows: NDArray[np.int64]
    distances: NDArray[np.float32]


def main_fields(contributions: Contributions, features: FeatureSet, *, n: int = MAIN_FIELDS) -> Mapping[str, float]:
    """The `n` fields that move the portfolio's PDs most, each with its weight; the weights add up to 1, largest first.

    A field's weight is in proportion to the mean |contribution| of the features computed from it, that of a derived
    feature shared equally among its fields. Protected columns are never among them.
    """
    means = contributions.frame.select(pl.col(features.names).abs().mean()).row(0)
    totals = dict.fromkeys(features.sources, 0.0)
    for feature, mean in zip(features.features, means, strict=True):
        for name in feature.sources:
            totals[name] += mean / len(feature.sources)
    allowed = (name for name in totals if name not in features.definition.protected)
    # Sorting is stable: fields that weigh the same stay in the order of the feature list.
    largest = sorted(allowed, key=lambda name: -totals[name])[:n]
    whole = sum(totals[name] for name in largest)
    return {name: totals[name] / whole for name in largest}


class Neighbours:
    """A portfolio made ready for the search: float32 (fields, rows), and the distinct numbers of each field.

    For 20 fields of 307,511 applications these are 25 MB and 8 MB; making them takes about 1.3 s. `weights` says which
    fields count and how much; they need not add up to 1. Immutable, safe from many threads.
    """

    def __init__(self, applications: pl.DataFrame, definition: Definition, weights: Mapping[str, float]) -> None:
        missing = weights.keys() - set(applications.columns)
        if missing:
            raise FeatureError.from_missing_columns(missing)
        whole = sum(weights.values())
        if not whole > 0.0 or min(weights.values()) < 0.0:
            raise ValueError("weights are to be 0 or more, and one of them more")
        self.weights: Mapping[str, float] = {name: weight / whole for name, weight in weights.items()}
        self._scales: dict[str, _Scale] = {}
        self._codes = np.empty((len(weights), applications.height), dtype=np.float32)
        for codes, name in zip(self._codes, weights, strict=True):
            column = definition.column(name)
            scale = _Levels if column.kind is Kind.CATEGORY else _Ranks
            self._scales[name] = scale(column, applications[name], codes)

    def nearest(self, application: Mapping[str, Value], *, n: int = 200, leave_out: int | None = None) -> Nearest:
        """The `n` nearest applications, fewer where the table is shorter; `leave_out` is a position to pass over.

        A field that the application does not give is missing; a number that nobody in the portfolio has takes the rank
        between its neighbours.

        Raises:
            FeatureError: a value of the wrong type.
        """
        distances = self._distances(application)
        if leave_out is not None:
            distances[leave_out] = np.inf
        n = min(n, distances.size - (leave_out is not None))
        if n <= 0:
            return Nearest(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32))
        # All that are as near as the n-th come in, by position, so that a stable sort leaves ties in that order.
        near = np.flatnonzero(distances <= np.partition(distances, n - 1)[n - 1])
        rows = near[np.argsort(distances[near], kind="stable")][:n]
        return Nearest(rows, distances[rows])

    def _distances(self, application: Mapping[str, Value]) -> NDArray[np.float32]:
        own = [np.float32(scale.code(application.get(name))) for name, scale in self._scales.items()]
        weights = [np.float32(weight) for weight in self.weights.values()]
        distances = np.zeros(self._codes.shape[1], dtype=np.float32)
        for start in range(0, distances.size, _BLOCK_ROWS):
            total = distances[start : start + _BLOCK_ROWS]
            difference = np.empty_like(total)
            for codes, code, weight in zip(self._codes, own, weights, strict=True):
                np.subtract(codes[start : start + _BLOCK_ROWS], code, out=difference)
                np.abs(difference, out=difference)
                np.minimum(difference, np.float32(1), out=difference)
                np.multiply(difference, weight, out=difference)
                total += difference
        return distances


class _Scale(Protocol):
    """Where a field's values lie on a line, so that two of them differ by min(|difference of codes|, 1)."""

    def code(self, value: Value) -> float: ...


class _Ranks:
    """Numbers as percentile ranks among the portfolio's quantities.

    A value's rank is the share of quantities below it plus half the share of those equal to it: the average rank, half
    a place lower. So it is the same function for a value that the portfolio lacks.
    """

    def __init__(self, column: Column, values: pl.Series, codes: NDArray[np.float32]) -> None:
        """Write the codes of the portfolio's `values` into `codes`."""
        self._column = column
        numbers = values.cast(pl.Float64).fill_null(math.nan).to_numpy()
        is_quantity = ~(np.isnan(numbers) | np.isin(numbers, column.special_values))
        self._distinct, inverse, counts = np.unique(numbers[is_quantity], return_inverse=True, return_counts=True)
        self._below = np.concatenate(([0], np.cumsum(counts)))
        codes[:] = _MISSING
        for place, special in enumerate(column.special_values):
            codes[numbers == special] = _SPECIAL + _APART * place
        codes[is_quantity] = self._rank(np.arange(counts.size), np.arange(1, counts.size + 1))[inverse]

    def code(self, value: Value) -> float:
        found = math.nan if value is None else number(self._column.name, value)
        if math.isnan(found):
            return _MISSING
        if self._column.is_special(found):
            return _SPECIAL + _APART * self._column.special_values.index(found)
        left, right = (np.searchsorted(self._distinct, [found], side=side) for side in ("left", "right"))
        return float(self._rank(left, right)[0])

    def _rank(self, left: NDArray[np.intp], right: NDArray[np.intp]) -> NDArray[np.float64]:
        ranks: NDArray[np.float64] = (self._below[left] + self._below[right]) / (2.0 * max(self._below[-1], 1))
        return ranks


class _Levels:
    """Categories as whole numbers, one for each level that the portfolio holds."""

    def __init__(self, column: Column, values: pl.Series, codes: NDArray[np.float32]) -> None:
        """Write the codes of the portfolio's `values` into `codes`."""
        self._column = column
        text = values.cast(pl.String)
        levels = sorted(text.drop_nulls().unique())
        self._codes = {level: float(code) for code, level in enumerate(levels)}
        found = text.replace_strict(self._codes, default=_MISSING_LEVEL, return_dtype=pl.Float32)
        codes[:] = found.to_numpy()

    def code(self, value: Value) -> float:
        if isinstance(value, str):
            return self._codes.get(value, _NEW_LEVEL)
        if value is not None:
            # A NaN is a missing category; anything else is refused.
            level(self._column.name, value)
        return _MISSING_LEVEL
