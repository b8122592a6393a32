"""Counts by cell -> optimal bins (optbinning), their weights of evidence and information values.

The weight of evidence of a bin is ln((g / G) / (b / B)) with g good and b bad rows in it, G and B in all; its
information value is (g / G - b / B) times that (Siddiqi 2006, "Credit Risk Scorecards"; Kullback's divergence J).
Optimal bins are those of the highest information value under the constraints (Navas-Palencia 2020, arXiv:2001.08025).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from inference.scorecard.cells import Counts, Source
from inference.scorecard.settings import ScorecardSettings

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

_TRENDS = {1: "ascending", -1: "descending", 0: "auto"}
_NO_CODE = -1


@dataclass(frozen=True, slots=True)
class Bins:
    """Bins of a source: `n_ranges` of its numbers or levels, then (for levels) the others, special values, missing.

    `of_cells` is the bin of each cell; `counts` are good and bad rows, (bins, 2); `woe` and `iv` are of shape (bins,).
    """

    n_ranges: int
    of_cells: Ints
    counts: Counts
    woe: Floats
    iv: Floats

    @property
    def total_iv(self) -> float:
        """The information value of the feature."""
        return math.fsum(self.iv)


def trend_of(source: Source) -> str:
    """optbinning's name for how the default rate may move with the source; "ascending" for levels in its order."""
    return "ascending" if source.is_category else _TRENDS[source.direction]


def fit_bins(source: Source, lows: NDArray[np.float32], counts: Counts, settings: ScorecardSettings) -> Bins:
    """The optimal bins of a source, whose cells have `counts` good and bad rows, (cells, 2).

    Levels are ordered by their default rate; those with too few rows, and those that the definition does not list, are
    the others.
    """
    n_numbers = lows.size
    numbers, rest = counts[:n_numbers], counts[n_numbers:]
    if source.is_category:
        rows = numbers.sum(axis=1)
        usable = np.flatnonzero((rows >= settings.least_rows) & (lows > _NO_CODE))
        order = usable[np.argsort(numbers[usable, 1] / rows[usable], kind="stable")]
        n_others = 1
    else:
        order, n_others = np.arange(n_numbers), 0
    cut = _optimal(numbers[order], int(counts.sum()), trend_of(source), settings)
    # A number may come later where none came yet.
    n_ranges = max(int(cut.max(initial=-1)) + 1, int(not source.is_category))
    of_cells = np.empty(len(counts), dtype=np.int64)
    of_cells[:n_numbers] = n_ranges
    of_cells[order] = cut
    of_cells[n_numbers:] = n_ranges + n_others + np.arange(len(rest))
    binned = np.zeros((n_ranges + n_others + len(rest), 2), dtype=np.int64)
    np.add.at(binned, of_cells, counts)
    neutral = binned.sum(axis=1) < settings.least_rows
    neutral[:n_ranges] = False
    neutral[n_ranges : n_ranges + n_others] = True
    woe = weights_of_evidence(binned)
    woe[neutral] = 0.0
    return Bins(n_ranges, of_cells, binned, woe, information_values(binned, woe))


def weights_of_evidence(counts: Counts) -> Floats:
    """Weight of evidence of each bin of good and bad rows, (bins, 2) -> (bins,); 0 where a bin lacks one of them."""
    whole = counts.sum(axis=0)
    known = (counts > 0).all(axis=1)
    result = np.zeros(len(counts))
    shares = counts[known] / whole
    result[known] = np.log(shares[:, 0] / shares[:, 1])
    return result


def information_values(counts: Counts, woe: Floats) -> Floats:
    """What each bin adds to the information value of its feature, (bins,)."""
    shares = counts / np.maximum(counts.sum(axis=0), 1)
    result: Floats = (shares[:, 0] - shares[:, 1]) * woe
    return result


def _optimal(counts: Counts, n_rows: int, trend: str, settings: ScorecardSettings) -> Ints:
    """The bin of each cell of ordered ones with good and bad rows `counts`, among `n_rows` rows in all: (cells,)."""
    from optbinning import OptimalBinning

    seen = np.flatnonzero(counts.any(axis=1))
    if seen.size < 2 or not counts.any(axis=0).all():
        return np.zeros(len(counts), dtype=np.int64)
    # Each cell stands for its rows by weight. Rows with no number at all count towards the least size of a bin.
    n_others = n_rows - int(counts.sum())
    cells = np.concatenate([seen, seen, [np.nan]]).astype(np.float64)
    outcomes = np.repeat([0, 1, 0], [seen.size, seen.size, 1])
    weights = np.concatenate([counts[seen, 0], counts[seen, 1], [n_others]]).astype(np.float64)
    given = weights > 0
    binning = OptimalBinning(
        max_n_prebins=settings.prebins, min_prebin_size=settings.least_share, monotonic_trend=trend, solver="cp"
    )
    binning.fit(cells[given], outcomes[given], sample_weight=weights[given])
    return np.digitize(np.arange(len(counts)), binning.splits).astype(np.int64)
