"""Coverage of the intervals of differences between two cohorts: disjoint, overlapping, and a part against its whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats
from scipy.special import expit, logit

from dashboard.metrics.comparison import Comparison
from dashboard.metrics.counts import ScoreCounts
from dashboard.metrics.economics import Costs, Terms
from dashboard.metrics.evaluation import Assumptions, Evaluation
from dashboard.report import catalogue
from dashboard.report.catalogue import Metric
from scripts.intervals.population import DEFAULT_RATE, A, B, Floats, Misses, table

# The PDs that samples are drawn from, each as frequent as the others.
PDS: Floats = stats.beta.ppf((np.arange(400) + 0.5) / 400, A, B)
# Shares of the applications that are in the first cohort alone, in the second alone, and in both.
SHAPES = {"disjoint": (0.5, 0.5, 0.0), "overlapping": (0.3, 0.4, 0.3), "part and whole": (0.0, 0.7, 0.3)}
# How the log-odds of default follow from those of the PD in each: level and slope.
LINES = ((0.0, 1.0), (0.3, 0.9), (0.1, 1.1))
DEFAULTS = (40, 200, 2_000)
METRICS = tuple(
    {each.name: each for page in catalogue.PAGES.values() for each in page if each.difference is not None}.values()
)
_ASSUMED = Assumptions(0.0909, Costs(10.0, 1.0), Terms(0.1, 0.45, 1.0), beta=2.0, n_groups=10)
_MANY = 10**7


def cells(shape: str) -> tuple[npt.NDArray[np.float64], ...]:
    """Chances of an application by part, outcome and PD: (goods, bads) of each part, an array of shape (3, 2, PDs)."""
    rates = [expit(level + slope * logit(PDS)) for level, slope in LINES]
    return tuple(
        share / PDS.size * np.stack([1 - rate, rate]) for share, rate in zip(SHAPES[shape], rates, strict=True)
    )


def comparison(parts: npt.NDArray[np.int64]) -> Comparison:
    """The comparison of cohorts with so many goods and bads by part and PD, an array of shape (3, 2, PDs)."""
    zeros = np.zeros(PDS.size)
    one, two, both = (ScoreCounts(PDS, good, bad, good * PDS, bad * PDS, zeros, zeros) for good, bad in parts)
    own, other = (Evaluation(part + both, _ASSUMED) for part in (one, two))
    return Comparison("other", own, other, both if both.n_applications else None)


def truths(shape: str, metrics: Sequence[Metric] = METRICS) -> dict[str, float]:
    """The differences in the population: those of as many applications as leave no chance."""
    whole = comparison(np.rint(_MANY * np.stack(cells(shape))).astype(np.int64))
    return {
        each.name: float(each.of(whole.own).value or 0) - float(each.of(whole.other).value or 0) for each in metrics
    }


def measured(
    shape: str, n_defaults: int, *, n_samples: int, seed: int, metrics: Sequence[Metric] = METRICS
) -> dict[str, Misses]:
    """What the intervals of differences miss in samples that hold about `n_defaults` defaults in all."""
    rng, chances = np.random.default_rng(seed), np.stack(cells(shape))
    true, missed = truths(shape, metrics), {each.name: Misses() for each in metrics}
    for drawn in rng.multinomial(round(n_defaults / DEFAULT_RATE), chances.ravel(), n_samples):
        found = comparison(drawn.reshape(chances.shape))
        for each in metrics:
            assert each.difference
            missed[each.name].count(each.difference(found), true[each.name])
    return missed


def report(n_samples: int, seed: int) -> str:
    """The table of docs/metrics.md; figures without an interval are left out."""
    columns = [(shape, n) for shape in SHAPES for n in DEFAULTS]
    found = [measured(shape, n, n_samples=n_samples, seed=seed + n) for shape, n in columns]
    rows = [
        [each.label_under(_ASSUMED), *(_cells(column[each.name], n_samples) for column in found)]
        for each in METRICS
        if found[-1][each.name].samples
    ]
    return table(["difference of", *(f"{shape}, {n:,}" for shape, n in columns)], rows)


def _cells(missed: Misses, n_samples: int) -> str:
    return " · ".join(missed.cells()) if missed.samples > n_samples / 10 else "none"
