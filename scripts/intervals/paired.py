"""Coverage of the intervals of differences between two models over the same applications."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from scipy.special import expit, logit

from dashboard.metrics.calibration_fit import calibration_in_the_large, calibration_slope
from dashboard.metrics.counts import exact_counts
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.paired import PairedRows, Sample, rank_scores
from dashboard.metrics.paired_calibration import (
    brier_difference,
    intercept_difference,
    log_loss_difference,
    slope_difference,
)
from dashboard.metrics.paired_ranking import average_precision_difference, ks_difference, paired_auc
from dashboard.metrics.paired_reclassification import integrated_discrimination, net_reclassification
from inference.model.decision import BAND_EDGES, DEFAULT_CUTOFF
from scripts.intervals.population import DEFAULT_RATE, A, B, Floats, Misses, table

DEFAULTS = (40, 200, 2_000)
# How far off each model's log-odds are, the first less apart than they should be; of two alike, neither is better.
PAIRS = {"second better": ((0.1, 0.8, 0.9), (0.0, 1.0, 0.4)), "alike": ((0.0, 1.0, 0.6), (0.0, 1.0, 0.6))}
_POPULATION = 60_000


def _auc(sample: Sample) -> Estimate:
    found = paired_auc(sample)
    return Estimate.undefined(sample.missing_outcome) if found is None else found.difference


def _intercept(sample: Sample) -> Estimate:
    one, two = (
        calibration_in_the_large(exact_counts(sample.is_bad, scores.pd, weight=sample.weight)).intercept
        for scores in (sample.one, sample.two)
    )
    return intercept_difference(sample, (one, two))


def _slope(sample: Sample) -> Estimate:
    one, two = (
        calibration_slope(exact_counts(sample.is_bad, scores.pd, weight=sample.weight))
        for scores in (sample.one, sample.two)
    )
    return slope_difference(sample, (one, two))


FIGURES: dict[str, Callable[[Sample], Estimate]] = {
    "AUC": _auc,
    "KS": ks_difference,
    "average precision": average_precision_difference,
    "Brier score": brier_difference,
    "log-loss": log_loss_difference,
    "calibration in the large": _intercept,
    "calibration slope": _slope,
    "NRI at the cutoff": lambda sample: net_reclassification(sample, ((DEFAULT_CUTOFF,), (DEFAULT_CUTOFF,))).total,
    "NRI by band": lambda sample: net_reclassification(sample, (BAND_EDGES, BAND_EDGES)).total,
    "IDI": lambda sample: integrated_discrimination(sample).total,
}


@cache
def population(pair: str) -> tuple[Floats, ...]:
    """True PDs of the population's applications, and what each of the two models makes of them."""
    rng = np.random.default_rng(77)
    pd = rng.beta(A, B, _POPULATION)
    seen = (expit(level + slope * logit(pd) + noise * rng.normal(size=pd.size)) for level, slope, noise in PAIRS[pair])
    return pd, *seen


@cache
def truths(pair: str) -> dict[str, float]:
    """The differences in the population: each application counts as a default with its PD, and else as none."""
    pd, one, two = population(pair)
    outcome = np.repeat(np.array([1, 0], dtype=np.uint8), pd.size)
    scores = [rank_scores(np.tile(each, 2)) for each in (one, two)]
    sample = PairedRows(scores[0], scores[1], outcome, np.concatenate([pd, 1 - pd])).sample
    return {name: float(of(sample).value or 0.0) for name, of in FIGURES.items()}


def measured(
    pair: str, n_defaults: int, *, n_samples: int, seed: int, figures: Sequence[str] = tuple(FIGURES)
) -> dict[str, Misses]:
    """What the intervals miss in samples that hold about `n_defaults` defaults."""
    rng, (pd, one, two) = np.random.default_rng(seed), population(pair)
    missed = {name: Misses() for name in figures}
    for _ in range(n_samples):
        drawn = rng.integers(0, pd.size, round(n_defaults / DEFAULT_RATE))
        outcome = (rng.random(drawn.size) < pd[drawn]).astype(np.uint8)
        sample = PairedRows(rank_scores(one[drawn]), rank_scores(two[drawn]), outcome).sample
        for name in figures:
            missed[name].count(FIGURES[name](sample), truths(pair)[name])
    return missed


def report(n_samples: int, seed: int) -> str:
    """The table of docs/metrics.md."""
    columns = [(pair, n) for pair in PAIRS for n in DEFAULTS]
    found = [measured(pair, n, n_samples=n_samples, seed=seed + n) for pair, n in columns]
    rows = [[name, *(f"{100 * column[name].coverage:.1f} %" for column in found)] for name in FIGURES]
    return table(["difference of", *(f"{pair}, {n:,} defaults" for pair, n in columns)], rows)
