"""Which raw fields stand behind the value of a derived feature: the shares by which its contribution is traced to them.

Shapley values say what a feature adds. That the credit to income ratio adds so much does not say whether it is the
credit or the income that is unusual, and there is no one right answer; this is a convention. A feature's contribution
goes to those of its fields whose values moved the feature away from its value for a typical application, in proportion
to how far each of them did. With x the application, m the typical one, g the feature, y = g(x), z = g(m), and y_j the
feature of x with field j set to its typical value, field j's part is

    max(0, (y - y_j) sign(y - z)),

and the parts are scaled to add up to 1. Where one of y and z is missing, the fields that on their own make the value go
missing or come back have equal parts; where both are missing, the fields that are missing have. Where no field has a
part (the feature has its typical value, or its fields moved it only together), all have equal ones.

Equal parts throughout would be simpler. But where the third of three external scores is low and pulls their mean down,
an analyst would then read that the second is a principal reason, although it is better than that of most who are
approved. Here it has no part in what the third one did. What the convention leaves out is order and interplay: each
field is asked only what changes when it alone is set back to its typical value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from inference.errors import FeatureError
from inference.features.encoding import Feature, FeatureSet, raw_feature
from inference.values import Value

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Group:
    """Raw columns that stand behind the same derived features.

    `pairs`, of shape (columns, features), are the positions of each column's pairs with each of the features.
    """

    names: tuple[str, ...]
    features: FeatureSet
    pairs: NDArray[np.intp]


class Tracing:
    """The fields behind each feature and their typical values; immutable, and safe from many threads at once.

    Shares are kept by pairs of a feature and one of its fields, ordered by feature: there are twice as many as there
    are features, where a table of features and fields would have dozens of times as many.
    """

    def __init__(self, features: FeatureSet, typical: Mapping[str, Value]) -> None:
        """Trace `features` back to their sources; a column that `typical` does not give is typically missing.

        Raises:
            FeatureError: `typical` has a key that is no column of the table, or a value of the wrong type.
        """
        self._features = features
        self._typical = dict(typical)
        self._typical_row = features.row(typical)[0].astype(np.float64)
        self._pairs = tuple((feature.name, name) for feature in features.features for name in feature.sources)
        self._feature = np.array([features.names.index(feature) for feature, _ in self._pairs])
        self._n_fields = np.array([len(feature.sources) for feature in features.features])
        self._starts = np.cumsum(self._n_fields) - self._n_fields
        self._field = np.array([features.sources.index(name) for _, name in self._pairs])
        self._by_field, self._field_starts = _grouped(self._field)
        self._columns = FeatureSet(
            features.definition, (raw_feature(features.definition.column(name)) for name in features.sources)
        )
        self._groups = tuple(_groups(features, self._pairs))

    def of_one(self, application: Mapping[str, object], row: NDArray[np.float32]) -> dict[str, dict[str, float]]:
        """By feature, the share of each of its fields in one application, whose features are float32 (features,)."""
        without = np.full((len(self._pairs), 1), np.nan)
        for group in self._groups:
            for name, pairs in zip(group.names, group.pairs, strict=True):
                without[pairs, 0] = group.features.row({**application, name: self._typical.get(name)})[0]
        missing = np.isnan(self._columns.row(application).T)[self._field]
        shares: dict[str, dict[str, float]] = {name: {} for name in self._features.names}
        for (feature, name), share in zip(
            self._pairs, self._shares(row[:, None], without, missing)[:, 0].tolist(), strict=True
        ):
            shares[feature][name] = share
        return shares

    def of_many(self, applications: pl.DataFrame, matrix: NDArray[np.float32]) -> Floats:
        """Shares in many applications, whose features are float32 (rows, features): float64 (pairs, rows).

        Raises:
            FeatureError: the applications lack a column.
        """
        absent = [name for name in self._features.sources if name not in applications.columns]
        if absent:
            raise FeatureError.from_missing_columns(absent)
        without = np.full((len(self._pairs), len(matrix)), np.nan)
        for group in self._groups:
            found = group.features.matrix(self._variants(applications, group))
            without[group.pairs] = found.reshape(len(group.names), len(matrix), len(group.features.names)).transpose(
                0, 2, 1
            )
        missing = np.isnan(self._columns.matrix(applications).T)[self._field]
        return self._shares(matrix.T, without, missing)

    def by_field(self, amounts: Floats, shares: Floats) -> Floats:
        """Amounts by feature traced to the raw fields: (features, rows) and (pairs, rows) -> (fields, rows)."""
        parts = (amounts[self._feature] * shares)[self._by_field]
        return np.add.reduceat(parts, self._field_starts, axis=0)

    def _variants(self, applications: pl.DataFrame, group: _Group) -> pl.DataFrame:
        """The applications with the first column of `group` set to its typical value, then with the second, and so on.

        In one table, because features of many small ones take several times as long.
        """
        own = applications.select(group.features.sources)
        typical = (pl.lit(self._typical.get(name)).alias(name) for name in group.names)
        return pl.concat([own.with_columns(column) for column in typical], how="vertical_relaxed")

    def _shares(self, values: NDArray[np.float32], without: Floats, missing: NDArray[np.bool_]) -> Floats:
        """The shares, (pairs, rows): of feature values (features, rows), and those `without` each pair's field.

        `missing` says which pairs' fields have no value, (pairs, rows).

        A field that stands alone behind its feature has no value without it, and all of the share.
        """
        own, typical = values.astype(np.float64)[self._feature], self._typical_row[self._feature][:, None]
        # A comparison of missing values says nothing, and neither do infinite ones.
        with np.errstate(invalid="ignore"):
            moved = np.fmax((own - without) * np.sign(own - typical), 0.0)
        switches = (np.isnan(own) != np.isnan(typical)) & (np.isnan(own) != np.isnan(without))
        moved[switches | (np.isnan(own) & np.isnan(typical) & missing)] = 1.0
        total = np.add.reduceat(moved, self._starts, axis=0)[self._feature]
        equal = np.broadcast_to(1 / self._n_fields[self._feature][:, None], moved.shape).copy()
        shares: Floats = np.divide(moved, total, out=equal, where=(total > 0) & np.isfinite(total))
        return shares


def _grouped(keys: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The order that sorts `keys`, and where each key begins in it."""
    order = np.argsort(keys, kind="stable")
    return order, np.unique(keys[order], return_index=True)[1]


def _groups(features: FeatureSet, pairs: Sequence[tuple[str, str]]) -> Iterator[_Group]:
    """The raw columns that stand behind some feature together with others."""
    behind: dict[str, list[Feature]] = {}
    for feature in features.features:
        for name in feature.sources if len(feature.sources) > 1 else ():
            behind.setdefault(name, []).append(feature)
    together: dict[tuple[Feature, ...], list[str]] = {}
    for name, found in behind.items():
        together.setdefault(tuple(found), []).append(name)
    for shared, names in together.items():
        places = [[pairs.index((feature.name, name)) for feature in shared] for name in names]
        yield _Group(tuple(names), FeatureSet(features.definition, shared), np.array(places))
