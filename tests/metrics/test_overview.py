"""The overview: each of its parts is the metric of its name, and odd cohorts give reasons."""

from __future__ import annotations

from dashboard.metrics.calibration import Verdict
from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.overview import overview


def test_four_applications_by_hand() -> None:
    shown = overview(exact_counts([False, True, False, True], [0.1, 0.2, 0.3, 0.4]))
    assert (shown.volumes.applications, shown.volumes.defaults) == (4, 2)
    assert shown.default_rate.value == 0.5
    assert shown.mean_pd.value == 0.25
    # Of the four pairs of a default and a non-default, three are in order.
    assert shown.roc_auc.value == 0.75
    assert shown.gini.value == 0.5
    assert shown.ks.statistic.value == 0.5


def test_no_application_gives_reasons_and_no_curve() -> None:
    shown = overview(ScoreCounts.empty())
    assert shown.default_rate.explanation == "not defined because the cohort holds no applications"
    assert shown.roc is None
    assert shown.calibration.verdict is Verdict.TOO_FEW


def test_one_class_has_a_rate_but_no_auc() -> None:
    shown = overview(exact_counts([False, False], [0.1, 0.2]))
    assert shown.default_rate.value == 0.0
    assert shown.roc_auc.explanation == "not defined because none of the cohort's applications defaulted"
