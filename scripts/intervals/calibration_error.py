"""The calibration error's chance limit against a direct simulation of right PDs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboard.metrics.calibration import expected_calibration_error
from dashboard.metrics.counts import exact_counts
from dashboard.metrics.groups import equal_count_groups
from scripts.intervals.population import A, B, Floats, table

GROUPS = (5, 20, 50)
SIZES = (100, 300, 620, 5_000, 20_000)


@dataclass(frozen=True, slots=True)
class Noise:
    """Mean and 95 % quantile of the calibration error of right PDs, worked out and drawn; how many drawn are below."""

    mean: float
    high: float
    drawn_mean: float
    drawn_high: float
    below: float


def compared(pd: Floats, n_groups: int, *, n_samples: int, seed: int) -> Noise:
    """Draw outcomes of `pd` application by application, `n_samples` times."""
    rng = np.random.default_rng(seed)
    pd = np.sort(pd)
    counts = exact_counts(np.zeros(pd.size, dtype=bool), pd)
    group = equal_count_groups(counts, n_groups)[np.searchsorted(counts.edges, pd)]
    first = np.flatnonzero(np.diff(group, prepend=-1))
    expected = np.add.reduceat(pd, first)
    errors = np.array(
        [
            np.abs(np.add.reduceat((rng.random(pd.size) < pd).astype(float), first) - expected).sum() / pd.size
            for _ in range(n_samples)
        ]
    )
    estimate = expected_calibration_error(counts, n_groups=n_groups)
    return Noise(
        estimate.noise,
        estimate.noise_high,
        float(errors.mean()),
        float(np.quantile(errors, 0.95)),
        float((errors <= estimate.noise_high).mean()),
    )


def report(n_samples: int, seed: int) -> str:
    """The table of docs/metrics.md; PDs a tenth as high as usual come second."""
    rng, rows = np.random.default_rng(seed), []
    for scale in (1.0, 0.1):
        for size in SIZES:
            pd = scale * rng.beta(A, B, size)
            for n_groups in GROUPS:
                noise = compared(pd, n_groups, n_samples=n_samples, seed=seed)
                points = (noise.mean, noise.drawn_mean, noise.high, noise.drawn_high)
                rows.append(
                    [
                        f"{100 * pd.mean():.2f} %",
                        f"{size:,}",
                        str(n_groups),
                        *(f"{100 * each:.3f}" for each in points),
                        f"{100 * noise.below:.1f} %",
                    ]
                )
    head = ["mean PD", "applications", "groups", "mean", "drawn", "up to", "drawn", "below"]
    return table(head, rows)
