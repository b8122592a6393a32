"""Cards: what each says."""

from __future__ import annotations

import pytest

from dashboard.components.metric_card import word_difference
from dashboard.metrics.estimate import Estimate
from dashboard.report import catalogue

APART = Estimate(-0.0123, -0.02, -0.0046)


@pytest.mark.parametrize(
    ("metric", "apart", "words"),
    [
        (catalogue.DEFAULT_RATE, APART, "**−1.23 points** (−2.00 to −0.46)"),
        (catalogue.ROC_AUC, Estimate(0.01, -0.002, 0.022), "+0.010 (−0.002 to +0.022)"),
        (catalogue.MEAN_PD, Estimate(0.01), "+1.00 points"),
        (catalogue.EXPECTED_LOSS, Estimate.undefined("x"), "–"),
    ],
)
def test_a_difference_is_bold_where_its_interval_leaves_out_0(
    metric: catalogue.Metric, apart: Estimate, words: str
) -> None:
    assert word_difference(metric, apart).replace("\u00a0", " ") == words
