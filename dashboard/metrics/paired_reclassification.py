"""Reclassification: how much further apart a second model sets defaults and others (NRI and IDI), with the warning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dashboard.metrics.counts import FloatArray
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.paired import Effects, Sample, estimate_of

WARNING = (
    "NRI and IDI are not proper measures: a model whose PDs are wrong can have a higher one than the model whose PDs "
    "are right (Hilden and Gerds 2014, Statistics in Medicine 33(19); Pepe and others 2015, Statistics in Biosciences "
    "7(2)). Judge by the difference of the AUC and of the profit."
)


@dataclass(frozen=True, slots=True)
class Reclassification:
    """A mean move of the defaults up and of the others down; `total` is the sum of the two parts.

    Of the NRI a row moves by 1 into a riskier category and by -1 into a safer one, of the IDI by the difference of its
    PDs. Both parts are better when they are larger.
    """

    total: Estimate
    of_bad: Estimate
    of_good: Estimate


def net_reclassification(sample: Sample, edges: tuple[Sequence[float], Sequence[float]]) -> Reclassification:
    """The NRI over the categories that begin at each model's ascending PDs `edges`; a single one is its cutoff.

    Source: Pencina, D'Agostino and others (2008), Statistics in Medicine 27(2), with the variance that does not
    assume the hypothesis of no change.
    """
    one, two = (
        np.searchsorted(np.asarray(own), scores.pd, side="right")
        for own, scores in zip(edges, (sample.one, sample.two), strict=True)
    )
    return _moved(sample, np.sign(two - one).astype(np.float64))


def integrated_discrimination(sample: Sample) -> Reclassification:
    """The IDI: by how much more the mean PDs of defaults and of others differ. Source: as `net_reclassification`."""
    return _moved(sample, sample.two.pd - sample.one.pd)


def _moved(sample: Sample, moves: FloatArray) -> Reclassification:
    if sample.why_no_pd:
        undefined = Estimate.undefined(sample.why_no_pd)
        return Reclassification(undefined, undefined, undefined)
    if reason := sample.missing_outcome:
        undefined = Estimate.undefined(reason)
        return Reclassification(undefined, undefined, undefined)
    weighted = moves if sample.weight is None else sample.weight * moves
    n_good, n_bad = sample.totals
    sums = np.bincount(sample.is_bad, weights=weighted, minlength=2)
    down, up = -float(sums[0]) / n_good, float(sums[1]) / n_bad
    is_bad = sample.is_bad
    of_bad = Effects(up, np.where(is_bad, (moves - up) / n_bad, 0.0))
    of_good = Effects(down, np.where(is_bad, 0.0, (-moves - down) / n_good))
    both = Effects(up + down, of_bad.by_row + of_good.by_row)
    total, bads, goods = (estimate_of(each, sample) for each in (both, of_bad, of_good))
    return Reclassification(total, bads, goods)
