"""Warnings about a cohort that come before its figures."""

from __future__ import annotations

from dashboard.cohort.filters import Filters
from dashboard.metrics.counts import MOST_EXACT, ScoreCounts
from dashboard.metrics.estimate import Estimate
from dashboard.words import labels
from data.predictions.scores import ScoreGrid

# With fewer of either outcome, an interval is too wide to answer anything.
FEW = 10


def caution(counts: ScoreCounts, filters: Filters) -> str:
    """A warning about a small or one-sided cohort; empty if none is due."""
    if filters.is_cut_by_outcome and (counts.n_resolved or not counts.n_open):
        return (
            "This cohort is defined by its outcome. Its default rate, calibration and ranking follow from the filter "
            "and say nothing about the model."
        )
    n_good, n_bad = counts.n_good, counts.n_bad
    if counts.n_open and not counts.n_resolved:
        return "No outcome of these applications is known yet: nothing compares their PDs with what happened."
    if not n_good or not n_bad:
        which = "None" if not n_bad else "All"
        known = " of known outcome" if counts.n_open else ""
        which += f" of these applications{known}"
        return f"{which} defaulted: AUC, Gini and KS, which compare outcomes, are not defined."
    if min(n_good, n_bad) < FEW:
        number = labels.plural(n_bad, "default") if n_bad < FEW else labels.plural(n_good, "non-default")
        return f"Too few to conclude: the cohort holds {number} only. Intervals are wide, and single figures mislead."
    return ""


def reversal(auc: Estimate) -> str:
    """A warning about scores that rank applications the wrong way round; empty if none is due."""
    if auc.value is None or auc.high is None or auc.high >= 0.5:
        return ""
    return (
        f"This score seems to rank the other way round (AUC {labels.decimal(auc.value)}): is it a probability of good? "
        "Ranking and decisions by cutoff are then turned; reading it as probability-of-good puts them right."
    )


def resolution(grid: ScoreGrid | None) -> str:
    """How exactly the figures of a table with `grid` are counted."""
    if grid is None or grid.is_exact:
        return "Figures are exact: each distinct PD is counted by itself."
    return (
        "PDs are counted in groups between neighbouring cutoffs, which are 0.01 points apart or less; cohorts of up to "
        f"{MOST_EXACT:,} applications are exact."
    )
