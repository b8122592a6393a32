"""What is counted over cohorts, against Polars on the rows."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from dashboard import cache
from dashboard.cohort.filters import Filters, LevelFilter, RangeFilter
from dashboard.cohort.rows import Sort
from data.settings import Settings

PENSIONERS = Filters.of([LevelFilter("NAME_INCOME_TYPE", ("Pensioner",))])


def test_counts_of_segments_are_shared_and_not_copied(built: Settings) -> None:
    dataset = cache.open_dataset(cache.Location())
    bins = cache.column_bins(dataset, "ORGANIZATION_TYPE", 10)
    assert cache.segment_counts(dataset, PENSIONERS, bins) is cache.segment_counts(dataset, PENSIONERS, bins)


@pytest.fixture(name="dataset")
def own_dataset(built: Settings) -> cache.Dataset:
    return cache.open_dataset(cache.Location())


def test_a_cohort_and_its_rest_are_the_rows_on_either_side(dataset: cache.Dataset, frame: pl.DataFrame) -> None:
    is_one = frame["NAME_INCOME_TYPE"].cast(pl.String) == "Pensioner"
    for filters, rows in ((PENSIONERS, frame.filter(is_one)), (PENSIONERS.rest(), frame.filter(~is_one))):
        counts = cache.cohort_counts(dataset, filters)
        assert (counts.n_applications, counts.n_bad) == (rows.height, rows["is_default"].sum())
        assert counts.pd_sum == pytest.approx(rows["default_probability"].cast(pl.Float64).sum(), rel=1e-12)


def test_what_two_cohorts_share_is_counted_once(dataset: cache.Dataset, frame: pl.DataFrame) -> None:
    women = Filters.of([LevelFilter("CODE_GENDER", ("F",))])
    both = frame.filter(pl.col("NAME_INCOME_TYPE") == "Pensioner", pl.col("CODE_GENDER") == "F")
    assert 0 < both.height < frame.height
    assert cache.overlap(dataset, PENSIONERS, women).n_rows == both.height
    assert cache.shared_counts(dataset, PENSIONERS, women).n_bad == both["is_default"].sum()
    # Nothing asked for is everybody.
    assert cache.shared_counts(dataset, Filters(), Filters()).n_applications == frame.height


def test_columns_are_cut_on_the_whole_portfolio_whatever_cohort_is_counted(
    dataset: cache.Dataset, frame: pl.DataFrame
) -> None:
    levels = cache.level_counts(dataset, "NAME_INCOME_TYPE")
    assert levels == dict(frame["NAME_INCOME_TYPE"].cast(pl.String).value_counts().iter_rows())
    assert list(levels.values()) == sorted(levels.values(), reverse=True)
    bins = cache.column_groups(dataset).bins["AMT_CREDIT"]
    assert bins == cache.column_bins(dataset, "AMT_CREDIT", 10)
    counted = cache.column_counts(dataset, PENSIONERS)["AMT_CREDIT"]
    segments = cache.segment_counts(dataset, PENSIONERS, bins)
    assert {code: n for code, n in enumerate(counted.tolist()) if n} == {
        code: counts.n_applications for code, counts in segments.items()
    }
    assert sum(cache.value_grid(dataset, "AMT_CREDIT").counts) == frame["AMT_CREDIT"].count()


def test_cells_are_approved_below_the_cutoff(dataset: cache.Dataset, frame: pl.DataFrame) -> None:
    down, across = (cache.column_bins(dataset, name, 5) for name in ("CODE_GENDER", "AMT_CREDIT"))
    cells = cache.cell_counts(dataset, PENSIONERS, down, across, 0.05)
    rows = frame.filter(pl.col("NAME_INCOME_TYPE") == "Pensioner")
    approved = rows.filter(pl.col("default_probability").cast(pl.Float64) < 0.05)
    assert cells.applications.sum() == rows.height
    assert (cells.approved.sum(), cells.approved_defaults.sum()) == (approved.height, approved["is_default"].sum())


def test_an_order_is_shared_and_nobody_can_write_to_it(dataset: cache.Dataset, frame: pl.DataFrame) -> None:
    kept = cache.row_order(dataset, PENSIONERS, Sort(), None)
    assert kept is cache.row_order(dataset, PENSIONERS, Sort(), None)
    order = kept[:]
    assert (frame["NAME_INCOME_TYPE"][order.tolist()].cast(pl.String) == "Pensioner").all()
    assert frame["default_probability"][order.tolist()].is_sorted(descending=True)
    with pytest.raises(ValueError, match="read-only"):
        order[0] = 0


def test_a_cohort_may_be_cut_by_a_column_that_the_predictions_do_not_carry(
    dataset: cache.Dataset, frame: pl.DataFrame, built: Settings
) -> None:
    column = cache.predictions(dataset).filter_columns["DAYS_ID_PUBLISH"]
    cohort = Filters.of([replace(RangeFilter.on(column), low=-2_000, high=-500), LevelFilter("CODE_GENDER", ("F",))])
    table = pl.read_parquet(built.applications).sort("SK_ID_CURR")["DAYS_ID_PUBLISH"]
    rows = frame.sort("application_id").with_columns(table.alias("~days"))
    inside = rows.filter(pl.col("~days").is_between(-2_000, -500), pl.col("CODE_GENDER") == "F")
    n, n_bad = inside.height, inside["is_default"].sum()
    assert 0 < n < frame.height
    bins = cache.column_bins(dataset, "NAME_INCOME_TYPE", 10)
    segments = cache.segment_counts(dataset, cohort, bins).values()
    counts = cache.cohort_counts(dataset, cohort)
    assert (counts.n_applications, counts.n_bad) == (n, n_bad)
    assert (sum(each.n_applications for each in segments), sum(each.n_bad for each in segments)) == (n, n_bad)
    assert cache.cohort_counts(dataset, cohort.rest()).n_applications == frame.height - n
    assert cache.column_counts(dataset, cohort)["AMT_CREDIT"].sum() == n
    assert cache.cell_counts(dataset, cohort, bins, bins, 0.1).applications.sum() == n
    pensioners = inside.filter(pl.col("NAME_INCOME_TYPE") == "Pensioner")
    assert cache.overlap(dataset, PENSIONERS, cohort).n_rows == pensioners.height
    assert cache.shared_counts(dataset, cohort, PENSIONERS).n_bad == pensioners["is_default"].sum()
    assert set(
        cache.predictions(dataset).frame["application_id"][cache.row_order(dataset, cohort, Sort(), None)[:]]
    ) == set(inside["application_id"])
    sums = cache.contribution_sums(dataset, cohort)
    assert sums is not None
    assert sums.n_applications == n
    # Every second column of the application's own form is none to make segments of.
    assert "DAYS_ID_PUBLISH" not in cache.column_groups(dataset).bins
