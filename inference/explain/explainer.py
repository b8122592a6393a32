"""What each field of an application adds to its log-odds: the model's contributions, traced back to the raw columns.

Contributions by feature are exact Shapley values (Shapley 1953, "A value for n-person games";
`inference.explain.shapley`). That of a feature which is a raw column is the column's own; that of a derived one is
shared among its raw columns by the convention of `inference.explain.tracing`, whose shares add up to 1, so that fields
add up to the same log-odds as features do.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.store.opening import reading
from inference.errors import ArtifactError, FeatureError
from inference.explain.tracing import Tracing
from inference.features.encoding import FeatureSet
from inference.model.artifact import TEXT, Manifest, read_published, read_text
from inference.values import Value

if TYPE_CHECKING:
    from inference.explain.shapley import ShapleyModel

Advance: TypeAlias = Callable[[int, int], None]
Take: TypeAlias = Callable[[slice, NDArray[np.float32]], None]

# Shares take a dozen kB a row while they are worked out; more rows at once are hardly faster by the row.
_TRACED_ROWS = 8_192
_THREADS = 2


@dataclass(frozen=True, slots=True)
class Explanation:
    """What adds up to the log-odds of one application, in log-odds.

    `base` is what contributions are counted from, the mean over the training rows. `features` are contributions by the
    name of the model's feature, `fields` the same by raw column; both add up to the same total. `shares` are, by
    feature, the share of its contribution that goes to each raw column behind it; they add up to 1. `row` are the
    features themselves, shape (1, features), as `Explainer` computed them.
    """

    base: float
    features: Mapping[str, float]
    fields: Mapping[str, float]
    shares: Mapping[str, Mapping[str, float]]
    row: NDArray[np.float32] = field(compare=False, repr=False)

    @property
    def log_odds(self) -> float:
        """The model's log-odds of default."""
        return self.base + math.fsum(self.fields.values())

    def traced(self, amounts: Mapping[str, float]) -> dict[str, float]:
        """Amounts by feature, shared among the raw columns as the contributions are."""
        return _traced(amounts, self.shares, self.fields)


class Explainer:
    """A model ready to explain applications; immutable, and safe from many threads at once."""

    def __init__(self, model: ShapleyModel, typical: Mapping[str, Value], features: FeatureSet) -> None:
        """Explain `model`, whose matrix `features` makes, against an application with `typical` values.

        Raises:
            FeatureError: the model takes another number of features, or `typical` is no application.
        """
        if model.n_features != len(features.names):
            raise FeatureError.from_width(len(features.names), model.n_features)
        self.features = features
        self.model = model
        self._tracing = Tracing(features, typical)

    @classmethod
    def open(
        cls,
        directory: Path,
        typical: Mapping[str, Value],
        features: FeatureSet,
        *,
        manifest: Manifest | None = None,
    ) -> Explainer:
        """Load the trees of the model published in `directory`, which has to be that of `manifest` where one is given.

        Raises:
            ArtifactError: no model there, one trained on other features, or its text is missing or altered.
            ContributionsError: the model cannot be explained exactly.
            FeatureError: `typical` is no application.
        """
        from inference.explain.shapley import ShapleyModel

        directory = Path(directory)

        def read() -> str:
            found = manifest or Manifest.load(directory)
            if found.features_sha256 != features.digest:
                raise ArtifactError.from_other_features(directory)
            return read_text(directory, found)

        text = read_published(directory, read)
        with reading(directory / TEXT):
            model = ShapleyModel(text)
        return cls(model, typical, features)

    @property
    def base(self) -> float:
        """The log-odds that contributions are counted from."""
        return self.model.base

    @property
    def fields(self) -> tuple[str, ...]:
        """Raw columns behind the model, in the order of `FeatureSet.sources`."""
        return self.features.sources

    def explain(self, application: Mapping[str, object]) -> Explanation:
        """The contributions to one application's log-odds; a column that is not given counts as missing.

        Raises:
            FeatureError: a key that is no column of the table, or a value of the wrong type.
        """
        return self.explain_row(application, self.features.row(application))

    def explain_row(self, application: Mapping[str, object], row: NDArray[np.float32]) -> Explanation:
        """The same for an application whose features were computed already: `row`, shape (1, features)."""
        features = dict(zip(self.features.names, self.model.explain(row[0]).tolist(), strict=True))
        shares = self._tracing.of_one(application, row[0])
        return Explanation(self.base, features, _traced(features, shares, self.fields), shares, row)

    def batch(
        self, applications: pl.DataFrame, matrix: NDArray[np.float32], advance: Advance | None = None
    ) -> NDArray[np.float32]:
        """Contributions by raw column to the log-odds of many applications: float32 (rows, fields).

        Arguments, memory and errors are those of `each_block`.
        """
        result = np.empty((len(matrix), len(self.fields)), dtype=np.float32)

        def keep(rows: slice, fields: NDArray[np.float32]) -> None:
            result[rows] = fields

        self.each_block(applications, matrix, keep, advance=advance)
        return result

    def each_block(
        self,
        applications: pl.DataFrame,
        matrix: NDArray[np.float32],
        take: Take,
        *,
        less: Mapping[str, float] | None = None,
        known: NDArray[np.float64] | None = None,
        advance: Advance | None = None,
    ) -> None:
        """Hand the contributions by raw column to `take`, some rows at a time: their slice, float32 (rows, fields).

        `matrix` are the applications' features, float32 (rows, features). With `less`, amounts by feature, what is
        traced to the columns is each feature's contribution less that amount. `known` are the contributions by feature
        where they were computed before, (features, rows); they take half of the time. `take` is called from two
        threads, each time for other rows; memory does not grow with the rows. `advance` is told (rows done, rows in
        all), not where the contributions are known.

        Raises:
            FeatureError: the matrix is not as wide as the feature list, or the applications lack a column.
            ValueError: there are not as many applications, or known contributions, as rows of the matrix.
        """
        if matrix.ndim != 2 or matrix.shape[1] != len(self.features.names):
            raise FeatureError.from_width(matrix.shape[-1], len(self.features.names))
        if applications.height != len(matrix):
            raise ValueError(f"{applications.height} applications cannot have {len(matrix)} rows of features")
        if known is not None and known.shape != matrix.shape[::-1]:
            raise ValueError(f"contributions of shape {known.shape} are not those of {matrix.shape[::-1]}")
        taken_off = np.zeros((matrix.shape[1], 1))
        if less is not None:
            taken_off[:, 0] = [less[name] for name in self.features.names]

        def trace(rows: slice, values: NDArray[np.float64]) -> None:
            for start in range(rows.start, rows.stop, _TRACED_ROWS):
                part = slice(start, min(start + _TRACED_ROWS, rows.stop))
                shares = self._tracing.of_many(applications[part], matrix[part])
                amounts = values[:, part.start - rows.start : part.stop - rows.start] - taken_off
                take(part, self._tracing.by_field(amounts, shares).T.astype(np.float32))

        if known is None:
            self.model.each_block(matrix, trace, advance)
            return
        starts = range(0, len(matrix), _TRACED_ROWS)
        slices = [slice(start, min(start + _TRACED_ROWS, len(matrix))) for start in starts]
        with ThreadPoolExecutor(_THREADS) as pool:
            # Read to the end, so that an error in a thread reaches the caller.
            list(pool.map(lambda rows: trace(rows, known[:, rows]), slices))


def _traced(
    amounts: Mapping[str, float], shares: Mapping[str, Mapping[str, float]], fields: Iterable[str]
) -> dict[str, float]:
    """Amounts by feature shared among `fields`."""
    result = dict.fromkeys(fields, 0.0)
    for feature, amount in amounts.items():
        for name, share in shares[feature].items():
            result[name] += amount * share
    return result
