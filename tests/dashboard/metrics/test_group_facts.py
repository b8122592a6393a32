"""Facts on groups against the functions that answer the same of one cohort alone."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy import stats

from dashboard.metrics.counts import ScoreCounts, count_scores_by, exact_counts
from dashboard.metrics.discrimination import delong, roc_auc
from dashboard.metrics.group_facts import group_facts, p_more, p_of_defaults
from data.predictions.scores import ScoreGrid


def test_a_group_is_ranked_beside_the_rest_of_its_cohort(
    portfolio: pl.DataFrame, grid: ScoreGrid, binned: ScoreCounts
) -> None:
    # On the table's grid and by distinct PDs, of which the cohort's are more than the group's.
    exact = exact_counts(*(portfolio[name].to_numpy() for name in ("is_default", "default_probability")))
    for whole, on in ((binned, grid), (exact, None)):
        parts = {int(str(level)): part for level, part in count_scores_by(portfolio, "region", on).items()}
        for facts in group_facts("region", "Region", [str(code) for code in range(4)], parts, whole):
            part = parts[facts.group.code]
            own, rest = delong(part), delong(whole - part)
            assert own is not None
            assert rest is not None
            assert facts.rest_auc == pytest.approx(rest.auc, rel=1e-12)
            assert facts.roc_auc == roc_auc(part)
            # Welch's test of the two AUCs' log-odds, by SciPy.
            spread = [each.variance**0.5 / (each.auc * (1 - each.auc)) for each in (rest, own)]
            odds = [np.log(each.auc / (1 - each.auc)) for each in (rest, own)]
            n = [each.degrees_of_freedom + 1 for each in (rest, own)]
            welch = stats.ttest_ind_from_stats(
                odds[0], spread[0] * n[0] ** 0.5, n[0], odds[1], spread[1] * n[1] ** 0.5, n[1],
                equal_var=False, alternative="greater",
            )  # fmt: skip
            assert facts.ranking == pytest.approx(welch.pvalue, rel=1e-9)


def test_p_values_of_shares_are_the_binomial_ones() -> None:
    found = p_more(np.array([0, 3, 10]), np.array([10, 10, 10]), 0.1)
    assert found.tolist() == pytest.approx([1.0, float(stats.binom.sf(2, 10, 0.1)), 0.1**10])
    assert p_of_defaults(3, 10, 1.0) == pytest.approx(2 * float(stats.binom.sf(2, 10, 0.1)))
    assert p_of_defaults(1, 10, 1.0) == 1.0
