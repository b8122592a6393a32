from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.rates import (
    Confusion,
    approval_rate,
    bad_rate,
    confusion,
    default_rate,
    expected_loss,
    mean_pd,
    wilson_bounds,
    wilson_ends,
)

OUTCOMES = [True, False, True, False, False]
PDS = [0.9, 0.1, 0.2, 0.4, 0.05]
HAND = exact_counts(OUTCOMES, PDS, [100.0, 200.0, 300.0, 400.0, 500.0])


def test_default_rate_and_mean_pd_by_hand() -> None:
    rate = default_rate(HAND)
    assert rate.value == 0.4
    # Wilson by hand for 2 of 5: centre (2 + 1.9208) / (5 + 3.8416), half-width 1.96 sqrt(5*0.24 + 0.9604) / 8.8416
    assert rate.low == pytest.approx(0.1176, abs=5e-5)
    assert rate.high == pytest.approx(0.7693, abs=5e-5)
    assert mean_pd(HAND).value == pytest.approx(0.33)
    assert mean_pd(HAND).low is None


def test_confusion_by_hand() -> None:
    found = confusion(HAND, 0.2)  # declined: 0.9, 0.2 and 0.4
    assert (found.true_declines, found.false_declines) == (2, 1)
    assert (found.true_approvals, found.false_approvals) == (2, 0)
    assert (found.declined, found.approved, found.defaults, found.non_defaults) == (3, 2, 2, 3)
    assert found.approval_rate.value == 0.4
    assert found.bad_rate.value == 0
    assert found.precision.value == pytest.approx(2 / 3)
    assert found.recall.value == 1
    assert found.specificity.value == pytest.approx(2 / 3)
    assert found.false_positive_rate.value == pytest.approx(1 / 3)
    assert found.accuracy.value == 0.8
    assert found.f1.value == pytest.approx(0.8)
    assert found.mcc.value == pytest.approx(4 / math.sqrt(3 * 2 * 2 * 3))


def test_cutoff_is_reported_as_applied(binned: ScoreCounts) -> None:
    assert confusion(binned, 1 / 11).cutoff == 0.0909
    assert confusion(HAND, 1 / 11).cutoff == 1 / 11
    assert confusion(binned, 0.3).approval_rate == approval_rate(binned, 0.3)
    assert confusion(binned, 0.3).bad_rate == bad_rate(binned, 0.3)


@pytest.mark.parametrize("cutoff", [0.0, 0.0001, 0.0909, 0.3282, 0.5, 1.0])
def test_confusion_on_the_grid_is_that_of_the_rows(portfolio: pl.DataFrame, binned: ScoreCounts, cutoff: float) -> None:
    declined = portfolio["default_probability"].to_numpy().astype(np.float64) >= cutoff
    table = sk.confusion_matrix(portfolio["is_default"].to_numpy(), declined, labels=[False, True])
    found = confusion(binned, cutoff)
    assert table.tolist() == [
        [found.true_approvals, found.false_declines],
        [found.false_approvals, found.true_declines],
    ]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=1, max_size=60), st.integers(0, 9))
def test_shares_agree_with_scikit_learn(rows: list[tuple[bool, int]], step: int) -> None:
    outcome = np.array([row[0] for row in rows])
    pd, cutoff = np.array([row[1] for row in rows]) / 8, step / 8
    declined = pd >= cutoff
    found = confusion(exact_counts(outcome, pd), cutoff)
    pairs = {
        found.precision: sk.precision_score(outcome, declined, zero_division=np.nan),
        found.recall: sk.recall_score(outcome, declined, zero_division=np.nan),
        found.specificity: sk.recall_score(~outcome, ~declined, zero_division=np.nan),
        found.accuracy: sk.accuracy_score(outcome, declined),
        found.f1: sk.f1_score(outcome, declined, zero_division=np.nan),
    }
    for estimate, reference in pairs.items():
        if estimate.value is None:
            assert np.isnan(reference)
        else:
            assert estimate.value == pytest.approx(reference, abs=1e-9)
    if found.mcc.value is None:
        assert len(set(outcome)) == 1 or len(set(declined)) == 1
    else:
        assert found.mcc.value == pytest.approx(sk.matthews_corrcoef(outcome, declined), abs=1e-9)


@settings(max_examples=100)
@given(st.integers(1, 10_000), st.floats(0, 1))
def test_wilson_agrees_with_scipy(trials: int, share: float) -> None:
    successes = round(share * trials)
    reference = stats.binomtest(successes, trials).proportion_ci(0.95, "wilson")
    low, high = wilson_bounds(successes, trials)
    assert float(low) == pytest.approx(reference.low, abs=1e-9)
    assert float(high) == pytest.approx(reference.high, abs=1e-9)


@settings(max_examples=100)
@given(st.integers(0, 10_000), st.floats(0, 1))
def test_one_share_has_the_very_ends_that_many_have(trials: int, share: float) -> None:
    successes = share * trials
    assert wilson_ends(successes, trials) == tuple(map(float, wilson_bounds(successes, trials)))


def test_wilson_without_trials_says_nothing() -> None:
    low, high = wilson_bounds([0, 3], [0, 4])
    assert low[0] == pytest.approx(0, abs=1e-12)
    assert high[0] == pytest.approx(1)


@pytest.mark.parametrize(("trials", "rate"), [(500, 0.08), (5_000, 0.08), (307_511, 0.0807), (300, 0.3), (2_000, 0.5)])
def test_wilson_covers_95_percent(trials: int, rate: float) -> None:
    successes = np.random.default_rng(7).binomial(trials, rate, 40_000)
    low, high = wilson_bounds(successes, np.full(40_000, trials))
    assert np.mean((low <= rate) & (rate <= high)) == pytest.approx(0.95, abs=0.01)


def test_expected_loss_by_hand() -> None:
    # 0.45 x (0.9 x 100 + 0.1 x 200 + 0.2 x 300 + 0.4 x 400 + 0.05 x 500) = 0.45 x 355
    found = expected_loss(HAND, lgd=0.45)
    assert found.amount.value == pytest.approx(159.75)
    assert found.rate.value == pytest.approx(159.75 / 1500)
    assert found.observed.value == pytest.approx(0.45 * (100 + 300))


def test_expected_loss_from_bins_is_close(portfolio: pl.DataFrame, binned: ScoreCounts) -> None:
    rows = portfolio.select(
        (pl.col("default_probability").cast(pl.Float64) * pl.col("exposure").cast(pl.Float64)).sum()
    ).item()
    amount = expected_loss(binned, lgd=0.45).amount.value
    assert amount == pytest.approx(0.45 * rows, rel=1e-5)


def test_expected_loss_without_exposure_says_so() -> None:
    found = expected_loss(exact_counts([True], [0.5]), lgd=0.45)
    assert found.amount.explanation == "not defined because the predictions carry no exposure"


def test_empty_cohort_is_not_defined() -> None:
    empty = ScoreCounts.empty()
    found = confusion(empty, 0.1)
    estimates = [
        default_rate(empty),
        mean_pd(empty),
        found.approval_rate,
        found.bad_rate,
        found.precision,
        found.recall,
        found.specificity,
        found.accuracy,
        found.f1,
        found.mcc,
        expected_loss(empty, lgd=0.5).amount,
    ]
    assert all(estimate.value is None and estimate.reason for estimate in estimates)


def test_one_row() -> None:
    one = exact_counts([True], [0.3])
    assert default_rate(one).value == 1
    assert confusion(one, 0.2).bad_rate.explanation == "not defined because no application is approved at this cutoff"
    assert confusion(one, 0.5).precision.explanation == "not defined because no application is declined at this cutoff"
    assert confusion(one, 0.5).specificity.value is None


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 8)), min_size=1, max_size=60),
    st.integers(0, 9),
    st.floats(0.1, 10),
)
def test_f_beta_agrees_with_scikit_learn(rows: list[tuple[bool, int]], step: int, beta: float) -> None:
    outcome = np.array([row[0] for row in rows])
    pd, cutoff = np.array([row[1] for row in rows]) / 8, step / 8
    found = confusion(exact_counts(outcome, pd), cutoff).f_beta(beta)
    reference = sk.fbeta_score(outcome, pd >= cutoff, beta=beta, zero_division=np.nan)
    if found.value is None:
        assert np.isnan(reference)
    else:
        assert found.value == pytest.approx(reference, abs=1e-9)
        assert found.low is not None
        assert found.high is not None
        assert 0 <= found.low <= found.value <= found.high <= 1


def test_f1_is_f_beta_with_wilsons_interval_mapped() -> None:
    found = Confusion(0.1, true_declines=30, false_declines=50, true_approvals=900, false_approvals=20)
    ends = stats.binomtest(30, 100).proportion_ci(0.95, "wilson")
    assert found.f1 == found.f_beta(1.0)
    assert found.f1.low == pytest.approx(2 * ends.low / (1 + ends.low), abs=1e-9)
    assert found.f1.high == pytest.approx(2 * ends.high / (1 + ends.high), abs=1e-9)


def simulated(shares: list[float], n: int, repeats: int) -> list[Confusion]:
    drawn = np.random.default_rng(n).multinomial(n, shares, repeats)
    return [Confusion(0.1, *(int(number) for number in row)) for row in drawn]


MATRICES = {"portfolio": [0.05, 0.25, 0.67, 0.03], "rare": [0.02, 0.05, 0.87, 0.06], "even": [0.4, 0.1, 0.4, 0.1]}


@pytest.mark.parametrize("n", [500, 300_000])
@pytest.mark.parametrize("shares", MATRICES.values(), ids=MATRICES)
@pytest.mark.parametrize("beta", [0.5, 1.0, 2.0])
def test_f_beta_interval_covers_95_percent(beta: float, shares: list[float], n: int) -> None:
    truth = Confusion(0.1, *(round(1e9 * share) for share in shares)).f_beta(beta).value
    found = [matrix.f_beta(beta) for matrix in simulated(shares, n, 4_000)]
    covered = [e.low <= truth <= e.high for e in found if e.low is not None and e.high is not None and truth]
    assert len(covered) == 4_000
    assert np.mean(covered) == pytest.approx(0.95, abs=0.01)


@pytest.mark.parametrize("n", [5_000, 300_000])
@pytest.mark.parametrize("shares", MATRICES.values(), ids=MATRICES)
def test_mcc_interval_covers_95_percent(shares: list[float], n: int) -> None:
    truth = Confusion(0.1, *(round(1e9 * share) for share in shares)).mcc.value
    found = [matrix.mcc for matrix in simulated(shares, n, 4_000)]
    covered = [e.low <= truth <= e.high for e in found if e.low is not None and e.high is not None and truth]
    assert len(covered) == 4_000
    assert np.mean(covered) == pytest.approx(0.95, abs=0.01)


def test_mcc_of_few_has_no_interval() -> None:
    found = Confusion(0.1, true_declines=10, false_declines=19, true_approvals=900, false_approvals=20).mcc
    assert found.value is not None
    assert found.low is None
    perfect = Confusion(0.1, true_declines=40, false_declines=0, true_approvals=40, false_approvals=0).mcc
    assert (perfect.value, perfect.low) == (1.0, None)
