from __future__ import annotations

import math
from dataclasses import replace

import pytest
from scipy import stats

from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.economics import Costs, Terms
from dashboard.metrics.evaluation import Assumptions, Evaluation
from dashboard.metrics.rates import confusion

GIVEN = Assumptions(0.25, Costs(10, 1), Terms(0.05, 0.5, 100.0), beta=2, n_groups=4)
# Two of six default; at a cutoff of 25 % the three riskiest are declined, one of them rightly.
SIX = exact_counts([0, 1, 0, 0, 1, 0], [0.1, 0.2, 0.2, 0.3, 0.4, 0.5], [100, 100, 100, 100, 200, 100])


def test_results_are_those_of_counts_under_assumptions() -> None:
    found = Evaluation(SIX, GIVEN)
    assert found.confusion == confusion(SIX, 0.25)
    assert (found.confusion.true_declines, found.confusion.false_declines) == (1, 2)
    # 0.5 x 100 x (0.1 + 0.2 + 0.2 + 0.3 + 0.5) + 0.5 x 200 x 0.4, and half of 300 lost.
    assert found.expected_loss.value == pytest.approx(105)
    assert found.observed_loss.value == pytest.approx(150)
    assert found.costs is not None
    assert found.costs.now.value == pytest.approx((10 + 2) / 6)
    assert found.calibration_error.groups.applications.tolist() == [1, 2, 1, 2]


def test_another_cutoff_changes_what_depends_on_it_alone() -> None:
    found = Evaluation(SIX, GIVEN)
    other = found.at(0.45)
    assert other.assumptions.cutoff == 0.45
    assert (other.confusion.true_declines, other.confusion.false_declines) == (0, 1)
    assert other.roc_auc == found.roc_auc
    assert found.confusion.cutoff == 0.25


def test_a_result_is_computed_once() -> None:
    found = Evaluation(SIX, GIVEN)
    assert found.costs is found.costs


def test_the_smallest_gap_is_that_of_right_pds() -> None:
    variance = 0.1 * 0.9 + 2 * 0.2 * 0.8 + 0.3 * 0.7 + 0.4 * 0.6 + 0.5 * 0.5
    wanted = stats.norm.ppf(0.975) * math.sqrt(variance) / 6
    assert Evaluation(SIX, GIVEN).smallest_significant_gap == pytest.approx(wanted)
    assert Evaluation(ScoreCounts.empty(), GIVEN).smallest_significant_gap == 0


def test_what_no_assumption_changes_is_shared_and_groups_have_their_own() -> None:
    found = Evaluation(SIX, GIVEN)
    other = Evaluation(SIX, replace(GIVEN, cutoff=0.45, n_groups=2), found.shared)
    assert found.at(0.45).calibration_error is found.calibration_error
    assert other.calibration_error.groups.applications.tolist() == [3, 3]
    assert found.calibration_error.groups.applications.tolist() == [1, 2, 1, 2]
    assert (other.confusion.true_declines, found.confusion.true_declines) == (0, 1)
