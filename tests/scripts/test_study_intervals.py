"""The population's true figures against other ways to them, and the command."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy import integrate, stats
from sklearn import metrics as sk

from dashboard.metrics.estimate import Estimate
from data.settings import ROOT
from scripts.intervals import economics, figures
from scripts.intervals.population import A, B, Misses


def expected(function: object, low: float = 0.0, high: float = 1.0) -> float:
    found, _ = integrate.quad(lambda pd: stats.beta.pdf(pd, A, B) * function(pd), low, high)  # type: ignore[operator]
    return float(found)


def test_true_cost_and_profit_are_the_integrals() -> None:
    cost = expected(lambda pd: 10 * pd, 0, 0.0909) + expected(lambda pd: 1 - pd, 0.0909, 1)
    assert economics.truth(None, 0.0909) == pytest.approx(cost, rel=1e-5)
    kind = economics.Exposures(0.6, 5.0)
    profit = expected(lambda pd: np.exp(0.18 - 5 * pd) * (0.05 - 0.5 * pd), 0, 0.16)
    assert economics.truth(kind, 0.16) == pytest.approx(profit, rel=1e-4)


def test_true_figures_are_those_of_a_huge_sample() -> None:
    rng = np.random.default_rng(8)
    pd = rng.beta(A, B, 2_000_000)
    outcome, true = rng.random(pd.size) < pd, figures.truths()
    declined = pd >= 0.0909
    for name, value in (
        ("ROC AUC", sk.roc_auc_score(outcome, pd)),
        ("average precision", sk.average_precision_score(outcome, pd)),
        ("Brier score", sk.brier_score_loss(outcome, pd)),
        ("log-loss", sk.log_loss(outcome, pd)),
        ("bad rate at 9.09 %", outcome[~declined].mean()),
        ("F1 at 9.09 %", sk.f1_score(outcome, declined)),
        ("Matthews correlation at 9.09 %", sk.matthews_corrcoef(outcome, declined)),
        ("lift of tenth 1", outcome[pd >= np.quantile(pd, 0.9)].mean() / outcome.mean()),
    ):
        assert true[name] == pytest.approx(value, rel=0.015), name


def test_misses_count_either_side() -> None:
    missed = Misses()
    for low, high in ((1.0, 2.0), (-2.0, -1.0), (-1.0, 1.0), (0.0, 1.0)):
        missed.count(Estimate((low + high) / 2, low, high), 0.0)
    missed.count(Estimate(1.0), 0.0)
    assert (missed.below, missed.above, missed.samples, missed.coverage) == (1, 1, 4, 0.5)
    assert missed.cells() == ["25.0", "25.0", "50.0"]


def test_the_command_prints_a_table() -> None:
    command = [sys.executable, "-m", "scripts.study_intervals", "separation", "--samples", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = done.stdout.splitlines()
    assert lines[0].startswith("| figure, score | 1 default")
    assert [line.split("|")[1].strip() for line in lines[2:4]] == ["AUC, useless", "KS, useless"]
