"""Figures of applications whose outcome nobody knows yet: what their PDs alone say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboard.metrics.counts import FloatArray, IntArray, ScoreCounts, exact_counts


def unseen_counts(pds: FloatArray) -> ScoreCounts:
    """The counts of PDs without outcomes, all put down as good; what needs outcomes must not be taken from them."""
    return exact_counts(np.zeros(pds.size, dtype=bool), pds)


def expected_defaults(counts: ScoreCounts, cutoff: float) -> float:
    """The sum of the PDs of what `cutoff` approves."""
    approved = slice(0, counts.first_declined(cutoff))
    return float((counts.good_pd + counts.bad_pd)[approved].sum())


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
    starts = [0, *(counts.first_declined(edge) for edge in edges)]
    below = np.append(0, np.cumsum(counts.applications))
    shares: list[float] = (np.diff(below[[*starts, -1]]) / max(counts.n_applications, 1)).tolist()
    return shares
