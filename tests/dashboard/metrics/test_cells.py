from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dashboard.metrics.cell_counts import CellCounts, count_cells
from dashboard.metrics.cells import CellMeasure, cell_grid
from dashboard.metrics.counts import CountsError
from dashboard.metrics.rates import wilson_bounds

CODES = (pl.col("v"), pl.col("h"))


def table(n: int, shape: tuple[int, int], seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    return pl.DataFrame(
        {
            "is_default": random.random(n) < 0.3,
            "default_probability": pl.Series(random.beta(1, 4, n), dtype=pl.Float32),
            "v": pl.Series(random.integers(0, shape[0], n), dtype=pl.UInt8),
            "h": pl.Series(random.integers(0, shape[1], n), dtype=pl.UInt8),
        }
    )


def cells_of(*rows: tuple[int, int, int, int, float]) -> CellCounts:
    """One row of cells from (applications, defaults, approved, approved defaults, sum of PD)."""
    n, d, a, b, pd = zip(*rows, strict=True)
    return CellCounts(np.array([n]), np.array([d]), np.array([a]), np.array([b]), np.array([pd]))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 300), st.integers(1, 4), st.integers(1, 5), st.integers(0, 1_000), st.integers(0, 10_000))
def test_cells_hold_what_a_loop_over_rows_finds(n: int, down: int, across: int, seed: int, step: int) -> None:
    frame = table(n, (down, across), seed)
    cutoff = step / 10_000
    found = count_cells(frame, CODES, (down, across), cutoff=cutoff, filters=pl.col("default_probability") > 0.05)
    wanted = {name: np.zeros((down, across)) for name in ("n", "d", "a", "b", "p")}
    for row in frame.iter_rows(named=True):
        pd = row["default_probability"]
        if pd > np.float32(0.05):
            place = row["v"], row["h"]
            approved = pd < cutoff
            added = (1, row["is_default"], approved, approved and row["is_default"], pd)
            for name, value in zip("ndabp", added, strict=True):
                wanted[name][place] += value
    for name, array in zip(
        "ndab", (found.applications, found.defaults, found.approved, found.approved_defaults), strict=True
    ):
        np.testing.assert_array_equal(array, wanted[name], err_msg=name)
    np.testing.assert_allclose(found.pd_sum, wanted["p"], atol=1e-9)


def test_code_outside_of_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Codes run from 0 to [34] where there are 2 groups"):
        count_cells(table(100, (5, 2), 1), CODES, (2, 2))


def test_row_without_a_group_or_outcome_is_refused() -> None:
    frame = table(9, (2, 2), 1)
    with pytest.raises(CountsError, match="9 predictions"):
        count_cells(frame, (pl.lit(None, dtype=pl.UInt8), pl.col("h")), (2, 2))
    with pytest.raises(CountsError, match="9 predictions"):
        count_cells(frame.with_columns(is_default=pl.lit(None, dtype=pl.Boolean)), CODES, (2, 2))


def test_measures_by_hand() -> None:
    cells = cells_of((1_000, 100, 600, 30, 90.0), (3_000, 150, 2_400, 120, 180.0))
    wanted = {
        CellMeasure.DEFAULT_RATE: ([0.1, 0.05], 250 / 4_000),
        CellMeasure.BAD_RATE: ([0.05, 0.05], 0.05),
        CellMeasure.APPROVAL_RATE: ([0.6, 0.8], 0.75),
        CellMeasure.MEAN_PD: ([0.09, 0.06], 270 / 4_000),
        CellMeasure.CALIBRATION_GAP: ([-0.01, 0.01], 20 / 4_000),
    }
    for measure, (values, whole) in wanted.items():
        found = cell_grid(cells, measure)
        np.testing.assert_allclose(found.value, [values], atol=1e-12, err_msg=measure)
        assert found.whole == pytest.approx(whole, abs=1e-12)
        assert found.base.tolist() == [[600, 2_400] if measure is CellMeasure.BAD_RATE else [1_000, 3_000]]
        assert not found.too_few.any()


def test_intervals_are_wilsons() -> None:
    cells = cells_of((1_000, 100, 600, 30, 90.0))
    low, high = wilson_bounds(100, 1_000)
    rate, gap = cell_grid(cells, CellMeasure.DEFAULT_RATE), cell_grid(cells, CellMeasure.CALIBRATION_GAP)
    np.testing.assert_allclose([rate.low.item(), rate.high.item()], [low, high])
    np.testing.assert_allclose([gap.low.item(), gap.high.item()], [0.09 - high, 0.09 - low])
    mean = cell_grid(cells, CellMeasure.MEAN_PD)
    assert mean.low.item() == mean.high.item() == mean.value.item()


def test_cells_that_are_mostly_chance_are_marked() -> None:
    # 8 % in the whole: 29 are too few for anything, 100 have an interval of 5 points to either side.
    cells = cells_of((29, 2, 29, 2, 2.3), (100, 8, 100, 8, 8.0), (1_000, 80, 1_000, 80, 80.0), (0, 0, 0, 0, 0.0))
    assert cell_grid(cells, CellMeasure.DEFAULT_RATE).too_few.tolist() == [[True, True, False, True]]
    assert cell_grid(cells, CellMeasure.MEAN_PD).too_few.tolist() == [[True, False, False, True]]
    assert cell_grid(cells, CellMeasure.CALIBRATION_GAP).too_few.tolist() == [[True, True, False, True]]


def test_empty_cells_have_no_value() -> None:
    found = cell_grid(cells_of((0, 0, 0, 0, 0.0), (50, 5, 0, 0, 5.0)), CellMeasure.BAD_RATE)
    assert np.isnan(found.value).all()
    assert found.whole is None
    assert found.too_few.all()


def test_the_cutoff_matters_to_decisions_alone() -> None:
    assert [measure for measure in CellMeasure if measure.needs_cutoff] == [
        CellMeasure.BAD_RATE,
        CellMeasure.APPROVAL_RATE,
    ]


def test_cells_of_the_portfolio_add_up(portfolio: pl.DataFrame) -> None:
    codes = ((pl.col("default_probability") * 9).cast(pl.UInt8), pl.col("region"))
    cells = count_cells(portfolio, codes, (10, 4), cutoff=0.0909)
    assert cells.applications.sum() == portfolio.height
    approved = portfolio.filter(pl.col("default_probability").cast(pl.Float64) < 0.0909)
    assert cells.approved[:, 2].sum() == approved.filter(pl.col("region") == 2).height
    assert cells.approved_defaults.sum() == approved["is_default"].sum()
    assert cells.pd_sum.sum() == pytest.approx(portfolio["default_probability"].cast(pl.Float64).sum(), rel=1e-12)
