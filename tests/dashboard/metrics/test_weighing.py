"""Weighted figures against scikit-learn, intervals by the effective size, and what has no weighted form."""

from __future__ import annotations

import pickle

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from sklearn.metrics import (
    average_precision_score,
    brier_score_loss,
    confusion_matrix,
    f1_score,
    log_loss,
    matthews_corrcoef,
    precision_score,
    recall_score,
    roc_auc_score,
)

from dashboard.metrics.cell_counts import count_cells
from dashboard.metrics.cells import CellMeasure, cell_grid
from dashboard.metrics.column_counts import count_both, count_columns, make_column_codes
from dashboard.metrics.counts import ScoreCounts, count_scores, exact_counts
from dashboard.metrics.evaluation import Evaluation
from dashboard.metrics.rates import wilson_ends
from dashboard.metrics.row_counts import table_rows
from dashboard.metrics.segments import segment_report
from dashboard.metrics.stability import SAME_ROWS, characteristic_stability, population_stability
from dashboard.metrics.weighing import NO_WEIGHTED_TEST
from dashboard.report.catalogue import PAGES
from dashboard.visit.assumptions import assume
from data.predictions.scores import ScoreGrid

CUTOFF, N = 0.1, 4_000
# Figures that no weight can change: the break-even follows from the stakes alone. All others are weighted.
UNWEIGHTED = {"break_even_by_cost", "break_even_by_profit"}


@pytest.fixture(scope="module", name="rows")
def fixture_rows() -> pl.DataFrame:
    rng = np.random.default_rng(11)
    pd = rng.beta(1.2, 9, N)
    region = rng.integers(1, 4, N)
    return pl.DataFrame(
        {
            "is_default": rng.random(N) < pd,
            "default_probability": pd,
            "exposure": rng.lognormal(9, 0.5, N),
            "region": region.astype(np.uint8),
            "weight": np.where(region == 1, 4.0, 1.0) * rng.uniform(0.2, 2.5, N),
        }
    )


@pytest.fixture(scope="module", name="evaluation")
def fixture_evaluation(rows: pl.DataFrame) -> Evaluation:
    return Evaluation(count_scores(rows), assume(CUTOFF))


def arrays(rows: pl.DataFrame) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    outcome, pd, weight = (rows[name].to_numpy() for name in ("is_default", "default_probability", "weight"))
    return outcome, pd, weight


def kish(weight: npt.NDArray[np.float64]) -> float:
    return float(weight.sum() ** 2 / (weight**2).sum())


def test_figures_are_scikit_learns(rows: pl.DataFrame, evaluation: Evaluation) -> None:
    outcome, pd, weight = arrays(rows)
    decided, w = pd >= CUTOFF, {"sample_weight": weight}
    found = {metric.name: metric.of(evaluation).value for metrics in PAGES.values() for metric in metrics}
    approved = ~decided
    wanted = {
        "default_rate": np.average(outcome, weights=weight),
        "mean_pd": np.average(pd, weights=weight),
        "roc_auc": roc_auc_score(outcome, pd, **w),
        "gini": 2 * roc_auc_score(outcome, pd, **w) - 1,
        "average_precision": average_precision_score(outcome, pd, **w),
        "brier": brier_score_loss(outcome, pd, **w),
        "log_loss": log_loss(outcome, pd, **w),
        "recall": recall_score(outcome, decided, **w),
        "precision": precision_score(outcome, decided, **w),
        "f1": f1_score(outcome, decided, **w),
        "mcc": matthews_corrcoef(outcome, decided, **w),
        "accuracy": np.average(outcome == decided, weights=weight),
        "approval_rate": np.average(approved, weights=weight),
        "bad_rate": np.average(outcome[approved], weights=weight[approved]),
        "observed_expected": (weight * outcome).sum() / (weight * pd).sum(),
    }
    for name, value in wanted.items():
        assert found[name] == pytest.approx(value, abs=1e-9), name
    gap = np.array(
        [
            abs(
                np.average(pd[outcome] < c, weights=weight[outcome])
                - np.average(pd[~outcome] < c, weights=weight[~outcome])
            )
            for c in np.unique(pd)
        ]
    )
    assert found["ks"] == pytest.approx(gap.max(), abs=1e-9)
    matrix = confusion_matrix(outcome, decided, **w)
    decisions = evaluation.confusion
    assert [
        [decisions.true_approvals, decisions.false_declines],
        [decisions.false_approvals, decisions.true_declines],
    ] == [pytest.approx(row) for row in matrix.tolist()]
    lgd, exposure = evaluation.assumptions.terms.lgd, rows["exposure"].to_numpy()
    assert found["expected_loss"] == pytest.approx(lgd * (weight * pd * exposure).sum())
    assert evaluation.observed_loss.value == pytest.approx(lgd * (weight * outcome * exposure).sum())


def test_every_figure_is_weighted_or_not_defined(rows: pl.DataFrame, evaluation: Evaluation) -> None:
    once = Evaluation(count_scores(rows.drop("weight")), assume(CUTOFF))
    for metric in (metric for metrics in PAGES.values() for metric in metrics):
        own, other = metric.of(evaluation), metric.of(once)
        assert own.is_defined, metric.name
        assert (own == other) is (metric.name in UNWEIGHTED), metric.name


def test_intervals_are_of_the_effective_size(rows: pl.DataFrame, evaluation: Evaluation) -> None:
    outcome, _, weight = arrays(rows)
    n = kish(weight)
    assert evaluation.counts.effective.n_applications == pytest.approx(n)
    assert evaluation.counts.n_rows == N
    rate = evaluation.default_rate
    assert (rate.low, rate.high) == pytest.approx(wilson_ends(n * float(np.average(outcome, weights=weight)), n))
    # Weights that are all the same are none, whatever they are.
    alike = Evaluation(count_scores(rows.with_columns(weight=pl.lit(2.5))), assume(CUTOFF))
    once = Evaluation(count_scores(rows.drop("weight")), assume(CUTOFF))
    for metric in (metric for metrics in PAGES.values() for metric in metrics):
        one, two = metric.of(alike), metric.of(once)
        if metric.name not in ("expected_loss", "approved_loss"):
            assert [one.value, one.low, one.high] == [
                pytest.approx(end, rel=1e-6) for end in (two.value, two.low, two.high)
            ], metric.name


def test_the_interval_of_the_auc_covers_in_repeated_samples() -> None:
    rng = np.random.default_rng(5)
    hits, n_samples = 0, 300
    truth = 0.7602  # of two normal scores one standard deviation apart: Phi(1 / sqrt(2))
    for _ in range(n_samples):
        outcome = rng.random(500) < 0.3
        score = 1 / (1 + np.exp(-(rng.normal(size=500) + outcome)))
        weight = rng.choice([0.3, 1.0, 3.0], 500)
        found = Evaluation(exact_counts(outcome, score, None, weight), assume(CUTOFF)).roc_auc
        hits += (found.low or 0.0) <= truth <= (found.high or 1.0)
    assert 0.92 <= hits / n_samples <= 0.98


def test_tests_of_significance_are_not_defined(evaluation: Evaluation) -> None:
    tests = [evaluation.spiegelhalter.p_value, evaluation.hosmer_lemeshow.p_value]
    tests += [band.jeffreys for band in evaluation.bands if band.resolved]
    assert {test.reason for test in tests} == {NO_WEIGHTED_TEST}


def test_parts_add_up_and_survive_the_cache(rows: pl.DataFrame) -> None:
    whole, table = count_scores(rows), table_rows(rows, None)
    chosen = (rows["region"] == 1).to_numpy()
    part, rest = table.counts(chosen), table.counts(~chosen)
    for one, other in ((part + rest, whole), (whole - rest, part), (pickle.loads(pickle.dumps(part)), part)):
        assert_alike(one.on(whole.edges, is_exact=True), other.on(whole.edges, is_exact=True))
    assert (whole - whole).n_applications == 0
    parts = table.counts_by(rows["region"].to_numpy(), 4)
    report = segment_report(parts, ("", "a", "b", "c"), whole, column="region", cutoff=CUTOFF, break_even=0.1)
    for segment in report.segments:
        own = rows.filter(pl.col("region") == segment.code)
        outcome, _, weight = arrays(own)
        rate, n = float(np.average(outcome, weights=weight)), kish(weight)
        assert segment.default_rate.value == pytest.approx(rate)
        assert segment.default_rate.low == pytest.approx(wilson_ends(n * rate, n)[0])
        assert segment.share.value == pytest.approx(weight.sum() / rows["weight"].sum())


def assert_alike(one: ScoreCounts, other: ScoreCounts) -> None:
    for name in ("good", "bad", "good_pd", "bad_pd", "good_exposure", "bad_exposure"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9, atol=1e-7)
    assert one.weighing == pytest.approx(other.weighing)
    assert one.effective_share == pytest.approx(other.effective_share)


def test_a_large_table_is_counted_on_its_grid(portfolio: pl.DataFrame, grid: ScoreGrid) -> None:
    weight = np.random.default_rng(2).uniform(0.5, 3.0, portfolio.height)
    frame = portfolio.with_columns(pl.Series("weight", weight))
    found, other = table_rows(frame, grid).counts(), count_scores(frame, grid)
    assert_alike(found, other)
    auc = roc_auc_score(frame["is_default"], frame["default_probability"], sample_weight=weight)
    assert Evaluation(found, assume(CUTOFF)).roc_auc.value == pytest.approx(auc, abs=1e-6)


def test_cells_and_stability(rows: pl.DataFrame) -> None:
    table = table_rows(rows, None)
    region, across = rows["region"].to_numpy(), (np.arange(N) % 2).astype(np.uint8)
    outcome, pd, weight = arrays(rows)
    own = (region == 2) & (across == 1)
    cells = count_cells(table, (region, across), (4, 2), cutoff=CUTOFF)
    assert cell_grid(cells, CellMeasure.DEFAULT_RATE).value[2, 1] == pytest.approx(
        np.average(outcome[own], weights=weight[own])
    )
    assert cell_grid(cells, CellMeasure.MEAN_PD).value[2, 1] == pytest.approx(np.average(pd[own], weights=weight[own]))
    one, two = table.counts(region == 1), table.counts(region != 1)
    found = population_stability(two, one)
    bins = np.searchsorted(found.edges, pd, side="right") - 1
    c, r = (
        np.bincount(bins[part], weights=weight[part], minlength=10) / weight[part].sum()
        for part in (region == 1, region != 1)
    )
    assert found.stability.index.value == pytest.approx(float(((c - r) * np.log(c / r)).sum()))
    assert found.stability.n_current == pytest.approx(kish(weight[region == 1]))


def test_shift_of_a_column_by_weights(rows: pl.DataFrame) -> None:
    codes = make_column_codes(rows, {"region": (pl.col("region"), 4)})
    outcome, pd, weight = arrays(rows)
    region = rows["region"].to_numpy()
    reference, current = pd < 0.2, (pd > 0.05) | outcome
    both = count_both(rows, pl.lit(pl.Series(reference)), pl.lit(pl.Series(current)))
    counts = [count_columns(codes, side) for side in (reference, current)]
    found = characteristic_stability(*counts, overlap=both)["region"]
    r, c = (np.bincount(region[side], weights=weight[side])[1:] / weight[side].sum() for side in (reference, current))
    assert found.index.value == pytest.approx(float(((c - r) * np.log(c / r)).sum()))
    assert found.n_reference == pytest.approx(kish(weight[reference]))
    # Each row's share of the one cohort less that of the other: what both hold in like share cannot differ by chance.
    apart = reference * weight / weight[reference].sum() - current * weight / weight[current].sum()
    assert found.noise == pytest.approx(2 * float((apart**2).sum()))
    alike = count_both(rows, pl.lit(pl.Series(current)), pl.lit(pl.Series(current)))
    assert characteristic_stability(counts[1], counts[1], overlap=alike)["region"].index.reason == SAME_ROWS


def test_column_counts_of_weights_that_are_alike_are_those_of_rows(rows: pl.DataFrame) -> None:
    chosen = rows["default_probability"].to_numpy() < 0.05
    plain, doubled = rows.drop("weight"), rows.with_columns(weight=pl.lit(2.0))
    one, two = (make_column_codes(each, {"region": (pl.col("region"), 4)}) for each in (plain, doubled))
    found = [
        characteristic_stability(count_columns(each, ~chosen), count_columns(each, chosen))["region"]
        for each in (one, two)
    ]
    assert found[0].index.value == pytest.approx(found[1].index.value)
    assert found[0].critical_95 == pytest.approx(found[1].critical_95)
