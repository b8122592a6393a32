"""The section runs on a small portfolio, and notices an AUC that is not scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.metrics.counts import exact_counts
from dashboard.metrics.evaluation import Evaluation
from dashboard.metrics.paired import PairedRows, rank_scores
from dashboard.metrics.paired_comparison import PairedComparison
from dashboard.metrics.paired_ranking import PairedAuc
from dashboard.visit.assumptions import assume
from data.settings import Settings
from scripts._measure import DifferenceError
from scripts.benchmarks.comparison import _check, measure_comparison


def test_every_part_is_timed_over_the_whole_and_half(built: Settings) -> None:
    figures = measure_comparison(built)
    assert set(figures) == {"rows", "once_a_model", "whole", "half"}
    for name in ("whole", "half"):
        timed = figures[name]
        assert isinstance(timed, dict)
        assert {"auc_difference_ms", "all_differences_ms", "swap_set_ms", "segments_ms", "reasons_ms"} <= set(timed)


def test_another_auc_than_scikit_learns_is_noticed() -> None:
    rng = np.random.default_rng(1)
    pd = rng.random(200)
    outcome = (rng.random(200) < pd).astype(np.uint8)
    evaluation = Evaluation(exact_counts(outcome, pd), assume(0.1))
    rows = PairedRows(rank_scores(pd), rank_scores(1 - pd), outcome)
    comparison = PairedComparison(("a", "b"), rows, (evaluation, evaluation))
    _check(comparison)
    found = comparison.auc
    assert found is not None
    comparison.__dict__["auc"] = PairedAuc(found.one, found.two + 0.01, found.difference, found.standard_error)
    with pytest.raises(DifferenceError, match="scikit-learn"):
        _check(comparison)
