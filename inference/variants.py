"""One application many times over, each time with other values in a few of its columns, and the PDs of them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data import schema
from data.schema import Kind
from inference.encoding import FeatureSet
from inference.errors import FeatureError
from inference.expressions import level, number
from inference.features import FEATURES
from inference.session import ScoringSession
from inference.values import Value

# Up to here row after row is faster: the features of a table cost as much as those of 4,000 single rows, however
# short the table is.
_FEW_ROWS = 4_000


def make_variants(
    application: Mapping[str, Value], changes: Mapping[str, Sequence[Value]], features: FeatureSet = FEATURES
) -> pl.DataFrame:
    """The application as often as the columns of `changes` are long, row i with the i-th value of each of them.

    Only columns that the features are computed from are in the table; numbers are Float64, categories String, missing
    values null. A column that the application does not give is missing. Without changes it is the application once.

    Raises:
        FeatureError: a key that is no column of the table, or a value of the wrong type.
        ValueError: the columns of `changes` are not equally long.
    """
    n_rows = _length(changes)
    unknown = (application.keys() | changes.keys()) - schema.BY_NAME.keys()
    if unknown:
        raise FeatureError.from_unknown_keys(unknown)
    return pl.DataFrame(
        [
            _series(name, changes[name])
            if name in changes
            else _series(name, [application.get(name)]).new_from_index(0, n_rows)
            for name in features.sources
        ]
    )


def score_variants(
    session: ScoringSession, application: Mapping[str, Value], changes: Mapping[str, Sequence[Value]]
) -> NDArray[np.float32]:
    """PD of each variant, float32 of shape (variants,), bit for bit what `session.score` gives for it.

    Raises:
        FeatureError: a key that is no column of the table, or a value of the wrong type.
        ValueError: the columns of `changes` are not equally long.
    """
    if not 0 < _length(changes) <= _FEW_ROWS:
        return session.score_frame(make_variants(application, changes, session.features))
    variant, rows = dict(application), []
    for values in zip(*changes.values(), strict=True) if changes else [()]:
        variant.update(zip(changes, values, strict=True))
        rows.append(session.features.row(variant))
    return session.score_matrix(np.concatenate(rows))


def _length(changes: Mapping[str, Sequence[Value]]) -> int:
    lengths = {len(values) for values in changes.values()} or {1}
    if len(lengths) > 1:
        raise ValueError(f"changed columns are of different lengths: {sorted(lengths)}")
    return lengths.pop()


def _series(name: str, values: Sequence[Value]) -> pl.Series:
    if schema.column(name).kind is Kind.CATEGORY:
        return pl.Series(name, [_text(name, value) for value in values], dtype=pl.String)
    return pl.Series(name, [None if value is None else number(name, value) for value in values], dtype=pl.Float64)


def _text(name: str, value: Value) -> str | None:
    if value is None or isinstance(value, str):
        return value
    # A NaN is a missing category; anything else is refused.
    level(name, value)
    return None
