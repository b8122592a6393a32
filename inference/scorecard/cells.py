"""The values of each feature cut into fine cells, once for all folds, so that binning needs no rows but counts.

Cells depend on feature values alone, never on an outcome. A column's missing values, and each of its special values
that the definition tells from other gaps (an indicator feature), are cells of their own.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from inference.features.encoding import FeatureSet
from inference.features.expressions import IsSpecial, Level, Raw

Counts: TypeAlias = NDArray[np.int64]
MOST_CELLS = 1_000


@dataclass(frozen=True, slots=True)
class Source:
    """One characteristic of a scorecard: the place of its feature in the matrix, and those of its special values.

    `direction` is 1 where the PD may only rise with the feature, -1 where it may only fall, else 0.
    """

    place: int
    specials: tuple[int, ...] = ()
    is_category: bool = False
    direction: int = 0


@dataclass(frozen=True, slots=True)
class Cells:
    """The rows' values of a source: numbers (or codes of levels) ascending, then special values, then missing.

    Cell i of the numbers holds values from `lows[i]` to `highs[i]`. `codes` is the cell of each row, uint16 (rows,);
    `counts` are rows by fold, cell and outcome, (folds, cells, 2).
    """

    source: Source
    lows: NDArray[np.float32]
    highs: NDArray[np.float32]
    codes: NDArray[np.uint16]
    counts: Counts

    @property
    def n_numbers(self) -> int:
        return self.lows.size


def sources(features: FeatureSet) -> tuple[Source, ...]:
    """The characteristics that a scorecard can be made of: a column with the indicators of its special values is one.

    An indicator stands by itself where its column is no feature.
    """
    columns = {f.expression.column: i for i, f in enumerate(features.features) if isinstance(f.expression, Raw)}
    specials: dict[int, list[int]] = {}
    for place, feature in enumerate(features.features):
        if isinstance(feature.expression, IsSpecial) and feature.expression.column in columns:
            specials.setdefault(columns[feature.expression.column], []).append(place)
    told = {place for each in specials.values() for place in each}
    return tuple(
        Source(place, tuple(specials.get(place, ())), isinstance(feature.expression, Level), constraint)
        for place, (feature, constraint) in enumerate(zip(features.features, features.constraints, strict=True))
        if place not in told
    )


def make_cells(
    source: Source,
    matrix: NDArray[np.float32],
    target: NDArray[np.uint8],
    folds: NDArray[np.uint8],
    most: int = MOST_CELLS,
) -> Cells:
    """Cut the values of `source` in the feature matrix (rows, features) into at most `most` cells of about equal size.

    A feature of fewer distinct values has a cell for each.
    """
    values = np.ascontiguousarray(matrix[:, source.place])
    missing = np.isnan(values)
    ordered = np.sort(values[~missing])
    starts = np.flatnonzero(np.diff(ordered, prepend=-np.inf))
    if starts.size > most and not source.is_category:
        quantiles = ordered[np.linspace(0, ordered.size, most, endpoint=False).astype(np.int64)]
        # A cell begins where its value first occurs.
        starts = np.searchsorted(ordered, np.unique(quantiles))
    lows = ordered[starts]
    highs = ordered[np.append(starts[1:], ordered.size)[: starts.size] - 1]
    codes = (np.searchsorted(lows, values, side="right") - 1).astype(np.int64)
    codes[missing] = lows.size + len(source.specials)
    # The first indicator decides where several are 1.
    for at, place in reversed([*enumerate(source.specials)]):
        codes[missing & (matrix[:, place] == 1)] = lows.size + at
    n_cells = lows.size + len(source.specials) + 1
    n_folds = int(folds.max()) + 1
    joined = (folds.astype(np.int64) * n_cells + codes) * 2 + target
    counts = np.bincount(joined, minlength=n_folds * n_cells * 2).reshape(n_folds, n_cells, 2)
    return Cells(source, lows, highs, codes.astype(np.uint16), counts.astype(np.int64))
