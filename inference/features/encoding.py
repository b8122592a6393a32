"""A list of features and the two ways to compute it, a whole table at once or one applicant, both generated from it.

Everything that is known about a column (its levels, special values, whether it is protected) comes from the definition.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import CodeType, MappingProxyType

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.columns import Column, Kind
from data.definition.definition import Definition
from inference.errors import FeatureError
from inference.features.directions import constraint
from inference.features.expressions import Expression, Level, Raw, Script, Steps

_CHUNK_ROWS = 65_536
_NUMBER_TYPES = "a number"
_TEXT_TYPES = "text or a category"


@dataclass(frozen=True, slots=True)
class Feature:
    """One column of the model's matrix: its name, how a person reads it, and how it is computed."""

    name: str
    label: str
    expression: Expression

    @property
    def sources(self) -> tuple[str, ...]:
        """Raw columns that the feature is computed from."""
        return self.expression.columns()


class FeatureSet:
    """An ordered list of features of a definition's columns, and the two ways to compute it, generated from it.

    `directions` say which way the PD may move with raw fields (1 up, -1 down), and `constraints` what follows from them
    for each feature (0 where it is free).

    Raises:
        DirectionError: a feature cannot keep the directions.
    """

    def __init__(
        self,
        definition: Definition,
        features: Iterable[Feature],
        directions: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self.definition = definition
        self.features = tuple(features)
        self.directions = directions
        self._known = frozenset(definition.by_name)
        self.constraints = tuple(
            constraint(f.name, f.expression, directions, definition.by_name) for f in self.features
        )
        self.names = tuple(feature.name for feature in self.features)
        self.sources = tuple(dict.fromkeys(name for feature in self.features for name in feature.sources))
        steps = Steps()
        self._expressions = [
            steps.value(f.expression).cast(pl.Float32).fill_null(float("nan")).alias(f.name) for f in self.features
        ]
        self._stages = steps.stages
        self._script, constants = _row_source(self.features)
        self._row: Callable[[Callable[[str], object]], array[float]] = _compiled(self._script, constants)

    @property
    def digest(self) -> str:
        """SHA-256 over names, definitions and directions; it changes whenever the model would be another."""
        codes = [(f.name, f.expression, level_codes(f)) for f in self.features]
        told = repr((codes, sorted(self.directions.items())))
        return hashlib.sha256(told.encode() + self._script.encode()).hexdigest()

    def matrix(self, applications: pl.DataFrame | pl.LazyFrame) -> NDArray[np.float32]:
        """The features of every row.

        Returns:
            float32, shape (rows, features), C-contiguous; NaN where missing. Each value is computed in float64 and
            rounded once.

        Raises:
            FeatureError: a column is absent, or is of a type that does not fit the schema.
        """
        frame = applications.lazy().select(self._checked(applications.collect_schema())).collect()
        matrix = np.empty((frame.height, len(self.features)), dtype=np.float32)
        for start in range(0, frame.height, _CHUNK_ROWS):
            part = self._computed(frame.slice(start, _CHUNK_ROWS))
            matrix[start : start + part.height] = part.to_numpy(order="c")
        return matrix

    def row(self, application: Mapping[str, object]) -> NDArray[np.float32]:
        """The features of one application; a key that is absent counts as missing.

        Returns:
            float32, shape (1, features), bit for bit what `matrix` gives for the same values.

        Raises:
            FeatureError: a key that is no column of the table, or a value of the wrong type.
        """
        if not application.keys() <= self._known:
            raise FeatureError.from_unknown_keys(application.keys() - self._known)
        try:
            values = self._row(application.get)
        except (TypeError, OverflowError):
            raise self._complaint(application) from None
        return np.frombuffer(values, dtype=np.float32).reshape(1, -1)

    def _computed(self, part: pl.DataFrame) -> pl.DataFrame:
        steps = part.lazy()
        for stage in self._stages:
            steps = steps.with_columns(stage)
        return steps.select(self._expressions).collect()

    def _checked(self, found: pl.Schema) -> list[str]:
        missing = [name for name in self.sources if name not in found]
        if missing:
            raise FeatureError.from_missing_columns(missing)
        for name in self.sources:
            _check_dtype(self.definition.column(name), found[name])
        return list(self.sources)

    def _complaint(self, application: Mapping[str, object]) -> FeatureError:
        """The error that names the column: found by computing one column at a time."""
        for name in self.sources:
            found = application.get(name)
            try:
                self._row({name: found}.get)
            except (TypeError, OverflowError):
                is_category = self.definition.column(name).kind is Kind.CATEGORY
                return FeatureError.from_bad_value(
                    name, found, "one of its levels as text" if is_category else "a number"
                )
        raise AssertionError("no single column explains the failure")


def level_codes(feature: Feature) -> dict[str, float]:
    """Code of each level where the feature encodes a category, otherwise nothing."""
    return feature.expression.codes if isinstance(feature.expression, Level) else {}


def _check_dtype(column: Column, dtype: pl.DataType) -> None:
    if dtype == pl.Null:
        return
    if column.kind is Kind.CATEGORY:
        if not isinstance(dtype, pl.String | pl.Enum | pl.Categorical):
            raise FeatureError.from_bad_dtype(column.name, dtype, _TEXT_TYPES)
    elif not (dtype.is_numeric() or dtype == pl.Boolean) or dtype.is_decimal():
        raise FeatureError.from_bad_dtype(column.name, dtype, _NUMBER_TYPES)


def _row_source(features: Iterable[Feature]) -> tuple[str, dict[str, object]]:
    script = Script()
    names = script.values(feature.expression for feature in features)
    body = [*script.lines, f"return array('f', ({', '.join(names)},))"]
    return "def row(get):\n    " + "\n    ".join(body), script.constants


def _compiled(source: str, constants: Mapping[str, object]) -> Callable[[Callable[[str], object]], array[float]]:
    code: CodeType = compile(source, "<features>", "exec")
    space: dict[str, object] = {**constants, "array": array}
    # The source is written from the feature list alone, never from input.
    exec(code, space)  # noqa: S102
    return space["row"]  # type: ignore[return-value]


def raw_feature(column: Column) -> Feature:
    """The column itself: its number, or the code of its level."""
    is_category = column.kind is Kind.CATEGORY
    node = Level(column.name, column.levels) if is_category else Raw(column.name, column.special_values)
    return Feature(column.name, column.label, node)
