"""How many tables of segments have an interval that is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dashboard.metrics.rates import exact_bounds
from dashboard.metrics.segments import rate_difference, simultaneous_error
from scripts.intervals.population import table

DESIGNS = {
    "6, down to 1 %": (0.4, 0.3, 0.15, 0.09, 0.05, 0.01),
    "12, down to 1 %": (0.3, 0.2, 0.12, 0.1, 0.08, 0.06, 0.05, 0.04, 0.02, 0.01, 0.01, 0.01),
    "2, of 99 and 1 %": (0.99, 0.01),
    "2 halves": (0.5, 0.5),
    "20 of 5 %": (0.05,) * 20,
    "100 of 1 %": (0.01,) * 100,
}
SIZES = (620, 5_000, 50_000)


@dataclass(frozen=True, slots=True)
class WrongTables:
    """Shares of the tables in which the interval of one segment or more misses: of a difference, of a bad rate."""

    differences: float
    bad_rates: float


def wrong_tables(
    shares: Sequence[float], n_applications: int, rates: npt.ArrayLike, *, n_tables: int, seed: int
) -> WrongTables:
    """Draw tables of segments of these shares of the applications and of these default rates (one, or one each)."""
    rng = np.random.default_rng(seed)
    sizes = np.maximum(np.rint(np.multiply(shares, n_applications)).astype(int), 1)
    true = np.broadcast_to(np.asarray(rates, dtype=np.float64), sizes.shape)
    total = int(sizes.sum())
    gap = true - ((sizes * true).sum() - sizes * true) / (total - sizes)
    error = simultaneous_error(sizes.size)
    wrong = np.zeros(2)
    for defaults in rng.binomial(sizes, true, (n_tables, sizes.size)):
        missed = np.zeros(2, dtype=bool)
        for n_bad, size, rate, difference in zip(defaults.tolist(), sizes.tolist(), true, gap, strict=True):
            interval = rate_difference((n_bad, size), (int(defaults.sum()) - n_bad, total - size), error=error)
            low, high = exact_bounds(n_bad, size, error=error)
            assert interval.low is not None
            assert interval.high is not None
            missed |= [not interval.low <= difference <= interval.high, not low <= rate <= high]
        wrong += missed
    return WrongTables(*(float(share) for share in wrong / n_tables))


def report(n_samples: int, seed: int) -> str:
    """The table of docs/metrics.md."""
    rows = []
    for words, shares in DESIGNS.items():
        even = np.linspace(0.03, 0.2, len(shares))
        for n_applications in SIZES:
            wrong = [
                wrong_tables(shares, n_applications, rates, n_tables=n_samples, seed=seed)
                for rates in (0.08, even, 0.01)
            ]
            cells = [f"{100 * each.differences:.1f} · {100 * each.bad_rates:.1f}" for each in wrong]
            rows.append([words, f"{n_applications:,}", *cells])
    return table(["segments", "applications", "all 8 %", "3 to 20 %", "all 1 %"], rows)
