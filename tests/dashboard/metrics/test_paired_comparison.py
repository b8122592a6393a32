from __future__ import annotations

import numpy as np
import pytest

from dashboard.metrics.counts import exact_counts
from dashboard.metrics.economics import Costs, Terms
from dashboard.metrics.evaluation import Assumptions, Evaluation
from dashboard.metrics.paired import PairedRows, rank_scores
from dashboard.metrics.paired_comparison import PairedComparison
from dashboard.metrics.paired_swap import Swap

RNG = np.random.default_rng(4)
N = 3_000
PD = RNG.beta(1.2, 9, N)
OUTCOME = (RNG.random(N) < PD).astype(np.uint8)
NOISY = np.clip(PD * np.exp(0.7 * RNG.normal(size=N)), 0.001, 0.999)
ASSUMED = Assumptions(0.1, Costs(10, 1), Terms(0.05, 0.45, 10_000.0), beta=2.0, n_groups=10)


def compared(*, why: str = "") -> PairedComparison:
    rows = PairedRows(rank_scores(NOISY), rank_scores(PD, why_no_pd=why), OUTCOME)
    one, two = (
        Evaluation(exact_counts(OUTCOME, pd), ASSUMED, why_no_pd=reason) for pd, reason in ((NOISY, ""), (PD, why))
    )
    return PairedComparison(("noisy", "true"), rows, (one, two))


@pytest.mark.parametrize("name", [each.name for each in compared().figures])
def test_each_difference_is_that_of_the_two_values(name: str) -> None:
    found = compared().figure(name)
    assert found.one.value is not None
    assert found.two.value is not None
    assert found.difference.value == pytest.approx(found.two.value - found.one.value, abs=1e-9)
    assert found.difference.low is not None


def test_the_true_pds_are_surely_better() -> None:
    found = compared()
    assert {each.name for each in found.figures if each.is_sure} >= {"auc", "gini", "brier", "log_loss"}
    assert (found.figure("auc").difference.low or 0) > 0
    assert (found.figure("brier").difference.high or 0) < 0
    assert (found.nri_at((0.1, 0.1)).total.value or 0) > 0
    # What the warning is about: the PDs that exaggerate are further apart, so that the IDI prefers them.
    assert (found.idi.total.high or 0) < 0


def test_scores_that_are_no_probabilities_are_compared_by_rank_alone() -> None:
    found = compared(why="the score ranks")
    assert found.figure("auc").difference.value == compared().figure("auc").difference.value
    reasons = {each.name: each.difference.reason for each in found.figures if not each.difference.is_defined}
    assert reasons == dict.fromkeys(
        ["brier", "log_loss", "calibration_intercept", "calibration_slope"], "the score ranks"
    )
    assert found.figure("brier").one.is_defined
    assert not found.figure("brier").two.is_defined
    assert not found.by_band.total.is_defined


def test_at_equal_approval_as_many_are_swapped_in_as_out() -> None:
    found = compared()
    swap = found.swap(found.equal_cutoffs(0.1), ASSUMED.terms)
    assert swap.of(Swap.IN).n == swap.of(Swap.OUT).n > 0


def test_the_same_model_twice_differs_in_nothing() -> None:
    one = rank_scores(PD)
    evaluation = Evaluation(exact_counts(OUTCOME, PD), ASSUMED)
    found = PairedComparison(("a", "b"), PairedRows(one, one, OUTCOME), (evaluation, evaluation))
    assert {(each.difference.value, each.difference.low, each.difference.high) for each in found.figures} == {(0, 0, 0)}
    assert found.rank_correlation.value == pytest.approx(1)
