"""Where two models differ most: the difference of their AUCs by segment, with intervals for all at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.metrics.counts import FloatArray, IntArray
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.paired import RankedScores, Sample, degrees_of_freedom
from dashboard.metrics.segments import simultaneous_error

# Of each outcome: with fewer, no interval that is this sure can be told from so few.
LEAST_OF_AN_OUTCOME = 10
TOO_FEW = f"it holds fewer than {LEAST_OF_AN_OUTCOME} defaults or non-defaults"
# What one table of counts may hold, so that it stays in the processor's cache.
_MOST_CELLS = 1 << 20
# Up to so many rows are told apart by each distinct score, more by groups of neighbouring ones.
_MOST_EXACT, _MOST_BINS = 32_768, 16_384


@dataclass(frozen=True, slots=True)
class SegmentDifference:
    """One group of a column: both AUCs, and the second less the first with an interval for all segments at once."""

    column: str
    code: int
    name: str
    resolved: int
    defaults: int
    aucs: tuple[float, float] | None
    difference: Estimate


@dataclass(frozen=True, slots=True)
class SegmentDifferences:
    """The segments of all columns, those that surely differ most first; `compared` of them have an interval."""

    segments: tuple[SegmentDifference, ...]
    compared: int


@dataclass(frozen=True, slots=True)
class _Measured:
    # Of one segment: numbers of rows by outcome, AUCs, and what good and bad ones add to the difference's variance.
    number: tuple[int, int]
    effective: tuple[float, float]
    aucs: tuple[float, float]
    parts: tuple[float, float]


def segment_differences(
    sample: Sample, columns: Mapping[str, tuple[npt.NDArray[np.uint8], Sequence[str]]]
) -> SegmentDifferences:
    """The AUC difference in every group of every column, given each row's group and the groups' names.

    Every interval misses with 5 % over the number of comparisons (Bonferroni), so that of 100 such tables at most 5
    have one that is wrong. Groups with fewer than ten of an outcome are listed and not compared. Scores are told apart
    exactly up to 32,768 rows, beyond that in 16,384 groups of neighbouring ones, or fewer for columns of many groups.
    """
    coarse = [_binned(scores, sample.is_bad.size) for scores in (sample.one, sample.two)]
    found = {name: _measured(sample, coarse, codes, len(names)) for name, (codes, names) in columns.items()}
    compared = sum(_is_enough(each) for groups in found.values() for each in groups)
    error = simultaneous_error(compared)
    segments = [
        _segment(name, code, columns[name][1][code], each, error)
        for name, groups in found.items()
        for code, each in enumerate(groups)
        if sum(each.number)
    ]
    return SegmentDifferences(tuple(sorted(segments, key=_order)), compared)


def _order(segment: SegmentDifference) -> tuple[bool, float, float]:
    low, high, value = segment.difference.low, segment.difference.high, segment.difference.value
    if low is None or high is None or value is None:
        return True, 0.0, -float(segment.resolved)
    # How far the interval stays from 0; of those that reach it, the larger difference first.
    return False, -max(low, -high, 0.0), -abs(value)


def _binned(scores: RankedScores, n_rows: int) -> tuple[IntArray, int]:
    if n_rows <= _MOST_EXACT:
        distinct, places = np.unique(scores.place, return_inverse=True)
        return places.astype(np.int64), max(distinct.size, 1)
    n_bins = min(_MOST_BINS, scores.n_places)
    return scores.place * n_bins // scores.n_places, n_bins


def _measured(
    sample: Sample, coarse: Sequence[tuple[IntArray, int]], codes: npt.NDArray[np.uint8], n_groups: int
) -> list[_Measured]:
    kinds = 2 * codes.astype(np.int64) + sample.is_bad
    number = np.bincount(kinds, minlength=2 * n_groups).reshape(n_groups, 2)
    totals = np.bincount(kinds, weights=sample.weight, minlength=2 * n_groups).reshape(n_groups, 2).astype(np.float64)
    effective = totals
    if sample.weight is not None:
        squares = np.bincount(kinds, weights=sample.weight**2, minlength=2 * n_groups).reshape(n_groups, 2)
        effective = np.divide(totals**2, squares, out=np.zeros_like(totals), where=squares > 0)
    (auc_one, one), (auc_two, two) = (_placed(sample, each, kinds, totals) for each in coarse)
    moved = two - one if sample.weight is None else sample.weight * (two - one)
    squared = np.bincount(kinds, weights=moved**2, minlength=2 * n_groups).reshape(n_groups, 2)
    # Whether there are enough is asked later; of fewer than two rows of an outcome nothing is known.
    scale = np.divide(effective, (effective - 1) * totals**2, out=np.zeros_like(totals), where=effective > 1)
    parts = squared * scale
    return [
        _Measured(
            (int(number[i, 0]), int(number[i, 1])),
            (float(effective[i, 0]), float(effective[i, 1])),
            (float(auc_one[i]), float(auc_two[i])),
            (float(parts[i, 0]), float(parts[i, 1])),
        )
        for i in range(n_groups)
    ]


def _placed(
    sample: Sample, scores: tuple[IntArray, int], kinds: IntArray, totals: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Each segment's AUC, and each row's placement within its segment less that AUC."""
    place, n_bins = scores
    n_groups = totals.shape[0]
    most = max(_MOST_CELLS // (2 * n_groups), 1)
    if n_bins > most and sample.is_bad.size > _MOST_EXACT:
        place, n_bins = place * most // n_bins, most
    cells = kinds * n_bins + place
    counted = np.bincount(cells, weights=sample.weight, minlength=2 * n_groups * n_bins)
    good, bad = counted.reshape(n_groups, 2, n_bins).swapaxes(0, 1).astype(np.float64)
    n_good, n_bad = (np.maximum(totals[:, kind], 1e-300)[:, None] for kind in (0, 1))
    below = (np.cumsum(good, axis=1) - good / 2) / n_good
    above = (totals[:, 1][:, None] - np.cumsum(bad, axis=1) + bad / 2) / n_bad
    auc = (below * bad).sum(axis=1) / n_bad[:, 0]
    placed = np.stack([above, below], axis=1) - auc[:, None, None]
    return auc, placed.ravel().take(cells)


def _is_enough(measured: _Measured) -> bool:
    return min(measured.effective) >= LEAST_OF_AN_OUTCOME


def _segment(column: str, code: int, name: str, found: _Measured, error: float) -> SegmentDifference:
    resolved, defaults = sum(found.number), found.number[1]
    if not _is_enough(found):
        return SegmentDifference(column, code, name, resolved, defaults, None, Estimate.undefined(TOO_FEW))
    from scipy.special import stdtrit  # this page only: start-up does not wait for it

    value = found.aucs[1] - found.aucs[0]
    degrees = min(degrees_of_freedom(found.parts, found.effective), 1e9)
    half = float(stdtrit(degrees, 1 - error / 2)) * math.sqrt(sum(found.parts))
    estimate = Estimate.around(value, max(value - half, -1.0), min(value + half, 1.0))
    return SegmentDifference(column, code, name, resolved, defaults, found.aucs, estimate)
