from __future__ import annotations

from fractions import Fraction

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from dashboard.metrics.amounts import score_bounds
from dashboard.metrics.counts import ScoreCounts, exact_counts
from dashboard.metrics.discrimination import gini, ks_statistic
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.ranking import (
    average_precision,
    cap_curve,
    ks_curve,
    lift_table,
    precision_recall_curve,
)
from dashboard.metrics.rates import wilson_bounds

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
N_BINS = 400
cohorts = st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=1, max_size=80)
# Two defaults among five: declined at 0.9: 1 of 1; 0.4: 2 of 3; 0.2: 2 of 4; 0.1: 2 of 5.
HAND = exact_counts([1, 1, 0, 0, 0], [0.9, 0.4, 0.4, 0.2, 0.1])


def unpacked(rows: list[tuple[bool, int]]) -> tuple[Flags, Floats]:
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows]) / 12


def test_average_precision_by_hand() -> None:
    assert average_precision(HAND).value == pytest.approx((1 + 2 / 3) / 2)


@settings(max_examples=150)
@given(cohorts)
def test_average_precision_agrees_with_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    outcome, score = unpacked(rows)
    found = average_precision(exact_counts(outcome, score))
    if not outcome.any():
        assert found.explanation == "not defined because none of the cohort's applications defaulted"
        return
    assert found.value == pytest.approx(sk.average_precision_score(outcome, score), abs=1e-9)
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_variance_is_that_of_the_influence_of_each_application() -> None:
    rng = np.random.default_rng(3)
    outcome = rng.random(240) < 0.3
    score = rng.normal(outcome, 1.0).round(1)
    found = average_precision(exact_counts(outcome, score))
    # The influence of a row is the slope of the figure in that row's weight, here of scikit-learn's own.
    step, slopes = 1e-5, []
    for row in range(outcome.size):
        weights = np.ones((2, outcome.size))
        weights[:, row] += (step, -step)
        up, down = (sk.average_precision_score(outcome, score, sample_weight=weight) for weight in weights)
        slopes.append((up - down) / (2 * step))
    spread = np.sqrt(np.sum(np.square(slopes)))
    assert found.value is not None
    assert found.low is not None
    assert found.high is not None
    half = stats.t.ppf(0.975, outcome.sum() - 1) * spread / (found.value * (1 - found.value))
    # The lower end starts half as far below the value as defaults gain by counting themselves.
    above = [(outcome[score >= own], outcome[score >= own].sum()) for own in score[outcome]]
    gained = np.mean([bad / rows.size - (bad - 1) / max(rows.size - 1, 1) for rows, bad in above])
    low, start, value, high = (
        np.log(end / (1 - end)) for end in (found.low, found.value - gained / 2, found.value, found.high)
    )
    np.testing.assert_allclose([start - low, high - value], half, rtol=1e-6)


@pytest.mark.parametrize(
    ("outcome", "score", "value"),
    [([1, 1, 0, 0], [0.9, 0.8, 0.2, 0.1], 1.0), ([1, 1], [0.1, 0.2], 1.0), ([1], [0.3], 1.0)],
)
def test_interval_does_not_collapse(outcome: list[int], score: list[float], value: float) -> None:
    found = average_precision(exact_counts(outcome, score))
    low, high = wilson_bounds(sum(outcome), sum(outcome))
    assert found == Estimate(value, float(low), float(high))


@settings(max_examples=150)
@given(cohorts)
def test_precision_recall_curve_agrees_with_scikit_learn(rows: list[tuple[bool, int]]) -> None:
    outcome, score = unpacked(rows)
    curve = precision_recall_curve(exact_counts(outcome, score))
    if not outcome.any():
        assert curve is None
        return
    assert curve is not None
    precision, recall, cutoff = sk.precision_recall_curve(outcome, score)
    # scikit-learn goes by rising cutoff and ends at recall 0; of the points with one recall the last one is drawn.
    reference = {r: (p, c) for p, r, c in zip(precision[:-1], recall[:-1], cutoff, strict=True) if r > 0}
    np.testing.assert_allclose(curve.recall, sorted(reference), atol=1e-9)
    np.testing.assert_allclose(curve.precision, [reference[r][0] for r in sorted(reference)], atol=1e-9)
    np.testing.assert_allclose(curve.cutoff, [reference[r][1] for r in sorted(reference)])
    assert curve.default_rate == pytest.approx(outcome.mean())
    area = float(np.sum(np.diff(curve.recall, prepend=0) * curve.precision))
    assert area == pytest.approx(sk.average_precision_score(outcome, score), abs=1e-9)


def test_precision_at_a_recall() -> None:
    curve = precision_recall_curve(HAND)
    assert curve is not None
    assert [curve.precision_at(recall) for recall in (0, 0.5, 0.51, 1)] == pytest.approx([1, 1, 2 / 3, 2 / 3])


@settings(max_examples=150)
@given(cohorts)
def test_ks_curve_holds_the_shares_below_each_pd(rows: list[tuple[bool, int]]) -> None:
    outcome, score = unpacked(rows)
    counts = exact_counts(outcome, score)
    curve, found = ks_curve(counts), ks_statistic(counts)
    if len(set(outcome)) == 1:
        assert curve is None
        return
    assert curve is not None
    good, bad = (np.array([np.mean(score[chosen] < pd) for pd in curve.pd[:-1]]) for chosen in (~outcome, outcome))
    np.testing.assert_allclose(curve.good_below[:-1], good, atol=1e-9)
    np.testing.assert_allclose(curve.bad_below[:-1], bad, atol=1e-9)
    assert (curve.good_below[-1], curve.bad_below[-1]) == pytest.approx((1, 1))
    assert curve.max_gap == pytest.approx(0, abs=1e-12)
    assert abs(curve.gap[curve.best]) == pytest.approx(found.statistic.value, abs=1e-9)
    assert curve.best == int(np.argmax(np.abs(curve.gap)))


def test_cap_by_hand() -> None:
    curve = cap_curve(HAND)
    assert curve is not None
    np.testing.assert_allclose(curve.share, [0, 0.2, 0.6, 0.8, 1])
    np.testing.assert_allclose(curve.captured, [0, 0.5, 1, 1, 1])
    assert curve.cutoff.tolist() == [np.inf, 0.9, 0.4, 0.2, 0.1]
    assert curve.captured_at(0.4) == pytest.approx(0.75)
    assert curve.share_for(0.75) == pytest.approx(0.4)
    assert curve.share_for(1) == pytest.approx(0.6)
    assert curve.share_for(0) == 0


@settings(max_examples=150)
@given(cohorts)
def test_accuracy_ratio_of_the_cap_is_the_gini(rows: list[tuple[bool, int]]) -> None:
    outcome, score = unpacked(rows)
    counts = exact_counts(outcome, score)
    curve = cap_curve(counts)
    if len(set(outcome)) == 1:
        assert curve is None
        return
    assert curve is not None
    area = np.trapezoid(curve.captured, curve.share) - 0.5
    ratio = area / ((1 - outcome.mean()) / 2)
    assert ratio == pytest.approx(2 * sk.roc_auc_score(outcome, score) - 1, abs=1e-9)
    assert ratio == pytest.approx(gini(counts).value, abs=1e-9)


def test_lift_by_hand() -> None:
    # Five groups of one; the default and the non-default with a PD of 0.4 share the second and third group.
    found = lift_table(HAND, n_groups=5)
    assert found is not None
    np.testing.assert_allclose(found.applications, 1)
    np.testing.assert_allclose(found.defaults, [1, 0.5, 0.5, 0, 0])
    np.testing.assert_allclose(found.lift, [2.5, 1.25, 1.25, 0, 0])
    np.testing.assert_allclose(found.captured, [0.5, 0.75, 1, 1, 1])
    np.testing.assert_allclose(found.cumulative_lift, [2.5, 1.875, 5 / 3, 1.25, 1])
    np.testing.assert_allclose(found.lowest_pd, [0.9, 0.4, 0.4, 0.2, 0.1])
    np.testing.assert_allclose(found.mean_pd, [0.9, 0.4, 0.4, 0.2, 0.1])
    assert found.overall_rate == pytest.approx(0.4)
    low, high = score_bounds([1, 0.5, 0.5, 0, 0], 2)
    np.testing.assert_allclose(found.lift_low, 5 * low)
    np.testing.assert_allclose(found.lift_high, 5 * high)


def shared_out(outcome: Flags, score: Floats, n_groups: int) -> tuple[list[float], list[float], list[float]]:
    """Defaults, sum of PD and lowest PD per group, each row cut into as many pieces as there are groups."""
    pieces: list[tuple[float, Fraction]] = []
    for value in sorted(set(score), reverse=True):
        tied = outcome[score == value]
        pieces += [(value, Fraction(int(tied.sum()), tied.size * n_groups))] * (tied.size * n_groups)
    groups = [pieces[i * outcome.size : (i + 1) * outcome.size] for i in range(n_groups)]
    defaults = [float(sum(part for _, part in group)) for group in groups]
    return defaults, [sum(value for value, _ in group) / n_groups for group in groups], [g[-1][0] for g in groups]


@settings(max_examples=150)
@given(cohorts, st.sampled_from([1, 2, 5, 10]))
def test_ties_are_shared_out_pro_rata(rows: list[tuple[bool, int]], n_groups: int) -> None:
    outcome, score = unpacked(rows)
    found = lift_table(exact_counts(outcome, score), n_groups=n_groups)
    if not outcome.any():
        assert found is None
        return
    assert found is not None
    defaults, pd_sum, lowest = shared_out(outcome, score, n_groups)
    size = outcome.size / n_groups
    np.testing.assert_allclose(found.defaults, defaults, atol=1e-9)
    np.testing.assert_allclose(found.mean_pd, np.array(pd_sum) / size, atol=1e-9)
    np.testing.assert_allclose(found.lowest_pd, lowest, atol=1e-9)
    np.testing.assert_allclose(found.default_rate, np.array(defaults) / size, atol=1e-9)
    np.testing.assert_allclose(found.lift, np.array(defaults) / size / outcome.mean(), atol=1e-9)
    np.testing.assert_allclose(found.captured, np.cumsum(defaults) / outcome.sum(), atol=1e-9)
    assert np.all(found.lift_low <= found.lift + 1e-12)
    assert np.all(found.lift <= found.lift_high + 1e-12)


def test_lift_without_ties_is_that_of_sorted_rows() -> None:
    rng = np.random.default_rng(5)
    score = rng.permutation(np.linspace(0.01, 0.6, 1_000))
    outcome = rng.random(1_000) < score
    found = lift_table(exact_counts(outcome, score))
    assert found is not None
    groups = outcome[np.argsort(-score)].reshape(10, 100)
    np.testing.assert_allclose(found.defaults, groups.sum(axis=1), atol=1e-9)
    np.testing.assert_allclose(found.default_rate, groups.mean(axis=1), atol=1e-9)


def test_gain_is_the_cap_at_each_tenth(binned: ScoreCounts) -> None:
    table, curve = lift_table(binned), cap_curve(binned)
    assert table is not None
    assert curve is not None
    np.testing.assert_allclose(
        table.captured, [curve.captured_at(share) for share in table.share], atol=curve.max_gap + 1e-9
    )


@pytest.mark.parametrize("outcome", [[], [0], [0, 0]])
def test_without_a_default_nothing_is_defined(outcome: list[int]) -> None:
    counts = exact_counts(outcome, [0.1, 0.2][: len(outcome)])
    assert average_precision(counts).value is None
    assert (precision_recall_curve(counts), ks_curve(counts), cap_curve(counts), lift_table(counts)) == (None,) * 4
    assert lift_table(ScoreCounts.empty()) is None


def test_defaults_alone_have_no_curves_but_a_lift_of_one() -> None:
    counts = exact_counts([1, 1, 1], [0.1, 0.2, 0.2])
    assert (ks_curve(counts), cap_curve(counts)) == (None, None)
    found = lift_table(counts)
    assert found is not None
    np.testing.assert_allclose(found.lift, 1)


def test_bins_bound_the_error(binned: ScoreCounts, exact: ScoreCounts) -> None:
    coarse, fine = average_precision(binned), average_precision(exact)
    assert coarse.value == pytest.approx(fine.value, abs=5e-4)
    assert coarse.low == pytest.approx(fine.low, abs=5e-4)
    table, exact_table = lift_table(binned), lift_table(exact)
    assert table is not None
    assert exact_table is not None
    np.testing.assert_allclose(table.lift, exact_table.lift, atol=0.005)
    np.testing.assert_allclose(table.captured, exact_table.captured, atol=0.0005)
    np.testing.assert_allclose(table.mean_pd, exact_table.mean_pd, atol=1e-5)
    np.testing.assert_allclose(table.lowest_pd, exact_table.lowest_pd, atol=1.01e-4)


def test_thinned_curves_bound_their_gap(binned: ScoreCounts) -> None:
    ks, cap, precision = ks_curve(binned), cap_curve(binned), precision_recall_curve(binned)
    assert ks is not None
    assert cap is not None
    assert precision is not None
    assert 250 < ks.pd.size <= 301
    assert 250 < cap.share.size <= 300
    assert 250 < precision.recall.size <= 300
    assert ks.max_gap < 1e-3
    assert cap.max_gap < 1e-3
    assert np.trapezoid(cap.captured, cap.share) == pytest.approx(
        0.5 + (gini(binned).value or 0) * (1 - cap.default_rate) / 2, abs=1e-4
    )
    area = float(np.sum(np.diff(precision.recall, prepend=0) * precision.precision))
    assert area == pytest.approx(average_precision(binned).value, abs=5e-3)


def binormal(distance: float, spread: float) -> tuple[Floats, Floats]:
    """Shares of goods, N(0, 1), and bads, N(distance, spread), in 400 bins."""
    cuts = np.linspace(-5, 6, N_BINS - 1)
    good, bad = stats.norm.cdf(cuts), stats.norm.cdf((cuts - distance) / spread)
    return np.diff(good, prepend=0, append=1), np.diff(bad, prepend=0, append=1)


@pytest.mark.parametrize("n_bad", [5_000, 500, 60])
@pytest.mark.parametrize("model", [(1.0, 1.0), (1.0, 0.7), (0.2, 1.0)])
def test_average_precision_covers_95_percent(model: tuple[float, float], n_bad: int) -> None:
    good, bad = binormal(*model)
    share = np.concatenate([11 * good, bad]) / 12
    caught, declined = (np.cumsum(part[::-1])[::-1] for part in (bad, 11 * good + bad))
    truth = float((bad * caught / np.maximum(declined, 1e-300)).sum())
    edges, zeros = np.arange(N_BINS) / N_BINS, np.zeros(N_BINS)
    drawn = np.random.default_rng(n_bad).multinomial(12 * n_bad, share / share.sum(), 2_000).reshape(-1, 2, N_BINS)
    hits = 0
    for goods, bads in drawn:
        found = average_precision(ScoreCounts(edges, goods, bads, goods * edges, bads * edges, zeros, zeros))
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= truth <= found.high
    # The share found in 2,000 samples has a standard error of half a point; it errs on the wide side.
    assert 0.935 <= hits / 2_000 <= 0.98
