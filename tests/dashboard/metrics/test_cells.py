"""The measures of cells by hand, their intervals against Wilson's, and which cells are mostly chance."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.metrics.cell_counts import CellCounts
from dashboard.metrics.cells import CellMeasure, cell_grid
from dashboard.metrics.rates import wilson_bounds


def cells_of(*rows: tuple[int, int, int, int, float]) -> CellCounts:
    """One row of cells from (applications, defaults, approved, approved defaults, sum of PD)."""
    n, d, a, b, pd = zip(*rows, strict=True)
    return CellCounts(np.array([n]), np.array([d]), np.array([a]), np.array([b]), np.array([pd]))


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
