"""Figures of applications without an outcome, from their PDs alone."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboard.metrics.counts import OPEN, FloatArray, IntArray, ScoreCounts, exact_counts


def unseen_counts(pds: FloatArray) -> ScoreCounts:
    """The counts of PDs without outcomes, all open."""
    return exact_counts(np.full(pds.size, OPEN), pds)


def expected_defaults(counts: ScoreCounts, cutoff: float) -> float:
    """The sum of the PDs of what `cutoff` approves."""
    approved = slice(0, counts.first_declined(cutoff))
    return float(counts.pd_sums[approved].sum())


def mean_pd_of_approved(counts: ScoreCounts, cutoff: float) -> float | None:
    """The mean PD of what `cutoff` approves; None where that is nothing."""
    n_approved = int(counts.applications[: counts.first_declined(cutoff)].sum())
    return expected_defaults(counts, cutoff) / n_approved if n_approved else None


def riskiest_first(pds: FloatArray, most: int) -> IntArray:
    """The places of the `most` highest PDs, highest first, equal ones in their order; missing PDs (NaN) come last."""
    order: IntArray = np.argsort(-np.nan_to_num(pds, nan=-1.0), kind="stable")[:most]
    return order


def band_shares(counts: ScoreCounts, edges: Sequence[float]) -> list[float]:
    """The share of applications in each risk band, from the lowest PD up; 0 throughout where there are none."""
    return [number / max(counts.n_applications, 1) for number in band_sizes(counts, edges)[0]]


def band_sizes(counts: ScoreCounts, edges: Sequence[float]) -> tuple[list[int], list[float | None]]:
    """The number of applications in each risk band, from the lowest PD up, and their mean PD, None where none are."""
    ends = [0, *(counts.first_declined(edge) for edge in edges), -1]
    number, pd_sum = (
        np.diff(np.append(0, np.cumsum(each))[ends]).tolist() for each in (counts.applications, counts.pd_sums)
    )
    return number, [total / n if n else None for total, n in zip(pd_sum, number, strict=True)]
