from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics as sk

from scripts.intervals import figures
from scripts.intervals.population import A, B


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
