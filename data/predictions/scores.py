"""Scores: their exact meaning, the cutoffs that apply to them, and the bins of one table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from data.predictions.pieces import pieces

FloatArray: TypeAlias = npt.NDArray[np.float64]

# A table with no more distinct scores than this has a bin for each of them; bins are numbered in 16 bits.
MOST_DISTINCT = 65_536
# Together with all cutoffs these stay below that number.
RANK_GROUPS, TOP_SCORES, MOST_DEFAULT_SCORES = 16_384, 2_048, 8_192
_FINE_BELOW, _FINE, _COARSE = 0.01, 1_000_000, 10_000
# Ranges of scores that are looked up at once.
_GUIDES = 1 << 18
_CUTOFFS: FloatArray = np.unique(np.concatenate([np.arange(10_000) / _FINE, np.arange(_COARSE + 1) / _COARSE]))


def exact_scores(values: pl.Series) -> pl.Series:
    """`values` as Float64. A Float32 counts as the shortest decimal that names it, so that 0.16 is 0.16.

    Widening the bits instead would make 0.1599999964 of it, and approve an application at a cutoff of 16 % whose
    score is 16 %. The order of scores is kept: a float's shortest decimal lies closer to it than to any other.
    """
    return values.cast(pl.String).cast(pl.Float64) if values.dtype == pl.Float32 else values.cast(pl.Float64)


def exact_score(value: float | np.floating[Any]) -> float:
    """`exact_scores` for one score."""
    return float(str(value)) if isinstance(value, np.float32) else float(value)


def round_cutoffs(cutoffs: npt.ArrayLike) -> FloatArray:
    """The nearest cutoffs that can be applied: multiples of 0.0001, and of 0.000001 below 0.01."""
    wanted = np.asarray(cutoffs, dtype=np.float64)
    unit = np.where(wanted < _FINE_BELOW, _FINE, _COARSE)
    # An integer over a power of ten is the double that its decimal is read as.
    return np.asarray(np.round(wanted * unit) / unit)


def round_cutoff(cutoff: float) -> float:
    """`round_cutoffs` for one cutoff."""
    return float(round_cutoffs(cutoff))


def floor_cutoffs(scores: FloatArray) -> FloatArray:
    """The highest cutoff, of those that can be applied, that does not exceed each score."""
    unit = np.where(scores < _FINE_BELOW, _FINE, _COARSE)
    nearest = np.round(scores * unit)
    return np.where(nearest / unit <= scores, nearest, nearest - 1) / unit


def ceil_cutoff(score: float) -> float:
    """The lowest cutoff, of those that can be applied, above `score`; where that is over 1 the number next to it."""
    place = int(np.searchsorted(_CUTOFFS, score, side="right"))
    return float(_CUTOFFS[place]) if place < _CUTOFFS.size else float(np.nextafter(score, 2))


@dataclass(frozen=True, slots=True, eq=False)
class ScoreGrid:
    """The bins of one table's scores.

    `edges` are the bins' lower ends, ascending; a bin holds scores from its edge up to, not including, the next. Where
    the grid `is_exact`, each bin is one distinct score of the table. Otherwise bins are groups of neighbouring scores
    in which no applicable cutoff lies (see `round_cutoffs`), the last one empty where a score of 1 does not occur.
    """

    edges: FloatArray
    is_exact: bool

    def bins(self, scores: npt.ArrayLike) -> npt.NDArray[np.uint16]:
        """The bin of each score; of one below all edges the first."""
        table = np.asarray(scores, dtype=np.float64)
        if table.size < _GUIDES:
            return self._searched(table)
        found = np.empty(table.size, dtype=np.uint16)
        # An evenly cut range of scores holds one edge at most, nearly everywhere: a tenth of the time of searching.
        ends = np.searchsorted(self.edges, np.arange(_GUIDES + 2) / _GUIDES, side="right")
        first, is_dense = np.maximum(ends - 1, 0).astype(np.uint16)[:-1], np.diff(ends) > 1
        above = np.append(self.edges[1:], np.inf)
        for piece in pieces(table.size):
            own = table[piece]
            guides = np.clip(own * _GUIDES, 0, _GUIDES).astype(np.intp)
            bins = np.take(first, guides, mode="clip")
            found[piece] = bins + (own >= np.take(above, bins, mode="clip"))
            searched = np.flatnonzero(np.take(is_dense, guides, mode="clip"))
            found[piece][searched] = self._searched(own[searched])
        return found

    def _searched(self, scores: FloatArray) -> npt.NDArray[np.uint16]:
        return np.maximum(np.searchsorted(self.edges, scores, side="right") - 1, 0).astype(np.uint16)


def make_score_grid(
    scores: npt.ArrayLike, is_default: npt.ArrayLike | None = None, *, cutoffs: Iterable[float] = ()
) -> ScoreGrid:
    """The grid of a table's `scores` (0 to 1): the distinct ones, or of more than 65,536 groups by rank.

    A group by rank holds a 16,384th of the rows at most, unless they tie, and the 2,048 highest scores stand alone. It
    is cut further at every applicable cutoff inside it and at those given as `cutoffs`, so that decisions, bands and
    counts at them are those of the rows. Given the outcomes, each score of a default stands alone too where those are
    no more than 8,192: what depends on the order of defaults and others alone, such as the AUC, is then exact.
    """
    table = np.asarray(scores, dtype=np.float64)
    if not table.size:
        return ScoreGrid(_frozen(np.zeros(1)), is_exact=True)
    # Polars sorts on all cores.
    ordered = pl.Series(table).sort().to_numpy()
    distinct = ordered[np.concatenate([[True], ordered[1:] > ordered[:-1]])]
    if distinct.size <= MOST_DISTINCT:
        return ScoreGrid(_frozen(distinct), is_exact=True)
    alone = distinct[-TOP_SCORES:]
    if is_default is not None:
        of_defaults = pl.Series(table[np.asarray(is_default, dtype=bool)]).unique().sort().to_numpy()
        if of_defaults.size <= MOST_DEFAULT_SCORES:
            # The score itself begins a bin, and the next one above it another.
            after = np.searchsorted(distinct, of_defaults, side="right")
            alone = np.concatenate([alone, of_defaults, distinct[after[after < distinct.size]]])
    ranks = ordered[np.arange(RANK_GROUPS) * ordered.size // RANK_GROUPS]
    parted = np.unique(np.concatenate([_CUTOFFS, np.fromiter(cutoffs, dtype=np.float64)]))
    edges = np.unique(np.concatenate([ranks, alone, parted]))
    first = np.searchsorted(ordered, edges, side="left")
    # Of edges between which no score lies one stays: the highest cutoff, or where there is none the score itself.
    groups = np.flatnonzero(np.diff(first, prepend=-1))
    places = np.where(np.isin(edges, parted, assume_unique=True), np.arange(edges.size), -1)
    chosen = np.maximum.reduceat(places, groups)
    chosen = np.where(chosen < 0, np.append(groups[1:], edges.size) - 1, chosen)
    if first[-1] == ordered.size:
        chosen[-1] = groups[-1]
    # Those that were asked for stay, so that counts know that they part the rows.
    return ScoreGrid(_frozen(np.union1d(edges[chosen], np.fromiter(cutoffs, dtype=np.float64))), is_exact=False)


def _frozen(array: FloatArray) -> FloatArray:
    array.setflags(write=False)
    return array
