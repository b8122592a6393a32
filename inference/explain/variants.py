"""Applications with other values in a few of their columns, and the PDs of them all.

A feature is computed anew only where one of its columns changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from inference.errors import FeatureError
from inference.features.encoding import FeatureSet
from inference.model.session import ScoringSession
from inference.values import Value

Moves: TypeAlias = Iterable[tuple[str, NDArray[np.intp], Value]]
"""Columns, each with the rows in which it takes another value, and that value."""


def score_variants(
    session: ScoringSession,
    application: Mapping[str, Value],
    changes: Mapping[str, Sequence[Value]],
    *,
    row: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """PD of each variant, float32 of shape (variants,), bit for bit what `session.score` gives for it.

    `row` is the application's features, shape (1, features), if they have been computed already.

    Raises:
        FeatureError: a key that is no column of the table, or a value of the wrong type.
        ValueError: the columns of `changes` are not equally long.
    """
    n_rows = _length(changes)
    unknown = changes.keys() - session.definition.by_name.keys()
    if unknown:
        raise FeatureError.from_unknown_keys(unknown)
    matrix = np.repeat(session.features.row(application) if row is None else row, n_rows, axis=0)
    if n_rows and not changes.keys().isdisjoint(session.features.sources):
        features, places = _changing(session.features, tuple(changes))
        variant = dict(application)
        rows = []
        for values in zip(*changes.values(), strict=True):
            variant.update(zip(changes, values, strict=True))
            rows.append(features.row(variant))
        matrix[:, places] = np.concatenate(rows)
    return session.score_matrix(matrix)


def move_fields(
    features: FeatureSet, applications: pl.DataFrame, matrix: NDArray[np.float32], moves: Moves
) -> NDArray[np.float32]:
    """Features of applications with one column changed: float32 (moved rows, features), move after move.

    `matrix` are the features of `applications` as they are, float32 (rows, features); a row may be in many moves. Each
    column is a source of some feature.

    Raises:
        FeatureError: the applications lack a column.
    """
    parts = [np.empty((0, matrix.shape[1]), dtype=np.float32)]
    for name, rows, value in moves:
        part = matrix[rows]
        changing, places = _changing(features, (name,))
        own = applications[rows].select(changing.sources)
        part[:, places] = changing.matrix(own.with_columns(pl.lit(value).alias(name)))
        parts.append(part)
    return np.concatenate(parts)


@lru_cache(maxsize=256)
def _changing(features: FeatureSet, names: tuple[str, ...]) -> tuple[FeatureSet, NDArray[np.intp]]:
    """The features that are computed from one of these columns, at least one, and their positions."""
    places = [i for i, feature in enumerate(features.features) if not set(names).isdisjoint(feature.sources)]
    return FeatureSet(features.definition, (features.features[i] for i in places)), np.array(places, dtype=np.intp)


def _length(changes: Mapping[str, Sequence[Value]]) -> int:
    lengths = {len(values) for values in changes.values()} or {1}
    if len(lengths) > 1:
        raise ValueError(f"changed columns are of different lengths: {sorted(lengths)}")
    return lengths.pop()
