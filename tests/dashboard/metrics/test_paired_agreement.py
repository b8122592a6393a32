from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from dashboard.metrics.counts import OPEN
from dashboard.metrics.economics import Terms
from dashboard.metrics.paired import PairedRows, rank_scores
from dashboard.metrics.paired_agreement import agreement, mid_ranks, rank_correlation, rank_grid
from dashboard.metrics.paired_swap import swap_set

RNG = np.random.default_rng(2)
N = 1_000
RISK = RNG.normal(size=N)
ONE, TWO = (np.round(1 / (1 + np.exp(1 - RISK - noise * RNG.normal(size=N))), 2) for noise in (0.3, 0.9))
OUTCOME = RNG.choice([0, 1, OPEN], N, p=[0.7, 0.2, 0.1]).astype(np.uint8)
ROWS = PairedRows(rank_scores(ONE), rank_scores(TWO), OUTCOME)
TERMS = Terms(0.1, 0.5, 1.0)


def test_kappa_against_scikit_learn_and_a_bootstrap() -> None:
    found = agreement(swap_set(ROWS, (0.3, 0.4), TERMS), ROWS)
    decisions = ONE >= 0.3, TWO >= 0.4
    assert found.share.value == pytest.approx((decisions[0] == decisions[1]).mean())
    assert found.kappa.value == pytest.approx(sk.cohen_kappa_score(*decisions))
    again = []
    for _ in range(400):
        drawn = RNG.integers(0, N, N)
        again.append(sk.cohen_kappa_score(decisions[0][drawn], decisions[1][drawn]))
    assert found.kappa.low is not None
    assert found.kappa.high is not None
    assert (found.kappa.high - found.kappa.low) / 3.92 == pytest.approx(np.std(again), rel=0.12)


def test_one_decision_for_all_has_no_kappa() -> None:
    found = agreement(swap_set(ROWS, (2.0, 2.0), TERMS), ROWS)
    assert found.share.value == 1
    assert "on all applications alike" in found.kappa.explanation


def test_rank_correlation_against_scipy() -> None:
    assert rank_correlation(ROWS).value == pytest.approx(stats.spearmanr(ONE, TWO).statistic)
    same = PairedRows(rank_scores(ONE), rank_scores(np.full(N, 0.5)), OUTCOME)
    assert "same score" in rank_correlation(same).explanation


def test_ranks_of_weighted_rows_are_those_of_the_rows_repeated() -> None:
    weight = RNG.integers(1, 4, N).astype(np.float64)
    weighted = PairedRows(ROWS.one, ROWS.two, OUTCOME, weight)
    often = np.repeat(np.arange(N), weight.astype(int))
    assert rank_correlation(weighted).value == pytest.approx(stats.spearmanr(ONE[often], TWO[often]).statistic)


def test_mid_ranks_of_ties_are_in_the_middle_of_theirs() -> None:
    found = mid_ranks(rank_scores([0.2, 0.1, 0.2, 0.3]), np.ones(4))
    assert found.tolist() == [0.5, 0.125, 0.5, 0.875]


def test_the_grid_holds_every_row_once() -> None:
    grid = rank_grid(ROWS, n_groups=10)
    assert grid.n_groups == 10
    assert grid.applications.sum() == N
    assert grid.resolved.sum() == N - ROWS.n_open
    assert grid.defaults.sum() == (OUTCOME == 1).sum()
    safest = (stats.rankdata(ONE) - 0.5) / N < 0.1
    assert grid.applications[0].sum() == safest.sum()
