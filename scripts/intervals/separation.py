"""Coverage of the intervals of AUC and KS where defaults are few."""

from __future__ import annotations

import numpy as np
from scipy import stats

from dashboard.metrics.counts import exact_counts
from dashboard.metrics.discrimination import ks_statistic, roc_auc
from scripts.intervals.population import Misses, table

# Scores of the non-defaults are N(0, 1), of the defaults N(distance, spread).
MODELS = {"useless": (0.0, 1.0), "weak": (0.2, 1.0), "usual": (1.0, 1.0), "narrow": (1.0, 0.7), "strong": (2.0, 1.0)}
DEFAULTS = (1, 2, 3, 5, 10, 20, 50, 500)


def measured(distance: float, spread: float, n_bad: int, *, n_samples: int, seed: int) -> tuple[Misses, Misses]:
    """What the intervals of AUC and of KS miss, with eleven non-defaults to a default but 60 at least."""
    rng, n_good = np.random.default_rng(seed), max(11 * n_bad, 60)
    places = np.linspace(-6, 8, 10_001)
    true_ks = float(np.abs(stats.norm.cdf(places) - stats.norm.cdf((places - distance) / spread)).max())
    true_auc = float(stats.norm.cdf(distance / np.hypot(1, spread)))
    auc, ks = Misses(), Misses()
    outcome = np.repeat([True, False], [n_bad, n_good])
    for _ in range(n_samples):
        score = np.concatenate([rng.normal(distance, spread, n_bad), rng.normal(size=n_good)])
        counts = exact_counts(outcome, stats.norm.cdf(score))
        auc.count(roc_auc(counts), true_auc)
        ks.count(ks_statistic(counts).statistic, true_ks)
    return auc, ks


def report(n_samples: int, seed: int) -> str:
    """The table of docs/metrics.md."""
    rows = []
    for words, (distance, spread) in MODELS.items():
        by_defaults = [measured(distance, spread, n_bad, n_samples=n_samples, seed=seed + n_bad) for n_bad in DEFAULTS]
        for name, place in (("AUC", 0), ("KS", 1)):
            rows.append([f"{name}, {words}", *(" · ".join(each[place].cells()) for each in by_defaults)])
    return table(["figure, score", *(f"{n_bad} default" + "s" * (n_bad > 1) for n_bad in DEFAULTS)], rows)
