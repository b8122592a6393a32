"""Where one PD stands among those of a cohort."""

from __future__ import annotations

from dashboard.metrics.counts import ScoreCounts, score_bins


def share_below(counts: ScoreCounts, default_probability: float) -> float | None:
    """Share of the cohort whose PD lies in a lower bin, half of those in the same bin counted as lower.

    The mid-rank convention: the share is 1/2 for the median, whatever ties there are. None without applications.
    """
    if not counts.n_applications:
        return None
    place = int(score_bins(default_probability))
    below = counts.applications[:place].sum() + counts.applications[place] / 2
    return float(below / counts.n_applications)
