"""Scores that know more than a score can: separation so good that the outcome must have gone into it."""

from __future__ import annotations

from dashboard.metrics.counts import ScoreCounts
from dashboard.metrics.discrimination import roc_auc
from data.quality.oddities import IMPLAUSIBLE_AUC


def suspect_leakage(counts: ScoreCounts) -> str:
    """A sentence that suspects the scores of knowing the outcome, empty where there is no ground for it.

    The ground is an AUC whose whole interval lies above 0.95, or below 0.05.
    """
    auc = roc_auc(counts)
    if auc.value is None or auc.low is None or auc.high is None:
        return ""
    if auc.low <= IMPLAUSIBLE_AUC and auc.high >= 1 - IMPLAUSIBLE_AUC:
        return ""
    how = "completely" if auc.value in (0.0, 1.0) else "almost completely"
    other_way = " (the other way round)" if auc.value < 0.5 else ""
    # Rounded, 0.9999 would read as 1.
    return (
        f"Suspect leakage: the scores separate defaults from non-defaults {how}{other_way}, with an AUC of "
        f"{word_auc(auc.value)}. No credit score does that before the outcome is known. Check that neither the outcome "
        "nor anything that follows from it went into the score, and that the score is not the outcome's own copy."
    )


def word_auc(auc: float) -> str:
    """An AUC near its ends in three decimals, which are those of the end only where it is reached."""
    return f"{auc:.3f}" if auc in (0.0, 1.0) else f"{min(max(auc, 0.0005), 0.9994):.3f}"
