from __future__ import annotations

import numpy as np
import pytest

from dashboard.cohort.cautions import caution, resolution, reversal
from dashboard.cohort.filters import DecisionFilter, Filters, LevelFilter
from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.discrimination import roc_auc
from data.predictions.scores import make_score_grid
from data.predictions.table import OBSERVED


def drawn(n_good: int, n_bad: int) -> ScoreCounts:
    return exact_counts([0] * n_good + [1] * n_bad, [0.1] * (n_good + n_bad))


@pytest.mark.parametrize(
    ("counts", "said"),
    [
        (drawn(10, 10), ""),
        (drawn(50, 9), "Too few to conclude: the cohort holds 9 defaults only."),
        (drawn(1, 50), "Too few to conclude: the cohort holds 1 non-default only."),
        (drawn(50, 0), "None of these applications defaulted"),
        (drawn(0, 50), "All of these applications defaulted"),
    ],
)
def test_small_and_one_sided_cohorts_are_said_to_be(counts: ScoreCounts, said: str) -> None:
    assert caution(counts, Filters()).startswith(said)
    assert bool(caution(counts, Filters())) == bool(said)


@pytest.mark.parametrize("condition", [LevelFilter(OBSERVED, ("Repaid",)), DecisionFilter((), 0.1)])
def test_a_cohort_cut_by_its_outcome_says_so(condition: LevelFilter | DecisionFilter) -> None:
    assert caution(drawn(50, 50), Filters.of([condition])).startswith("This cohort is defined by its outcome.")


def test_scores_of_repayment_are_asked_about() -> None:
    rng = np.random.default_rng(4)
    pd = rng.beta(1, 11, 5_000)
    outcome = rng.random(5_000) < pd
    right, noise = exact_counts(outcome, pd), exact_counts(outcome, rng.random(5_000))
    assert "is it a probability of good?" in reversal(roc_auc(exact_counts(outcome, 1 - pd)))
    assert reversal(roc_auc(right)) == reversal(roc_auc(noise)) == reversal(roc_auc(drawn(50, 0))) == ""


def test_figures_are_called_exact_where_each_pd_is_a_bin() -> None:
    assert resolution(None) == resolution(make_score_grid(np.linspace(0, 1, 500)))
    assert resolution(None).startswith("Figures are exact")
    assert "up to 32,768 applications are exact" in resolution(make_score_grid(np.linspace(0, 1, 70_000)))
