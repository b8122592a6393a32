from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as sk

from dashboard.metrics.counts import CountsError, ScoreCounts, count_scores, exact_counts
from dashboard.metrics.discrimination import auc_difference, delong, gini, ks_statistic, roc_auc, roc_curve
from dashboard.metrics.ranking import average_precision
from data.predictions.scores import make_score_grid
from scripts.intervals.separation import MODELS as BINORMAL
from scripts.intervals.separation import measured

Floats = npt.NDArray[np.float64]
N_BINS = 400
cohorts = st.lists(st.tuples(st.booleans(), st.integers(0, 12)), min_size=2, max_size=80)


def unpacked(rows: list[tuple[bool, int]]) -> tuple[npt.NDArray[np.bool_], Floats]:
    return np.array([row[0] for row in rows]), np.array([row[1] for row in rows]) / 12


def delong_by_rows(outcome: npt.NDArray[np.bool_], score: Floats) -> tuple[float, float]:
    """DeLong's AUC and variance from all pairs, as published."""
    bad, good = score[outcome], score[~outcome]
    wins = (bad[:, None] > good[None, :]) + 0.5 * (bad[:, None] == good[None, :])
    variance = wins.mean(axis=1).var(ddof=1) / bad.size + wins.mean(axis=0).var(ddof=1) / good.size
    return float(wins.mean()), float(variance)


def test_auc_by_hand() -> None:
    # Pairs (bad, good): 0.9 beats both goods; 0.4 ties with 0.4 and beats 0.1: (1 + 1 + 0.5 + 1) / 4
    assert roc_auc(exact_counts([1, 1, 0, 0], [0.9, 0.4, 0.4, 0.1])).value == 0.875
    assert gini(exact_counts([1, 1, 0, 0], [0.9, 0.4, 0.4, 0.1])).value == 0.75


def test_ks_by_hand() -> None:
    # At 0.4 and above: 2 of 2 bads and 1 of 3 goods.
    found = ks_statistic(exact_counts([1, 1, 0, 0, 0], [0.9, 0.4, 0.4, 0.2, 0.1]))
    assert found.statistic.value == pytest.approx(2 / 3)
    assert found.cutoff == 0.4


@settings(max_examples=100)
@given(cohorts)
def test_auc_ks_and_roc_agree_with_scikit_learn_and_scipy(rows: list[tuple[bool, int]]) -> None:
    outcome, score = unpacked(rows)
    counts = exact_counts(outcome, score)
    auc, ks, curve = roc_auc(counts), ks_statistic(counts), roc_curve(counts)
    if len(set(outcome)) == 1:
        assert auc.value is None
        assert ks.statistic.value is None
        assert curve is None
        return
    assert auc.value == pytest.approx(sk.roc_auc_score(outcome, score), abs=1e-9)
    of_bad, of_good = (stats.ecdf(score[chosen]).cdf.evaluate(score) for chosen in (outcome, ~outcome))
    assert ks.statistic.value == pytest.approx(np.abs(of_bad - of_good).max(), abs=1e-9)
    fpr, tpr, cutoffs = sk.roc_curve(outcome, score, drop_intermediate=False)
    assert curve is not None
    np.testing.assert_allclose(curve.false_positive_rate, fpr, atol=1e-9)
    np.testing.assert_allclose(curve.true_positive_rate, tpr, atol=1e-9)
    np.testing.assert_allclose(curve.cutoff[1:], cutoffs[1:])
    assert curve.max_gap == pytest.approx(0, abs=1e-12)


@settings(max_examples=200)
@given(cohorts)
def test_ks_is_reached_at_its_cutoff(rows: list[tuple[bool, int]]) -> None:
    outcome, score = unpacked(rows)
    found = ks_statistic(exact_counts(outcome, score))
    if found.cutoff is None or not found.statistic.value:
        return
    declined = score >= found.cutoff
    gap = abs(declined[outcome].mean() - declined[~outcome].mean())
    assert gap == pytest.approx(found.statistic.value, abs=1e-9)


@settings(max_examples=200)
@given(cohorts)
def test_delong_agrees_with_all_pairs(rows: list[tuple[bool, int]]) -> None:
    outcome, score = unpacked(rows)
    if min(outcome.sum(), (~outcome).sum()) < 2:
        return
    found = delong(exact_counts(outcome, score))
    auc, variance = delong_by_rows(outcome, score)
    assert found is not None
    assert found.auc == pytest.approx(auc, abs=1e-9)
    assert found.variance == pytest.approx(variance, abs=1e-9)


def test_interval_is_symmetric_on_the_logit_scale() -> None:
    rng = np.random.default_rng(3)
    outcome = rng.random(50_000) < 0.3
    counts = exact_counts(outcome, rng.normal(outcome, 1.0).round(3))
    found, auc = delong(counts), roc_auc(counts)
    assert found is not None
    assert auc.value is not None
    assert auc.low is not None
    assert auc.high is not None
    half = 1.959963984540054 * math.sqrt(found.variance) / (auc.value * (1 - auc.value))
    for end, sign in ((auc.low, -1), (auc.high, 1)):
        assert math.log(end / (1 - end)) == pytest.approx(math.log(auc.value / (1 - auc.value)) + sign * half)


def test_few_defaults_use_students_quantile() -> None:
    rng = np.random.default_rng(4)
    outcome = np.arange(400) < 20
    counts = exact_counts(outcome, rng.normal(0.5 * outcome, 1.0))
    found, auc = delong(counts), roc_auc(counts)
    assert found is not None
    assert auc.value is not None
    assert auc.high is not None
    # The defaults' part of the variance dominates, and it has 19 degrees of freedom.
    assert 19 <= found.degrees_of_freedom < 22
    half = stats.t.ppf(0.975, found.degrees_of_freedom) * math.sqrt(found.variance) / (auc.value * (1 - auc.value))
    assert math.log(auc.high / (1 - auc.high)) == pytest.approx(math.log(auc.value / (1 - auc.value)) + half)


@pytest.mark.parametrize(
    ("outcome", "score", "auc"),
    [([1, 0, 0, 0], [0.9, 0.1, 0.2, 0.3], 1.0), ([1, 1, 0, 0], [0.1, 0.1, 0.9, 0.9], 0.0), ([1, 0], [0.5, 0.5], 0.5)],
)
def test_interval_does_not_collapse(outcome: list[int], score: list[float], auc: float) -> None:
    found = roc_auc(exact_counts(outcome, score))
    assert found.value == auc
    assert found.low is not None
    assert found.high is not None
    assert found.high - found.low > 0.3
    # Newcombe's ends solve (auc - theta)^2 = z^2 V(theta) wherever they are inside the scale.
    n, m = outcome.count(0), outcome.count(1)
    for end in (found.low, found.high):
        if 0 < end < 1:
            spread = 1 + ((n + m) / 2 - 1) * ((1 - end) / (2 - end) + end / (1 + end))
            variance = end * (1 - end) * spread / (n * m)
            assert abs(auc - end) == pytest.approx(1.959963984540054 * math.sqrt(variance), abs=1e-3)


def test_bins_bound_the_error(binned: ScoreCounts, exact: ScoreCounts) -> None:
    coarse, fine = delong(binned), delong(exact)
    assert coarse is not None
    assert fine is not None
    assert abs(coarse.auc - fine.auc) < 1e-5
    assert coarse.variance == pytest.approx(fine.variance, rel=1e-3)
    ks, exact_ks = ks_statistic(binned), ks_statistic(exact)
    assert ks.statistic.value == pytest.approx(exact_ks.statistic.value, abs=5e-4)
    assert ks.cutoff == pytest.approx(exact_ks.cutoff, abs=1e-3)


def test_exact_counts_of_the_portfolio_agree_with_scikit_learn(exact: ScoreCounts) -> None:
    outcome = np.repeat([False, True], [exact.n_good, exact.n_bad])
    score = np.concatenate([np.repeat(exact.edges, exact.good), np.repeat(exact.edges, exact.bad)])
    assert roc_auc(exact).value == pytest.approx(sk.roc_auc_score(outcome, score), abs=1e-9)


def test_thinned_roc_keeps_its_ends_and_bounds_its_gap(binned: ScoreCounts) -> None:
    curve = roc_curve(binned, max_points=300)
    assert curve is not None
    assert 250 < curve.cutoff.size <= 300
    assert (curve.false_positive_rate[0], curve.true_positive_rate[0]) == (0, 0)
    assert (curve.false_positive_rate[-1], curve.true_positive_rate[-1]) == (1, 1)
    assert curve.max_gap < 1e-3
    area = np.trapezoid(curve.true_positive_rate, curve.false_positive_rate)
    assert area == pytest.approx(roc_auc(binned).value, abs=1e-4)


@pytest.mark.parametrize("outcome", [[1, 1], [0, 0], [], [1], [0]])
def test_without_both_outcomes_nothing_is_defined(outcome: list[int]) -> None:
    counts = exact_counts(outcome, [0.1, 0.2][: len(outcome)])
    reason = {(): "holds no applications", (0,): "none of", (1,): "all of"}[tuple(sorted(set(outcome)))]
    assert reason in roc_auc(counts).explanation
    assert reason in gini(counts).explanation
    assert reason in ks_statistic(counts).statistic.explanation
    assert roc_curve(counts) is None


def binormal(distance: float, spread: float = 1.0) -> tuple[Floats, Floats]:
    """Shares of goods, N(0, 1), and bads, N(distance, spread), in 400 bins."""
    cuts = np.linspace(-5, 6, N_BINS - 1)
    good, bad = stats.norm.cdf(cuts), stats.norm.cdf((cuts - distance) / spread)
    return np.diff(good, prepend=0, append=1), np.diff(bad, prepend=0, append=1)


def calibrated(a: float, b: float) -> tuple[Floats, Floats]:
    """Shares of goods and bads in 400 bins of a Beta(a, b) PD that is right."""
    weight = np.diff(stats.beta.cdf(np.linspace(0, 1, N_BINS + 1), a, b))
    pd = (np.arange(N_BINS) + 0.5) / N_BINS
    return weight * (1 - pd) / (weight @ (1 - pd)), weight * pd / (weight @ pd)


def samples(
    shares: tuple[Floats, Floats], n_bad: int, repeats: int, seed: int, n_bins: int = N_BINS
) -> list[ScoreCounts]:
    rng = np.random.default_rng(seed)
    edges, zeros = np.arange(n_bins) / n_bins, np.zeros(n_bins)
    good, bad = (rng.multinomial(n, share, repeats) for n, share in zip((11 * n_bad, n_bad), shares, strict=True))
    return [ScoreCounts(edges, g, b, g * edges, b * edges, zeros, zeros) for g, b in zip(good, bad, strict=True)]


MODELS = {
    "portfolio": calibrated(1.2, 13.6),
    "binormal": binormal(1.0),
    "unequal": binormal(1.0, 0.7),
    "weak": binormal(0.2),
}


@pytest.mark.parametrize("n_bad", [24_825, 500, 60])
@pytest.mark.parametrize("model", MODELS)
def test_delong_covers_95_percent(model: str, n_bad: int) -> None:
    good, bad = MODELS[model]
    truth = float(bad @ (np.cumsum(good) - good / 2))
    found = [roc_auc(counts) for counts in samples(MODELS[model], n_bad, 4_000, seed=n_bad)]
    covered = [e.low <= truth <= e.high for e in found if e.low is not None and e.high is not None]
    assert len(covered) == 4_000
    assert np.mean(covered) == pytest.approx(0.95, abs=0.01)


def on_one_grid(outcome: npt.NDArray[np.bool_], score: Floats, chosen: npt.NDArray[np.bool_]) -> ScoreCounts:
    """Exact counts of the chosen rows on the grid of all of them."""
    edges, index = np.unique(score, return_inverse=True)
    good, bad = (np.bincount(index[chosen & kind], minlength=edges.size) for kind in (~outcome, outcome))
    zeros = np.zeros(edges.size)
    return ScoreCounts(edges, good, bad, good * edges, bad * edges, zeros, zeros)


def difference_by_rows(
    outcome: npt.NDArray[np.bool_], score: Floats, one: npt.NDArray[np.bool_], two: npt.NDArray[np.bool_]
) -> tuple[float, float]:
    """Difference of two cohorts' AUCs and DeLong's correlation of them, from the placement value of each row."""
    placed = []
    for chosen in (one, two):
        bad, good = score[outcome & chosen], score[~outcome & chosen]
        wins = (bad[:, None] > good[None, :]) + 0.5 * (bad[:, None] == good[None, :])
        rows = np.zeros(score.size)
        for kind, placements in ((outcome & chosen, wins.mean(axis=1)), (~outcome & chosen, wins.mean(axis=0))):
            # So scaled, squares and products of the rows add up to variances and covariance.
            n = placements.size
            rows[kind] = (placements - wins.mean()) / math.sqrt(n * (n - 1))
        placed.append((float(wins.mean()), rows))
    (first, a), (second, b) = placed
    return first - second, float((a * b).sum() / math.sqrt((a * a).sum() * (b * b).sum()))


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.sampled_from(["disjoint", "part", "overlapping"]))
def test_auc_difference_agrees_with_rows(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    outcome = rng.random(240) < 0.4
    score = np.round(rng.normal(outcome, 1.0), 1)
    one = rng.random(240) < 0.5
    two = {"disjoint": ~one, "part": np.ones(240, dtype=bool), "overlapping": rng.random(240) < 0.6}[kind]
    counts = [on_one_grid(outcome, score, chosen) for chosen in (one, two, one & two)]
    found = auc_difference(counts[0], counts[1], shared=None if kind == "disjoint" else counts[2])
    difference, correlation = difference_by_rows(outcome, score, one, two)
    assert found.value == pytest.approx(difference, abs=1e-9)
    assert correlation == pytest.approx(0, abs=1e-12) if kind == "disjoint" else correlation > 0.1
    a, b = roc_auc(counts[0]), roc_auc(counts[1])
    assert None not in (a.value, a.low, a.high, b.value, b.low, b.high)
    down, up = (a.value or 0) - (a.low or 0), (a.high or 0) - (a.value or 0)
    other_down, other_up = (b.value or 0) - (b.low or 0), (b.high or 0) - (b.value or 0)
    low = difference - math.sqrt(down**2 + other_up**2 - 2 * correlation * down * other_up)
    high = difference + math.sqrt(up**2 + other_down**2 - 2 * correlation * up * other_down)
    assert found.low == pytest.approx(low, abs=1e-9)
    assert found.high == pytest.approx(high, abs=1e-9)


def test_a_cohort_does_not_differ_from_itself(binned: ScoreCounts) -> None:
    found = auc_difference(binned, binned, shared=binned)
    # The two ends of an AUC's interval are not quite as far from it, which is all that is left.
    assert (found.value, found.low, found.high) == pytest.approx((0, 0, 0), abs=5e-5)


def test_auc_difference_wants_what_is_shared_to_be_a_part_of_both() -> None:
    outcome, score = np.array([True, False, True, False]), np.array([0.9, 0.4, 0.4, 0.2])
    whole, part = (on_one_grid(outcome, score, np.arange(4) < n) for n in (4, 2))
    with pytest.raises(CountsError, match="below zero"):
        auc_difference(part, whole, shared=whole)


def test_auc_difference_says_which_cohort_lacks_an_outcome() -> None:
    both, good = exact_counts([1, 0], [0.9, 0.4]), exact_counts([0, 0], [0.9, 0.4])
    assert "none of the cohort's applications defaulted" in auc_difference(good, both).explanation
    assert "compared with lacks" in auc_difference(both, good).explanation
    assert "holds no applications" in auc_difference(ScoreCounts.empty(), both).explanation


@pytest.mark.parametrize("shape", ["disjoint", "part of the other"])
@pytest.mark.parametrize(
    ("sizes", "models"), [((500, 500), ("portfolio", "weak")), ((60, 500), ("binormal", "unequal"))]
)
def test_auc_difference_covers_95_percent(sizes: tuple[int, int], models: tuple[str, str], shape: str) -> None:
    total, (n, m), repeats = sum(sizes), sizes, 2_000
    parts = [MODELS[name] for name in models]
    # Which cohort an application is in is drawn too: its bin is one of the first or of the second model.
    good, bad = (np.concatenate([n * parts[0][i], m * parts[1][i]]) / total for i in (0, 1))
    drawn = samples((good, bad), total, repeats, seed=total, n_bins=2 * N_BINS)
    curves = (parts[0], parts[1] if shape == "disjoint" else tuple(g[:N_BINS] + g[N_BINS:] for g in (good, bad)))
    first, second = (float(b @ (np.cumsum(g) - g / 2)) for g, b in curves)
    hits = 0
    for both in drawn:
        one, two = (half(both, place) for place in (slice(N_BINS), slice(N_BINS, None)))
        found = auc_difference(one, two) if shape == "disjoint" else auc_difference(one, one + two, shared=one)
        hits += (found.low or 0) <= first - second <= (found.high or 0)
    assert hits / repeats == pytest.approx(0.95, abs=0.015)


def half(counts: ScoreCounts, place: slice) -> ScoreCounts:
    zeros = np.zeros(N_BINS)
    edges = np.arange(N_BINS) / N_BINS
    good, bad = counts.good[place], counts.bad[place]
    return ScoreCounts(edges, good, bad, good * edges, bad * edges, zeros, zeros)


@pytest.mark.parametrize("n_bad", [24_825, 500, 60])
@pytest.mark.parametrize("model", MODELS)
def test_ks_interval_covers_at_least_94_percent(model: str, n_bad: int) -> None:
    good, bad = MODELS[model]
    truth = float(np.abs(np.cumsum(good) - np.cumsum(bad)).max())
    found = [ks_statistic(counts).statistic for counts in samples(MODELS[model], n_bad, 1_500, seed=n_bad)]
    covered = [e.low <= truth <= e.high for e in found if e.low is not None and e.high is not None]
    assert len(covered) == 1_500
    assert 0.94 <= np.mean(covered) <= 0.99


@pytest.mark.parametrize("n_bad", [1, 2, 3, 5, 20])
@pytest.mark.parametrize("model", ["useless", "usual", "strong"])
def test_auc_and_ks_cover_with_few_defaults(model: str, n_bad: int) -> None:
    auc, ks = measured(*BINORMAL[model], n_bad, n_samples=400, seed=n_bad)
    # Down from 0.93 for AUC and KS by what 400 samples may be off; before, a KS of 2 defaults was covered in 88 %.
    assert auc.coverage >= 0.91
    assert ks.coverage >= 0.91
    assert ks.above <= 10


def test_one_default_leaves_the_ks_open_above() -> None:
    # The only default is riskier than half of the others: the population's KS may still be far above 0.5.
    found = ks_statistic(exact_counts([0] * 50 + [1] + [0] * 50, np.linspace(0.01, 0.2, 101))).statistic
    assert found.value == pytest.approx(0.5)
    assert found.low == 0
    # All above the default are non-defaults: there, at worst 20.65 % of the defaults are below (Wilson, 1 of 1).
    assert found.high == pytest.approx(1 - 0.2065, abs=1e-2)
    # A default riskier than all others is what a perfect score would give.
    assert ks_statistic(exact_counts([0] * 100 + [1], np.linspace(0.01, 0.2, 101))).statistic.high == 1


def test_a_few_defaults_among_many_scores_are_ranked_exactly() -> None:
    # Of 100,000 scores those at these ranks default: precision at each is 1, 2, 3 ... over the rank.
    ranks = np.array([1, 2, 6, 21, 61, 4_000])
    scores = np.linspace(0.9, 0.001, 100_000)
    frame = pl.DataFrame({"is_default": np.isin(np.arange(1, 100_001), ranks), "default_probability": scores})
    grid = make_score_grid(scores, frame["is_default"])
    counts = count_scores(frame.with_columns(pl.Series("pd_bin", grid.bins(scores))), grid)
    assert not counts.is_exact
    assert average_precision(counts).value == pytest.approx(np.mean(np.arange(1, 7) / ranks), abs=1e-12)
    wrong = sum(rank - place for place, rank in enumerate(ranks, 1))
    assert roc_auc(counts).value == pytest.approx(1 - wrong / (6 * 99_994), abs=1e-12)
