"""Groups of many columns at once have the counts that each column has alone."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from dashboard.metrics.column_counts import select_rows
from dashboard.metrics.counts import ScoreCounts, count_scores_by
from dashboard.metrics.row_counts import table_rows
from dashboard.metrics.segment_counts import GroupCounts, add_groups, code_rows, pack_codes
from data.predictions.scores import ScoreGrid

CODES = {
    "region": pl.col("region").cast(pl.UInt8),
    "large": (pl.col("exposure").fill_null(0) > 400_000).cast(pl.UInt8),
}


@pytest.mark.parametrize("filters", [None, pl.col("default_probability") > 0.1, pl.lit(value=False)])
@pytest.mark.parametrize(("has_grid", "most_sorted"), [(True, 1 << 20), (True, 50_000), (True, 0), (False, 1 << 20)])
def test_groups_have_the_counts_of_their_column_alone(
    portfolio: pl.DataFrame, grid: ScoreGrid, filters: pl.Expr | None, has_grid: bool, most_sorted: int
) -> None:
    on = grid if has_grid else None
    codes = ((name, portfolio.select(code).to_series().to_numpy()) for name, code in CODES.items())
    rows = code_rows(table_rows(portfolio, on), codes, {"region": 4, "large": 2}, most_sorted=most_sorted)
    found = dict(rows.counts(select_rows(portfolio, filters)))
    assert list(found) == list(CODES)
    for name, code in CODES.items():
        alone = count_scores_by(portfolio, code, on, filters=filters)
        assert list(found[name]) == [int(str(level)) for level in alone]
        for counts, expected in zip(found[name].values(), alone.values(), strict=True):
            _assert_same(counts, expected)


def _assert_same(found: GroupCounts, expected: ScoreCounts) -> None:
    assert found.is_exact == expected.is_exact
    for name in ("edges", "good", "bad"):
        assert np.array_equal(getattr(found, name), getattr(expected, name))
    assert found.pd_sum == pytest.approx(expected.pd_sum, rel=1e-12)
    assert found.exposure_sum == pytest.approx(expected.exposure_sum, rel=1e-12)


def test_codes_of_any_size_come_back_from_their_words() -> None:
    random = np.random.default_rng(8)
    sizes = {f"column {place}": size for place, size in enumerate([2, 60, 1, 256, 3, 255, 200, 128, 19, 7, 250, 61, 9])}
    codes = {name: random.integers(0, size, 70_000).astype(np.uint8) for name, size in sizes.items()}
    packed = pack_codes(codes.items(), sizes)
    assert len(packed.words) == 2
    rows = random.integers(0, 70_000, 500)
    for name, own in codes.items():
        assert np.array_equal(packed.at(name, slice(5, 60_000)), own[5:60_000])
        assert np.array_equal(packed.take(rows).at(name, slice(0, 500)), own[rows])


@pytest.mark.parametrize("low", [0.0, 0.05, 0.1, 0.3])
def test_groups_of_two_parts_have_the_counts_of_the_cohort(
    portfolio: pl.DataFrame, grid: ScoreGrid, low: float
) -> None:
    codes = ((name, portfolio.select(code).to_series().to_numpy()) for name, code in CODES.items())
    rows = code_rows(table_rows(portfolio, grid), codes, {"region": 4, "large": 2})
    cohort = (portfolio["default_probability"] > low).to_numpy()
    part = (portfolio["exposure"].fill_null(0) < 300_000).to_numpy()
    one, other, both = (dict(rows.counts(chosen)) for chosen in (cohort & part, cohort & ~part, cohort))
    for name, expected in both.items():
        found = add_groups(one[name], other[name], grid)
        assert list(found) == list(expected)
        for code, counts in found.items():
            assert counts.is_exact == expected[code].is_exact
            for array in ("edges", "good", "bad"):
                assert np.array_equal(getattr(counts, array), getattr(expected[code], array))
            assert counts.pd_sum == pytest.approx(expected[code].pd_sum, rel=1e-12)
            assert counts.exposure_sum == pytest.approx(expected[code].exposure_sum, rel=1e-12)
