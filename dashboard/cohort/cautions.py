"""What a reader of a cohort should know before any figure of it."""

from __future__ import annotations

from dashboard.cohort.filters import Filters
from dashboard.metrics.counts import MOST_EXACT, ScoreCounts
from dashboard.metrics.estimate import Estimate
from dashboard.words import labels
from data.predictions.scores import ScoreGrid

# With fewer of either outcome, an interval is wider than what it is asked about.
FEW = 10


def caution(counts: ScoreCounts, filters: Filters) -> str:
    """The sentence that a small or one-sided cohort needs; empty for the others."""
    if filters.is_cut_by_outcome:
        return (
            "This cohort is cut out by its outcome. Its default rate, calibration and ranking are the filter's doing "
            "and say nothing about the model."
        )
    n_good, n_bad = counts.n_good, counts.n_bad
    if not n_good or not n_bad:
        which = "None" if not n_bad else "All"
        return f"{which} of these applications defaulted: AUC, Gini and KS, which compare outcomes, are not defined."
    if min(n_good, n_bad) < FEW:
        number = labels.plural(n_bad, "default") if n_bad < FEW else labels.plural(n_good, "non-default")
        return f"Too few to conclude: the cohort holds {number} only. Intervals are wide, and single figures mislead."
    return ""


def reversal(auc: Estimate) -> str:
    """The sentence that doubts scores which rank applications the wrong way round; empty for the others."""
    if auc.value is None or auc.high is None or auc.high >= 0.5:
        return ""
    return (
        f"Higher scores go with fewer defaults (AUC {labels.decimal(auc.value)}): is this the probability of "
        "repayment? Ranking and decisions by cutoff are then the wrong way round."
    )


def resolution(grid: ScoreGrid | None) -> str:
    """How exactly the figures of a table with `grid` are counted."""
    if grid is None or grid.is_exact:
        return "Figures are exact: each distinct PD is counted by itself."
    return (
        "PDs are counted in groups between neighbouring cutoffs, which are 0.01 points apart or less; cohorts of up to "
        f"{MOST_EXACT:,} applications are exact."
    )
