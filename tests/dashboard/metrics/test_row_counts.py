"""Cohorts that are counted in pieces of a table's arrays, against Polars on the filtered rows."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from dashboard.metrics.column_counts import select_rows
from dashboard.metrics.counts import MOST_EXACT, CountsError, count_scores_by
from dashboard.metrics.row_counts import add_counts, table_rows
from data.predictions.scores import ScoreGrid, make_score_grid


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("decimals", [6, 4])
def test_random_cohorts_have_the_sums_of_their_rows(portfolio: pl.DataFrame, seed: int, decimals: int) -> None:
    random = np.random.default_rng(seed)
    # Four decimals leave few distinct PDs, each of which is a bin then.
    frame = portfolio.with_columns(pl.col("default_probability").round(decimals))
    frame = frame.with_columns(exposure=pl.when(pl.int_range(pl.len()) % 7 != seed).then(pl.col("exposure")))
    grid = make_score_grid(frame["default_probability"], frame["is_default"])
    frame = frame.with_columns(pl.Series("pd_bin", grid.bins(frame["default_probability"])))
    low, high = np.sort(random.uniform(0, 0.5, 2))
    filters = pl.col("region").is_in(random.permutation([1, 2, 3])[:2]) & pl.col("default_probability").is_between(
        low, high
    )
    rows = table_rows(frame, grid)
    for expression in (None, filters, pl.lit(value=False)):
        found = rows.counts(select_rows(frame, expression))
        kept = frame if expression is None else frame.filter(expression)
        assert found.is_exact == (kept.height <= MOST_EXACT or grid.is_exact)
        edges = pl.Series(found.edges)
        place = edges.search_sorted(kept["default_probability"], side="right").cast(pl.Int64) - 1
        sums = kept.group_by(place.alias("place"), "is_default").agg(
            pl.len(), pl.col("default_probability").sum().alias("pd"), pl.col("exposure").cast(pl.Float64).sum()
        )
        for is_default, outcome in ((False, "good"), (True, "bad")):
            expected = pl.DataFrame({"place": range(found.edges.size)}).join(
                sums.filter(pl.col("is_default") == is_default), on="place", how="left"
            )
            expected = expected.sort("place").fill_null(0)
            assert getattr(found, outcome).tolist() == expected["len"].to_list()
            np.testing.assert_allclose(getattr(found, f"{outcome}_pd"), expected["pd"], rtol=1e-11)
            np.testing.assert_allclose(getattr(found, f"{outcome}_exposure"), expected["exposure"], rtol=1e-11)


@pytest.mark.parametrize("filters", [None, pl.col("default_probability") > 0.15, pl.lit(value=False)])
@pytest.mark.parametrize("has_grid", [True, False])
def test_groups_have_the_counts_of_their_rows(
    portfolio: pl.DataFrame, grid: ScoreGrid, filters: pl.Expr | None, has_grid: bool
) -> None:
    on = grid if has_grid else None
    # Groups of many rows and of few.
    code = pl.when(pl.col("exposure") > 1_500_000).then(pl.lit(5)).otherwise(pl.col("region")).cast(pl.UInt8)
    codes = portfolio.select(code).to_series().to_numpy()
    found = table_rows(portfolio, on).counts_by(codes, 7, select_rows(portfolio, filters))
    expected = count_scores_by(portfolio, code, on, filters=filters)
    assert list(found) == list(expected)
    for own, part in zip(found.values(), expected.values(), strict=True):
        assert own.is_exact == part.is_exact
        for name in ("edges", "good", "bad"):
            assert np.array_equal(getattr(own, name), getattr(part, name))
        for name in ("good_pd", "bad_pd", "good_exposure", "bad_exposure"):
            np.testing.assert_allclose(getattr(own, name), getattr(part, name), rtol=1e-11)


@pytest.mark.parametrize("ends", [(0.02, 0.021), (0.02, 0.03), (0.02, 0.2), (0.2, 0.4)])
def test_two_parts_of_a_cohort_have_its_counts_together(
    portfolio: pl.DataFrame, grid: ScoreGrid, ends: tuple[float, float]
) -> None:
    rows, pds = table_rows(portfolio, grid), portfolio["default_probability"].to_numpy()
    inside, third = (pds >= ends[0]) & (pds < ends[1]), portfolio["region"].to_numpy() == 3
    found = add_counts(rows.counts(inside & third), rows.counts(inside & ~third), grid)
    expected = rows.counts(inside)
    assert found.is_exact == expected.is_exact
    for name in ("edges", "good", "bad"):
        assert np.array_equal(getattr(found, name), getattr(expected, name))
    for name in ("good_pd", "bad_pd", "good_exposure", "bad_exposure"):
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-11)


def test_a_table_without_a_grid_is_counted_by_distinct_pd(portfolio: pl.DataFrame) -> None:
    found = table_rows(portfolio, None).counts()
    assert found.is_exact
    assert found.edges.tolist() == portfolio["default_probability"].unique().sort().to_list()


@pytest.mark.parametrize("value", [None, 1.5])
def test_a_row_that_cannot_be_counted_is_refused(portfolio: pl.DataFrame, grid: ScoreGrid, value: float | None) -> None:
    column = "default_probability"
    wrong = portfolio.with_columns(
        pl.when(pl.int_range(pl.len()) == 5).then(pl.lit(value)).otherwise(pl.col(column)).alias(column)
    )
    with pytest.raises(CountsError, match="1 predictions have no PD"):
        table_rows(wrong, grid)
