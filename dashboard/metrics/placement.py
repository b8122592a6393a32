"""Where one PD stands among those of a cohort."""

from __future__ import annotations

import numpy as np

from dashboard.metrics.counts import ScoreCounts


def share_below(counts: ScoreCounts, default_probability: float) -> float | None:
    """Share of the cohort whose PD is lower, half of those with the same (in coarse bins: in the same bin) as lower.

    The mid-rank convention: the share is 1/2 for the median, whatever ties there are. None without applications.
    """
    if not counts.n_applications:
        return None
    up_to = int(np.searchsorted(counts.edges, default_probability, side="right"))
    is_in_bin = up_to and (not counts.is_exact or counts.edges[up_to - 1] == default_probability)
    same = counts.applications[up_to - 1].item() if is_in_bin else 0
    return float((counts.applications[:up_to].sum() - same / 2) / counts.n_applications)
