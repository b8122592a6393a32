"""Applications without an outcome: in every figure that needs none, and in no other."""

from __future__ import annotations

import pickle

import numpy as np
import numpy.typing as npt
import polars as pl
import pytest
from sklearn.metrics import brier_score_loss, roc_auc_score

from dashboard.metrics.cell_counts import count_cells
from dashboard.metrics.cells import CellMeasure, cell_grid
from dashboard.metrics.counts import OPEN, CountsError, ScoreCounts, count_scores, count_scores_by, exact_counts
from dashboard.metrics.distribution import pd_distribution
from dashboard.metrics.evaluation import Evaluation
from dashboard.metrics.findings import find_faults
from dashboard.metrics.group_facts import group_facts
from dashboard.metrics.placement import share_below
from dashboard.metrics.row_counts import TableRows, table_rows
from dashboard.metrics.segment_counts import code_rows
from dashboard.metrics.segments import segment_report
from dashboard.metrics.stability import population_stability
from dashboard.metrics.sweep import Decisions, Sweep
from dashboard.report.catalogue import PAGES
from dashboard.visit.assumptions import assume
from data.predictions.scores import ScoreGrid

CUTOFF = 0.1
# What is worked out from all applications; everything else that pages show needs an outcome.
OF_ALL = {"mean_pd", "expected_loss", "approved_loss", "approval_rate"}


@pytest.fixture(scope="module", name="partly")
def fixture_partly(portfolio: pl.DataFrame) -> pl.DataFrame:
    """The portfolio with 15 % of outcomes not known, the more often the riskier."""
    drawn = np.random.default_rng(3).random(portfolio.height)
    is_open = pl.Series(drawn < 1.9 * portfolio["default_probability"].to_numpy() ** 0.5 * 0.3)
    return portfolio.with_columns(pl.when(is_open).then(None).otherwise("is_default").alias("is_default"))


@pytest.fixture(scope="module", name="rows")
def fixture_rows(partly: pl.DataFrame, grid: ScoreGrid) -> TableRows:
    return table_rows(partly, grid)


@pytest.fixture(scope="module", name="known")
def fixture_known(partly: pl.DataFrame) -> pl.DataFrame:
    return partly.filter(pl.col("is_default").is_not_null())


def assert_same(one: ScoreCounts, other: ScoreCounts) -> None:
    assert one.edges.tolist() == other.edges.tolist()
    for name in ("good", "bad", "open"):
        assert getattr(one, name).tolist() == getattr(other, name).tolist()
    for name in ("good_pd", "bad_pd", "open_pd", "good_exposure", "bad_exposure", "open_exposure"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=1e-9, atol=1e-6)


def test_counts_by_hand() -> None:
    counts = exact_counts([0, 1, OPEN, OPEN, 0], [0.1, 0.2, 0.2, 0.3, 0.3], [10.0, 20.0, 30.0, 40.0, 50.0])
    assert counts.edges.tolist() == [0.1, 0.2, 0.3]
    assert (counts.good.tolist(), counts.bad.tolist(), counts.open.tolist()) == ([1, 0, 1], [0, 1, 0], [0, 1, 1])
    assert counts.open_exposure.tolist() == [0.0, 30.0, 40.0]
    assert (counts.n_applications, counts.n_resolved, counts.n_open, counts.n_bad) == (5, 3, 2, 1)
    assert counts.applications.tolist() == [1, 2, 2]
    assert counts.pd_sum == pytest.approx(1.1)
    assert counts.exposure_sum == 150.0
    assert counts.resolved.n_applications == 3
    assert not counts.resolved.has_open


def test_all_ways_of_counting_agree(partly: pl.DataFrame, grid: ScoreGrid, rows: TableRows) -> None:
    counts = count_scores(partly, grid)
    assert_same(rows.counts(), counts)
    assert counts.n_open == partly["is_default"].null_count() > 0.1 * partly.height
    chosen = (partly["region"] == 2).to_numpy()
    part = count_scores(partly, grid, filters=pl.col("region") == 2)
    assert_same(rows.counts(chosen), part)
    assert_same(counts - part, rows.counts(~chosen))
    assert_same(part + rows.counts(~chosen), counts)
    codes = partly["region"].cast(pl.UInt8).to_numpy()
    for code, found in rows.counts_by(codes, 4).items():
        assert_same(found, count_scores_by(partly, "region", grid)[code])
    assert_same(pickle.loads(pickle.dumps(part)), part)
    few = count_scores(partly.head(500), grid)
    assert few.is_exact
    assert few.n_open == partly["is_default"].head(500).null_count()
    assert_same(rows.counts(np.arange(partly.height) < 500), few)


def test_a_part_that_the_whole_does_not_hold_is_refused() -> None:
    with pytest.raises(CountsError, match=r"open applications at a PD of 0\.2000 would be below zero"):
        _ = exact_counts([0, 1], [0.1, 0.2]) - exact_counts([OPEN], [0.2])


def test_what_needs_an_outcome_is_of_the_resolved_and_the_rest_of_all(
    partly: pl.DataFrame, known: pl.DataFrame, grid: ScoreGrid
) -> None:
    found, resolved = (
        Evaluation(each, assume(CUTOFF)) for each in (count_scores(partly, grid), count_scores(known, grid))
    )
    for metric in (metric for metrics in PAGES.values() for metric in metrics):
        if metric.name not in OF_ALL:
            assert metric.of(found) == metric.of(resolved), metric.name
    pd, outcome = known["default_probability"].to_numpy(), known["is_default"].to_numpy()
    every = partly["default_probability"].to_numpy()
    assert found.roc_auc.value == pytest.approx(roc_auc_score(outcome, pd), abs=1e-6)
    assert found.brier.value == pytest.approx(brier_score_loss(outcome, pd), abs=1e-8)
    assert found.confusion.bad_rate.value == outcome[pd < CUTOFF].mean()
    assert found.confusion.approval_rate.value == (every < CUTOFF).mean()
    assert found.confusion.approval_rate.value != (pd < CUTOFF).mean()
    assert found.mean_pd.value == pytest.approx(every.mean(), abs=1e-9)
    exposure, lgd = partly["exposure"].to_numpy().astype(float), found.assumptions.terms.lgd
    assert found.expected_loss.value == pytest.approx(lgd * (every * exposure).sum(), rel=1e-5)
    lost = known.filter("is_default")["exposure"].to_numpy().astype(float).sum()
    assert found.observed_loss.value == pytest.approx(lgd * lost)
    assert [band.ratio for band in found.bands] == [band.ratio for band in resolved.bands]
    assert sum(band.applications for band in found.bands) == partly.height
    assert sum(band.resolved for band in found.bands) == known.height


def test_a_sweep_decides_as_each_cutoff_alone(rows: TableRows) -> None:
    whole = Evaluation(rows.counts(), assume(CUTOFF))
    cutoffs = np.array([0.02, 0.1, 0.3])
    for swept, _ in Sweep(whole, cutoffs):
        alone = whole.at(swept.assumptions.cutoff)
        assert swept.confusion == alone.confusion
        assert swept.confusion.open_approvals > 0
        assert swept.approved_loss.value == pytest.approx(alone.approved_loss.value)
        assert Decisions(whole.counts).at(swept.assumptions.cutoff) == alone.confusion


def test_distribution_and_stability_are_of_all(partly: pl.DataFrame, known: pl.DataFrame, rows: TableRows) -> None:
    spread = pd_distribution(rows.counts())
    assert (spread.n_good, spread.n_bad, spread.n_open) == (
        known.height - known["is_default"].sum(),
        known["is_default"].sum(),
        partly.height - known.height,
    )
    opens = partly.filter(pl.col("is_default").is_null())["default_probability"]
    assert spread.open.tolist() == np.histogram(opens, bins=spread.edges)[0].tolist()
    chosen = (partly["region"] == 1).to_numpy()
    shift = population_stability(rows.counts(~chosen), rows.counts(chosen)).stability
    assert shift.n_current == chosen.sum()
    assert share_below(rows.counts(), 0.05) == pytest.approx((partly["default_probability"] < 0.05).mean(), abs=1e-4)


@pytest.mark.parametrize("most_sorted", [1 << 20, 1_000])
def test_segments_and_checks(
    partly: pl.DataFrame, known: pl.DataFrame, grid: ScoreGrid, rows: TableRows, most_sorted: int
) -> None:
    codes = partly["region"].cast(pl.UInt8).to_numpy()
    names = ("none", "one", "two", "three")
    report = segment_report(
        rows.counts_by(codes, 4), names, rows.counts(), column="region", cutoff=CUTOFF, break_even=0.1
    )
    for segment in report.segments:
        own = partly.filter(pl.col("region") == segment.code)
        assert (segment.applications, segment.resolved) == (own.height, own["is_default"].count())
        assert segment.share.value == own.height / partly.height
        assert segment.default_rate.value == own["is_default"].mean()
        gap = own.filter(pl.col("is_default").is_not_null())["default_probability"].mean()
        rate = float(str(own["is_default"].mean()))
        assert segment.calibration_gap.value == pytest.approx(float(str(gap)) - rate)
    coded = code_rows(rows, [("region", codes)], {"region": 4}, most_sorted=most_sorted)
    only = table_rows(known, grid)
    own_codes = known["region"].cast(pl.UInt8).to_numpy()
    alone = code_rows(only, [("region", own_codes)], {"region": 4}, most_sorted=most_sorted)
    half = np.arange(partly.height) % 2 == 0
    for chosen, of_known in ((None, None), (half, half[~partly["is_default"].is_null().to_numpy()])):
        (_, found), (_, expected) = next(coded.counts(chosen)), next(alone.counts(of_known))
        facts, others = (
            group_facts("region", "Region", names, parts, whole)
            for parts, whole in ((found, rows.counts(chosen)), (expected, only.counts(of_known)))
        )
        assert [(f.applications, f.defaults, f.ranking, f.calibration) for f in facts] == [
            pytest.approx((f.applications, f.defaults, f.ranking, f.calibration)) for f in others
        ]
        findings = (
            find_faults(Evaluation(each, assume(CUTOFF)), own)
            for each, own in ((rows.counts(chosen), facts), (only.counts(of_known), others))
        )
        first, second = ([(f.fault, f.found, f.applications) for f in each.shown] for each in findings)
        assert first == second


def test_cells(partly: pl.DataFrame, rows: TableRows) -> None:
    down: npt.NDArray[np.uint8] = partly["region"].cast(pl.UInt8).to_numpy()
    across = (np.arange(partly.height) % 2).astype(np.uint8)
    cells = count_cells(rows, (down, across), (4, 2), cutoff=CUTOFF)
    own = partly.with_columns(pl.Series("across", across)).filter((pl.col("region") == 2) & (pl.col("across") == 1))
    approved = pl.col("default_probability") < CUTOFF
    wanted = {
        CellMeasure.DEFAULT_RATE: own["is_default"].mean(),
        CellMeasure.BAD_RATE: own.filter(approved)["is_default"].mean(),
        CellMeasure.APPROVAL_RATE: own.select(approved).to_series().mean(),
        CellMeasure.MEAN_PD: own["default_probability"].mean(),
        CellMeasure.CALIBRATION_GAP: own.drop_nulls("is_default").select(
            pl.col("default_probability").mean() - pl.col("is_default").mean()
        )["default_probability"][0],
    }
    for measure, value in wanted.items():
        assert cell_grid(cells, measure).value[2, 1] == pytest.approx(value), measure


def test_a_segment_without_an_outcome_has_too_few(rows: TableRows) -> None:
    parts = {0: exact_counts([OPEN] * 50, np.full(50, 0.1)), 1: exact_counts([0, 1] * 500, np.full(1_000, 0.1))}
    report = segment_report(parts, ("a", "b"), parts[0] + parts[1], column="c", cutoff=0.2, break_even=0.1)
    segment = report.segments[0]
    assert (segment.verdict, segment.lending) == ("too few to conclude", "too few to conclude")
    assert segment.default_rate.explanation == "not defined because no outcome of these applications is known yet"
    assert segment.approval_rate.value == 1.0
    assert report.segments[1].verdict == "nothing to compare with"
