"""How much better one model ranks than another over the same rows: AUC, Gini, KS, average precision."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from dashboard.metrics.counts import FloatArray
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.paired import (
    Effects,
    RankedScores,
    Sample,
    difference,
    variance_parts,
)


@dataclass(frozen=True, slots=True)
class PairedAuc:
    """Both AUCs, the second less the first with its interval, and DeLong's standard error of that."""

    one: float
    two: float
    difference: Estimate
    standard_error: float

    @property
    def p_value(self) -> float | None:
        """Two-sided p-value of no difference, by DeLong's z; None where there is no standard error."""
        if not self.standard_error:
            return None
        return math.erfc(abs(self.two - self.one) / self.standard_error / math.sqrt(2))


def paired_auc(sample: Sample) -> PairedAuc | None:
    """The AUCs of both models and their difference; None where an outcome is missing.

    Source: DeLong, DeLong and Clarke-Pearson (1988), Biometrics 44(3), in the midrank form of Sun and Xu (2014), IEEE
    Signal Processing Letters 21(11): linear in the rows once the scores are sorted.
    """
    if sample.missing_outcome:
        return None
    one, two = auc_effects(sample, sample.one), auc_effects(sample, sample.two)
    found = difference(one, two, sample, low=-1.0, high=1.0)
    error = math.sqrt(sum(variance_parts(two.by_row - one.by_row, sample)))
    return PairedAuc(one.value, two.value, found, error)


def gini_difference(auc: PairedAuc) -> Estimate:
    """Gini of the second model less that of the first: twice the difference of the AUCs."""
    return auc.difference.mapped(lambda value: 2 * value)


def ks_difference(sample: Sample) -> Estimate:
    """KS of the second model less that of the first.

    Each model's gap is taken at the cutoff where it is largest: to first order, that a sample would put the cutoff
    elsewhere does not move the gap, which is flat there.
    """
    if reason := sample.missing_outcome:
        return Estimate.undefined(reason)
    one, two = ks_effects(sample, sample.one), ks_effects(sample, sample.two)
    return difference(one, two, sample, low=-1.0, high=1.0)


def average_precision_difference(sample: Sample) -> Estimate:
    """Average precision of the second model less that of the first."""
    if reason := sample.missing_outcome:
        return Estimate.undefined(reason)
    one, two = (average_precision_effects(sample, scores) for scores in (sample.one, sample.two))
    return difference(one, two, sample, low=-1.0, high=1.0)


def auc_effects(sample: Sample, scores: RankedScores) -> Effects:
    """The AUC, ties counting half; a row's effect is its placement among the other outcome less the AUC."""
    good, bad = sample.by_place(scores)
    n_good, n_bad = sample.totals
    below = (np.cumsum(good) - good / 2) / n_good
    above = (n_bad - np.cumsum(bad) + bad / 2) / n_bad
    auc = float((below * bad).sum() / n_bad)
    return Effects(auc, _by_row(sample, scores, (above - auc) / n_good, (below - auc) / n_bad))


def ks_effects(sample: Sample, scores: RankedScores) -> Effects:
    """The largest gap of the outcomes' cumulative shares, at the place where it is found."""
    good, bad = sample.by_place(scores)
    n_good, n_bad = sample.totals
    of_good, of_bad = np.cumsum(good) / n_good, np.cumsum(bad) / n_bad
    gap = of_good - of_bad
    best = int(np.argmax(np.abs(gap)))
    sign = 1.0 if gap[best] >= 0 else -1.0
    is_below = np.arange(scores.n_places) <= best
    return Effects(
        abs(float(gap[best])),
        _by_row(
            sample,
            scores,
            sign * (is_below - of_good[best]) / n_good,
            -sign * (is_below - of_bad[best]) / n_bad,
        ),
    )


def average_precision_effects(sample: Sample, scores: RankedScores) -> Effects:
    """Mean over the defaults of the share of defaults among all rows with at least their PD."""
    good, bad = sample.by_place(scores)
    n_bad = sample.totals[1]
    hits = np.cumsum(bad[::-1])[::-1]
    reached = np.maximum(np.cumsum((good + bad)[::-1])[::-1], np.finfo(np.float64).tiny)
    precision = hits / reached
    value = float((precision * bad).sum() / n_bad)
    # A row counts in the precision at every default that is ranked no higher.
    per_default = bad / n_bad / reached
    as_miss = np.cumsum(-per_default * precision)
    as_hit = np.cumsum(per_default * (1 - precision))
    return Effects(value, _by_row(sample, scores, as_miss, as_hit + (precision - value) / n_bad))


def _by_row(sample: Sample, scores: RankedScores, of_good: FloatArray, of_bad: FloatArray) -> FloatArray:
    """The value of each row's outcome at its place."""
    return np.concatenate([of_good, of_bad]).take(sample.cells(scores))
